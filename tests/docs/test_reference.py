"""The reference pages are those of the code, and each code's examples do what they say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from netc.compiler import reference
from netc.compiler.cli.main import netc
from netc.compiler.diagnostics.codes import CODES, RUN_CODES
from netc.compiler.driver import Request, compile_spec
from netc.compiler.graph.layer import layer_names
from netc.compiler.reading import ReadError
from netc.compiler.vocabulary import SECTIONS, Entry

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLES = reference.examples()
RUNS = reference.run_examples()
TEXTS = [code for code, example in EXAMPLES.items() if "bad" in example]


def test_every_code_is_explained() -> None:
    assert sorted(EXAMPLES) == sorted(CODES)


@pytest.mark.parametrize("code", TEXTS)
def test_the_bad_example_causes_just_this_code(code: str) -> None:
    try:
        found = compile_spec(Request("bad.net", EXAMPLES[code]["bad"], every=True)).diagnostics
    except ReadError as error:
        found = (error.diagnostic,)
    assert [diagnostic.code for diagnostic in found] == [code]


@pytest.mark.parametrize("code", TEXTS)
def test_the_mended_example_is_fine(code: str) -> None:
    assert compile_spec(Request("good.net", EXAMPLES[code]["good"], every=True)).diagnostics == ()


def test_every_code_of_a_run_is_declared_and_explained() -> None:
    assert sorted(RUNS) == sorted((*RUN_CODES, "files"))
    assert not set(RUN_CODES) & set(CODES)
    root = Path(reference.__file__).parents[1]
    texts = [path.read_text("utf-8") for part in ("runtime", "compiler") for path in (root / part).rglob("*.py")]
    used = {code for text in texts for code in re.findall(r"RunError\(\s*\"([a-z-]+)\"", text)}
    assert used - set(CODES) <= set(RUN_CODES)
    assert used >= {"bad-data", "not-finite", "no-memory"}, "the search finds nothing"


@pytest.mark.parametrize("code", [code for code, example in RUNS.items() if "bad" in example])
def test_the_example_of_a_run_does_what_it_says(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in RUNS["files"].items():
        Path(name).write_text(text.lstrip(), "utf-8")
    example = RUNS[code]
    assert all(status == 0 for status, _ in map(run, example.get("before", "").split("\n")))
    status, said = run(example["bad"])
    assert status != 0
    assert re.search(re.escape(example["says"].strip()).replace("…", ".*") + "\n$", said), said
    for command in example["good"].strip().split("\n"):
        assert run(command)[0] == 0, command


def run(command: str) -> tuple[int, str]:
    """The exit code of a command, and what it says on stderr; nothing is done for an empty one."""
    done = CliRunner().invoke(netc, command.split()[1:]) if command else None
    return (done.exit_code, done.stderr) if done else (0, "")


# The parameters of each cell's example on 8 features, by the formulas of PyTorch's documentation, and with the two
# weights of Jordan's network counted by hand.
CELLS = {
    "elman": 64 * (8 + 64 + 2),
    "gru": 2 * 3 * 64 * (8 + 64 + 2),
    "jordan": 16 * (8 + 4 + 1) + 4 * (16 + 1),
    "lstm": 4 * 64 * (8 + 64 + 2) + 4 * 64 * (64 + 64 + 2),
}


def test_every_bundled_cell_is_here() -> None:
    assert set(CELLS) == set(reference.cell_names())


@pytest.mark.parametrize("name", CELLS)
def test_the_page_of_a_cell_is_whole_and_its_example_right(name: str) -> None:
    page = reference.explain_layer(name)
    assert all(part in page for part in ("Shapes:", "Parameters:", "MACs:", "Source:", f"cell {name}(", "`return = "))
    example = re.search(r"Example: `([^`]+)`", page)
    assert example
    text = f"net t {{ input x: f32[N, T, 8]; {example[1]}; expect {{ params == {CELLS[name]} }} }}"
    assert compile_spec(Request("t.net", text)).diagnostics == ()


ENTRIES = [(section.title, entry) for section in SECTIONS for entry in section.entries]
TRAINED = (
    "input x: f32[N, T, 8]; target label: i64[N, T]; target next: f32[N, T, 9]; target wanted: f32[N, T, 9]; "
    "target present: f32[N, T, 9]; logits = fc(9); logs = x -> elman(9) -> log_softmax; "
    "forecast = x -> elman(9); output logits, logs, forecast; train { loss = mse(forecast, next); optimizer = adam }"
)
IN_A_NET = {
    "Operators": "input a: f32[N, 8]; input b: f32[N, 8]; …",
    "Initialisers": "input x: f32[N, 8]; …",
    "Figures": f"{TRAINED}; expect {{ … }}",
}


@pytest.mark.parametrize(("title", "entry"), ENTRIES, ids=[f"{title}-{entry.name}" for title, entry in ENTRIES])
def test_the_example_of_a_word_is_fine(title: str, entry: Entry) -> None:
    assert entry.text in reference.explain_layer(entry.name)
    example = re.search(r"Example: `([^`]+)`", entry.text)
    assert example
    assert entry.name in example[1]
    setting = example[1].split(" ")[0]
    own = re.compile(rf"\b{re.escape(setting)} = [^;}}]*")
    added = TRAINED.replace("train {", f"train {{ {example[1]};")
    trained = own.sub(example[1], TRAINED) if own.search(TRAINED) else added
    text = IN_A_NET[title].replace("…", example[1]) if title in IN_A_NET else trained
    found = compile_spec(Request("t.net", f"net t {{ {text} }}")).diagnostics
    assert [each for each in found if each.severity == "error"] == []


def test_two_words_of_one_name_have_both_their_pages() -> None:
    page = reference.explain_layer("constant")
    assert "constant(value)" in page
    assert "constant(epochs = …)" in page


@pytest.mark.parametrize(
    ("name", "words"), [("sub", "a - b"), ("AdamW", "`adamw`"), ("StepLR", "`step`"), ("xx", "lists")]
)
def test_what_is_asked_by_another_name(name: str, words: str) -> None:
    done = CliRunner().invoke(netc, ["layers", name])
    assert words in done.output


def test_the_list_has_every_name() -> None:
    lines = CliRunner().invoke(netc, ["layers"]).output.splitlines()
    listed = [line.split()[0] for line in lines if line.startswith("  ")]
    assert sorted(listed) == sorted([*layer_names(), *reference.cell_names(), *(entry.name for _, entry in ENTRIES)])


@pytest.mark.parametrize("page", ["errors", "layers"])
def test_the_page_is_fresh(page: str, pytestconfig: pytest.Config) -> None:
    text = {"errors": reference.errors_page, "layers": reference.layers_page}[page]()
    path = DOCS / f"{page}.md"
    if pytestconfig.getoption("--bless"):
        path.write_text(text, "utf-8")
    assert path.read_text("utf-8") == text
