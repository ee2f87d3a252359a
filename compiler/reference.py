"""The reference: every diagnostic code and every layer, for the command line and for the pages in docs."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from inspect import cleandoc
from pathlib import Path

from .diagnostics import codes as declared
from .diagnostics.codes import CODES, RUN_CODES
from .diagnostics.render import full
from .driver import Request, compile_spec
from .graph.arguments import signature
from .graph.initial import Initial
from .graph.layer import find_layer, layer_names
from .reading import ReadError
from .resolve.program import library
from .syntax import tree
from .vocabulary import SECTIONS

EXAMPLES = Path(declared.__file__).parent / "examples.toml"
RUN_EXAMPLES = EXAMPLES.with_name("run_examples.toml")


def examples() -> dict[str, dict[str, str]]:
    """For each code: `bad` and `good`, or `when`."""
    return tomllib.loads(EXAMPLES.read_text("utf-8"))


def run_examples() -> dict[str, dict[str, str]]:
    """For each code of a run: the commands `before`, `bad` and `good`, and what is said, or `when`; under `files` the
    texts of the files that they name."""
    return tomllib.loads(RUN_EXAMPLES.read_text("utf-8"))


def message(code: str, text: str) -> str:
    """What netc says of a text: the diagnostic of this code, as rendered."""
    try:
        found = compile_spec(Request(f"{code}.net", text, every=True)).diagnostics
    except ReadError as error:
        found = (error.diagnostic,)
    return "\n".join(full(diagnostic) for diagnostic in found if diagnostic.code == code)


def explain_code(code: str) -> str:
    """A code in full: what it means, a text that causes it, the message, and the mended text."""
    if code not in CODES:
        return "\n\n".join([f"{code}: {RUN_CODES[code]}", *_run_parts(code, _indent)])
    example = examples()[code]
    head = f"{code}: {CODES[code]}"
    if "when" in example:
        return f"{head}\n\n{example['when']}"
    return "\n\n".join(
        [
            head,
            "This text causes it:",
            _indent(example["bad"]),
            "What netc says:",
            _indent(message(code, example["bad"])),
            "Mended:",
            _indent(example["good"]),
        ]
    )


def _run_parts(code: str, block: Callable[[str], str]) -> list[str]:
    """The texts about a code of a run; `block` sets what is typed and printed apart."""
    found = run_examples()
    example, files = found[code], found["files"]
    if "when" in example:
        return [example["when"].strip()]
    commands = [*example.get("before", "").strip().split("\n"), example["bad"]]
    named = [name for name in files if any(name in command for command in commands)]
    shown = [part for name in named for part in (f"With `{name}`:", block(files[name].strip()))]
    prompts = "\n".join(f"$ {command}" for command in commands if command)
    good = "\n".join(f"$ {command}" for command in example["good"].strip().split("\n"))
    new = [name for name in files if name in example["good"] and name not in named]
    mended = [part for name in new for part in (f"With `{name}`:", block(files[name].strip()))]
    return [*shown, "Then:", block(f"{prompts}\n{example['says'].strip()}"), "Mended:", *mended, block(good)]


def _indent(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.split("\n"))


def errors_page() -> str:
    """docs/errors.md."""
    parts = [
        "# Errors and warnings",
        "Every diagnostic bears a code. `netc explain CODE` shows what stands here.",
    ]
    for code, example in sorted(examples().items()):
        parts.append(f"## {code}\n\n{CODES[code].capitalize()}.")
        if "when" in example:
            parts.append(example["when"])
        else:
            parts += [
                f"```text\n{_visible(example['bad'])}\n```",
                f"```text\n{message(code, example['bad'])}\n```",
                f"Mended:\n\n```text\n{example['good']}\n```",
            ]
    parts.append("# When a network runs")
    for code, meaning in sorted(RUN_CODES.items()):
        parts += [f"## {code}", f"{meaning.capitalize()}.", *_run_parts(code, "```text\n{}\n```".format)]
    return "\n\n".join(parts) + "\n"


def _visible(text: str) -> str:
    """The text with characters that would hide or reorder it written out."""
    return "".join(char if char == "\n" or char.isprintable() else f"\\u{ord(char):04X}" for char in text)


def signature_text(name: str) -> str:
    """`conv(maps, kernel, stride = 1, *, …)`: what follows `*` is given by name."""
    layer = find_layer(name)
    assert layer is not None
    parts = []
    for argument in signature(layer):
        if argument.named and "*" not in parts:
            parts.append("*")
        parts.append(argument.name if argument.required else f"{argument.name} = {_default(argument.default)}")
    return f"{name}({', '.join(parts)})" if parts else name


def _default(value: object) -> str:
    match value:
        case None:
            return "…"
        case bool():
            return "yes" if value else "no"
        case Initial(kind=kind, arguments=arguments):
            return f"{kind}({', '.join(f'{argument:g}' for argument in arguments)})" if arguments else kind
    return str(value)


def reference_names() -> dict[str, dict[str, str]]:
    """The names of all layers and cells, and of all else that a spec can name, each with its summary, by section."""
    layers = {name: _doc(name).split("\n\n")[0].replace("\n", " ") for name in sorted((*layer_names(), *cell_names()))}
    return {"Layers and cells": layers} | {
        section.title: {entry.name: entry.summary for entry in section.entries} for section in SECTIONS
    }


def cell_names() -> tuple[str, ...]:
    return tuple(name for name, (item, _) in library().items() if isinstance(item, tree.Cell))


def explain_layer(name: str) -> str:
    """The pages of a name: a layer or cell, and what else is called so."""
    entries = [entry for section in SECTIONS for entry in section.entries if name in (entry.name, entry.alias)]
    pages = [f"{entry.signature}\n\n{entry.text}" for entry in entries]
    if find_layer(name) is not None or name in cell_names():
        pages.insert(0, _layer_page(name))
    return "\n\n\n".join(pages)


def _layer_page(name: str) -> str:
    """How the layer or cell is written, and its docstring; of a cell also what each use takes, and its text."""
    if find_layer(name) is not None:
        signature = signature_text(name)
        note = "What follows `*` is given by name.\n\n" if ", *, " in signature else ""
        return f"{signature}\n\n{note}{_doc(name)}"
    text = "\n\n".join(("In the language:", _indent(_cell_text(name))))
    return f"{_cell_signature(name)}\n\n{_doc(name)}\n\n{CELL_USES}\n\n{text}"


CELL_USES = """\
A use of a cell takes, beside the cell's own arguments:

- `reverse = no`: with `yes`, from the last step to the first
- `bidirectional = no`: with `concat` or `sum`, both ways, the results joined or added
- `layers = 1`: so many, one on the other
- `return = sequence`: with `last`, the last step alone, [N, units]
- `lengths = …`: an i64[N], the number of steps of each sample
- `states = no`: with `yes`, the last states as well, `y, h = x -> gru(64, states = yes)`
- `h = …`, and `c = …` of an lstm: a tensor that the state starts from, instead of zeros"""


def _cell_signature(name: str) -> str:
    item = library()[name][0]
    defaults = [(p.name.id, f" = {p.default.span.text}" if p.default else "") for p in item.parameters]
    return f"{name}({', '.join(parameter + default for parameter, default in defaults)})"


def _cell_text(name: str) -> str:
    """A bundled cell in the language, after the blocks that it uses."""
    used = [name]
    for each in used:
        text = library()[each][0].span.text
        used += [other for other in library() if re.search(rf"\b{other}\(", text) and other not in used]
    return "\n\n".join(library()[each][0].span.text for each in library() if each in used)


def _doc(name: str) -> str:
    layer = find_layer(name)
    if layer is not None:
        return cleandoc(layer.__doc__ or "")
    span = library()[name][0].span
    above: list[str] = []
    for line in reversed(span.source.text[: span.start].rstrip("\n").split("\n")):
        if not line.startswith("#"):
            break
        above.insert(0, line[1:].strip())
    first = next((place for place, line in enumerate(above) if line.startswith("Shapes:")), len(above))
    return "\n\n".join(filter(None, (above[0], "\n".join(above[1:first]), "\n".join(above[first:]))))


def layers_page() -> str:
    """docs/layers.md."""
    parts = [
        "# Layers",
        "What a spec can name, with the arguments in their order; `= …` marks one that may be left out, what "
        "follows `*` is given by name. "
        "`netc layers NAME` shows what stands here.",
    ]
    for name in layer_names():
        body = "\n".join(f"- {line}" if _labelled(line) else line for line in _doc(name).split("\n"))
        parts.append(f"## {name}\n\n`{signature_text(name)}`\n\n{body}")
    parts.append(f"# Cells\n\nRecurrent cells, which are bundled as text of the language.\n\n{CELL_USES}")
    for name in cell_names():
        body = "\n".join(f"- {line}" if _labelled(line) else line for line in _doc(name).split("\n"))
        parts.append(f"## {name}\n\n`{_cell_signature(name)}`\n\n{body}\n\n```text\n{_cell_text(name)}\n```")
    for section in SECTIONS:
        parts.append(f"# {section.title}\n\n{section.about}")
        for entry in section.entries:
            body = "\n".join(f"- {line}" if _labelled(line) else line for line in entry.text.split("\n"))
            parts.append(f"## {entry.name}\n\n`{entry.signature}`\n\n{body}")
    return "\n\n".join(parts) + "\n"


def _labelled(line: str) -> bool:
    return line.startswith(("Shapes:", "Memory:", "Parameters:", "FLOPs:", "MACs:", "Source:", "Example:"))
