"""The detect role takes up promotions, and ends rather than judge by an old model."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys

import msgspec
import pytest

from domain import clock
from domain.clock import HOUR
from domain.errors import StoreUnavailable, VedetteError
from engine.contexts import Contexts
from models.artifact import pack
from models.score import Model
from storage.client import Client
from storage.models import ModelStore, Promotion
from stream import models as stream_models
from stream.models import ModelWatch
from stream.settings import DetectSettings
from tests.models import made


async def test_a_promotion_is_taken_up_while_it_runs(store: Client, reader: Client) -> None:
    models, contexts, model = ModelStore(store), Contexts(), made.model()
    watch, stop = ModelWatch(ModelStore(reader), contexts, every=0.01), asyncio.Event()
    await watch.take()
    task = asyncio.create_task(watch.watch(stop.is_set, lambda error: pytest.fail(str(error))))
    name = await models.put(model.manifest, pack(model.forest.trees))
    start = clock.now() + 10 * HOUR
    await models.promote("acme", name, effective_from=start, live_from=start + HOUR)
    async with asyncio.timeout(20):
        while contexts("acme", start).model is None:  # noqa: ASYNC110 it has nobody to tell
            await asyncio.sleep(0.01)
        found = contexts("acme", start).model
        assert found is not None
        assert (found.hash, found.manifest.effective_from, found.manifest.live_from) == (name, start, start + HOUR)
        assert contexts("acme", start - 1).model is None
        stop.set()
        await task


class Away(ModelStore):
    """A store that does not answer, or holds what it is given."""

    def __init__(self, *promotions: Promotion, model: str = "none", away: bool = False) -> None:
        self._promotions, self._model, self._away = promotions, model, away

    async def promotions(self, tenant: str = "") -> list[Promotion]:
        if self._away:
            raise StoreUnavailable("the store did not answer")
        return list(self._promotions)

    async def get(self, tenant: str, model: str) -> Model | None:
        if self._model == "old":
            manifest = msgspec.structs.replace(made.model().manifest, schema="of long ago")
            return Model(manifest, made.model().forest)
        return None


async def test_it_ends_when_promotions_were_not_read_for_half_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    lost: list[VedetteError] = []
    monkeypatch.setattr(stream_models, "MARGIN", 100)
    async with asyncio.timeout(20):
        await ModelWatch(Away(away=True), Contexts(), every=0.01).watch(lambda: False, lost.append)
    assert [str(error) for error in lost] == ["the store did not answer"]


@pytest.mark.parametrize(
    ("model", "said"), [("none", "is not in the store"), ("old", "was trained on other features and does not count")]
)
async def test_a_model_that_cannot_be_asked_does_not_count_and_is_named(
    model: str, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    contexts = Contexts()
    watch = ModelWatch(Away(Promotion("acme", "p1", "m1", 100, 100), model=model), contexts, every=1)
    with caplog.at_level(logging.ERROR):
        await watch.take()
        await watch.take()
    assert contexts("acme", 200).model is None
    assert [said in line.getMessage() for line in caplog.records] == [True]


def test_promotions_are_looked_for_well_within_their_minute() -> None:
    with pytest.raises(ValueError, match="models_every is 30; it must be above 0 and at most 20 s"):
        DetectSettings(models_every=30)


def test_detect_imports_nothing_of_training() -> None:
    program = (
        "import sys, stream.app, detectors.registry; detectors.registry.discover(); "
        "print(*[m for m in ('pandas', 'sklearn', 'scipy', 'joblib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"
