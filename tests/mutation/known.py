"""Faults that change nothing that can be seen, by module and change, each with its reason."""

EQUIVALENT: dict[tuple[str, str], str] = {}
