"""The flat scorer: what scikit-learn's IsolationForest says of a row, without it and a hundred times sooner."""

from __future__ import annotations

from functools import cached_property
from math import fsum

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import explain
from .artifact import Manifest, Trees, model_hash, unpack

#: Scores and thresholds are compared with so many decimals: what machines may differ in lies far beyond.
DECIMALS = 6
#: Rows walked together; bounds the memory of a batch.
_TOGETHER = 4_096


class Forest:
    """Trees, ready to be walked. A score lies between 0 and 1; the higher, the rarer the row."""

    def __init__(self, trees: Trees, scale: float) -> None:
        self.trees, self.scale = trees, scale
        self.levels = _levels(trees)
        self._limit = _as_float32(trees.threshold)

    def score(self, row: ArrayLike) -> float:
        """One row's score: −score_samples of scikit-learn, to 1e-9. About 50 µs for 100 trees."""
        return float(2.0 ** (-fsum(self.trees.depth[self._leaves(row)].tolist()) / self.scale))

    def explain(self, row: ArrayLike) -> explain.Explained:
        """The score of one row as a sum over features."""
        return explain.explain(self, row)

    def scores(self, rows: ArrayLike) -> NDArray[np.float64]:
        """The scores of many rows (n × features)."""
        x = np.ascontiguousarray(rows, dtype=np.float32)
        found = [self._batch(x[start : start + _TOGETHER]) for start in range(0, len(x), _TOGETHER)]
        return np.concatenate(found) if found else np.empty(0)

    def _leaves(self, row: ArrayLike) -> NDArray[np.int32]:
        """The leaf of each tree. Values are taken as float32, as scikit-learn compares them."""
        x = np.asarray(row, dtype=np.float32)
        left, feature, limit = self.trees.left, self.trees.feature, self._limit
        node = self.trees.roots
        for _ in range(self.levels):
            node = left.take(node) + (x.take(feature.take(node)) > limit.take(node))
        return node

    def _batch(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        left, feature, limit = self.trees.left, self.trees.feature, self._limit
        flat, rows = x.ravel(), np.arange(len(x), dtype=np.int32) * np.int32(x.shape[1])
        depth = np.zeros(len(x))
        for root in self.trees.roots:
            node = np.full(len(x), root, dtype=np.int32)
            for _ in range(self.levels):
                node = left.take(node) + (flat.take(rows + feature.take(node)) > limit.take(node))
            depth += self.trees.depth.take(node)
        return np.asarray(np.exp2(-depth / self.scale))


def _as_float32(threshold: NDArray[np.float64]) -> NDArray[np.float32]:
    """The largest float32 not above each threshold: a float32 is above the one exactly when it is above the other."""
    near = threshold.astype(np.float32)
    return np.where(near > threshold, np.nextafter(near, np.float32(-np.inf)), near)


def _levels(trees: Trees) -> int:
    """How many steps lead from any root to its leaf."""
    node, levels = np.unique(trees.roots), 0
    while len(node := node[trees.left[node] != node]):
        node = np.unique(np.concatenate((trees.left[node], trees.left[node] + 1)))
        levels += 1
    return levels


class Model(msgspec.Struct, frozen=True, dict=True):
    """A model that can be in effect: its manifest, with the times of its promotion, and its trees."""

    manifest: Manifest
    forest: Forest

    @classmethod
    def read(cls, manifest: Manifest, packed: bytes) -> Model:
        """Raises ArtifactInvalid."""
        return cls(manifest, Forest(unpack(packed, manifest), manifest.scale))

    @cached_property
    def hash(self) -> str:
        """What alerts call it."""
        return model_hash(self.manifest)

    def score(self, row: ArrayLike) -> float:
        """The row's score as it is compared and shown: rounded to 6 decimals."""
        return round(self.forest.score(row), DECIMALS)

    def explain(self, row: ArrayLike) -> explain.Explained:
        """The contributions of each feature, rounded to 6 decimals; with `base` they add up to `score` exactly."""
        return explain.rounded(self.forest.explain(row), DECIMALS)

    def rarer_than(self, score: float) -> str:
        """Percent of the training hours that the score exceeds, the largest that the manifest knows."""
        below = [percent for percent, at in self.manifest.scores.items() if score > at]
        return max(below, key=float, default="0")

    def usual(self, feature: str) -> float:
        """The median of a feature over the training hours."""
        return self.manifest.quantiles[feature]["50"]
