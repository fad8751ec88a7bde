"""Keeps the judges' contexts up to date with the promotions in the store."""

from __future__ import annotations

import logging
from collections.abc import Callable

import msgspec

from domain.errors import VedetteError
from engine.contexts import Contexts
from models import features
from models.artifact import ArtifactInvalid
from models.score import Model
from storage.models import MARGIN, ModelStore, Promotion
from stream.watching import watch

log = logging.getLogger("vedette.detect")


class ModelWatch:
    """Reads every promotion there ever was, again and again; a model's arrays are read once.

    A promotion is a minute ahead when it is made. Who has not read them for half of that might judge by an old model:
    `watch` then calls `lost` and ends.
    """

    def __init__(self, store: ModelStore, contexts: Contexts, *, every: float) -> None:
        self._store, self._contexts, self._every = store, contexts, every
        self._models: dict[tuple[str, str], Model | None] = {}
        self._known: list[Promotion] | None = None

    async def take(self) -> None:
        """Once. StoreUnavailable when the store does not answer: then nothing changed."""
        promotions = await self._store.promotions()
        if promotions == self._known:
            return
        effects = [(each.tenant, each.effective_from, await self._model(each)) for each in promotions]
        self._contexts.take(effects)
        for each in promotions[len(self._known or ()) :]:
            log.info("tenant %s: model %s counts from %d on", each.tenant, each.model or "none", each.effective_from)
        self._known = promotions

    async def _model(self, promotion: Promotion) -> Model | None:
        key = (promotion.tenant, promotion.model)
        if promotion.model and key not in self._models:
            self._models[key] = await self._read(promotion)
        model = self._models.get(key)
        if model is None:
            return None
        times = {"effective_from": promotion.effective_from, "live_from": promotion.live_from}
        return Model(msgspec.structs.replace(model.manifest, **times), model.forest)

    async def _read(self, promotion: Promotion) -> Model | None:
        """None, and a line in the log, for a model that this version cannot ask: the same for every judge."""
        try:
            model = await self._store.get(promotion.tenant, promotion.model)
        except ArtifactInvalid as error:
            log.error("tenant %s: model %s does not count: %s", promotion.tenant, promotion.model, error)
            return None
        if model is None:
            log.error("tenant %s: model %s is not in the store; promote another", promotion.tenant, promotion.model)
        elif model.manifest.schema != features.SCHEMA:
            log.error(
                "tenant %s: model %s was trained on other features and does not count; train and promote a new one",
                promotion.tenant,
                promotion.model,
            )
            return None
        return model

    async def watch(self, stopped: Callable[[], bool], lost: Callable[[VedetteError], None]) -> None:
        """Until `stopped`; a store that is away for a while is waited for."""
        await watch(self.take, what="promotions", every=self._every, patience=MARGIN / 2000, stopped=stopped, lost=lost)
