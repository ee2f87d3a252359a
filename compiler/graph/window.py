"""Windows that slide over an image: the padding that an argument means, and the size that comes out.

One axis: output = ⌊(input − dilation·(kernel − 1) − 1 + before + after) / stride⌋ + 1
(Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016, relationship 15).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from ...runtime.record import Record
from .arguments import Extent, Padding
from .dims import Dim, Poly, Shape
from .field import Reading
from .formula import Formula, maximum, named
from .op import OpError

AXIS_NAMES = {1: ("length",), 2: ("height", "width")}
SIDE_NAMES = {"length": ("before", "after"), "height": ("top", "bottom"), "width": ("left", "right")}
Sizes = tuple[tuple[str, Formula], ...]
# The padding (before, after) that a word means: of (word, kernel, stride, dilation, axis, extent).
Rule = Callable[[str, int, int, int, str, Dim], tuple[Formula, Formula]]


class Window(Record, apart=("rule",)):
    """A window on one axis; `before` and `after` are its padding.

    `rule` is the word that the padding came from (`half`, `same_upper`, …), empty where it was given in numbers. It
    only explains: windows of equal numbers are equal.
    """

    kernel: int
    stride: int
    dilation: int
    before: int
    after: int
    rule: str = ""

    @property
    def reach(self) -> int:
        """The positions from its first to its last tap."""
        return self.dilation * (self.kernel - 1) + 1

    @property
    def pointwise(self) -> bool:
        """Whether each output reads the input position of its own number."""
        return self.kernel == self.stride == 1 and self.before == 0

    def reading(self) -> Reading:
        """Output i reads from stride·i − before on."""
        return 1, self.stride, lambda i: (i * self.stride - self.before, i * self.stride - self.before + self.reach - 1)

    def output(self, axis: str, size: Dim, *, ceil: bool) -> Formula:
        """The output size on this axis.

        With `ceil`, a last window that would start in the end padding is dropped. Raises OpError when the window is
        larger than the padded input, or the input is symbolic and the size would have to be rounded.
        """
        if isinstance(size, Poly) and self.stride > 1:
            raise unbound(axis, size, f"a window at stride {self.stride} needs a number to round")
        sides = named("padding", self.before + self.after)
        room = named(f"input {axis}", size) - reach(self.kernel, self.dilation) + sides
        if isinstance(room.value, Poly):
            return room + 1
        if room.value < 0:
            raise self._too_large(axis, size)
        stride = named("stride", self.stride)
        if room.value % self.stride == 0:
            return room.over(stride) + 1
        if not ceil:
            return room.floor(stride) + 1
        windows = room.ceil(stride) + 1
        assert isinstance(size, int)
        assert isinstance(windows.value, int)
        if (windows.value - 1) * self.stride >= size + self.before:
            return windows - named("window that starts in the end padding", 1)
        return windows

    def _too_large(self, axis: str, size: Dim) -> OpError:
        padded = "" if self.before + self.after == 0 else f" padded to {size + self.before + self.after}"
        dilated = "" if self.dilation == 1 else f", which dilation {self.dilation} spreads over {self.reach},"
        return OpError(
            "window",
            f"a kernel of {axis} {self.kernel}{dilated} does not fit into an input of {axis} {size}{padded}",
            operand=0,
            help="use a smaller kernel, more padding, or less down-sampling before this layer",
        )


def reach(kernel: int, dilation: int) -> Formula:
    """The positions from the first to the last tap: `kernel`, or dilation × (kernel − 1) + 1."""
    taps = named("kernel", kernel)
    return taps if dilation == 1 else named("dilation", dilation) * (taps - 1) + 1


def unbound(axis: str, size: Poly, why: str) -> OpError:
    """The error for a symbolic size where a number is needed."""
    return OpError(
        "unbound-dimension",
        f"the {axis} {size} is symbolic, and {why}",
        operand=0,
        help=f"bind it: `--dim {size.symbols[0]}=…`, or write the number in the input's type",
    )


def padding(word: str, kernel: int, stride: int, dilation: int, axis: str, extent: Dim) -> tuple[Formula, Formula]:
    """The padding (before, after) that `half`, `same`, `same_upper` or `same_lower` means on one axis.

    `same_*` gives an output of ⌈input / stride⌉. Raises OpError.
    """
    spread = named("kernel", kernel) - 1
    if dilation > 1:
        spread = named("dilation", dilation) * spread
    if word == "half":
        return spread.floor(2), spread.floor(2)
    total = spread
    if stride > 1:
        if isinstance(extent, Poly):
            raise unbound(axis, extent, f"`pad = {word}` at stride {stride} needs a number")
        source, steps = named(f"input {axis}", extent), named("stride", stride)
        total = maximum((source.ceil(steps) - 1) * steps + reach(kernel, dilation) - source, 0)
    return halves(word, total)


def halves(word: str, total: Formula) -> tuple[Formula, Formula]:
    """The padding on both sides; an odd position goes to the end, or for `same_lower` to the front."""
    small, large = total.floor(2), total.ceil(2)
    return (large, small) if word == "same_lower" else (small, large)


def output_sizes(windows: tuple[Window, ...], extents: Shape, *, ceil: bool = False) -> Sizes:
    """The output size on each axis, with its name. Raises OpError."""
    names = AXIS_NAMES[len(extents)]
    return tuple((n, w.output(n, size, ceil=ceil)) for n, w, size in zip(names, windows, extents, strict=True))


def padding_sizes(windows: tuple[Window, ...], extents: Shape, rule: Rule = padding) -> Sizes:
    """The padding on each side that a rule such as `half` decided, with the side's name."""
    sizes: list[tuple[str, Formula]] = []
    for axis, w, extent in zip(AXIS_NAMES[len(extents)], windows, extents, strict=True):
        if w.rule:
            sides = rule(w.rule, w.kernel, w.stride, w.dilation, axis, extent)
            sizes += [(f"padding {name}", side) for name, side in zip(SIDE_NAMES[axis], sides, strict=True)]
    return tuple(sizes)


def sides(windows: tuple[Window, ...]) -> tuple[int, ...]:
    """The padding (top, bottom, left, right) or (before, after)."""
    return tuple([side for w in windows for side in (w.before, w.after)])


@lru_cache(maxsize=1024)
def windows(
    kernel: Extent, stride: Extent, dilation: Extent, pad: Padding, extents: Shape, rule: Rule = padding
) -> tuple[Window, ...]:
    """The window on each axis of an input of these spatial extents, with its padding resolved.

    `rule` says what the words mean, by default `padding`. Raises OpError.
    """
    axes = len(extents)
    shapes = list(
        zip(
            per_axis(kernel, axes, "kernel"),
            per_axis(stride, axes, "stride"),
            per_axis(dilation, axes, "dilation"),
            strict=True,
        )
    )
    if not isinstance(pad, str) or pad == "valid":
        pairs = pad_pairs(0 if isinstance(pad, str) else pad, axes)
        return tuple(Window(*shape, *pair) for shape, pair in zip(shapes, pairs, strict=True))
    found = []
    for axis, shape, extent in zip(AXIS_NAMES[axes], shapes, extents, strict=True):
        before, after = (side.value for side in rule(pad, *shape, axis, extent))
        assert isinstance(before, int)
        assert isinstance(after, int)
        found.append(Window(*shape, before, after, pad))
    return tuple(found)


def per_axis(extent: Extent, axes: int, argument: str) -> tuple[int, ...]:
    """One size for each of the axes; one number means that number in every dimension. Raises OpError."""
    if isinstance(extent, int):
        return (extent,) * axes
    if len(extent) != axes:
        raise OpError(
            "bad-argument",
            f"`{argument}` has {_count(len(extent), 'size')}, the input has {_count(axes, 'spatial dimension')}",
            argument=argument,
            help=f"write one number, or {'one size' if axes == 1 else 'an extent such as `3x5`'}",
        )
    return extent


def pad_pairs(pad: int | tuple[int, ...], axes: int) -> tuple[tuple[int, int], ...]:
    """The (before, after) on each axis that these numbers mean. Raises OpError."""
    if isinstance(pad, int):
        return ((pad, pad),) * axes
    if axes == 1 and len(pad) == 2:
        return ((pad[0], pad[1]),)
    if axes == 2 and len(pad) == 2:
        return ((pad[0], pad[0]), (pad[1], pad[1]))
    if axes == 2 and len(pad) == 4:
        return ((pad[0], pad[1]), (pad[2], pad[3]))
    raise OpError(
        "bad-argument",
        f"`pad` has {_count(len(pad), 'size')}, the input has {_count(axes, 'spatial dimension')}",
        argument="pad",
        help="write one number, `(before, after)` for one spatial dimension, `(h, w)` or `(top, bottom, left, right)` "
        "for two",
    )


def check_same(kernel: Extent, stride: Extent, pad: Padding) -> None:
    """Refuse `same` where the field disagrees about it: at a stride over 1, or with an even kernel. Raises OpError."""
    if pad != "same":
        return
    strides = (stride,) if isinstance(stride, int) else stride
    kernels = (kernel,) if isinstance(kernel, int) else kernel
    if max(strides) > 1:
        raise OpError(
            "same-stride",
            f"`pad = same` keeps the size, which stride {max(strides)} cannot",
            argument="pad",
            label="frameworks disagree on what this means",
            help="write `half` ((kernel − 1)/2 on both sides, as PyTorch networks do), `same_upper` (the extra one at "
            "the end, as TensorFlow) or `same_lower`",
        )
    even = [size for size in kernels if size % 2 == 0]
    if even:
        raise OpError(
            "same-even",
            f"`pad = same` with an even kernel, here {even[0]}, would need half a position on each side",
            argument="pad",
            help="write `same_upper` (the extra one at the end), `same_lower` or `half`, or use an odd kernel",
        )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
