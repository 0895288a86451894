"""Texts that another file of the project may hold: holes of a statement that are a constant's name, marked as such.

A file is read knowing no other; what constants hold is put in where all of them are known (`lints.stores.constants`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from lints.extract.facts import Hole
from lints.patterns import regex

LANGUAGES = frozenset({"go", "java", "kotlin"})
NAME = regex(r"(?:[A-Za-z_]\w*\.){0,2}[A-Za-z_]\w*")
"""`BoatColumns`, `schema.BoatColumns`, `Columns.BOAT`."""
MARKED = regex(r"__hole_(\d+)__/\*:([\w.]+)\*/( = :h\d+)?|/\*__hole_(\d+)__:([\w.]+)\*/")
"""A marked hole, with what a condition's builder compares it with, or one that stands for a clause."""


def marked(text: str, holes: Iterable[Hole], local: Collection[str]) -> str:
    """The text with the names of its holes that could be constants; `local` are names that mean something nearer."""
    for hole in holes:
        if not hole.bound and could_be_constant(hole.source, local):
            found, said = (
                (f"/*{hole.marker}*/", f"/*{hole.marker}:{hole.source}*/")
                if hole.dropped
                else (hole.marker, f"{hole.marker}/*:{hole.source}*/")
            )
            text = text.replace(found, said)
    return text


def could_be_constant(source: str, local: Collection[str]) -> bool:
    """Whether a name may be that of a constant: in lower case throughout it is a variable's."""
    if NAME.fullmatch(source) is None or source in local:
        return False
    last = source.rpartition(".")[2]
    return last != last.lower() or "_" in last
