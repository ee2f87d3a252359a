"""Records: what a class of named fields is given."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from netc.runtime.record import REQUIRED, Record, RecordType, asdict, fields, fresh, replace

if TYPE_CHECKING:
    from dataclasses import KW_ONLY


class Point(Record):
    x: int
    y: int = 2
    unit: ClassVar[str] = "m"

    @property
    def sum(self) -> int:
        return self.x + self.y


class Named(Point):
    name: str = ""

    def shout(self) -> str:
        return super().__repr__().upper()


class Pair(Record):
    x: int
    y: int = 2


class Nothing(Record):
    pass


class Entity(Record, eq=False):
    x: int


class Noted(Record, apart=("note",)):
    x: int
    note: str


class Deeper(Noted):
    y: int


class Counts(Record, frozen=False):
    name: str
    found: list[int] = fresh(factory=list)
    total: int = 0


class Options(Record):
    size: int
    _: KW_ONLY
    stride: int
    pad: int = 0


def test_fields_are_given_by_place_or_name_and_have_defaults() -> None:
    for made in (Point(1), Point(1, 2), Point(x=1), Point(y=2, x=1)):
        assert (made.x, made.y, made.unit, made.sum) == (1, 2, "m", 3)


def test_fields_of_the_class_above_come_first() -> None:
    made = Named(1, 5, "a")
    assert asdict(made) == {"x": 1, "y": 5, "name": "a"}
    assert made.shout() == "NAMED(X=1, Y=5, NAME='A')"
    assert Named(1) == Named(1, 2, "")


def test_fields_after_the_mark_are_given_by_name() -> None:
    assert asdict(Options(1, stride=2)) == {"size": 1, "stride": 2, "pad": 0}
    with pytest.raises(TypeError, match=r"Options.__init__\(\) takes 2 positional arguments but 3 were given"):
        Options(1, 2)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Point(), r"Point.__init__\(\) missing 1 required positional argument: 'x'"),  # type: ignore[call-arg]
        (lambda: Point(1, 2, 3), "takes from 2 to 3 positional arguments but 4"),  # type: ignore[call-arg]
        (lambda: Point(1, z=3), "unexpected keyword argument 'z'"),  # type: ignore[call-arg]
        (lambda: Options(1), "missing 1 required keyword-only argument: 'stride'"),  # type: ignore[call-arg]
        (lambda: replace(Point(1), z=3), "unexpected keyword argument 'z'"),
    ],
)
def test_other_arguments_are_refused(make: Callable[[], object], said: str) -> None:
    with pytest.raises(TypeError, match=said):
        make()


def test_a_fresh_default_is_made_for_each_record() -> None:
    one, other = Counts("a"), Counts("b", total=2)
    one.found.append(1)
    one.total += 1
    assert (one, other) == (Counts("a", [1], 1), Counts("b", [], 2))
    assert replace(one, name="b").found is one.found


def test_a_field_without_a_default_follows_none_that_has_one() -> None:
    with pytest.raises(TypeError, match="a field without a default follows one that has one"):

        class Wrong(Point):
            z: int  # type: ignore[misc]


def test_class_keywords_that_say_nothing_are_refused() -> None:
    with pytest.raises(TypeError):
        RecordType("Odd", (Record,), {"__annotations__": {}, "__qualname__": "Odd"}, equal=False)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="Odd: there is no field nme"):
        RecordType("Odd", (Record,), {"__annotations__": {"name": "str"}, "__qualname__": "Odd"}, apart=("nme",))


def test_equal_are_those_of_one_class_with_equal_fields() -> None:
    assert Point(1) == Point(1, 2)
    assert hash(Point(1)) == hash(Point(1, 2))
    assert Point(1) != Point(2)
    different: list[tuple[object, object]] = [(Point(1), Pair(1)), (Point(1), Named(1)), (Point(1), (1, 2))]
    assert all(a != b and b != a for a, b in different)
    assert Nothing() == Nothing()
    assert len({Nothing(), Nothing(), Point(1), Point(1), Pair(1)}) == 3


def test_an_entity_is_equal_to_itself_alone() -> None:
    one, other = Entity(1), Entity(1)
    assert one == one
    assert one != other
    assert len({one, other}) == 2


def test_what_changes_and_is_compared_by_its_fields_has_no_hash() -> None:
    assert Counts("a") == Counts("a")
    with pytest.raises(TypeError, match="unhashable type: 'Counts'"):
        hash(Counts("a"))


def test_what_stands_apart_takes_no_part() -> None:
    assert Noted(1, "a") == Noted(1, "b")
    assert hash(Noted(1, "a")) == hash(Noted(1, "b"))
    assert repr(Noted(1, "a")) == "Noted(x=1)"
    assert Deeper(1, "a", 2) == Deeper(1, "b", 2) != Deeper(1, "a", 3)


def test_a_record_has_its_fields_alone() -> None:
    assert Named.__match_args__ == ("x", "y", "name")
    assert fields(Options) == {"size": REQUIRED, "stride": REQUIRED, "pad": 0}
    with pytest.raises(AttributeError):
        Point(1).z = 3  # type: ignore[attr-defined]


def test_the_type_checker_holds_fields_fixed() -> None:
    made = Point(1)
    made.x = 2  # type: ignore[misc]  # which mypy asks for as long as it refuses this
    assert made == Point(2)


def test_a_record_is_matched_by_place() -> None:
    match Named(1, 2, "a"):
        case Named(x, _, name):
            assert (x, name) == (1, "a")


def test_replace_leaves_the_record_as_it_is() -> None:
    one = Point(1)
    assert replace(one, y=7) == Point(1, 7)
    assert one == Point(1)
    assert replace(Options(1, stride=2), pad=3) == Options(1, stride=2, pad=3)


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda made: pickle.loads(pickle.dumps(made))])
@pytest.mark.parametrize("made", [Point(1), Named(1, 3, "a"), Nothing(), Options(1, stride=2)])
def test_a_record_is_copied_whole(made: Record, again: Callable[[Any], Any]) -> None:
    assert again(made) == made
