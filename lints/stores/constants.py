"""What the constants of other files hold, put where a statement or a call names them (`lints.extract.constants`)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from lints.extract.constants import MARKED, could_be_constant
from lints.extract.facts import Argument, OrmStep, Statement
from lints.patterns import regex
from lints.schema.facts import Entity

_SPLICED = regex(r"\{([\w.]{1,80})\}")
_KEY = regex(r"([{,]\s*)((?:\w+\.)?[A-Za-z_]\w*)(\s*:)")
_TAKES_TEXT = frozenset({"First", "Find", "Take", "Last", "Delete", "FirstOrCreate", "FirstOrInit"})
"""Calls of Go's ORMs whose second argument may be a condition."""


class Constants:
    """The constants of a project by the names that a file can use for them."""

    def __init__(self, known: Mapping[str, Entity]) -> None:
        self._known = known
        named: dict[str, set[str]] = {}
        for name, held in known.items():
            folder, colon, bare = name.rpartition(":")
            for label in {held.table, folder.rpartition("/")[2]} if colon else ():
                named.setdefault(f"{label}.{bare}", set()).add(held.condition)
        self._named = {name: min(texts) for name, texts in named.items() if len(texts) == 1}

    def text(self, name: str, path: str) -> str | None:
        """What a name means in a file: of its own folder, or of the package or class before its dot."""
        if "." not in name:
            held = self._known.get(f"{path.rpartition('/')[0]}:{name}")
            return held.condition if held is not None else None
        short = ".".join(name.split(".")[-2:])
        held = self._known.get(short)
        return held.condition if held is not None else self._named.get(short)

    def variants(self, statement: Statement) -> tuple[str, ...]:
        """The texts of a statement with what its constants hold; a hole of which nobody knows stays one."""

        def said(found: re.Match[str]) -> str:
            number, name, compared, dropped, clause = found.groups()
            text = self.text(name or clause, statement.path)
            if text is not None:
                return f" {text} " if clause else f"{text}{compared or ''}"
            return f"__hole_{number}__" if name else f"/*__hole_{dropped}__*/"

        return tuple(
            MARKED.sub(said, text) if "__/*:" in text or "__:" in text else text for text in statement.variants
        )

    def steps(self, steps: Iterable[OrmStep], path: str, local: Collection[str]) -> tuple[OrmStep, ...]:
        """The steps of a chain with the texts of the constants that are conditions in it, or name its table."""
        return tuple(self._step(step, path, local) for step in steps) if self._known else tuple(steps)

    def _step(self, step: OrmStep, path: str, local: Collection[str]) -> OrmStep:
        count = 2 if step.method in _TAKES_TEXT else 1
        given = [self._argument(argument, path, local) for argument in step.arguments[:count]]
        arguments = (*given, *step.arguments[count:])
        return step if arguments == step.arguments else replace(step, arguments=arguments)

    def _argument(self, given: Argument, path: str, local: Collection[str]) -> Argument:
        name = given.text.removeprefix("*")  # a variable that is no pointer, where one could stand
        if given.kind == "value" and could_be_constant(name, local):
            text = self.text(name, path)
            return given if text is None else Argument(kind="text", text=text)
        if given.kind in {"value", "map"} and given.text.lstrip("&*").startswith("map["):
            return replace(given, text=_KEY.sub(lambda found: self._key(found, path, local), given.text))
        if given.kind != "dynamic" or "{" not in given.text:
            return given

        def said(found: re.Match[str]) -> str:
            text = self.text(found.group(1), path) if could_be_constant(found.group(1), local) else None
            return found.group() if text is None else text

        whole = _SPLICED.sub(said, given.text)
        return replace(given, kind="dynamic" if "{" in whole else "text", text=whole)

    def _key(self, found: re.Match[str], path: str, local: Collection[str]) -> str:
        """`TenantColumn:` of a map as the text it stands for."""
        before, name, after = found.groups()
        text = self.text(name, path) if could_be_constant(name, local) else None
        return f'{before}"{text}"{after}' if text is not None and '"' not in text else found.group()
