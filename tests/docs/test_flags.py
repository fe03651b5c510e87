"""Every `harness` command that a page names exists, with all its flags; also in blocks that no test types."""

from __future__ import annotations

import re
import shlex

import pytest
import typer
from markdown_it import MarkdownIt
from typer.exceptions import Exit, TyperException

from harness.cli import main

# Words that stand for a name: `harness COMMAND --help`, `harness schema KIND`.
STAND_IN = re.compile(r"[A-Z]+")


@pytest.fixture(scope="module")
def command_line():
    return typer.main.get_command(main.app)


def commands(text):
    """The argument lists of all `harness` commands in shell text, those in `$( )` included."""
    text = text.replace("\\\n", " ")
    text = re.sub(r"\$\(\([^()]*\)\)", "1", text)
    inner = re.findall(r"\$\((harness [^()]*)\)", text)
    lines = re.sub(r"\$\([^()]*\)", "SOMETHING", text).splitlines()
    found = []
    for line in [*lines, *inner]:
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words, lists = list(lexer), [[]]
        for word in words:
            if set(word) <= set(";|&()<>"):
                lists.append([])
            else:
                lists[-1].append(word)
        found += [words[1:] for words in lists if words and words[0].rpartition("/")[2] == "harness"]
    return found


def problem(command_line, arguments):
    """What the parser of the command line has against a command; empty if it would take it."""
    command, rest = command_line, list(arguments)
    while hasattr(command, "commands") and rest and not rest[0].startswith("-"):
        name = rest.pop(0)
        if STAND_IN.fullmatch(name):
            return ""
        if name not in command.commands:
            return f"no command {name!r}"
        command = command.commands[name]
    if hasattr(command, "commands") and not rest:
        return ""
    try:
        command.make_context("harness", rest)
    except Exit:
        return ""
    except TyperException as error:
        return error.format_message()
    return ""


def shell_of(block):
    """The shell text of a block: all of it, or the lines that a recipe for CI runs."""
    if block.language == "yaml":
        lines = block.text.replace("\\\n", " ").splitlines()
        return "\n".join(re.sub(r"^\s*(- )?(run: )?", "", line) for line in lines if " harness " in f" {line}")
    return block.text if block.language == "sh" else ""


def test_commands_of_blocks_are_understood(block, command_line):
    wrong = {" ".join(one): found for one in commands(shell_of(block)) if (found := problem(command_line, one))}
    assert wrong == {}


def named_in_prose(text):
    """The `harness` commands between backticks in the text of a page."""
    inline = [child for token in MarkdownIt().enable("table").parse(text) for child in token.children or ()]
    return [child.content for child in inline if child.type == "code_inline" and child.content.startswith("harness ")]


def test_commands_in_prose_are_understood(pages, command_line):
    wrong = {}
    for page, text in pages.items():
        for line in named_in_prose(text):
            one = re.sub(r"(\w+)(\|\w+)+", r"\1", line)
            for arguments in commands(one):
                found = problem(command_line, arguments)
                # Prose says what a command is for and need not give all that it takes.
                if found and not found.startswith("Missing"):
                    wrong[f"{page}: {line}"] = found
    assert wrong == {}


RECIPE = """
```yaml
steps:
  - name: "it's the gate"
    run: |
      harness run \\
        --seeds 3
  - run: harness ls runs
```
"""


def test_commands_of_a_recipe_are_found(read_blocks):
    (block,) = read_blocks("page.md", RECIPE)
    assert commands(shell_of(block)) == [["run", "--seeds", "3"], ["ls", "runs"]]


def test_commands_are_found():
    text = '.venv/bin/harness ls runs && X=1; harness path tasks | cat  # harness gone\nlm-eval "$(harness path x)"'
    assert commands(text) == [["ls", "runs"], ["path", "tasks"], ["path", "x"]]
    assert commands("harness run \\\n  --seeds 3") == [["run", "--seeds", "3"]]
    assert commands("harness run --workers $((NODES * 4)) &") == [["run", "--workers", "1"]]
    assert named_in_prose("| `harness run --x` |\n|---|\n| a `harness/x` |\n") == ["harness run --x"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("harness run --bugdet 5", "No such option: --bugdet"),
        ("harness run --budget many", "valid integer"),
        ("harness rum", "no command 'rum'"),
        ("harness check lables", "no command 'lables'"),
        ("harness run USA", "unexpected extra argument"),
        ("harness check transfer --limit 5", "Missing option"),
    ],
)
def test_a_wrong_command_is_noticed(line, said, command_line):
    assert said in problem(command_line, commands(line)[0])
