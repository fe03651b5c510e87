"""Small files in the published schema of other instruments, with questions that were made up here."""

import csv
import json
from collections import defaultdict

import pytest


@pytest.fixture
def written(tmp_path):
    """Writes a table; returns its path."""

    def write(name, header, rows, delimiter=","):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, delimiter=delimiter).writerows([header, *rows])
        return path

    return write


@pytest.fixture
def cdeval_file(written):
    header = ("Domain", "Dimension", "Question", "Option 1", "Option 2")
    rows = [
        ("work", "PDI", "Who decides about the tool?", "The head of the team.", "All together."),
        ("work", "idv", "Whose name stands on it?", "Mine.", "Ours."),
    ]

    def write(**changed):
        row = dict(zip(header, rows[1], strict=True)) | changed
        return written("cdeval.csv", header, [rows[0], tuple(row.values())])

    return write


@pytest.fixture
def opinions_file(written):
    header = ("question", "selections", "options", "source")
    counted = defaultdict(list, {"Japan": [0.25, 0.75], "Britain": [0.5, 0.5]})

    def write(**changed):
        row = {
            "question": "Is it so,\nor not?",
            "selections": str(counted),
            "options": "['Yes', \"Don't\"]",
            "source": "GAS",
        }
        return written("opinions.csv", header, [tuple(row.values()), tuple((row | changed).values())])

    return write


@pytest.fixture
def values_files(written, tmp_path):
    """Three files in the folders that the benchmark's own program writes; returns the path of the answers."""

    def write(answers=None, people=None, meta=None):
        people = people or [("7001", "Japan"), ("7002", "Japan"), ("7003", "Turkey"), ("7004", "Turkey")]
        answers = answers or [
            ("7001", "1", "0"),
            ("7002", "4", ""),
            ("7003", "2.0", "2"),
            ("7004", "2", "1"),
        ]
        ordinal = {"category": "Trust", "use_case": "value", "answer_data_type": "ordinal"}
        other = {"question": "Where?", "category": "Technical", "use_case": "demographic"}
        usual = {
            "B_COUNTRY": other | {"answer_scale_min": "", "answer_scale_max": "", "answer_data_type": "non_ordinal"},
            "Q1": ordinal | {"question": "On a scale of 1 to 4?", "answer_scale_min": 1, "answer_scale_max": 4},
            "Q2": ordinal | {"question": "On a scale of 0 to 2?", "answer_scale_min": 0, "answer_scale_max": 2},
        }
        (tmp_path / "question_metadata.json").write_text(json.dumps(usual) if meta is None else meta)
        written("full/full_demographic_qa.tsv", ("D_INTERVIEW", "B_COUNTRY"), people, "\t")
        return written("full/full_value_qa.tsv", ("D_INTERVIEW", "Q1", "Q2"), answers, "\t")

    return write
