"""The report as text: what it says, what it holds itself to, and hostile names in it."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from harness.records.contest_directory import read_contest
from harness.records.run_directory import RunDirectory
from harness.report.document import document
from harness.report.leaderboard import build
from harness.report.literal import literal
from harness.report.meaning import limits
from harness.report.places import names
from harness.report.summary import summaries

RESULTS = Path(__file__).parents[2] / "results"
OURS = re.compile(r"^(region|figure|contest|radar)[a-z0-9-]*$")


@pytest.fixture(scope="module")
def record():
    return RunDirectory(RESULTS / "respondent-de").read_record()


@pytest.fixture(scope="module")
def html(record):
    return document({"results/respondent-de": record}, {})


def cut(record, *codes):
    """A record of some of its regions."""
    methods = tuple(
        one.model_copy(update={"results": tuple(result for result in one.results if result.region in codes)})
        for one in record.methods
    )
    return record.model_copy(update={"methods": methods, "spec": {**record.spec, "regions": list(codes)}})


def test_a_report_of_all_regions_is_small(html):
    assert len(html.encode()) < 6_000_000


def test_nothing_but_its_own_style_and_script_may_be_loaded_or_run(html):
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)[1]
    rules = dict(part.split(" ", 1) for part in policy.split("; "))
    assert rules.pop("default-src") == rules.pop("base-uri") == rules.pop("form-action") == "'none'"
    for tag, rule in (("style", "style-src"), ("script", "script-src")):
        (content,) = re.findall(f"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert rules.pop(rule) == f"'sha256-{digest}'"
    assert rules == {}
    assert not re.search(r'\sstyle="|\son\w+="|(src|href)="(?!#)', html)


def test_the_summary_says_what_the_record_holds(record):
    records = {"one": record}
    board = build(records)
    (one,) = summaries(records, board, names(records.values()))
    rows = {row.method: row for row in board.rows}
    text = " ".join([*one.reached, *one.besides])
    for method in ("de", "icl", "naive", "null"):
        assert f"{rows[method].mae:.2f}" in text
    assert "65 regions" in text and f"tau of {rows['de'].tau:.2f}" in text
    assert "150 candidate evaluations" in text and "Spain (0.1)" in text
    found = {finding.against: finding for finding in one.findings}
    pair = next(pair for pair in board.pairs if (pair.method, pair.against) == ("de", "icl"))
    assert found["icl"].text.startswith(f"{-pair.difference:.2f} points lower (95 % interval {-pair.high:.2f} to ")
    assert all(finding.shown for finding in one.findings)
    naive = 25.7138 - 3.9450
    assert f"{naive:.2f} points lower" in found["naive"].text
    assert [bar.method for bar in one.bars] == ["de", "icl", "world-mean", "null", "naive"]
    assert all(0 < bar.low < bar.part < bar.high <= 100 for bar in one.bars)


def test_what_is_not_shown_is_said_not_to_be(record):
    records = {"one": cut(record, "USA", "CAN", "GBR", "AUS", "NZL")}
    (one,) = summaries(records, build(records), {})
    findings = {finding.against.split(",")[0]: finding for finding in one.findings}
    assert not findings["naive"].shown or "holds 0" not in findings["naive"].text
    records = {"one": cut(record, "USA")}
    (one,) = summaries(records, build(records), {})
    assert {finding.verdict for finding in one.findings} == {"nothing is shown"}


def test_runs_that_do_not_compare_are_summed_up_one_by_one(record):
    records = {"all": record, "some": cut(record, "USA", "CHN", "IND", "ARA")}
    found = list(summaries(records, build(records), {}))
    assert [one.run for one in found] == ["all", "some"]
    assert found[0].bars[0].value == pytest.approx(3.945, abs=1e-3)


def test_what_the_numbers_do_not_mean_depends_on_them(record):
    def told(one):
        return {limit.title: limit.text for limit in limits({"one": one}, build({"one": one}))}

    bundled = told(record)
    assert "simulation" in bundled["Not a finding about people, countries or any published model"]
    assert "no other seed" in bundled["Intervals hold what they are made of"]
    assert "2015" in bundled["Not the newest scores, nor the last word"]
    model = record.model.model_copy(update={"name": "./mine", "note": ""})
    spec = {**record.spec, "model": {"name": "./mine"}, "targets": {"name": "mine.csv", "digest": "0"}, "share": False}
    real = told(cut(record.model_copy(update={"model": model, "spec": spec}), "USA"))
    assert "./mine" in real["Not what the model is like"] and "simulation" not in " ".join(real.values())
    assert "mine.csv" in real["Only as good as the targets"] and "Not the newest scores, nor the last word" not in real
    assert "One region has no interval" in real["Intervals hold what they are made of"]
    assert "A budget is not a price by itself" in bundled
    chance = record.model.model_copy(update={"random_weights": True})
    assert "No result at all" in told(record.model_copy(update={"model": chance}))


def test_regions_of_other_targets_have_no_names(record):
    assert names([record])["JPN"] == "Japan"
    other = record.model_copy(update={"spec": {**record.spec, "targets": {"name": "bundled", "digest": "0"}}})
    assert names([record, other]) == {}


def test_a_report_without_a_tuned_method_is_whole(record):
    only = tuple(one for one in record.methods if one.method in ("naive", "null", "icl"))
    text = document({"one": cut(record.model_copy(update={"methods": only}), "USA", "JPN")}, {})
    assert "Nothing was tuned. icl has the lowest error" in text
    assert text.count('<article class="view') == 2 and "not drawn, no method was tuned" in text


def test_a_contest_alone_makes_a_report():
    contest = read_contest(RESULTS / "benchmarks" / "studies" / "de" / "contest.json")
    text = document({}, {"one": contest})
    assert "21 entrants searched with respondent in 12 regions" in text
    assert "personas:32 ended with the lowest error on held-out wordings: 5.69" in text
    assert 'id="leaderboard"' not in text and 'href="#leaderboard"' not in text


class Outline(HTMLParser):
    """The tags and the attributes that are no numbers of a figure."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes = set(), set()
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        for name, value in attrs:
            if name in ("id", "href", "for", "aria-labelledby") and "http" not in value:
                assert re.fullmatch(r"#?[a-z0-9-]+", value), value

    def handle_comment(self, data):
        self.tags.add("!--")

    def unknown_decl(self, data):
        self.tags.add("![")


@pytest.fixture(scope="module")
def everything(planted, hostile):
    """Every hostile name as a method, a region and all other texts of a record."""
    texts = list(hostile.values())
    return document({"/".join(texts): planted(*texts)}, {}, hostile["title"])


@pytest.mark.filterwarnings("ignore:constrained_layout not applied")
def test_hostile_names_are_text(everything, planted, hostile):
    plain = document({"plain": planted(*(f"plain{place}" for place in range(9)))}, {}, "plain")
    found, wanted = Outline(everything), Outline(plain)
    assert found.tags == wanted.tags and found.attributes == wanted.attributes
    assert all(line.isprintable() for line in everything.split("\n"))


@pytest.mark.filterwarnings("ignore:constrained_layout not applied")
def test_a_browser_shows_hostile_names_and_does_nothing_else(visit, everything, hostile):
    opened, heard = visit(everything)
    assert heard == {"dialogs": [], "messages": [], "requests": []}
    assert opened.evaluate("window.touched") is None
    visible = opened.locator("#leaderboard-table").inner_text()
    shown = [" ".join(literal(text).split(" ")).strip() for text in hostile.values()]
    assert [text[:60] for text in shown if text[:1000] not in visible] == []
    form = opened.locator("form[data-table=leaderboard-table]")
    for place in (1, 2, 57):
        form.get_by_label("Method").select_option(index=place)
        assert form.locator("output").inner_text() == "1 of 58 methods"
    opened.select_option("#chooser", index=3)
    assert opened.locator(".view:visible").count() == 1
    assert opened.evaluate("document.documentElement.scrollWidth") <= 1200
    assert heard == {"dialogs": [], "messages": [], "requests": []}


def test_the_policy_stops_what_stands_in_the_page(visit, html):
    """Were a name ever printed as it is."""
    bad = (
        "<script>window.touched=1</script><img src=http://127.0.0.1:9/x onerror='window.touched=1'><b style='x:y'>b</b>"
    )
    opened, heard = visit(html.replace("<h1>", f"{bad}<h1>"))
    assert opened.evaluate("window.touched") is None
    assert len(heard["messages"]) >= 3 and heard["dialogs"] == []
    assert all("Content Security Policy" in text for text in heard["messages"])
