"""The layer `rbf`."""

from __future__ import annotations

from ..graph.arguments import Codes, Positive
from ..graph.builder import Builder
from ..graph.dims import Poly
from ..graph.graph import Value
from ..graph.images import want_float
from ..graph.initial import Initial
from ..graph.layer import Layer
from ..graph.op import OpError
from ..graph.window import unbound
from ..ops.distance import SquaredDistance

# The digits 0 to 9 side by side, each 7 wide and 12 high.
DIGITS = """
....... ....... ....... ....... ....... ....... ....... ....... ....... .......
..###.. ...##.. .#####. .#####. ....##. ####### ..####. ####### .#####. .#####.
.##.##. ..###.. ##...## ##...## ...###. ##..... .##.... .....## ##...## ##...##
##...## .####.. .....## .....## ..####. ##..... ##..... .....## ##...## ##...##
##...## ...##.. .....## .....## .##.##. ##..... ##..... ....##. ##...## ##...##
##...## ...##.. ....##. ..####. ##..##. ######. ######. ....##. .#####. ##...##
##...## ...##.. ...##.. .....## ##..##. .....## ##...## ...##.. ##...## .######
##...## ...##.. ..##... .....## ####### .....## ##...## ...##.. ##...## .....##
##...## ...##.. .##.... .....## ....##. .....## ##...## ..##... ##...## .....##
.##.##. ...##.. ##..... ##...## ....##. ##...## ##...## ..##... ##...## ....##.
..###.. .###### ####### .#####. ....##. .#####. .#####. ..##... .#####. .####..
....... ....... ....... ....... ....... ....... ....... ....... ....... .......
"""


class Rbf(Layer):
    """The squared distance of a vector to the fixed code of each class, a row of 1 and −1.

    The class whose code is nearest has the smallest output. `classes` is the number of codes. `codes` lists them, as in
    `rbf(2, codes = [[1, -1, 1], [-1, 1, 1]])`; for 10 classes of 84 features they are drawings of the digits, 7 wide
    and 12 high, ink 1 and paper −1. Buffers: `codes` (classes, features), which are never trained.

    Shapes: [N, features] → [N, classes]; [N, T, features] → [N, T, classes].
    Parameters: none, with classes × features buffers. MACs: none. FLOPs: 3 × features − 1 per output element.
    Source: LeCun, Bottou, Bengio, Haffner 1998, section II.B, equation 7 (the output layer of LeNet-5).
    Example: `fc(84) -> tanh -> rbf(10)`
    """

    classes: Positive
    codes: Codes | None = None

    def check(self) -> None:
        if self.codes is not None and len(self.codes) != self.classes:
            raise OpError(
                "bad-argument",
                f"`codes` lists {len(self.codes)} codes, `classes` is {self.classes}",
                argument="codes",
                help="give one code for each class",
            )

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        (x,) = ins
        want_float(x.type)
        if x.type.rank not in (2, 3):
            raise OpError(
                "shape-mismatch",
                f"`rbf` reads [N, features] or [N, T, features], the input is {x.type}",
                operand=0,
                help="write `flatten -> rbf(…)`",
            )
        features = x.type.shape[-1]
        if isinstance(features, Poly):
            raise unbound("number of features", features, "the codes need a number")
        codes = Initial("values", tuple(float(sign) for code in self._codes(features) for sign in code))
        axes = {"classes": self.classes, "features": features}
        return b(SquaredDistance(), x, b.buffer("codes", axes, codes))

    def _codes(self, features: int) -> Codes:
        codes = self.codes
        if codes is None and (self.classes, features) == (10, 84):
            codes = _digits()
        if codes is None:
            raise OpError(
                "bad-argument",
                f"there are codes for 10 classes of 84 features, not for {self.classes} of {features}",
                operand=0,
                argument="classes",
                help="give them: `codes = [[1, -1, …], …]`, one list for each class with one sign for each feature",
            )
        if len(codes[0]) != features:
            raise OpError(
                "shape-mismatch",
                f"the codes have {len(codes[0])} signs each, the input has {features} features",
                operand=0,
                argument="codes",
                help="give one sign for each feature",
            )
        return codes


def _digits() -> Codes:
    rows = [line.split() for line in DIGITS.strip().splitlines()]
    return tuple(tuple(1 if dot == "#" else -1 for row in rows for dot in row[digit]) for digit in range(10))
