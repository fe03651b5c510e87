"""What a soft prompt changes in other tasks: stock lm-eval on one model, without the prompt and then with it."""

from __future__ import annotations

import contextlib
import io
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lm_eval import simple_evaluate
from lm_eval.api.metrics import mean
from lm_eval.models.huggingface import HFLM

from harness.checks.finding import Found, Listener
from harness.checks.paired import effects
from harness.errors import HarnessError, InputError, ModelError, UsageError
from harness.models.adapter import attach, load_adapter
from harness.models.language_model import LanguageModel, gpu_name, threads
from harness.models.memory import out_of_memory
from harness.records.provenance import gather
from harness.records.side_effects import SideEffects
from harness.tuning.identity import identity

SEEDS: Final = {
    "random_seed": 0,
    "numpy_random_seed": 1234,
    "torch_random_seed": 1234,
    "fewshot_random_seed": 1234,
}
"""Those that lm-eval's own command takes unless told otherwise."""
_SAID: Final = ("Overwriting default num_fewshot", "Custom kwargs can be passed")
"""What the record says itself, and a hint about lm-eval's own command."""


class Judge(HFLM):  # type: ignore[misc]
    """lm-eval's own model class, which generates text one request at a time.

    Generating with a soft prompt, peft drops the positions that leave padding out of account, so that in a batch the
    padding would stand between the prompt and the shorter texts.
    """

    batch_size_per_gpu: int

    def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]:
        """The text that the model writes after each request."""
        size, self.batch_size_per_gpu = self.batch_size_per_gpu, 1
        try:
            with warnings.catch_warnings():
                # Without padding the positions that peft drops are those that the model counts itself.
                warnings.filterwarnings("ignore", "Position ids are not supported")
                return list(super().generate_until(requests, disable_tqdm=disable_tqdm))
        finally:
            self.batch_size_per_gpu = size


@dataclass(frozen=True)
class Asking:
    """How every task is asked, before and after alike.

    Attributes:
        chat_template: whether questions stand in the model's chat template, as the survey's do.
        num_fewshot: solved examples; None leaves it to the task, and a task that fixes 0 keeps it.
        limit: the first so many documents of every task; None for all.
        batch_size: requests in one pass; text is generated one by one.
    """

    chat_template: bool = True
    num_fewshot: int | None = None
    limit: int | None = None
    batch_size: int = 16


def measure(
    lm: LanguageModel,
    prompt: Path,
    found: Found,
    asking: Asking,
    done: Callable[[str], None] = lambda _: None,
    bars: bool = False,
) -> SideEffects:
    """Runs the tasks without and with a soft prompt and pairs the answers document by document.

    Args:
        lm: the model that the prompt was tuned for.
        prompt: adapter folder.
        found: the tasks.
        asking: how they are asked.
        done: is told what comes next.
        bars: whether lm-eval shows its progress bars on standard error.

    Raises:
        InputError: the prompt is none of this model, or a task cannot be loaded or does not ask the same twice.
        UsageError: a task wants what is not given here, or stands in two of the names.
        ModelError: the prompt leaves no room for a text, or the memory runs out.
    """
    virtual = len(load_adapter(prompt, lm))
    longest = _longest(lm, virtual)
    done("loading the tasks")
    heard, began = Listener(_SAID), time.perf_counter()
    with heard:
        tasks = _load(found)
    done("without the prompt")
    before = _evaluate(lm, lm.model, longest, tasks, found, asking, heard, bars)
    done("with the prompt")
    after = _evaluate(lm, attach(prompt, lm), longest, tasks, found, asking, heard, bars)
    return SideEffects(
        model=identity(lm),
        prompt=str(prompt),
        virtual_tokens=virtual,
        tasks={name: str(version) for name, version in before["versions"].items()},
        shots={name: before["n-shot"][name] for name in before["samples"]},
        **vars(asking),
        max_length=longest,
        seeds=SEEDS,
        effects=effects(before, after, _means(before, tasks)),
        warnings=(*found.warnings, *heard.messages),
        seconds=time.perf_counter() - began,
        provenance=gather(threads(), gpu_name(lm)),
    )


def _longest(lm: LanguageModel, virtual: int) -> int | None:
    """Longest text that fits behind the prompt: lm-eval does not count virtual tokens."""
    if lm.context_length is None:
        return None
    if lm.context_length - virtual < 2:
        raise ModelError(
            f"model '{lm.spec.name}' reads {lm.context_length} tokens, and {virtual} virtual tokens leave no room "
            "for a text: give a shorter prompt or a model with a longer context"
        )
    return lm.context_length - virtual


def _load(found: Found) -> list[Any]:
    """The tasks and groups themselves, which serve both runs."""
    loaded: list[Any] = []
    owners: dict[str, str] = {}
    for name in found.names:
        # A task is a program of the user's own; what it raises while it is set up is of every kind.
        try:
            with _output(bars=False):
                one = found.manager.load([name])
        except HarnessError:
            raise
        except Exception as error:
            reason = " ".join(str(error).split())[:300]
            raise InputError(
                f"task '{name}' cannot be loaded ({type(error).__name__}: {reason}): mend its YAML file, or fetch its "
                "data first"
            ) from error
        for task in one["tasks"]:
            if task in owners:
                raise UsageError(f"--tasks: '{task}' stands in '{owners[task]}' and in '{name}'; name it once")
            owners[task] = name
            _check_task(task, one["tasks"][task])
        members = {member for group in one["group_map"].values() for member in group}
        roots = [group for title, group in one.get("groups", {}).items() if title not in members]
        loaded += roots or one["tasks"].values()
    return loaded


def _check_task(name: str, task: Any) -> None:
    """Refuses what lm-eval would refuse later and less kindly."""
    if getattr(task, "UNSAFE_CODE", False):
        raise UsageError(
            f"task '{name}' runs code that the model writes, which is not done here: run lm-eval itself with "
            "--confirm_run_unsafe_code, without and with peft="
        )
    if getattr(task, "MULTIMODAL", False):
        raise UsageError(f"task '{name}' shows images or sound: give one of text alone")
    if not len(task.eval_docs):
        raise InputError(f"task '{name}' has no documents: give one that has")


def _means(results: dict[str, Any], loaded: list[Any]) -> set[tuple[str, str]]:
    """(task, metric) of the metrics that lm-eval averages over documents, which it also does where nothing is said."""
    tasks = {task.task_name: task for one in loaded for task in (one.get_all_tasks() if _is_group(one) else [one])}
    metrics = {
        (name, key.partition(",")[0]) for name in results["samples"] for key in results["results"][name] if "," in key
    }
    return {(name, metric) for name, metric in metrics if tasks[name].aggregation().get(metric, mean) is mean}


def _is_group(one: Any) -> bool:
    return hasattr(one, "get_all_tasks")


def _evaluate(
    lm: LanguageModel,
    model: Any,
    longest: int | None,
    tasks: list[Any],
    found: Found,
    asking: Asking,
    heard: Listener,
    bars: bool,
) -> dict[str, Any]:
    """lm-eval's results with every sample; its caches stay off, since they know nothing of the prompt."""
    with Listener():
        # It says of a model that is handed over that it was handed over.
        judge = Judge(pretrained=model, tokenizer=lm.tokenizer, batch_size=asking.batch_size, max_length=longest)
    try:
        with heard, _output(bars):
            results: dict[str, Any] = simple_evaluate(
                model=judge,
                tasks=list(tasks),
                task_manager=found.manager,
                num_fewshot=asking.num_fewshot,
                limit=asking.limit,
                apply_chat_template=asking.chat_template,
                log_samples=True,
                bootstrap_iters=0,
                **SEEDS,
            )
    except Exception as error:
        if out_of_memory(error):
            raise ModelError(
                f"memory ran out with {asking.batch_size} requests in one pass: give a smaller --batch-size or --limit"
            ) from error
        raise
    return results


@contextlib.contextmanager
def _output(bars: bool) -> Iterator[None]:
    """Keeps standard output for the result: what tasks print goes to standard error, bars there or nowhere."""
    with contextlib.redirect_stdout(sys.stderr), contextlib.ExitStack() as stack:
        if not bars:
            stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
        yield
