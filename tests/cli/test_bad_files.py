"""Files that a user brings and that do not say what they should: one line that names file, row and field, exit 2."""

from __future__ import annotations

import json

import numpy as np
import pytest

from harness.tasks.hofstede_vsm import survey, targets

SURVEY = survey.BUNDLED.read_text(encoding="utf-8")
TARGETS = targets.BUNDLED.read_text(encoding="utf-8")


def item(number):
    start = SURVEY.index(f"[[items]]\nid = {number}\n")
    end = SURVEY.find("[[items]]", start + 1)
    return SURVEY[start : end if end > 0 else None]


def asked(number, field):
    """The line of a wording, and its text."""
    line = next(line for line in item(number).splitlines() if line.startswith(f"{field} = "))
    return line, line.partition(" = ")[2].strip('"[]').split('", "')[0]


def row_of(text, part):
    """The row on which the part begins, by plain counting."""
    assert text.count(part) == 1, part
    return text[: text.index(part)].count("\n") + 1


def inside(number, old, new):
    """The survey with one change in one item, and the row of the change."""
    assert old in item(number)
    row = row_of(SURVEY, item(number)) + item(number)[: item(number).index(old)].count("\n")
    return SURVEY.replace(item(number), item(number).replace(old, new, 1)), row


def wording(number, field, text):
    return inside(number, asked(number, field)[0], f"{field} = {text}")


HELDOUT_4 = asked(4, "heldout")[1]
DRESSED = " \u2014 ".join(HELDOUT_4.upper().rstrip("?").split())
TUNING_2 = asked(2, "tuning")[1]
WIDE = "".join(chr(ord(letter) + 0xFEE0) if letter > " " else letter for letter in TUNING_2)
SCALES = row_of(SURVEY, "\n[scales]") + 1
SURVEYS = {
    "missing item": (SURVEY.replace(item(7), ""), row_of(SURVEY, item(7)) + 1, "item 8, id", "missing: 7; twice: none"),
    "missing last item": (SURVEY.replace(item(24), ""), row_of(SURVEY, item(23)) + 1, "item 23, id", "missing: 24"),
    "duplicate item": (SURVEY + "\n" + item(7), SURVEY.count("\n") + 3, "item 7, id", "missing: none; twice: 7"),
    "duplicate number": (*inside(9, "id = 9", "id = 8"), "item 8, id", "missing: 9; twice: 8"),
    "duplicate key": (*inside(9, "id = 9", "id = 9\nid = 9"), "is not TOML", "Cannot overwrite a value"),
    "item out of range": (*inside(9, "id = 9", "id = 90"), "item 90, id", "less than or equal to 24 (got 90)"),
    "number in words": (*inside(9, "id = 9", 'id = "nine"'), "item at position 9, id", "valid integer (got 'nine')"),
    "no such scale": (*inside(9, '"importance"', '"weight"'), "item 9, scale", "expected one of importance, frequency"),
    "wrong direction": (*inside(9, '"standard"', '"up"'), "item 9, direction", "'standard' or 'reversed' (got 'up')"),
    "wrong sign": (*inside(9, "sign = 1", "sign = -1"), "item 9, sign", "the formula has 'idv' sign 1"),
    "wrong index": (*inside(9, '"idv"', '"pdi"'), "item 9, index", "the formula has 'idv' sign 1 (got 'pdi')"),
    "unknown index": (*inside(9, '"idv"', '"xyz"'), "item 9, index", "Input should be 'pdi', 'idv'"),
    "four labels": (SURVEY.replace('"excellent", ', ""), SCALES + 3, "scales.health 5", "Field required"),
    "six labels": (SURVEY.replace('"good", ', '"good", "fit", '), SCALES + 3, "scales.health", "at most 5 items"),
    "label twice": (SURVEY.replace('"excellent"', '"Good"'), SCALES + 3, "scales.health", "repeats a label"),
    "splits share a wording": (
        *wording(6, "validation", f'"{HELDOUT_4}"'),
        "item 6, wordings.validation",
        "repeats the wording of item 4 heldout: splits may not share a wording",
    ),
    "in capitals, with dashes and quotes": (
        *wording(6, "demonstration", f'"\u201c{DRESSED}\u201d"'),
        "item 6, wordings.demonstration",
        "repeats the wording of item 4 heldout",
    ),
    "in wide letters": (
        *wording(6, "heldout", f'"{WIDE}"'),
        "item 6, wordings.heldout",
        "repeats the wording of item 2 tuning 1",
    ),
    "inside a longer one": (
        *wording(6, "heldout", f'"Tell me, {TUNING_2}"'),
        "item 6, wordings.heldout",
        "holds the wording of item 2 tuning 1: splits",
    ),
    "second tuning wording": (
        *wording(6, "tuning", f'[\n  "How so?",\n  "{HELDOUT_4}",\n]'),
        "item 6, wordings.tuning 2",
        "repeats the wording of item 4 heldout",
    ),
    "no held-out wording": (
        inside(6, asked(6, "heldout")[0] + "\n", "")[0],
        inside(6, "[items.wordings]", "")[1],
        "item 6, wordings.heldout",
        "Field required",
    ),
    "no words": (*wording(6, "heldout", '"?!"'), "item 6, wordings.heldout", "expected a sentence with words"),
    "wording is a number": (*wording(6, "heldout", "3"), "item 6, wordings.heldout", "valid string (got 3)"),
    "unknown field": (*inside(6, "topic =", "weight = 1\ntopic ="), "item 6, weight", "Extra inputs are not permitted"),
    "quote left open": (*wording(6, "heldout", '"How?'), "is not TOML", "Illegal character"),
    "not UTF-8": (
        wording(6, "heldout", '"\u00dc?"')[0].encode("latin-1"),
        wording(6, "heldout", "")[1],
        "is not in UTF-8",
        "byte 0xdc",
    ),
    "after a BOM and with CRLF": (
        b"\xef\xbb\xbf" + inside(9, "sign = 1", "sign = 3")[0].replace("\n", "\r\n").encode(),
        inside(9, "sign = 1", "")[1],
        "item 9, sign",
        "Input should be -1 or 1 (got 3)",
    ),
    "behind a remark that looks like an item": (
        "# [[items]]\n" + inside(9, "sign = 1", "sign = 3")[0],
        inside(9, "sign = 1", "")[1] + 1,
        "item 9, sign",
        "Input should be -1 or 1 (got 3)",
    ),
}

USA = next(line for line in TARGETS.splitlines() if line.startswith("USA,"))
ROW = row_of(TARGETS, USA)
LAST = TARGETS.count("\n") + 1
RANGE = "expected a number from -50 to 150 or nothing, got"


def usa(number, cell):
    """The targets with another cell in the row of the USA."""
    cells = USA.split(",")
    cells[number] = cell
    return TARGETS.replace(USA, ",".join(cells))


TABLES = {
    "text in a number": (usa(3, "high"), ROW, "pdi", f"{RANGE} 'high'"),
    "decimal comma": (usa(3, '"40,5"'), ROW, "pdi", f"{RANGE} '40,5'"),
    "underscore": (usa(4, "9_1"), ROW, "idv", f"{RANGE} '9_1'"),
    "nan": (usa(5, "nan"), ROW, "mas", f"{RANGE} 'nan'"),
    "above the range": (usa(6, "151"), ROW, "uai", f"{RANGE} '151'"),
    "below the range": (usa(7, "-51"), ROW, "lto", f"{RANGE} '-51'"),
    "infinite": (usa(8, "inf"), ROW, "ivr", f"{RANGE} 'inf'"),
    "duplicate code": (TARGETS + USA, LAST, "code", f"'USA' is the code of the region in row {ROW}"),
    "duplicate code in small letters": (TARGETS + USA.replace("USA", "usa"), LAST, "code", "'usa' is the code of"),
    "duplicate name": (TARGETS + USA.replace("USA", "USB"), LAST, "name", "is the name of the region in row"),
    "name that is another's code": (usa(1, "chn"), ROW, "name", "'chn' is the code of the region in row"),
    "no code": (usa(0, ""), ROW, "code", "expected letters, digits and '-', got ''"),
    "code that names a set": (usa(0, "core"), ROW, "code", "which name sets, got 'core'"),
    "cell missing": (usa(8, "").replace(usa(8, "").splitlines()[ROW - 1], USA[:-3]), ROW, "ivr", "got 8"),
    "cell too many": (TARGETS.replace(USA, USA + ",1"), ROW, "after ivr", "expected 9 cells, got 10"),
    "record of three rows": (usa(1, '"United\n\nStates"'), ROW, "name", "expected printable text on one line"),
    "quote left open": (usa(1, '"United States'), ROW, "is not CSV", "unexpected end of data"),
    "column renamed": (TARGETS.replace("ivr", "ivi", 1), 1, "", "expected the columns code,name,kind,pdi"),
    "not UTF-8": (usa(1, "#SA").encode().replace(b"#SA", b"\xdcSA"), ROW, "is not in UTF-8", "byte 0xdc"),
    "after a BOM and with CRLF": (
        b"\xef\xbb\xbf" + usa(3, "x").replace("\n", "\r\n").encode(),
        ROW,
        "pdi",
        f"{RANGE} 'x'",
    ),
}


@pytest.mark.parametrize("name", SURVEYS)
def test_a_bad_survey_names_file_row_and_field(refused, name, tmp_path):
    content, row, field, reason = SURVEYS[name]
    (tmp_path / "mine.toml").write_bytes(content if isinstance(content, bytes) else content.encode())
    error = refused("score", "--method", "null", "--survey", "mine.toml")
    separator = ", " if field.startswith(("item", "scales")) else " "
    if name in ("quote left open", "duplicate key"):
        # The parser notices on the row below the first key, or at the end of the row.
        assert f"survey 'mine.toml' row {row} " in error or f"survey 'mine.toml' row {row + 1} " in error
    else:
        assert f"survey 'mine.toml' row {row}{separator}{field}" in error
    assert reason in error


@pytest.mark.parametrize("name", TABLES)
def test_bad_targets_name_file_row_and_field(refused, name, tmp_path):
    content, row, field, reason = TABLES[name]
    (tmp_path / "mine.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    error = refused("score", "--method", "null", "--targets", "mine.csv")
    assert f"targets 'mine.csv' row {row}{' ' if field else ': '}{field}" in error
    assert reason in error


def changed(name, **fields):
    def change(folder):
        file = folder / name
        file.write_text(json.dumps({**json.loads(file.read_text()), **fields}))

    return change


def weights(**tensors):
    def change(folder):
        from safetensors.numpy import save_file

        save_file(tensors, folder / "adapter_model.safetensors")

    return change


CONFIG, WEIGHTS, ORIGIN = "adapter_config.json", "adapter_model.safetensors", "vsm.json"
ADAPTERS = {
    "another model": (changed(ORIGIN, model="their/model", digest="sha256:beef"), ORIGIN, "'digest' sha256:beef"),
    "digest is a number": (changed(ORIGIN, digest=1), ORIGIN, "'digest' 1"),
    "another width": (
        weights(prompt_embeddings=np.zeros((3, 64), np.float32)),
        WEIGHTS,
        "'prompt_embeddings' of shape",
    ),
    "another tensor": (weights(lora_A=np.zeros((3, 128), np.float32)), WEIGHTS, "'prompt_embeddings'"),
    "other number of tokens": (changed(CONFIG, num_virtual_tokens=4), CONFIG, "'num_virtual_tokens'"),
    "width that it does not have": (changed(CONFIG, token_dim=64), CONFIG, "'token_dim'"),
    "another kind of adapter": (changed(CONFIG, peft_type="LORA"), CONFIG, "'peft_type' LORA"),
}


@pytest.mark.parametrize("name", ADAPTERS)
def test_a_bad_adapter_names_file_and_field(refused, quick, name, lm, tmp_path):
    from harness.models.adapter import save_adapter

    change, file, field = ADAPTERS[name]
    save_adapter(tmp_path / "tuned", np.zeros((3, lm.width), np.float32), lm)
    change(tmp_path / "tuned")
    error = refused("score", "--prompt", "tuned")
    assert "prompt 'tuned' " in error and file in error and field in error


def test_a_prompt_of_another_model_of_the_same_width(harness, refused, lm, tmp_path):
    import shutil

    from harness.models.adapter import save_adapter
    from harness.models.loading import BUNDLED

    save_adapter(tmp_path / "tuned", np.zeros((3, lm.width), np.float32), lm)
    shutil.copytree(BUNDLED, tmp_path / "same")
    assert harness("score", "--prompt", "tuned", "--model", "./same", "--region", "USA").code == 0
    shutil.copytree(BUNDLED, tmp_path / "other")
    template = tmp_path / "other" / "chat_template.jinja"
    template.write_text("{# another #}" + template.read_text())
    error = refused("score", "--prompt", "tuned", "--model", "./other", "--region", "USA")
    assert error == (
        f"harness: error: prompt 'tuned' was tuned for model 'respondent', 'digest' {lm.digest[:15]} in vsm.json: "
        f"model './other' is another, {other_digest(error)}; give the one that it was tuned for with --model, or "
        "remove vsm.json to try it on this one\n"
    )
    (tmp_path / "tuned" / "vsm.json").unlink()
    done = harness("score", "--prompt", "tuned", "--model", "./other", "--region", "USA")
    assert done.code == 0
    assert "that it was tuned for this model is not known" in " ".join(done.out.split())


def other_digest(error):
    return error.partition("is another, ")[2].partition(";")[0]


@pytest.mark.parametrize("command", [("run", "--region", "USA"), ("bench", "scorer")])
def test_every_command_that_reads_a_survey_says_the_same(refused, command, tmp_path):
    content, row = inside(9, "sign = 1", "sign = 3")
    (tmp_path / "mine.toml").write_text(content)
    error = refused(*command, "--survey", "mine.toml")
    assert error == (f"harness: error: survey 'mine.toml' row {row}, item 9, sign: Input should be -1 or 1 (got 3)\n")
