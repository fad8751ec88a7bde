"""The vendors whose API can be polled, by the name of their source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ingest.collect.espocrm import EspoCRM
from ingest.collect.feeds import Source
from ingest.collect.hubspot import HubSpot
from ingest.collect.salesforce import Salesforce
from ingest.collect.twenty import Twenty

COLLECTORS: Final[Mapping[str, Source]] = {
    "salesforce": Salesforce(),
    "hubspot": HubSpot(),
    "espocrm": EspoCRM(),
    "twenty": Twenty(),
}
