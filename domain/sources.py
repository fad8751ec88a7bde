"""Whose audit events Vedette reads: the one list of sources.

A name here gives the source its topic `vedette.raw.<name>`, its adapter `ADAPTER` in `ingest/sources/<name>.py` and
its column in the table of coverage. To add a source is to write that module and to add its name.
"""

from __future__ import annotations

from typing import Final

GENERIC: Final = "generic"
SOURCES: Final[tuple[str, ...]] = (GENERIC, "salesforce", "dataverse", "hubspot", "espocrm", "twenty", "ocsf")
