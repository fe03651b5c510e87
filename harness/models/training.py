"""Trains a small causal LM to give stated answer distributions; the bundled respondent comes from here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from harness.models.language_model import SIMULATION_KEY
from harness.models.trie import TokenTrie

Network: TypeAlias = LlamaForCausalLM

EXPECTATION_WEIGHT = 4.0


@dataclass(frozen=True)
class Geometry:
    """Shape of the network; the defaults make about 0.9 million parameters."""

    hidden: int = 128
    layers: int = 4
    heads: int = 4
    intermediate: int = 352


@dataclass(frozen=True)
class Schedule:
    """AdamW with a one-cycle learning rate; at least three steps."""

    steps: int = 2200
    batch: int = 10
    peak: float = 2.5e-3
    weight_decay: float = 0.01


@dataclass(frozen=True)
class Example:
    """Prompts of one context, tokenised, and the probability of each option after each of them: (N, 5)."""

    prompts: tuple[tuple[int, ...], ...]
    probabilities: NDArray[np.float64]


def new_model(tokenizer: PreTrainedTokenizerFast, geometry: Geometry, seed: int) -> LlamaForCausalLM:
    """Builds an untrained llama with tied embeddings for a tokenizer."""
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=geometry.hidden,
        intermediate_size=geometry.intermediate,
        num_hidden_layers=geometry.layers,
        num_attention_heads=geometry.heads,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
        initializer_range=0.05,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        dtype="float32",
        attn_implementation="sdpa",
        **{SIMULATION_KEY: True},
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return LlamaForCausalLM(config)


@dataclass(frozen=True)
class Batch:
    """Contexts packed as one row each, with a tree mask; T tokens, N questions in all."""

    tokens: torch.Tensor  # (B, T)
    positions: torch.Tensor  # (B, T)
    mask: torch.Tensor  # (B, 1, T, T), True = attend
    rows: torch.Tensor  # (N,)
    columns: torch.Tensor  # (N,)
    probabilities: torch.Tensor  # (N, 5)


def pack(examples: Sequence[Example], device: torch.device) -> Batch:
    """Packs contexts with their token tries."""
    tries = [TokenTrie.build(example.prompts) for example in examples]
    length = max(len(trie) for trie in tries)
    shape = (len(tries), length)
    tokens, positions = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    mask = np.zeros((len(tries), 1, length, length), dtype=np.bool_)
    mask[:, :, np.arange(length), np.arange(length)] = True
    for row, trie in enumerate(tries):
        n = len(trie)
        tokens[row, :n], positions[row, :n], mask[row, 0, :n, :n] = trie.tokens, trie.depths, trie.mask()
    rows = np.repeat(np.arange(len(tries)), [len(trie.finals) for trie in tries])
    arrays = (tokens, positions, mask, rows, np.concatenate([trie.finals for trie in tries]))
    probabilities = np.concatenate([example.probabilities for example in examples]).astype(np.float32)
    return Batch(*(torch.from_numpy(array).to(device) for array in (*arrays, probabilities)))


def answer_loss(model: LlamaForCausalLM, batch: Batch, options: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Kullback-Leibler divergence over the whole vocabulary plus a weighted squared error of the expected answer.

    Returns:
        The loss, and the root mean squared error of the expected answer (detached).
    """
    hidden = model.model(input_ids=batch.tokens, position_ids=batch.positions, attention_mask=batch.mask)
    logits = model.lm_head(hidden.last_hidden_state[batch.rows, batch.columns])
    logs = logits.log_softmax(-1)[:, options]
    wanted = batch.probabilities
    divergence = (wanted * (wanted.clamp_min(1e-9).log() - logs)).sum(-1).mean()
    scale = torch.arange(1, 6, device=logs.device, dtype=logs.dtype)
    gap = (logs.softmax(-1) - wanted) @ scale
    squared = gap.square().mean()
    return divergence + EXPECTATION_WEIGHT * squared, squared.detach().sqrt()


def _warmup(schedule: Schedule) -> float:
    """Share of the steps before the peak: a tenth, and at least two steps, which the one-cycle rate needs."""
    return min(1.0, max(0.1, 2 / schedule.steps))


def train(
    model: LlamaForCausalLM,
    batches: Iterator[Sequence[Example]],
    options: Sequence[int],
    schedule: Schedule,
    report: Callable[[int, float, float], None],
) -> None:
    """Trains in place.

    Args:
        model: the network, on the device to train on.
        batches: one sequence of examples per step.
        options: token ids of the five options.
        schedule: steps and learning rate.
        report: called after each step with the step, the loss and the error of the expected answer.
    """
    device = next(model.parameters()).device
    ids = torch.tensor(list(options), device=device)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=schedule.peak, betas=(0.9, 0.98), weight_decay=schedule.weight_decay
    )
    rate = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=schedule.peak, total_steps=schedule.steps, pct_start=_warmup(schedule), cycle_momentum=False
    )
    model.train()
    for step, examples in enumerate(batches, start=1):
        loss, error = answer_loss(model, pack(examples, device), ids)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        rate.step()
        report(step, float(loss.detach()), float(error))
    model.eval()
