"""Documents of the local tasks beside this file, made here."""

import datasets

THINGS = ("a stone", "a river", "the moon", "a spoon", "a letter", "the wind")
QUESTIONS = ("is heavy", "is cold", "is far away", "can be held", "is old")


def questions(**_):
    """30 questions with four options; which one counts as right follows from the place alone."""
    rows = [
        {"question": f"Say of {thing} whether it {question}.", "options": ["1", "2", "3", "4"], "right": place % 4}
        for place, (thing, question) in enumerate((t, q) for t in THINGS for q in QUESTIONS)
    ]
    return {"test": datasets.Dataset.from_list(rows), "train": datasets.Dataset.from_list(rows[::-1])}


def texts(**_):
    """Six short texts of different lengths."""
    rows = [
        {"text": " ".join(f"There is {thing} and it {q}." for q in QUESTIONS[:n])} for n, thing in enumerate(THINGS, 1)
    ]
    return {"test": datasets.Dataset.from_list([row for row in rows if row["text"]])}


def requests(**_):
    """Five requests of different lengths, answered in free text."""
    rows = [{"text": "Name a number" + ", please" * n + ".", "answer": "1"} for n in range(5)]
    return {"test": datasets.Dataset.from_list(rows)}
