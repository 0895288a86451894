"""What is known of two statements of one function of which the second runs only after the first."""

from __future__ import annotations

from dataclasses import dataclass

ENTITY = "entity__"
"""What a part of a row that is given whole is called by, before its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow:
    """The statement that begins at `line` and `column` runs only after the one at `first_line` and `first_column`.
    Where that is itself, what it found is compared before anything is done with it.

    Expressions are as `plain` writes them, and mean the same in both places: no name in them has got another value.
    """

    line: int
    column: int
    first_line: int
    first_column: int
    values: tuple[tuple[str, str], ...]
    """Expressions that both are given, as the second and as the first one writes them. Empty unless `checked`, or
    something of what it found is compared."""
    rows: tuple[tuple[str, str], ...]
    """Names that hold what the first one found: (name, ""), or (name, key) where it is a list of one part of each."""
    checked: bool
    """The function leaves if the first one finds nothing."""
    asked: int = 0
    """The line of the call that runs the first one, if that is a call of a function of the file."""
    lists: tuple[tuple[str, str], ...] = ()
    """Lists that both are given, of as many items as the first one has found rows."""
    answers: bool = False
    """The first one gives how many rows there are, or whether there is one, and that was looked at."""
    filled: tuple[str, ...] = ()
    """Variables that the second one is given and that are not empty where it runs; told of it and itself."""
    compared: tuple[str, ...] = ()
    """Parts of what it found, as paths, that are compared with something: the function leaves where they differ."""
    against: tuple[tuple[int, int], ...] = ()
    """The statements that what it is compared with was found by."""
    guard: str = ""
    """The call, as written, that raises unless the caller may touch what it found; told of a statement and itself. It
    was given the row, or what stands in `values` and a tenant."""
    beside: tuple[str, ...] = ()
    """Names of what `guard` was given, where none is called as tenants mostly are: the model knows its own."""
    may_be: tuple[str, ...] = ()
    """Names that hold what the first one found, or a part of it, on some path, or that may."""
    handed: tuple[tuple[str, str], ...] = ()
    """Keys that the second one is given of objects that nothing has loaded, each with the parameter, as declared, that
    the object is a part of, or nothing if it was read out of a text; told of it and itself."""
    gives: str = ""
    """What its function does where it finds nothing (`lints.vouch.elsewhere`); told of a statement and itself."""
    elsewhere: tuple[str, str, str, str] | None = None
    """A call before it, by its name as written, that was handed a key of it and a tenant, the key, whether the function
    leaves if that gives nothing, and the key's place among the arguments; told of a statement and itself."""
