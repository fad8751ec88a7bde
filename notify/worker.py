"""The notify role: reads new revisions of alerts, decides what on-call hears, and has it carried there."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from domain import clock
from domain.alert import Severity
from domain.clock import DAY, MINUTE, SECOND
from domain.errors import VedetteError
from domain.incident import Delivery, Incident, Revision, webhook_id
from notify import incidents as rules
from notify import wording
from notify.circumstances import CircumstanceStore, Surroundings
from notify.courier import Courier
from notify.formats import webhook
from notify.incidents import Circumstances, Transition, Wait
from notify.page import compose
from notify.settings import NotifySettings

log = logging.getLogger("vedette.notify")
