"""Training and scoring: the flat forest is scikit-learn's, its contributions add up, its threshold keeps the budget."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import IsolationForest

from models import features, memory
from models.artifact import (
    ArtifactInvalid,
    Manifest,
    Trees,
    decode_manifest,
    digest,
    encode_manifest,
    model_hash,
    pack,
    unpack,
)
from models.forest import TooLittle, flatten, threshold_for, train
from models.hours import Hours
from models.score import Forest, Model
from tests.detectors.story import MIDNIGHT
from tests.models import made


def grown(seed: int, rows: int, columns: int, trees: int, samples: int) -> tuple[Any, Any, Forest]:
    chance = np.random.default_rng(seed)
    x = chance.normal(size=(rows, columns)) * 10.0 ** chance.integers(-3, 6, columns)
    x[:, ::3] = np.round(x[:, ::3])
    known = IsolationForest(n_estimators=trees, max_samples=min(samples, rows), random_state=seed).fit(x)
    flat = Forest(*flatten(known))
    probes = np.vstack([x[: rows // 2], chance.normal(size=(20, columns)) * 1e6, edges(flat, columns)])
    return known, probes, flat


def edges(flat: Forest, columns: int) -> Any:
    """Rows that lie as close to the thresholds as a float32 can, on either side."""
    found = np.zeros((30, columns), dtype=np.float32)
    for column in range(columns):
        asked = flat.trees.threshold[(flat.trees.feature == column) & np.isfinite(flat.trees.threshold)]
        if len(asked):
            near = np.resize(asked, 10).astype(np.float32)
            sides = (near, np.nextafter(near, np.float32(np.inf)), np.nextafter(near, np.float32(-np.inf)))
            found[:, column] = np.concatenate(sides)
    return found


@pytest.mark.parametrize("threshold", [1.0, 0.1, -0.1, 1e-30, 16_777_217.0])
def test_a_value_at_a_threshold_goes_left(threshold: float) -> None:
    trees = Trees(
        roots=np.array([0], dtype=np.int32),
        left=np.array([1, 1, 2], dtype=np.int32),
        feature=np.zeros(3, dtype=np.int32),
        threshold=np.array([threshold, np.inf, np.inf]),
        depth=np.array([1.5, 1.0, 2.0]),
    )
    flat, near = Forest(trees, 1.0), np.float32(threshold)
    for value in (near, np.nextafter(near, np.float32(np.inf)), np.nextafter(near, np.float32(-np.inf))):
        expected = 0.5 if float(value) <= threshold else 0.25
        assert (flat.score([value]), flat.scores([[value]]).tolist()) == (expected, [expected])


forests = given(
    seed=st.integers(0, 2**32 - 1),
    rows=st.integers(2, 400),
    columns=st.integers(1, 24),
    trees=st.integers(1, 40),
    samples=st.integers(2, 300),
)


@settings(max_examples=40, deadline=None)
@forests
def test_the_flat_scorer_is_scikit_learns(seed: int, rows: int, columns: int, trees: int, samples: int) -> None:
    known, probes, flat = grown(seed, rows, columns, trees, samples)
    theirs = -known.score_samples(probes)
    assert np.abs(flat.scores(probes) - theirs).max() < 1e-9
    assert max(abs(flat.score(row) - theirs[n]) for n, row in enumerate(probes)) < 1e-9


@settings(max_examples=40, deadline=None)
@forests
def test_contributions_add_up_to_the_score(seed: int, rows: int, columns: int, trees: int, samples: int) -> None:
    _, probes, flat = grown(seed, rows, columns, trees, samples)
    for row in probes[-30:]:
        found = flat.explain(row)
        assert abs(found.score - flat.score(row)) < 1e-9
        assert abs(found.base + sum(found.contributions) - flat.score(row)) < 1e-9


def test_contributions_as_alerts_show_them_add_up_exactly() -> None:
    model, row = made.model(), made.last_row(made.intruder(made.worker("ann")).told)
    found = model.explain(row)
    assert found.score == model.score(row)
    assert round(found.base + sum(found.contributions), 6) == found.score
    assert len(found.contributions) == len(features.NAMES)


def test_what_made_the_hour_rare_contributes_most() -> None:
    row = made.last_row(made.intruder(made.worker("ann")).told)
    found = made.model().explain(row)
    named = sorted(zip(found.contributions, features.NAMES, strict=True), reverse=True)
    assert {name for _, name in named[:3]} <= {"new_types", "new_device", "new_country", "off_hours", "surge"}


def test_the_same_frame_and_seed_give_the_same_artifact() -> None:
    def again(seed: int) -> tuple[Manifest, bytes]:
        manifest, trees = train(made.hours().frame(), tenant="acme", at=1, since=0, until=1, seed=seed, trees=10)
        return manifest, pack(trees)

    assert again(3) == again(3)
    assert again(3)[0].sha256 != again(4)[0].sha256


def test_people_who_alerted_are_left_out() -> None:
    frame = made.hours().frame()
    manifest, _ = train(frame, tenant="acme", at=1, since=0, until=1, trees=5, alerted={"person-3", "person-4", "x"})
    assert (manifest.actors, manifest.left_out) == (58, 2)
    assert manifest.rows == int((~frame["actor"].isin(["person-3", "person-4"])).sum())


def test_too_few_people_are_refused_in_a_sentence() -> None:
    few = {f"person-{n}" for n in range(12)}
    with pytest.raises(TooLittle, match=r"^48 people of acme have enough history, a model needs 50; 12 were left out"):
        train(made.hours().frame(), tenant="acme", at=1, since=0, until=1, alerted=few)


def test_the_threshold_keeps_the_budget_in_actor_days() -> None:
    scores = np.array([0.9, 0.8, 0.7, 0.7, 0.6, 0.5])
    actors = np.array(["a", "a", "b", "c", "d", "e"])
    days = np.array([1, 2, 1, 1, 1, 1])
    assert [threshold_for(scores, actors, days, allowed) for allowed in (0, 1, 2, 3, 99)] == [
        (0.9, 0),
        (0.8, 1),
        (0.7, 2),  # the two at 0.7 do not both fit
        (0.7, 2),
        (0.5, 5),
    ]


def test_history_is_learnt_from_only_when_an_actor_is_known() -> None:
    told = made.worker("ann").told
    hours = Hours()
    hours.add("ann", told)
    first = told[0].occurred_at // 86_400_000
    assert set(hours.frame()["at"] // 86_400_000) == {
        day for day in {each.occurred_at // 86_400_000 for each in told} if day >= first + memory.LEARNING
    }


def artifact() -> tuple[Manifest, bytes]:
    model = made.model()
    return model.manifest, pack(model.forest.trees)


def test_an_artifact_survives_being_stored() -> None:
    manifest, packed = artifact()
    read = Model.read(decode_manifest(encode_manifest(manifest)), packed)
    row = made.last_row(made.worker("ann").told)
    assert (read.manifest, read.hash, read.score(row)) == (manifest, made.model().hash, made.model().score(row))


def test_a_model_has_one_name_wherever_it_is_in_effect() -> None:
    manifest = made.model().manifest
    promoted = msgspec.structs.replace(manifest, effective_from=MIDNIGHT, live_from=MIDNIGHT)
    assert model_hash(promoted) == model_hash(manifest)
    assert model_hash(msgspec.structs.replace(manifest, threshold=0.5)) != model_hash(manifest)


def changed(**arrays: Any) -> tuple[Manifest, bytes]:
    """An artifact whose manifest agrees with changed arrays."""
    manifest, _ = artifact()
    trees = msgspec.structs.replace(made.model().forest.trees, **arrays)
    return msgspec.structs.replace(manifest, sha256=digest(trees)), pack(trees)


def test_an_artifact_that_is_not_its_manifests_is_refused() -> None:
    manifest, packed = artifact()
    with pytest.raises(ArtifactInvalid, match="SHA-256 differs"):
        unpack(packed, msgspec.structs.replace(manifest, sha256="0" * 64))


def test_an_artifact_with_a_pickle_in_it_is_refused_unread() -> None:
    import io

    manifest, _ = artifact()
    file = io.BytesIO()
    arrays: dict[str, Any] = {name: np.array([print], dtype=object) for name in Trees.__struct_fields__}
    np.savez(file, allow_pickle=True, **arrays)
    with pytest.raises(ArtifactInvalid, match="cannot be read"):
        unpack(file.getvalue(), manifest)


def test_trees_that_lead_outside_or_in_circles_are_refused() -> None:
    trees = made.model().forest.trees
    for arrays in (
        {"left": np.where(trees.left == 1, 0, trees.left).astype(np.int32)},
        {"left": (trees.left + len(trees.left)).astype(np.int32)},
        {"feature": np.full_like(trees.feature, 20)},
        {"depth": np.full_like(trees.depth, np.nan)},
        {"roots": trees.roots[1:]},
    ):
        manifest, packed = changed(**arrays)
        with pytest.raises(ArtifactInvalid, match="lead nowhere"):
            unpack(packed, manifest)


@pytest.mark.parametrize("packed", [b"", b"PK", b"\x80\x04N."])
def test_what_is_no_archive_is_refused(packed: bytes) -> None:
    with pytest.raises(ArtifactInvalid, match="cannot be read"):
        unpack(packed, artifact()[0])


def test_a_manifest_that_is_none_is_refused() -> None:
    with pytest.raises(ArtifactInvalid, match="manifest cannot be read"):
        decode_manifest("{}")
