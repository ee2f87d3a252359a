"""What a message repeats of the text with a mistake: the reader's own names instead of an example's."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from .lexer import UNITS, Token

LONGEST = 60
_ENDS = ("NL", "SEMICOLON", "RBRACE", "$END")
_STARTS = ("NL", "SEMICOLON", "LBRACE", "RBRACE", "LPAR", "LSQB", "COMMA", "EQUAL", "ARROW", "IF")
_DEPTH = {"RPAR": 1, "RSQB": 1, "LPAR": -1, "LSQB": -1}
_SIZE = re.compile(r"\[[^\[\]\n]*\]")
_TYPE = re.compile(r"(\w+)?[\[(]([^\[\]()\n]+)[\])]", re.ASCII)
_LIST = re.compile(r"\[[^\[\]\n]*\]|[0-9]+\.\.[0-9]+")
_AFTER = re.compile(r"let\s+\w+\s*(?::=|<-|[:=])?\s*(\w.*\S|\w)", re.ASCII)
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
        """What stands before a sign of two signs, where it is a name."""
        token = self.tokens[self.at - 2]
        return token.text if token.kind == "NAME" else "a"

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

    def ends(self) -> str:
        """Two comparisons instead of `figure in least..most`."""
        found = _ENDS_OF_RANGE.fullmatch(self._between(self.tokens[self.at].end, self.end))
        least, most = found.groups() if found else ("60M", "61M")
        return f"{self.left()} >= {least} and {self.left()} <= {most}"


_HOLES: dict[str, Callable[[Echo], str]] = {
    name: hole for name, hole in vars(Echo).items() if callable(hole) and not name.startswith("_")
}
