"""A trained model as bytes: flat arrays in an .npz without pickles, and a JSON manifest that says what they are.

Nothing in here runs code from an artifact: arrays are read with allow_pickle=False, their digest is compared with the
manifest's, and every index in them is checked before it is used.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from domain.errors import VedetteError

#: Of the artifact's form; another one is refused.
FORMAT = 1
#: An artifact larger than this, unpacked, is none of ours.
MOST_BYTES = 200 << 20

#: name -> kind of number
_ARRAYS = {"roots": np.int32, "left": np.int32, "feature": np.int32, "threshold": np.float64, "depth": np.float64}


class ArtifactInvalid(VedetteError):
    """An artifact is not what its manifest says, or not one that this version reads."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a model is. Times in ms; `until` is exclusive. `effective_from` and `live_from` come with a promotion."""

    format: int = FORMAT
    tenant: str
    sha256: str  # over the arrays
    schema: str  # features.SCHEMA
    features: tuple[str, ...]
    trained_at: int
    since: int  # the training window
    until: int
    judged_days: int  # days of it on which actors were known for long enough to be judged
    actors: int  # that it was trained on
    left_out: int  # actors that were not, since they had alerted
    rows: int
    seed: int
    trees: int
    samples: int  # rows a tree was grown on
    scale: float  # the depth that halves a score, times the number of trees
    threshold: float  # scores above it are findings
    budget: float  # alerts per 1,000 users and day that the threshold allows
    alerts: int  # actor-days above it in the training window
    quantiles: dict[str, dict[str, float]]  # feature -> {"50": …}: what is usual
    scores: dict[str, float]  # percent -> the score that so many percent of the hours do not exceed
    versions: dict[str, str]
    effective_from: int | None = None
    live_from: int | None = None


class Trees(msgspec.Struct, frozen=True):
    """A forest in flat arrays, its trees one after the other, every node before its children.

    `left[n]` is the left child of node n and `left[n] + 1` the right one, taken where x[feature[n]] > threshold[n]; a
    leaf is its own left child behind an infinite threshold. `depth[n]` is a leaf's path length or, of an inner node,
    the mean over the training rows below it: what one expects to walk from there. The root of a tree is roots[t].
    """

    roots: NDArray[np.int32]
    left: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    depth: NDArray[np.float64]


_encode = msgspec.json.Encoder(order="sorted").encode


def digest(trees: Trees) -> str:
    """SHA-256 over names, kinds, shapes and numbers of the arrays, in little-endian order."""
    found = hashlib.sha256()
    for name, kind in _ARRAYS.items():
        array = np.ascontiguousarray(getattr(trees, name), dtype=np.dtype(kind).newbyteorder("<"))
        found.update(f"{name} {np.dtype(kind).name} {array.shape}\n".encode())
        found.update(array.tobytes())
    return found.hexdigest()


def model_hash(manifest: Manifest) -> str:
    """The model's name in alerts: 16 digits over the manifest (and so over the arrays), wherever it is in effect."""
    bare = msgspec.structs.replace(manifest, effective_from=None, live_from=None)
    return hashlib.sha256(_encode(bare)).hexdigest()[:16]


def pack(trees: Trees) -> bytes:
    """The arrays as compressed .npz; the same arrays give the same bytes under one zlib."""
    file = io.BytesIO()
    arrays: dict[str, Any] = {name: getattr(trees, name) for name in _ARRAYS}
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def unpack(packed: bytes, manifest: Manifest) -> Trees:
    """The arrays of an artifact. ArtifactInvalid unless they are whole, well-formed and the manifest's."""
    if manifest.format != FORMAT:
        raise ArtifactInvalid(f"the model has format {manifest.format}, this version reads {FORMAT}; train it anew")
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as outer:
            if sum(part.file_size for part in outer.infolist()) > MOST_BYTES:
                raise ArtifactInvalid(f"the model's arrays take more than {MOST_BYTES >> 20} MB; train it anew")
        with np.load(io.BytesIO(packed), allow_pickle=False) as file:
            arrays = {name: file[name] for name in _ARRAYS}
    except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
        raise ArtifactInvalid(f"the model's arrays cannot be read ({error}); train it anew") from error
    for name, kind in _ARRAYS.items():
        if arrays[name].dtype != np.dtype(kind) or arrays[name].ndim != 1:
            raise ArtifactInvalid(f"the model's array {name} is {arrays[name].dtype}, not {np.dtype(kind)}")
    trees = Trees(**arrays)
    if digest(trees) != manifest.sha256:
        raise ArtifactInvalid("the model's arrays are not those of its manifest (SHA-256 differs); train it anew")
    _check(trees, manifest)
    return trees


def _check(trees: Trees, manifest: Manifest) -> None:
    """Every walk from a root ends in a leaf of the forest and reads features that there are."""
    nodes = np.arange(len(trees.left))
    leaf = trees.left == nodes
    lengths = {len(trees.left), len(trees.feature), len(trees.threshold), len(trees.depth)}
    sound = (
        lengths == {len(nodes)}
        and len(trees.roots) == manifest.trees > 0
        and bool(((trees.roots >= 0) & (trees.roots < len(nodes))).all())
        and bool(((trees.feature >= 0) & (trees.feature < len(manifest.features))).all())
        and bool((leaf | ((trees.left > nodes) & (trees.left + 1 < len(nodes)))).all())
        and bool(np.isposinf(trees.threshold[leaf]).all() and np.isfinite(trees.threshold[~leaf]).all())
        and bool(np.isfinite(trees.depth).all() and manifest.scale > 0)
    )
    if not sound:
        raise ArtifactInvalid("the model's trees lead nowhere; train it anew")


def encode_manifest(manifest: Manifest) -> str:
    return _encode(manifest).decode()


def decode_manifest(text: str | bytes) -> Manifest:
    """ArtifactInvalid when it is no manifest."""
    try:
        return msgspec.json.decode(text, type=Manifest)
    except msgspec.DecodeError as error:
        raise ArtifactInvalid(f"the model's manifest cannot be read ({error}); train it anew") from error
