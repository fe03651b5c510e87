"""`harness bench scorer`, on a model so small that its figures mean nothing: are they there, and do they agree?"""

import json

METHODS = ["harness", "lm_eval_peft", "transformers_loop", "padded_batch"]
SMALL = ("bench", "scorer", "--model", "random:llama-tiny", "--tokens", "3", "--rounds", "2")


def test_the_json(harness, tmp_path):
    done = harness(*SMALL, "--out", tmp_path / "bench.json", "--json", "--quiet")
    assert (done.code, done.err) == (0, "")
    found = json.loads(done.out)
    assert json.loads((tmp_path / "bench.json").read_text()) == found
    assert [row["method"] for row in found["rows"]] == METHODS
    for row in found["rows"]:
        low, high = row["spread"]
        assert 0 < low <= row["candidates_per_second"] <= high
        # All of them answer the same questions, and give the same answers.
        assert row["gap"] < 1e-4
    assert found["rows"][0]["times_as_long"] == {"median": 1.0, "low": 1.0, "high": 1.0}
    # 48 prompts with the soft prompt in front of each, against the trie behind one.
    assert found["tokens"] == 3210 + 48 * 3
    assert found["distinct_tokens"] == 949 + 3
    assert found["distinct_tokens"] <= 0.4 * found["tokens"]
    assert found["matmul_fraction"] >= found["fastest_fraction"] > 0
    # The process holds torch and transformers.
    assert 0 < found["weights_mb"] < found["peak_memory_mb"]
    assert {tuple(one[key] for key in ("kind", "micro_batch")) for one in found["choices"]} == {
        (kind, together) for kind in ("packed", "branches") for together in (1, 4)
    }
    assert found["choices"][0]["candidates_per_second"]["median"] == found["rows"][0]["candidates_per_second"]
    assert 200 < found["peak_memory_mb"] < 20_000
    assert {(point["prompts"], point["virtual_tokens"]) for point in found["curve"]} == {
        *((prompts, 3) for prompts in (12, 24, 36, 48)),
        *((48, tokens) for tokens in (0, 10, 20, 40, 80, 160)),
    }
    assert found["provenance"]["machine"]["cores"] >= 1


def test_the_tables(harness):
    done = harness(*SMALL, "--quiet")
    assert (done.code, done.err) == (0, "")
    for shown in ("\nharness ", "\nlm-eval + PEFT ", "\ntransformers loop ", "\npadded batch "):
        assert shown in done.out
    assert "random:llama-tiny, float32 on cpu" in done.out
    assert "3354 tokens, 952 distinct (0.28)" in " ".join(done.out.split())
    assert "random weights: a benchmark of speed, not a result" in done.out


def test_a_single_round_has_no_spread_and_progress_is_told_line_by_line(harness):
    done = harness(*SMALL[:-1], "1", "--scorer", "branches", "--workers", "1")
    assert done.code == 0
    assert "[" not in done.out.partition("median")[0]
    assert "layout branches" in " ".join(done.out.split())
    assert done.err.splitlines() == ["harness alone", "peers at several batch sizes", "round 1 of 1", "curve"]
