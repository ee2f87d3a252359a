"""What a message repeats of the text with a mistake: the reader's own names instead of an example's."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from .lexer import LONGEST, UNITS, Token
from .powers import instead_of_power

_ENDS = ("NL", "SEMICOLON", "RBRACE", "$END")
_STARTS = ("NL", "SEMICOLON", "LBRACE", "RBRACE", "LPAR", "LSQB", "COMMA", "EQUAL", "ARROW", "IF")
_DEPTH = {"RPAR": 1, "RSQB": 1, "LPAR": -1, "LSQB": -1}
_SIZE = re.compile(r"\[[^\[\]\n]*\]")
_TYPE = re.compile(r"(\w+)?[\[(]([^\[\]()\n]+)[\])]", re.ASCII)
_LIST = re.compile(r"\[[^\[\]\n]*\]|[0-9]+\.\.[0-9]+")
_AFTER = re.compile(r"let\s+\w+\s*(?::=|<-|[:=])?\s*(\w.*\S|\w)", re.ASCII)
_WORDS = ("net", "block", "cell")
_DECLARED = re.compile(r"(\w+)\s+(\w+)\s*(?:\(([^()]*)\))?", re.ASCII)
_INPUT = re.compile(r"[^{}\n]*\{\s*input\b", re.ASCII)
_IMPORTED = re.compile(r"\w+\s+[\"']?([\w./]+)", re.ASCII)
_COUNTED = re.compile(r"range\s*\(\s*(?:([^(),]+?)\s*,\s*)?([^(),]+?)\s*\)", re.ASCII)
_TIMES = re.compile(r"([0-9]+)\s*[xX]\s*([0-9]+)", re.ASCII)
_ENDS_OF_RANGE = re.compile(r"[(\[]?\s*([\w.]+?)\s*(?:\.\.|,)\s*([\w.]+?)\s*[)\]]?", re.ASCII)


class Echo:
    """The text around a refused token, at a place in the tokens, whose statement starts at an offset."""

    def __init__(self, text: str, tokens: Sequence[Token], at: int, start: int) -> None:
        self.text = text
        self.tokens = tokens
        self.at = at
        self.start = start

    def __getitem__(self, hole: str) -> str:
        return _HOLES[hole](self)

    def _between(self, start: int, end: int) -> str:
        """A piece of the text in one line; nothing of a long one."""
        found = " ".join(self.text[start:end].split())
        return found if len(found) <= LONGEST else "…"

    @property
    def end(self) -> int:
        """Where the statement ends."""
        at = self.at
        while self.tokens[at].kind not in _ENDS:
            at += 1
        return self.tokens[at].start

    def first(self) -> str:
        """The name that the statement starts with."""
        found = re.compile(r"\w+", re.ASCII).match(self.text, self.start)
        return found.group() if found else "name"

    def rest(self) -> str:
        """The statement without its first word."""
        found = self._between(self.start + len(self.first()), self.end)
        return found if found.count("(") == found.count(")") else "…"

    def after(self) -> str:
        """The statement behind the token."""
        return self._between(self.tokens[self.at].end, self.end)

    @property
    def listed(self) -> bool:
        """Whether nothing but names follows, with `,` between them; the first may be the token."""
        at = self.at + (self.tokens[self.at].kind == "EQUAL")
        while self.tokens[at].kind in ("NAME", "PRIMED") and self.tokens[at + 1].kind == "COMMA":
            at += 2
        return self.tokens[at].kind in ("NAME", "PRIMED") and self.tokens[at + 1].kind in _ENDS

    def left(self) -> str:
        """The statement before the token."""
        return self._between(self.start, self.tokens[self.at].start)

    def all(self) -> str:
        """The whole statement."""
        return self._between(self.start, self.end)

    def type(self) -> str:
        """The type in the statement, or one that it might have."""
        found = _TYPE.search(self.text, self.start, self.end)
        label = self.first() == "target"
        if found is None:
            return "i64[N]" if label else "f32[N, 3, 32, 32]"
        return f"{found[1] or ('i64' if label else 'f32')}[{found[2]}]"

    def power(self) -> str:
        """What to write for a power, as a sentence."""
        return instead_of_power(self.text, self.tokens[self.at].start)

    def list(self) -> str:
        """The list in the statement, or one that it might have."""
        found = _LIST.search(self.text, self.start, self.end)
        return found.group() if found else "[64, 128]"

    def value(self) -> str:
        """What stands behind the name of a `let`."""
        found = _AFTER.match(self.text, self.start, self.end)
        return found[1] if found and len(found[1]) <= LONGEST else "6 * c"

    def inside(self) -> str:
        """What stands in the brackets that the token opens, as settings."""
        close = self.text.find(")", self.tokens[self.at].end, self.end)
        inside = self._between(self.tokens[self.at].end, self.end if close < 0 else close)
        return re.sub(r"\s*,\s*", "; ", inside).strip("; ") or "…"

    def flat(self) -> str:
        """The names in front of a `=`, without the brackets around them."""
        sign = self.text.find("=", self.start, self.end)
        return re.sub(r"[()\[\]]", "", self._between(self.start, sign if sign >= 0 else self.end))

    def renamed(self) -> str:
        """A pipeline with `-> name =` in it, its name put in front."""
        name, arrow = self.tokens[self.at - 1], self.tokens[self.at - 2]
        before, after = self._between(self.start, arrow.start), self._between(self.tokens[self.at].end, self.end)
        return f"{name.text} = {before} -> {after or '…'}"

    def choice(self) -> str:
        """The conditional before the token, which has no `else`."""
        at, depth = self.at, 0
        while at and self.tokens[at].kind != "IF":
            at -= 1
        while at and (depth > 0 or self.tokens[at - 1].kind not in _STARTS):
            at -= 1
            depth += _DEPTH.get(self.tokens[at].kind, 0)
        return self._between(self.tokens[at].start, self.tokens[self.at - 1].end)

    def size(self) -> str:
        """The size of what the statement declares before the token."""
        found = _SIZE.search(self.text, self.start, self.tokens[self.at].start)
        return found.group() if found else "[units]"

    def unit(self) -> str:
        return UNITS.get(self.tokens[self.at].text.lower(), "")

    def declared(self) -> str:
        """The name and the parameters of what `def`, `class` and the like declare, as they are written here."""
        found = _DECLARED.match(self.text, self.start)
        if found is None:
            return "name(c)"
        name = found[2].lower() + "_" * (found[2].lower() in _WORDS)
        if found[3] is None or found[1] == "class":
            return name
        parts = [re.sub(r"\s*:[^=]*", "", part).replace("=", " = ").split() for part in found[3].split(",")]
        parameters = ", ".join(" ".join(part) for part in parts if part and part != ["self"])
        if len(parameters) > LONGEST:
            return f"{name}(…)"
        return f"{name}({parameters})" if parameters else name

    def kind(self) -> str:
        """What is declared: a net, where an input stands first in it, or a block."""
        return "net" if _INPUT.match(self.text, self.start) else "block"

    @property
    def module(self) -> str:
        """What an import names first."""
        found = _IMPORTED.match(self.text, self.start)
        return found[1].split(".")[0] if found else ""

    def imported(self) -> str:
        """The file that an import may mean."""
        found = _IMPORTED.match(self.text, self.start)
        name = found[1] if found and len(found[1]) <= LONGEST else "file"
        return name if name.endswith(".net") else f"{name.replace('.', '/')}.net"

    def opening(self) -> str:
        """What stands in front of the token, the start of a body, with a range in it as it is written here."""
        before = self.text[self.start : self.tokens[self.at].start].rpartition("}")[2].strip()
        found = " ".join(_COUNTED.sub(lambda counted: f"{counted[1] or 0}..{counted[2]}", before).split())
        return found if len(found) <= LONGEST else "…"

    def extent(self) -> str:
        """An extent with spaces in it, without them; nothing when there is none."""
        found = _TIMES.match(self.text, self.tokens[self.at - 1].start)
        return f"{found[1]}x{found[2]}" if found else ""

    def arguments(self) -> str:
        """The values from the token on that stand side by side, with commas."""
        parts, at = [], self.at
        while self.tokens[at].kind in ("NUMBER", "EXTENT", "COMMA", "NAME"):
            token, sign, value = self.tokens[at : at + 3] if at + 3 <= len(self.tokens) else (self.tokens[at],) * 3
            if token.kind == "NAME":
                if sign.kind != "EQUAL" or value.kind not in ("NUMBER", "EXTENT", "NAME"):
                    break
                parts.append(f"{token.text} = {value.text}")
                at += 2
            elif token.kind != "COMMA":
                parts.append(token.text)
            at += 1
        found = ", ".join(parts)
        return found if len(found) <= LONGEST else "…"

    def call(self) -> str:
        """The name in front of the brackets around the token, or that it opens, with what stands in them; nothing when
        there is none."""
        start, depth = self.at, 0
        while start and (self.tokens[start].kind not in ("LSQB", "LBRACE") or depth):
            depth += _DEPTH.get(self.tokens[start].kind, 0)
            start -= 1
        opener, name = self.tokens[start], self.tokens[start - 1]
        closer = {"[": "]", "{": "}"}.get(opener.text, "")
        end = self.text.find(closer, opener.end, opener.end + 2 * LONGEST)
        if not start or not closer or name.kind != "NAME" or end < 0 or "\n" in self.text[opener.end : end]:
            return ""
        return f"{name.text}({self._between(opener.end, end)})"

    def ends(self) -> str:
        """Two comparisons instead of `figure in least..most`."""
        found = _ENDS_OF_RANGE.fullmatch(self._between(self.tokens[self.at].end, self.end))
        least, most = found.groups() if found else ("60M", "61M")
        return f"{self.left()} >= {least} and {self.left()} <= {most}"


_HOLES: dict[str, Callable[[Echo], str]] = {
    name: hole for name, hole in vars(Echo).items() if callable(hole) and not name.startswith("_")
}
