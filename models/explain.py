"""Why a score is what it is: one number per feature, from the same walk, that add up to the score.

At each step of a tree the expected depth changes from that of a node to that of its child, and the change belongs to
the feature that the node asks. Over all trees the depth of a row is thus that of the roots plus a sum over features.
A score is 2 ** (−depth / scale); its difference to the score of the roots is shared in proportion to the changes of
depth, which is the path integral of the score along the straight line between the two (Aumann and Shapley).
"""

from __future__ import annotations

from math import expm1, log
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from .score import Forest

#: Depths closer than this are one: the slope of the score stands for the quotient of the differences.
_NEAR = 1e-9


class Explained(msgspec.Struct, frozen=True):
    """`base`, the score of nobody in particular, plus the `contributions`, in the order of the features, is `score`."""

    score: float
    base: float
    contributions: tuple[float, ...]


def explain(forest: Forest, row: ArrayLike) -> Explained:
    """The score of one row (features) as a sum."""
    x = np.asarray(row, dtype=np.float32)
    trees, node = forest.trees, forest.trees.roots
    changes = np.zeros(len(x))
    for _ in range(forest.levels):
        asked = trees.feature[node]
        child = trees.left[node] + (x[asked] > trees.threshold[node])
        changes += np.bincount(asked, weights=trees.depth[child] - trees.depth[node], minlength=len(x))
        node = child
    start, moved = float(trees.depth[trees.roots].sum()), float(changes.sum())
    base = 2.0 ** (-start / forest.scale)
    rate = log(2) / forest.scale
    each = base * expm1(-moved * rate) / moved if abs(moved) > _NEAR else -base * rate
    contributions = changes * each
    return Explained(base + float(contributions.sum()), base, tuple(contributions.tolist()))


def rounded(found: Explained, decimals: int) -> Explained:
    """The same with numbers of so many decimals; what rounding leaves over is the base's, so that they still add up."""
    score = round(found.score, decimals)
    contributions = tuple(round(each, decimals) + 0.0 for each in found.contributions)
    return Explained(score, round(score - sum(contributions), decimals), contributions)
