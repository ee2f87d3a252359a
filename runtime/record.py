"""Classes of named fields which cost little to make: the start of a command makes two hundred of them.

A record is declared as a dataclass is, in a module with postponed annotations:

    class Span(Record):
        source: Source
        start: int
        length: int = 0

Two are equal when they are of one class and their fields are, but for those that `apart` names; with `eq=False` each is
equal to itself alone. Fields after `_: KW_ONLY` are given by name. The type checker holds records immutable, but for
those of a class made with `frozen=False`, which have no hash where they are compared by their fields: to refuse
assignments while they run as well would double the time that it takes to make one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from operator import attrgetter
from types import CodeType, FunctionType
from typing import Any, ClassVar, Final, TypeVar, cast, dataclass_transform

REQUIRED: Final = object()
_T = TypeVar("_T")


class _Fresh:
    def __init__(self, make: Callable[[], object]) -> None:
        self.make = make


def fresh(*, factory: Callable[[], _T]) -> _T:
    """A default that is made anew for each record."""
    return cast(_T, _Fresh(factory))


@dataclass_transform(frozen_default=True, field_specifiers=(fresh,))
class RecordType(type):
    """Gives a class of records its slots, its `__init__`, and what the methods of all records go by."""

    def __new__(
        cls,
        name: str,
        bases: tuple[type, ...],
        body: dict[str, Any],
        *,
        apart: tuple[str, ...] = (),
        eq: bool = True,
        frozen: bool = True,
    ) -> RecordType:
        fields = {field: default for base in bases for field, default in getattr(base, "_fields", {}).items()}
        own = [field for field, kind in body.get("__annotations__", {}).items() if not kind.startswith("ClassVar")]
        named = len(own) - own.index("_") - 1 if "_" in own else 0
        own = [field for field in own if field != "_"]
        body["__slots__"] = (*body.get("__slots__", ()), *(field for field in own if field not in fields))
        fields |= {field: body.pop(field, REQUIRED) for field in own}
        if unknown := set(apart) - fields.keys():
            raise TypeError(f"{name}: there is no field {min(unknown)}")
        apart = apart or tuple(field for base in bases for field in getattr(base, "_apart", ()))
        compared = [field for field in fields if field not in apart]
        body.setdefault("__init__", _assign(f"{body['__qualname__']}.__init__", fields, named))
        if not eq:
            body |= {"__eq__": object.__eq__, "__hash__": object.__hash__}
        elif not frozen:
            body["__hash__"] = None
        body |= {"__match_args__": tuple(fields), "_fields": fields, "_apart": apart}
        return super().__new__(cls, name, bases, body | {"_compared": attrgetter(*compared) if compared else type})


def _assign(name: str, fields: Mapping[str, object], named: int) -> FunctionType:
    """An `__init__` that assigns the fields, so many of which, the last, are given by name."""
    code = _assign_numbered(tuple([isinstance(default, _Fresh) for default in fields.values()]))
    names, places = dict(zip(code.co_varnames, ("self", *fields), strict=True)), len(fields) - named
    code = code.replace(
        co_qualname=name,
        co_varnames=tuple(names.values()),
        co_names=tuple([names.get(used, used) for used in code.co_names]),
        co_argcount=1 + places,
        co_kwonlyargcount=named,
    )
    values = list(fields.values())[:places]
    defaults = tuple([value for value in values if value is not REQUIRED])
    if REQUIRED in values[places - len(defaults) :]:
        raise TypeError(f"{name}: a field without a default follows one that has one")
    init = FunctionType(code, {"_Fresh": _Fresh}, "__init__", defaults)
    init.__kwdefaults__ = {field: fields[field] for field in list(fields)[places:] if fields[field] is not REQUIRED}
    return init


@cache
def _assign_numbered(anew: tuple[bool, ...]) -> CodeType:
    """An `__init__` that assigns so many fields, which are still to be named: to compile one for each class would take
    most of the time that the class takes. The defaults of some are made `anew`."""
    names = [f"_{number}" for number in range(len(anew))]
    values = [
        f"{n}.make() if {n}.__class__ is _Fresh else {n}" if new else n for n, new in zip(names, anew, strict=True)
    ]
    statements = "; ".join([f"self.{name} = {value}" for name, value in zip(names, values, strict=True)]) or "pass"
    made: dict[str, FunctionType] = {}
    exec(f"def __init__({', '.join(['self', *names])}): {statements}", made)
    return made["__init__"].__code__


class Record(metaclass=RecordType):
    """What all records share. `__match_args__` has the names of the fields in their order.

    An abstract method is one for the type checker: of an ABC, `isinstance` takes four times as long.
    """

    __match_args__: ClassVar[tuple[str, ...]]
    _fields: ClassVar[Mapping[str, object]]
    _apart: ClassVar[tuple[str, ...]]
    _compared: ClassVar[attrgetter[object]]

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._compared(self) == self._compared(other)

    def __hash__(self) -> int:
        return hash(self._compared(self))

    def __repr__(self) -> str:
        fields = (f"{name}={getattr(self, name)!r}" for name in self.__match_args__ if name not in self._apart)
        return f"{type(self).__qualname__}({', '.join(fields)})"


_R = TypeVar("_R", bound=Record)


def fields(kind: type[Record] | Record) -> Mapping[str, object]:
    """The fields of a class, each with its default or REQUIRED."""
    return kind._fields


def asdict(record: Record) -> dict[str, Any]:
    """The fields of a record by their names."""
    return {name: getattr(record, name) for name in record.__match_args__}


def replace(record: _R, **changes: Any) -> _R:
    """The record with other values in some fields."""
    return type(record)(**asdict(record) | changes)
