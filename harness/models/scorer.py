"""Option log-probabilities for a population of soft prompts: the harness's inner loop.

The prompts of a survey are tokenised whole, what they share is stored once, and the answer is read off the logits after
each prompt. How the tokens are laid out is an engine's business (`harness.models.packed`, `harness.models.branches`);
both equal the plain transformers forward to 1e-4 nats in float32 (tests).
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Annotated, Final, Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from harness.errors import ModelError
from harness.models.branches import Branches
from harness.models.chat import check_length, option_tokens, tokenise
from harness.models.language_model import LanguageModel
from harness.models.memory import activation_bytes, out_of_memory, readable
from harness.models.packed import Packed
from harness.models.process import side_by_side
from harness.models.trie import Tokens, TokenTrie

Floats = NDArray[np.float32]
LogProbabilities = NDArray[np.float64]
Kind = Literal["packed", "branches"]
KINDS: Final[tuple[Kind, ...]] = ("packed", "branches")

_log = logging.getLogger(__name__)


class Plan(BaseModel):
    """How a survey is laid out for a model.

    Attributes:
        kind: the engine.
        micro_batch: candidates in one forward pass, as long as memory lasts.
        workers: forward passes side by side on a CPU, each with its share of the threads.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    micro_batch: Annotated[int, Field(ge=1)] = 1
    workers: Annotated[int, Field(ge=1)] = 1


class Engine(Protocol):
    """A layout of prompts, and the pass over it."""

    cached: bool

    @property
    def tokens(self) -> int:
        """Tokens that the model reads for one candidate."""

    def active(self) -> AbstractContextManager[None]:
        """The context in which `logits` may be called; leaves the model as it was."""

    def logits(self, soft: torch.Tensor) -> torch.Tensor:
        """(B * N, vocabulary) logits after each prompt, for (B, V, D) soft prompts."""


def able(lm: LanguageModel) -> tuple[Kind, ...]:
    """The engines that score a model exactly, the one with less arithmetic first."""
    return tuple(kind for kind in KINDS if getattr(lm.abilities, kind))


class Scorer:
    """Scores soft prompts in front of one fixed set of prompts.

    Args:
        lm: the frozen model.
        user_turns: N user turns, before the chat template.
        virtual_tokens: V, the length of the soft prompts; 0 scores the bare prompts.
        plan: engine and micro-batch; by default the engine with less arithmetic, one candidate at a time.
        engine: a layout made by the caller, in place of the plan's.

    Raises:
        ModelError: the prompts do not fit the context or the memory, or the options are not single tokens.
    """

    def __init__(
        self,
        lm: LanguageModel,
        user_turns: Sequence[str],
        virtual_tokens: int = 0,
        plan: Plan | None = None,
        engine: Engine | None = None,
    ) -> None:
        prompts = tokenise(lm, user_turns)
        check_length(lm, prompts, virtual_tokens)
        self._lm = lm
        self.virtual_tokens = virtual_tokens
        self.options = torch.tensor(option_tokens(lm, user_turns[0]), device=lm.device)
        self.plan = plan or Plan(kind=able(lm)[0])
        self.engine = engine or make_engine(self.plan.kind, lm, prompts, virtual_tokens)
        self.prompts = len(prompts)
        self.tokens = sum(map(len, prompts))
        """Tokens of all prompts together, the soft prompt not counted."""
        self.distinct_tokens = len(TokenTrie.build(prompts))
        """Tokens that remain when what prompts share is stored once."""
        self.micro_batch = self.plan.micro_batch
        self.workers = self.plan.workers
        if self.bytes_per_candidate > lm.room:
            raise self._too_large(f"and {readable(lm.room)} are left")

    @property
    def bytes_per_candidate(self) -> int:
        """Memory that a candidate needs beside the weights, an estimate from above."""
        config = self._lm.model.config.get_text_config()
        return activation_bytes(
            config, self._lm.dtype.itemsize, self.engine.tokens, self.prompts, cached=self.engine.cached
        )

    def score(self, soft_prompts: Floats) -> LogProbabilities:
        """Log-probabilities of the five options after each prompt.

        Where memory runs out, passes side by side are given up and then the micro-batch is halved, once and for all.

        Args:
            soft_prompts: (P, V, D) input embeddings; V may be 0.

        Returns:
            (P, N, 5) nats over the whole vocabulary, so that their exponentials sum to the mass on the options.

        Raises:
            ValueError: the shape is not (P, V, D).
            ModelError: memory does not suffice for a single candidate.
        """
        expected = (self.virtual_tokens, self._lm.width)
        if soft_prompts.ndim != 3 or soft_prompts.shape[1:] != expected:
            raise ValueError(f"soft prompts of shape {soft_prompts.shape}: expected (P, {expected[0]}, {expected[1]})")
        linears = self._lm.linears.active() if self._lm.linears else nullcontext()
        parts: list[LogProbabilities] = []
        done = 0
        with linears, self.engine.active():
            while done < len(soft_prompts):
                waiting = soft_prompts[done:]
                chunks = [waiting[i : i + self.micro_batch] for i in range(0, len(waiting), self.micro_batch)]
                with side_by_side(min(self.workers, len(chunks))) as each:
                    for chunk, scored in zip(chunks, each(self._attempt, chunks), strict=True):
                        if scored is None:
                            # What stands behind it is asked again, with less at once.
                            self._take_less(len(chunk))
                            break
                        parts.append(scored)
                        done += len(chunk)
        return np.concatenate(parts) if parts else np.zeros((0, self.prompts, len(self.options)))

    def _attempt(self, soft_prompts: Floats) -> LogProbabilities | None:
        """The scores of a micro-batch, or None where it does not fit the memory."""
        try:
            with torch.inference_mode():
                return self._score(soft_prompts)
        except RuntimeError as error:
            if not out_of_memory(error):
                raise
            return None

    def _score(self, soft_prompts: Floats) -> LogProbabilities:
        soft = torch.tensor(soft_prompts, device=self._lm.device, dtype=self._lm.dtype)
        logits = self.engine.logits(soft).float().to(self._lm.device)
        logs = logits[:, self.options] - logits.logsumexp(dim=-1, keepdim=True)
        return logs.reshape(len(soft), self.prompts, -1).double().cpu().numpy()

    def _take_less(self, tried: int) -> None:
        if self._lm.device.type == "cuda":
            torch.cuda.empty_cache()
        before = tried * self.workers
        if self.workers > 1:
            self.workers = 1
        elif tried > 1:
            self.micro_batch = tried // 2
        else:
            raise self._too_large("and memory ran out")
        _log.warning(
            "out of memory with %d candidates at once; going on with %d, --micro-batch and --workers set it",
            before,
            self.micro_batch * self.workers,
        )

    def _too_large(self, where: str) -> ModelError:
        return too_large(self._lm, self.virtual_tokens, self.bytes_per_candidate, "one candidate", where)


def make_engine(kind: Kind, lm: LanguageModel, prompts: Sequence[Tokens], virtual: int) -> Engine:
    """The layout of a kind for prompts behind V virtual tokens."""
    if kind == "packed":
        return Packed(lm, prompts, virtual)
    return Branches(lm, prompts, virtual)


def too_large(lm: LanguageModel, virtual: int, need: int, what: str, where: str) -> ModelError:
    """That memory does not suffice, and what can be done.

    Args:
        lm: the model.
        virtual: V, virtual tokens in front of what does not fit.
        need: bytes that it needs beside the weights.
        what: does not fit.
        where: what there is instead.
    """
    ways = ["fewer --tokens"] if virtual else []
    ways += ["--dtype bfloat16"] if lm.dtype == torch.float32 else []
    if lm.spec.memory_gb is not None:
        ways.append(f"--memory-gb {math.ceil((lm.taken + need) / 1e6) / 1e3:g} or more")
    return ModelError(
        f"model '{lm.spec.name}' needs about {readable(need)} beside its weights for {what}, {where}: give "
        f"{', '.join([*ways, 'a smaller model'])}"
    )
