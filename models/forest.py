"""Training: an IsolationForest on a frame of hours, and the artifact it becomes. The only importer of scikit-learn."""

from __future__ import annotations

import platform
from collections.abc import Callable, Collection
from typing import Any

import numpy as np
import pandas as pd
import sklearn
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest

from domain.clock import DAY
from domain.errors import VedetteError

from . import features
from .artifact import Manifest, Trees, digest
from .score import DECIMALS, Forest

#: A forest of fewer actors knows them, not the company.
LEAST_ACTORS = 50
#: Hours that training imagines, as a part of the real ones, and how likely each of their features is an invented one.
#: A forest cannot split on what never varied: without these hours a first new device abroad would weigh nothing.
IMAGINED, INVENTED = 0.05, 0.2
#: Rows that trees are grown on at most; each tree takes `samples` of them.
GROWN_ON = 200_000
#: Percentiles that a manifest keeps of each feature, and of the scores.
QUANTILES = (5, 25, 50, 75, 95, 99)
SCORES = (50, 75, 90, 95, 99, 99.5, 99.8, 99.9, 99.95, 99.98, 99.99, 99.995, 99.998, 99.999)


class TooLittle(VedetteError):
    """There is not enough history to train on."""


def train(
    frame: pd.DataFrame,
    *,
    tenant: str,
    at: int,
    since: int,
    until: int,
    seed: int = 0,
    trees: int = 100,
    samples: int = 256,
    budget: float = 1.0,
    alerted: Collection[str] = (),
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[Manifest, Trees]:
    """A model of the frame's rows: one per scored hour, with the columns `actor`, `at` (ms) and the features.

    Actors in `alerted` are left out. The threshold is the lowest score that at most `budget` actor-days per 1,000 users
    and day exceed; an actor has at most one alert a day, since an episode of I33 lasts a day. The same frame, seed and
    versions give the same artifact. Raises TooLittle below 50 actors.
    """
    chosen = frame[~frame["actor"].isin(list(alerted))]
    actors = chosen["actor"].nunique()
    left_out = frame["actor"].nunique() - actors
    if actors < LEAST_ACTORS:
        raise TooLittle(
            f"{actors} people of {tenant} have enough history, a model needs {LEAST_ACTORS}; "
            f"{left_out} were left out because they alerted; wait, or read more days with --days"
        )
    rows = chosen[list(features.NAMES)].to_numpy(dtype=np.float32)
    progress(f"growing {trees} trees on {len(rows):,} hours of {actors:,} people")
    grown = grow(rows, seed=seed, trees=trees, samples=samples)
    flat, scale = flatten(grown)
    progress("scoring every hour for the threshold")
    scores = np.round(Forest(flat, scale).scores(rows), DECIMALS)
    days = (chosen["at"] // DAY).to_numpy()
    judged = len(np.unique(days))
    allowed = int(budget * actors * judged / 1_000)
    threshold, above = threshold_for(scores, chosen["actor"].to_numpy(), days, allowed)
    manifest = Manifest(
        tenant=tenant,
        sha256=digest(flat),
        schema=features.SCHEMA,
        features=features.NAMES,
        trained_at=at,
        since=since,
        until=until,
        judged_days=judged,
        actors=actors,
        left_out=left_out,
        rows=len(rows),
        seed=seed,
        trees=trees,
        samples=int(grown.max_samples_),
        scale=scale,
        threshold=threshold,
        budget=budget,
        alerts=above,
        quantiles=_quantiles(rows),
        scores=_percentiles(scores),
        versions={
            "python": platform.python_version(),
            "scikit-learn": sklearn.__version__,
            "numpy": np.__version__,
            "pandas": pd.__version__,
        },
    )
    return manifest, flat


def threshold_for(
    scores: NDArray[np.float64], actors: NDArray[Any], days: NDArray[Any], allowed: int
) -> tuple[float, int]:
    """The lowest threshold that at most `allowed` actor-days exceed, and how many do."""
    highest = pd.DataFrame({"actor": actors, "day": days, "score": scores}).groupby(["actor", "day"])["score"].max()
    ordered = np.sort(highest.to_numpy())[::-1]
    threshold = float(ordered[min(allowed, len(ordered) - 1)])
    return threshold, int((ordered > threshold).sum())


def grow(rows: NDArray[np.float32], *, seed: int, trees: int, samples: int) -> IsolationForest:
    """The forest of at most GROWN_ON of the rows and some imagined ones."""
    chance = np.random.default_rng(seed)
    if len(rows) > GROWN_ON:
        rows = rows[np.sort(chance.choice(len(rows), GROWN_ON, replace=False))]
    imagined = rows[chance.integers(0, len(rows), int(np.ceil(len(rows) * IMAGINED)))]
    invented = chance.random(imagined.shape) < INVENTED
    most = np.array([feature.most for feature in features.FEATURES], dtype=np.float32)
    imagined[invented] = (chance.random(imagined.shape, dtype=np.float32) * most)[invented]
    every = np.vstack([rows, imagined])
    return IsolationForest(n_estimators=trees, max_samples=min(samples, len(every)), random_state=seed).fit(every)


def flatten(grown: IsolationForest) -> tuple[Trees, float]:
    """A forest whose trees saw two rows or more, in flat arrays, and what a sum of its depths is divided by."""
    parts = [
        _tree(estimator.tree_, chosen)
        for estimator, chosen in zip(grown.estimators_, grown.estimators_features_, strict=True)
    ]
    starts = np.cumsum([0, *(len(part["left"]) for part in parts)])
    shifted = [part["left"] + start for part, start in zip(parts, starts[:-1], strict=True)]
    trees = Trees(
        roots=starts[:-1].astype(np.int32),
        left=np.concatenate(shifted).astype(np.int32),
        feature=np.concatenate([part["feature"] for part in parts]).astype(np.int32),
        threshold=np.concatenate([part["threshold"] for part in parts]),
        depth=np.concatenate([part["depth"] for part in parts]),
    )
    halves = float(average_path(np.array([grown.max_samples_]))[0])
    return trees, len(parts) * halves


def average_path(samples: NDArray[Any]) -> NDArray[np.float64]:
    """The mean depth of an unsuccessful search in a binary tree of so many rows (Liu, Ting and Zhou 2008, eq. 1)."""
    n = samples.astype(np.float64)
    found = np.zeros(len(n))
    found[n == 2] = 1.0
    many = n > 2
    found[many] = 2.0 * (np.log(n[many] - 1.0) + np.euler_gamma) - 2.0 * (n[many] - 1.0) / n[many]
    return found


def _tree(tree: Any, chosen: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """One tree, level by level, so that children stand side by side and behind their parents."""
    order = [0]
    for node in order:  # grows while it is walked
        if tree.children_left[node] >= 0:
            order += [tree.children_left[node], tree.children_right[node]]
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    old = np.array(order)
    leaf = tree.children_left[old] < 0
    steps = np.zeros(len(order))
    for new in range(len(order)):
        if not leaf[new]:
            child = place[tree.children_left[old[new]]]
            steps[child] = steps[child + 1] = steps[new] + 1
    samples = tree.n_node_samples[old]
    depth = np.where(leaf, steps + average_path(samples), 0.0)
    left = np.where(leaf, np.arange(len(order)), place[np.where(leaf, 0, tree.children_left[old])])
    for new in range(len(order) - 1, -1, -1):
        if not leaf[new]:
            a, b = left[new], left[new] + 1
            depth[new] = (samples[a] * depth[a] + samples[b] * depth[b]) / samples[new]
    return {
        "left": left,
        "feature": np.where(leaf, 0, chosen[np.where(leaf, 0, tree.feature[old])]),
        "threshold": np.where(leaf, np.inf, tree.threshold[old]),
        "depth": depth,
    }


def _percentiles(scores: NDArray[np.float64]) -> dict[str, float]:
    """The percentiles that so many hours can tell: beyond each lies at least one of them."""
    told = [percent for percent in SCORES if len(scores) * (100 - percent) >= 100]
    return {f"{percent:g}": round(float(np.percentile(scores, percent)), DECIMALS) for percent in told}


def _quantiles(rows: NDArray[np.float32]) -> dict[str, dict[str, float]]:
    found = np.percentile(rows, QUANTILES, axis=0)
    return {
        name: {str(q): round(float(found[place, column]), DECIMALS) for place, q in enumerate(QUANTILES)}
        for column, name in enumerate(features.NAMES)
    }
