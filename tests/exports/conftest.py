"""Names that try to do something where they are shown, records that hold them, and a browser."""

import os
import shutil

import pytest

from harness.records.execution import ExecutionFacts, WorkerFacts
from harness.records.schema import (
    DIMENSIONS,
    MethodResult,
    ModelIdentity,
    Provenance,
    Record,
    RegionResult,
    TargetFacts,
)

HOSTILE = {
    "script": "<script>window.touched=1;alert(1)</script>",
    "script-in-attribute": '"><script>alert(1)</script><a b="',
    "image": "\"><img src=x onerror='window.touched=1;alert(1)'>",
    "title": "</title></style></textarea><svg onload=alert(1)>",
    "attribute": "' onmouseover='alert(1)' autofocus onfocus='alert(1)' x='",
    "stylesheet": "</style><link rel=stylesheet href=http://127.0.0.1:9/x.css>",
    "style": "</td><style>body{display:none}</style>",
    "refresh": '<meta http-equiv=refresh content="0;url=http://127.0.0.1:9/">',
    "base": "<base href=http://127.0.0.1:9/><form action=x><input>",
    "frame": "<iframe src=javascript:alert(1)></iframe>",
    "comment": "<!-- x --> ]]> --!><![CDATA[",
    "template": "{{ 7 * 7 }}{% if x %}{# y #}${7*7}#{7}",
    "entity": "&lt;b&gt; &amp; &#60; &copy",
    "link": "[x](javascript:alert(1))",
    "picture": "![x](http://127.0.0.1:9/x.png)",
    "reference": "[a]: http://127.0.0.1:9/ 'x'",
    "autolink": "<javascript:alert(1)> <http://127.0.0.1:9/>",
    "address": "https://127.0.0.1:9/ www.example.org a@b.example",
    "pipe": r"a|b\|c\\|d|",
    "backslash": "a\\",
    "code": "`` ` ``` x",
    "emphasis": "**b** __i__ ~~s~~ *i* _i_",
    "heading": "# h",
    "list": "- - + x",
    "numbered": "1. x",
    "numbered-otherwise": "2) x",
    "rule": "---",
    "underline": "===",
    "quote": "> x",
    "task": "[ ] x",
    "mention": "@everyone #1 :smile: $x$",
    "shell": "$(touch touched);rm -rf x;`id`|cat&&x>y",
    "formula": '=HYPERLINK("http://127.0.0.1:9","x")',
    "plus": "+1+1",
    "minus": "-2+3",
    "at": "@SUM(A1)",
    "command": "=cmd|' /C calc'!A0",
    "wide": "\uff1d1+1",
    "apostrophe": "'=1",
    "space": " =1+1",
    "tab": "\t=1+1",
    "return": "\r=1+1",
    "delimiters": 'a";b,"c\td\'',
    "lines": "a\nb\r\nc\u2028d\u0085e",
    "escape": "\x1b[31mred\x1b]0;title\x07\x1b]8;;http://127.0.0.1:9\x1b\\x",
    "c1": "\x9b31mred\x9d0;title\x9c",
    "backspace": "abc\x08\x08\x7f\x0b\x0c",
    "direction": "a\u202egpj.exe\u202c\u2066\u200f",
    "invisible": "a\u200bb\ufeff\u00adc\u2060",
    "nul": "a\x00b",
    "half": "a\ud800b",
    "up": "../../../etc/passwd",
    "absolute": "/etc/passwd",
    "markup": "[bold]x[/bold]:cat:[link=http://127.0.0.1:9]y[/link][/]",
    "formula-of-mathtext": r"$\frac{1}{0}$ $\undefined{ $x_$",
    "long": "x" * 100,
    "very-long": "<b>" * 1000,
}
"""By what each one tries."""


@pytest.fixture(scope="session")
def hostile():
    """All hostile names, by what each one tries."""
    return dict(HOSTILE)


def pytest_generate_tests(metafunc):
    """Runs a test that takes `text` once for each hostile name."""
    if "text" in metafunc.fixturenames:
        metafunc.parametrize("text", HOSTILE.values(), ids=HOSTILE, scope="module")


def results(regions, mae, seed):
    return tuple(
        RegionResult(
            region="USA", indices=dict.fromkeys(DIMENSIONS, mae), mae=mae, mae_tuned=mae, evaluations=9, seed=seed
        ).model_copy(update={"region": region, "source": None if seed is None else region, "missing": (region, region)})
        for region in regions
    )


def staffed(text):
    """A lost worker whose every text is this one."""
    worker = WorkerFacts.model_construct(
        name=text, node=text, device=text, machine={text: text}, tasks=1, candidates=1, busy=0.5, present=1.0, lost=text
    )
    return ExecutionFacts.model_construct(
        executor="ray", wanted=1, workers=(worker,), seconds=1.0, candidates=1, driver=0.1
    )


@pytest.fixture(scope="session")
def planted():
    """Builds a record that holds texts wherever one may stand, past the checks of its schema."""

    def build(*texts):
        regions = [f"{text}{place}" for place, text in enumerate(texts)] if len(texts) > 1 else [*texts, "USA"]
        methods = {text: results(regions, 3.0 + place, 0) for place, text in enumerate(texts)}
        methods |= {"null": results(regions, 20.0, None)}
        text = " / ".join(texts)
        facts = {"name": text, "digest": text, "parameters": 1, "dtype": text, "device": text, "random_weights": False}
        identity = ModelIdentity.model_construct(**facts, note=text)
        origin = Provenance.model_construct(
            versions={text: text}, git_revision=text, git_dirty=True, machine={text: text}, threads=1
        )
        scores = {region: dict.fromkeys(DIMENSIONS, 50.0) for region in regions}
        spread = dict.fromkeys(DIMENSIONS, 20.0)
        groups = {"null": "null"}
        return Record.model_construct(
            run_id=text,
            spec={
                "survey": {"name": text, "digest": text},
                "targets": {"name": text, "digest": text},
                "regions": regions,
                "optimizers": [{"name": text, "parameters": {text: text}}],
                text: text,
            },
            spec_digest=text,
            model=identity,
            targets=TargetFacts.model_construct(scores=scores, spread=spread, mean=spread),
            provenance=origin,
            methods=tuple(
                MethodResult.model_construct(method=name, group=groups.get(name, "tuned"), results=own)
                for name, own in methods.items()
            ),
            started=text,
            timings={},
            execution=staffed(text),
            splits={},
        )

    return build


@pytest.fixture(scope="session")
def chromium():
    """A headless browser, Debian's; what it opens is a file."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("no chromium here: 'apt-get install chromium' brings it, and .ci/run installs it")
    playwright = pytest.importorskip("playwright.sync_api", reason="no playwright here: install the extra 'test'")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=path, env={**os.environ, "HOME": os.environ.get("HOME", "/tmp")}
        )
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium, tmp_path):
    """Opens HTML from a file, with what happens meanwhile: dialogs, messages, errors and requests."""
    pages = []

    def call(html, width=1200, height=900, scheme="light", scripts=True):
        file = tmp_path / f"page{len(pages)}.html"
        file.write_text(html, encoding="utf-8")
        size = {"width": width, "height": height}
        page = chromium.new_page(viewport=size, color_scheme=scheme, java_script_enabled=scripts)
        pages.append(page)
        heard = {"dialogs": [], "messages": [], "requests": []}
        page.on("dialog", lambda dialog: (heard["dialogs"].append(dialog.message), dialog.dismiss()))
        page.on("console", lambda message: heard["messages"].append(message.text))
        page.on("pageerror", lambda error: heard["messages"].append(str(error)))
        page.on("request", lambda request: heard["requests"].append(request.url))
        page.goto(file.as_uri())
        if scripts:
            page.wait_for_timeout(200)
        assert heard["requests"][0] == file.as_uri()
        return page, {**heard, "requests": heard["requests"][1:]}

    yield call
    for page in pages:
        page.close()
