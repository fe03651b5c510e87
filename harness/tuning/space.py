"""Search spaces: between the plain vectors an optimizer moves and soft prompts (V, D)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from harness.errors import UsageError
from harness.tuning.spec import DEFAULT_PERSONA_DIMENSIONS, SpaceSpec

Vectors = NDArray[np.float64]
Prompts = NDArray[np.float32]


class SearchSpace(Protocol):
    """A box of vectors z (d,) and how they become soft prompts."""

    @property
    def lower(self) -> Vectors:
        """(d,) lower bounds."""

    @property
    def upper(self) -> Vectors:
        """(d,) upper bounds."""

    def decode(self, vectors: Vectors) -> Prompts:
        """(n, d) -> (n, V, D)."""

    def encode(self, prompts: Prompts) -> Vectors:
        """(n, V, D) -> (n, d) inside the box: the nearest vectors that decode to (about) these prompts."""


@dataclass(frozen=True)
class FullSpace:
    """Every coordinate moves: prompt = mean + z * std, both (D,) over the token embeddings of the model."""

    mean: Vectors
    std: Vectors
    tokens: int
    box: float

    @property
    def lower(self) -> Vectors:
        """(V * D,) lower bounds."""
        return np.full(self.tokens * len(self.mean), -self.box)

    @property
    def upper(self) -> Vectors:
        """(V * D,) upper bounds."""
        return -self.lower

    def decode(self, vectors: Vectors) -> Prompts:
        """(n, V * D) -> (n, V, D)."""
        shaped = vectors.reshape(len(vectors), self.tokens, len(self.mean))
        return (self.mean + shaped * self.std).astype(np.float32)

    def encode(self, prompts: Prompts) -> Vectors:
        """(n, V, D) -> (n, V * D), clipped to the box."""
        scaled = (prompts.astype(np.float64) - self.mean) / self.std
        clipped: Vectors = np.clip(_flat(scaled), -self.box, self.box)
        return clipped


@dataclass(frozen=True)
class Subspace:
    """Prompt = p0 + A z, with a random A or the principal directions of given prompts.

    Source of the random one: Sun et al., Black-Box Tuning for Language-Model-as-a-Service (2022), section 3 and
    appendix on the random projection: A is normal with standard deviation std(embeddings) / sqrt(d), so that z of unit
    variance moves a prompt by about the spread of the embeddings.
    """

    centre: Vectors  # (V * D,)
    basis: Vectors  # (V * D, d)
    tokens: int
    box: float

    @property
    def lower(self) -> Vectors:
        """(d,) lower bounds."""
        return np.full(self.basis.shape[1], -self.box)

    @property
    def upper(self) -> Vectors:
        """(d,) upper bounds."""
        return -self.lower

    def decode(self, vectors: Vectors) -> Prompts:
        """(n, d) -> (n, V, D)."""
        # Added up one direction after another: a matrix product gives other last bits alone than in a batch.
        flat = np.repeat(self.centre[None], len(vectors), axis=0)
        for k, direction in enumerate(self.basis.T):
            flat += vectors[:, k, None] * direction
        return flat.reshape(len(vectors), self.tokens, -1).astype(np.float32)

    def encode(self, prompts: Prompts) -> Vectors:
        """(n, V, D) -> (n, d): least squares, clipped to the box."""
        offsets = _flat(prompts).astype(np.float64) - self.centre
        solution = np.linalg.lstsq(self.basis, offsets.T, rcond=None)[0]
        clipped: Vectors = np.clip(np.ascontiguousarray(solution.T), -self.box, self.box)
        return clipped


def _flat(prompts: NDArray[Any]) -> NDArray[Any]:
    """(n, V, D) -> (n, V * D), for no prompt too."""
    return prompts.reshape(len(prompts), prompts.shape[1] * prompts.shape[2])


def build_space(
    spec: SpaceSpec, embeddings: Prompts, tokens: int, centre: Prompts, rng: np.random.Generator
) -> SearchSpace:
    """Builds the space of a run, but for that of the personas.

    Args:
        spec: which space.
        embeddings: (vocabulary, D) token embeddings of the model.
        tokens: V.
        centre: (V, D) the prompt p0 of a subspace; the full space does not use it.
        rng: draws the basis of a subspace.
    """
    if spec.kind == "full":
        rows = embeddings.astype(np.float64)
        return FullSpace(rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-8), tokens, spec.half_width)
    scale = float(embeddings.std()) / np.sqrt(spec.dimensions)
    basis = rng.normal(0.0, scale, (centre.size, spec.dimensions))
    return Subspace(centre.reshape(-1).astype(np.float64), basis, tokens, spec.half_width)


def principal_space(spec: SpaceSpec, prompts: Prompts, embeddings: Prompts) -> Subspace:
    """The principal subspace of (n, V, D) prompts around their mean; z has unit variance over the prompts.

    Distances between prompts are measured in standard deviations of the token embeddings, coordinate by coordinate.

    Args:
        spec: `dimensions` of them, or as many as there are up to the default.
        prompts: at least three, not all in one line.
        embeddings: (vocabulary, D) token embeddings of the model.

    Raises:
        UsageError: the prompts hardly differ.
    """
    flat = _flat(prompts).astype(np.float64)
    unit = np.tile(np.maximum(embeddings.astype(np.float64).std(axis=0), 1e-8), prompts.shape[1])
    centre = flat.mean(axis=0)
    _, lengths, directions = np.linalg.svd((flat - centre) / unit, full_matrices=False)
    rank = int((lengths > 1e-6 * max(lengths[0], 1.0)).sum())
    if not rank:
        raise UsageError(
            f"--tokens {prompts.shape[1]}: the ends of the persona sentences are alike and span no space; give more "
            "tokens, or --space full"
        )
    kept = min(spec.dimensions or DEFAULT_PERSONA_DIMENSIONS, rank)
    # The sign of a direction is the library's whim; single precision hides its last bits.
    signs = np.sign(directions[np.arange(kept), np.abs(directions[:kept]).argmax(axis=1)])
    rows = directions[:kept] * (signs * lengths[:kept] / np.sqrt(len(flat)))[:, None]
    basis = (rows * unit).astype(np.float32).astype(np.float64)
    return Subspace(centre, basis.T.copy(), prompts.shape[1], spec.half_width)
