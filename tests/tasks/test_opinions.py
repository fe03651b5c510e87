"""Instruments of others: what is read of their files, what is refused and where, and their metrics by hand."""

import csv
import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import jensenshannon as scipy_distance

from harness.errors import InputError, UsageError
from harness.tasks.opinions.cdeval import read_cdeval
from harness.tasks.opinions.countries import label_named, labels_of
from harness.tasks.opinions.globalopinionqa import read_globalopinionqa
from harness.tasks.opinions.literals import literal
from harness.tasks.opinions.metrics import jensen_shannon, score, similarity, wasserstein
from harness.tasks.opinions.question import Question, answered_by, turn
from harness.tasks.opinions.worldvaluesbench import read_worldvaluesbench


def test_cdeval_is_read(cdeval_file):
    read = read_cdeval(cdeval_file())

    assert (read.name, read.metric, read.labels, len(read.digest)) == ("cdeval", "preference", (), 64)
    first, second = read.questions
    assert first == Question(
        "row 2", "Who decides about the tool?", ("The head of the team.", "All together."), {}, "work", "pdi"
    )
    assert second.dimension == "idv"


@pytest.mark.parametrize("shape", ["list", "lines"])
def test_cdeval_is_read_from_json(cdeval_file, tmp_path, shape):
    with cdeval_file().open(newline="", encoding="utf-8") as file:
        found = [row | {"more": 1} for row in csv.DictReader(file)]
    path = tmp_path / ("c.json" if shape == "list" else "c.jsonl")
    path.write_text(json.dumps(found, indent=4) if shape == "list" else "\n".join(map(json.dumps, found)) + "\n")

    from_json, table = read_cdeval(path), read_cdeval(cdeval_file())

    assert [replace(one, id="") for one in from_json.questions] == [replace(one, id="") for one in table.questions]
    assert [one.id for one in from_json.questions] == ["row 1", "row 2"]


GOOD = '{"Domain": "a", "Dimension": "PDI", "Question": "b", "Option 1": "c", "Option 2": "d"}'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"[{GOOD}, 3]", "row 2: expected an object, got '3'"),
        (GOOD.replace('"b"', "7"), "row 1 Question: expected a text, got 7"),
        (GOOD.replace('"b"', "null"), "row 1 Question: expected a text"),
        (GOOD.replace('"Question": "b", ', ""), "row 1 Question: expected a text"),
        (GOOD.replace('"b"', f'"{"x" * 140_000}"'), "row 1 Question: expected at most 131072 characters, got 140000"),
        (GOOD + '\n{"Domain"', r"row 2: no JSON that names each field once"),
        ('{"Domain": 1, "Domain": 2}', r"row 1: no JSON .*'Domain' stands in it twice"),
        ("[" * 100_000, "no JSON that names each field once"),
        ("[]", "has no question"),
        ("", "has no question"),
        ("oops", "row 1: no JSON"),
    ],
)
def test_wrong_json_is_one_line(tmp_path, text, said):
    path = tmp_path / "c.json"
    path.write_text(text)
    with pytest.raises(InputError, match=rf"cdeval file '.*c\.json' {said}") as caught:
        read_cdeval(path)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500


def test_globalopinionqa_is_read(opinions_file):
    read = read_globalopinionqa(opinions_file(question=""))

    (only,) = read.questions
    assert (only.id, only.text, only.options, only.group) == ("row 2", "Is it so,\nor not?", ("Yes", "Don't"), "GAS")
    assert {label: shares.tolist() for label, shares in only.human.items()} == {
        "Japan": [0.25, 0.75],
        "Britain": [0.5, 0.5],
    }
    assert (read.metric, read.labels, read.left_out) == ("similarity", ("Britain", "Japan"), ("row 3: no question",))


def test_a_question_with_more_options_than_letters_is_left_out(opinions_file):
    path = opinions_file(options=str(list(range(27))), selections=str({"Japan": [1.0] + [0.0] * 26}))

    read = read_globalopinionqa(path)

    assert [question.id for question in read.questions] == ["row 2"]
    assert read.left_out == ("row 3: 27 options, more than letters",)


def test_numbers_are_options_and_rounded_shares_are_made_to_sum_to_1(opinions_file):
    path = opinions_file(options="[1, 2.5, 'DK']", selections="{'Japan': [0.333, 0.333, 0.333]}")

    read = read_globalopinionqa(path)

    assert read.questions[1].options == ("1", "2.5", "DK")
    np.testing.assert_allclose(read.questions[1].human["Japan"], np.full(3, 1 / 3), rtol=1e-12)


def test_worldvaluesbench_counts_the_answers_that_were_given(values_files):
    read = read_worldvaluesbench(values_files())

    first, second = read.questions
    assert (first.id, first.options, first.group) == ("Q1", ("1", "2", "3", "4"), "Trust")
    assert second.options == ("0", "1", "2")
    assert {label: shares.tolist() for label, shares in first.human.items()} == {
        "Japan": [0.5, 0, 0, 0.5],
        "Turkey": [0, 1, 0, 0],
    }
    assert second.human["Japan"].tolist() == [1, 0, 0]
    assert second.human["Turkey"].tolist() == [0, 0.5, 0.5]


def test_worldvaluesbench_files_may_lie_anywhere(values_files, tmp_path):
    answers = values_files()
    for old, new in (("question_metadata.json", "m.json"), ("full/full_demographic_qa.tsv", "d.tsv")):
        (tmp_path / old).rename(tmp_path / new)

    with pytest.raises(InputError, match=r"question_metadata\.json' cannot be read"):
        read_worldvaluesbench(answers)
    assert read_worldvaluesbench(answers, tmp_path / "m.json", tmp_path / "d.tsv").labels == ("Japan", "Turkey")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"Dimension": "ABC"}, r"row 3 Dimension: expected one of PDI, IDV, .*, got 'ABC'"),
        ({"Question": " "}, r"row 3 Question: "),
        ({"Option 2": "mine."}, r"row 3 Option 2: expected another text than Option 1"),
        ({"Option 1": "x" * 140_000}, r"row 3 Option 1: expected at most 131072 characters, got 140000"),
    ],
)
def test_a_wrong_cell_of_cdeval_is_one_line(cdeval_file, changed, said):
    with pytest.raises(InputError, match=rf"cdeval file '.*cdeval\.csv' {said}") as caught:
        read_cdeval(cdeval_file(**changed))
    assert "\n" not in str(caught.value)


CODE = "defaultdict(<class 'list'>, {'Japan': __import__('os').system('touch ran')})"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"selections": "{'Japan': [0.5, 0.6]}"}, r"selections: 'Japan': expected shares .* with the sum 1\.1"),
        ({"selections": "{'Japan': [50, 50]}"}, r"selections: 'Japan': expected shares .* with the sum 100"),
        ({"selections": "{'Japan': [-0.5, 1.5]}"}, r"selections: 'Japan': expected shares from 0 to 1"),
        ({"selections": "{'Japan': [1.0]}"}, r"selections: 'Japan' has 1 shares, expected one for each of 2 options"),
        ({"selections": "{'Japan': [0.5, nan]}"}, r"selections: expected a literal"),
        ({"selections": "{'Japan': [1e999, 0]}"}, r"selections: 'Japan': expected a list of finite numbers"),
        ({"selections": "{'Japan': [1" + "0" * 400 + ", 0]}"}, r"selections: 'Japan': expected a list of finite"),
        ({"selections": "{'Japan': '10'}"}, r"selections: 'Japan': expected a list of finite numbers"),
        ({"selections": "{'A': [1.0, 0], 'A': [0, 1.0]}"}, r"selections: 'A' stands in it twice"),
        ({"selections": "{3: [1.0, 0]}"}, r"selections: expected the name of a country, got 3"),
        ({"selections": "{}"}, r"selections: expected a dict of lists, got '\{\}'"),
        ({"selections": CODE}, r"selections: expected a literal list or dict and nothing else"),
        ({"selections": "(" * 5000}, r"selections: expected a literal list or dict"),
        ({"selections": "{'\\d': [1.0, 0]}"}, r"selections: expected a literal list or dict"),
        ({"options": "['Yes']"}, r"options: expected at least 2 options, got 1"),
        ({"options": "{'Yes', 'No'}"}, r"options: expected a list"),
        ({"options": "['Yes', '']"}, r"options: expected a list of texts, got '' in it"),
        ({"options": "['Yes', True]"}, r"options: expected a list of texts, got True in it"),
        ({"options": "[exit(), 'No']"}, r"options: expected a literal"),
        ({"source": ""}, r"source: "),
    ],
)
def test_a_wrong_cell_of_globalopinionqa_is_one_line(opinions_file, changed, said, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=rf"globalopinionqa file '.*opinions\.csv' row 3 {said}") as caught:
        read_globalopinionqa(opinions_file(**changed))
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500
    assert not (tmp_path / "ran").exists()


def test_a_wrong_row_may_be_left_out_and_is_told(opinions_file):
    path = opinions_file(selections="{'Japan': [0.5, 0.6]}")

    with pytest.raises(InputError, match="or pass --skip-bad to leave such rows out"):
        read_globalopinionqa(path)
    read = read_globalopinionqa(path, skip_bad=True)

    assert [question.id for question in read.questions] == ["row 2"]
    assert len(read.left_out) == 1 and "row 3 selections" in read.left_out[0]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"answers": [("7001", "5", "0")]}, r"full_value_qa\.tsv' row 2 Q1: expected 1 to 4 or nothing, got 5"),
        ({"answers": [("7001", "0", "0")]}, r"full_value_qa\.tsv' row 2 Q1: expected 1 to 4 or nothing, got 0"),
        ({"answers": [("7001", "-1", "0")]}, r"row 2 Q1: expected a whole number or nothing, got '-1'"),
        ({"answers": [("7001", "1", "no")]}, r"row 2 Q2: expected a whole number or nothing, got 'no'"),
        ({"answers": [("7001", "1", "0"), ("7001", "1", "0")]}, r"row 3 D_INTERVIEW: '7001' has answers in an earlier"),
        ({"answers": [("9", "1", "0")]}, r"row 2 D_INTERVIEW: '9' is no interview of the demographics file"),
        ({"answers": [("7001", "1")]}, r"row 2: expected 3 cells, got 2"),
        ({"people": [("7001", "Japan"), ("7001", "Japan")]}, r"full_demographic_qa\.tsv' row 3 D_INTERVIEW"),
        ({"people": [("7001", "")]}, r"row 2 B_COUNTRY: expected the name of a country"),
        ({"meta": "{"}, r"question_metadata\.json' is no JSON"),
        ({"meta": '{"Q1": {}, "Q1": {}}'}, r"question_metadata\.json' is no JSON .*'Q1' stands in it twice"),
        ({"meta": '{"Q1": {}}'}, r"question_metadata\.json' Q1\.question: Field required"),
        ({"meta": "{}"}, r"question_metadata\.json' has no ordinal question"),
    ],
)
def test_what_is_wrong_in_worldvaluesbench_is_one_line(values_files, given, said):
    with pytest.raises(InputError, match=said) as caught:
        read_worldvaluesbench(values_files(**given))
    assert "\n" not in str(caught.value)


def test_a_scale_that_is_too_long_is_refused(values_files, tmp_path):
    answers = values_files()
    meta = tmp_path / "question_metadata.json"
    meta.write_text(meta.read_text().replace('"answer_scale_max": 4', '"answer_scale_max": 99'))

    with pytest.raises(InputError, match=r"Q1\.answer_scale_max: expected a scale of 2 to 26 answers, got 1 to 99"):
        read_worldvaluesbench(answers)


@pytest.mark.parametrize("reader", [read_cdeval, read_globalopinionqa])
@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", r"row 1 (Domain|question): expected one column of this name, got none in ''"),
        (b"a,b\n1,2\n", r"row 1 (Domain|question): expected one column of this name, got none in 'a,b'"),
        (b"Domain,question\nx\xff,y\n", r"row 2 is not in UTF-8 \(byte 0xff\)"),
        (b'Domain,question\n"x', r"row 1 (Dimension|selections): expected one column"),
        (None, r"cannot be read \(No such file or directory\)"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path, reader, raw, said):
    path = tmp_path / "file.csv"
    if raw is not None:
        path.write_bytes(raw)
    with pytest.raises(InputError, match=rf"file '.*file\.csv'.*{said}"):
        reader(path)


def test_a_header_alone_is_no_instrument(written):
    path = written("e.csv", ("Domain", "Dimension", "Question", "Option 1", "Option 2"), [])
    with pytest.raises(InputError, match="has no question"):
        read_cdeval(path)


@pytest.mark.parametrize("limit", [1000, 131_072, 500_000])
def test_a_long_cell_is_named_whatever_csv_is_told_and_its_limit_stays(written, limit):
    header = ("Domain", "Dimension", "Question", "Option 1", "Option 2")
    path = written("long.csv", header, [("work", "PDI", "x" * 140_000, "a", "b")])
    before = csv.field_size_limit(limit)
    try:
        with pytest.raises(InputError, match="row 2 Question: expected at most 131072 characters, got 140000"):
            read_cdeval(path)
        assert csv.field_size_limit() == limit
    finally:
        csv.field_size_limit(before)


def test_a_quote_that_does_not_end_names_its_row(tmp_path):
    path = tmp_path / "q.csv"
    path.write_text('Domain,Dimension,Question,Option 1,Option 2\nwork,PDI,a,b,c\nwork,PDI,"a,b,c\n')
    with pytest.raises(InputError, match=r"row 3: no CSV \(unexpected end of data\)"):
        read_cdeval(path)


def test_a_column_that_stands_twice_is_refused(written):
    header = ("question", "question", "selections", "options", "source")
    with pytest.raises(InputError, match="row 1 question: expected one column of this name, got 2"):
        read_globalopinionqa(written("t.csv", header, []))


def test_a_file_that_is_too_large_is_not_read(cdeval_file, monkeypatch):
    from harness.tasks.opinions import tables

    monkeypatch.setattr(tables, "OPINIONS_BYTES", 10)
    with pytest.raises(InputError, match="is over 10 bytes"):
        read_cdeval(cdeval_file())


def test_distances_by_hand():
    apart, middle = np.array([1.0, 0.0]), np.array([0.5, 0.5])
    # The mixture is (3/4, 1/4): (log2(4/3) + log2(2/3) / 2 + 1/2) / 2 bits.
    bits = (math.log2(4 / 3) + 0.5 * math.log2(2 / 3) + 0.5 * math.log2(2)) / 2
    assert jensen_shannon(apart, middle) == pytest.approx(math.sqrt(bits))
    assert jensen_shannon(apart, apart[::-1]) == 1
    assert similarity(apart, middle) == pytest.approx(1 - math.sqrt(bits))
    # Half of the people move two of four steps, the others none.
    assert wasserstein(np.array([1.0, 0, 0, 0, 0]), np.array([0.5, 0, 0.5, 0, 0])) == pytest.approx(0.25)
    assert wasserstein(np.array([1.0, 0, 0]), np.array([0, 0, 1.0])) == 1
    assert score("preference", np.array([0.3, 0.7]), None) == 0.3
    assert score("distance", apart, middle) == 0.5


@pytest.mark.parametrize("wrong", [[0.5, 0.6], [1.0], [1.5, -0.5], [np.nan, 1.0], [[0.5, 0.5]]])
def test_what_is_no_distribution_has_no_distance(wrong):
    for distance in (jensen_shannon, wasserstein):
        with pytest.raises(ValueError, match="probabilities that sum to 1"):
            distance(np.array(wrong), np.array([0.5, 0.5]))


def distributions(count):
    weights = arrays(np.float64, count, elements=st.floats(0.001, 1))
    return weights.map(lambda values: values / values.sum())


@given(st.integers(2, 10).flatmap(lambda k: st.tuples(*[distributions(k)] * 3)))
def test_distances_are_metrics_from_0_to_1(three):
    for distance in (jensen_shannon, wasserstein):
        one, two, other = three
        assert distance(one, one) == pytest.approx(0, abs=1e-7)
        assert distance(one, two) == pytest.approx(distance(two, one), abs=1e-12)
        assert 0 <= distance(one, two) <= 1
        assert distance(one, other) <= distance(one, two) + distance(two, other) + 1e-7


@given(st.integers(2, 10).flatmap(lambda k: st.tuples(*[distributions(k)] * 2)))
def test_the_jensen_shannon_distance_is_scipys(pair):
    one, two = pair
    with np.errstate(invalid="ignore"):
        theirs = scipy_distance(one, two, base=2)
    assert np.isnan(theirs) or jensen_shannon(one, two) == pytest.approx(theirs, abs=1e-7)


def test_distributions_that_are_all_but_equal_are_no_nan_apart():
    one = np.array([0.9, 0.1])
    for step in np.linspace(0, 4e-16, 9):
        assert jensen_shannon(one, np.array([0.9 + step, 0.1 - step])) == pytest.approx(0, abs=1e-7)


@given(distributions(4), st.integers(0, 3))
def test_people_who_all_move_some_steps_are_that_far_away(shares, steps):
    near, far = np.zeros(7), np.zeros(7)
    near[:4], far[steps : steps + 4] = shares, shares
    assert wasserstein(near, far) == pytest.approx(steps / 6)


@given(st.dictionaries(st.text(max_size=5), st.lists(st.floats(0, 1) | st.text(max_size=5), max_size=3), max_size=4))
def test_a_printed_literal_is_read_back(value):
    assert literal(repr(value)) == value
    assert literal(f"defaultdict(<class 'list'>, {value!r})") == value


def test_a_turn_in_both_orders():
    question = Question("row 2", "How so?", ("Well", "Badly", "No idea"), {}, "GAS")
    assert turn(question, "forward", "As one.\n") == (
        "As one.\nHow so?\nA. Well\nB. Badly\nC. No idea\nAnswer with the letter of one option."
    )
    assert turn(question, "reversed").splitlines()[1:4] == ["A. No idea", "B. Badly", "C. Well"]


@pytest.mark.parametrize(
    ("code", "name", "found"),
    [
        ("GBR", "Great Britain", ("Great Britain", "Britain")),
        ("TUR", "Türkiye", ("Turkey",)),
        ("JPN", "Japan", ("Japan",)),
        ("IND", "India", ("India (Current national sample)",)),
    ],
)
def test_regions_have_other_names_elsewhere(code, name, found):
    known = ("Britain", "Great Britain", "India (Current national sample)", "India (Old national sample)")
    assert labels_of(code, name, (*known, "Japan", "Turkey")) == found


def test_an_unknown_country_is_told_with_the_closest():
    known = ("China (Non-national sample)", "Japan")
    with pytest.raises(UsageError, match=r"unknown country 'China': expected one of China \(Non-national sample\), "):
        labels_of("CHN", "China", known)
    with pytest.raises(UsageError, match="unknown country 'Jpan': expected one of Japan"):
        label_named("Jpan", known)
    assert label_named("japan", known) == "Japan"


def test_the_first_label_of_a_region_counts():
    one, two = np.array([1.0, 0]), np.array([0, 1.0])
    both = Question("1", "?", ("a", "b"), {"Britain": one, "Great Britain": two}, "g")
    later = Question("2", "?", ("a", "b"), {"Britain": one}, "g")
    nobody = Question("3", "?", ("a", "b"), {"Japan": one}, "g")
    found = answered_by([both, later, nobody], ("Great Britain", "Britain"))
    assert [(question.id, shares.tolist()) for question, shares in found] == [("1", [0, 1]), ("2", [1, 0])]
