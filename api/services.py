"""What the operations use, built once from the parts."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Annotated, Final
from weakref import WeakValueDictionary

from fastapi import Depends, Request

from api.bodies import MOST_EVENTS
from api.cursors import Cursors
from api.metrics import Metrics
from api.parts import Parts
from api.rates import Rates
from api.readiness import Readiness
from api.sending import Sender
from engine.standing import Standing
from storage.alerts import AlertStore
from storage.configurations import ConfigurationStore
from storage.dead_letters import DeadLetterStore
from storage.epochs import EpochStore
from storage.events import EventStore
from storage.feeds import FeedStore
from storage.idempotency import IdempotencyStore
from storage.models import ModelStore
from storage.notices import NoticeStore
from storage.reads_figures import FigureStore
from storage.reads_search import SearchStore
from storage.settled import SettledStore
from storage.tail import TailStore
from storage.triage import TriageStore

_TOKEN: Final = re.compile(r"[0-9a-f]{32}")


class Services:
    """Stores over the reader, but for decisions, and what else lives as long as the app."""

    def __init__(self, parts: Parts) -> None:
        self.settings, self.registry, self.version = parts.settings, parts.registry, parts.version
        self.reader, self.datasets = parts.reader, parts.datasets
        self.events, self.alerts = EventStore(parts.reader), AlertStore(parts.reader)
        self.letters, self.replayed = DeadLetterStore(parts.reader), DeadLetterStore(parts.writer)
        self.feeds, self.notices = FeedStore(parts.reader), NoticeStore(parts.reader)
        self.settled, self.tail = SettledStore(parts.reader), TailStore(parts.reader)
        self.figures, self.search = FigureStore(parts.reader), SearchStore(parts.reader)
        self.models, self.configurations = ModelStore(parts.reader), ConfigurationStore(parts.reader)
        self.standing = Standing(parts.reader, parts.registry)
        self.epochs, self.triage = EpochStore(parts.reader), TriageStore(parts.writer)
        self.readiness = Readiness(self.epochs, parts.usable)
        self.cursors, self.metrics = Cursors(parts.pepper), Metrics()
        self.sender = Sender(
            parts.producer,
            parts.reader,
            timeout=parts.settings.answer_timeout,
            full=parts.full,
            most=parts.settings.most_waiting,
        )
        self.rates = Rates(parts.settings.key_events_per_second, least=MOST_EVENTS)
        self.given = IdempotencyStore(parts.writer)
        self._keys = parts.keys
        self._deciding: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def tokens(self, tenant: str, values: Sequence[str]) -> list[str]:
        """What values of people, addresses and apps are stored as; a token stays itself."""
        tokeniser = self._keys.tokeniser(tenant) if values else None
        return [value if _TOKEN.fullmatch(value) or tokeniser is None else tokeniser(value) for value in values]

    def deciding(self, about: str) -> asyncio.Lock:
        """Held while one decides about a thing, so that If-Match means something within this process."""
        return self._deciding.setdefault(about, asyncio.Lock())


def services(request: Request) -> Services:
    found: Services = request.app.state.services
    return found


Uses = Annotated[Services, Depends(services)]
