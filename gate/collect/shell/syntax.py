"""The syntax of shell scripts as values: lists, pipelines, compound commands, functions; nothing is expanded or run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass


class UnfollowedError(ValueError):
    """The script holds something this parser does not know; the message says what."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word. `literal` is its value without quotes, None when something is expanded in it."""

    raw: str
    literal: str | None
    inner: tuple[tuple[Item, ...], ...] = ()
    """The scripts of its command and process substitutions."""

    @property
    def variable(self) -> str | None:
        """The name when the word is nothing but `$name`, `${name}` or `$?`, quoted or not."""
        found = re.fullmatch(r'"?\$(?:\{([A-Za-z_]\w*|\?)\}|([A-Za-z_]\w*|\?))"?', self.raw)
        return (found[1] or found[2]) if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Simple:
    """A simple command. `inner` are the substitutions in its words, redirections and here-documents."""

    words: tuple[Word, ...]
    assignments: tuple[tuple[str, Word], ...] = ()
    inner: tuple[tuple[Item, ...], ...] = ()
    text: str = ""
    line: int = 1

    @property
    def name(self) -> str | None:
        return self.words[0].literal if self.words else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """`{ …; }`, or with `subshell` `( … )`."""

    items: tuple[Item, ...]
    subshell: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class If:
    """Pairs of condition and body, and what `else` holds."""

    branches: tuple[tuple[tuple[Item, ...], tuple[Item, ...]], ...]
    otherwise: tuple[Item, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """`while`, `until`, `for`, `select`; the last two have no condition."""

    condition: tuple[Item, ...]
    body: tuple[Item, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    bodies: tuple[tuple[Item, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    name: str
    body: Block


Command = Simple | Block | If | Loop | Case | Function


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    commands: tuple[Command, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Pipelines joined by `operators` (`&&`, `||`), and whether the whole runs in the background."""

    pipelines: tuple[Pipeline, ...]
    operators: tuple[str, ...] = ()
    background: bool = False


def simple_commands(items: tuple[Item, ...]) -> Iterator[Simple]:
    """Every simple command in the items, however deep, substitutions included."""
    for item in items:
        for pipeline in item.pipelines:
            for command in pipeline.commands:
                yield from _inside(command)


def _inside(command: Command) -> Iterator[Simple]:
    parts: tuple[tuple[Item, ...], ...]
    match command:
        case Simple():
            yield command
            parts = command.inner
        case Block():
            parts = (command.items,)
        case If():
            parts = (*(p for branch in command.branches for p in branch), command.otherwise or ())
        case Loop():
            parts = (command.condition, command.body)
        case Case():
            parts = command.bodies
        case Function():
            parts = (command.body.items,)
    for items in parts:
        yield from simple_commands(items)
