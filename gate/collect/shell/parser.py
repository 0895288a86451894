"""A shell script as items, read by `shfmt --to-json` (mvdan.cc/sh). Whatever could not be read raises UnfollowedError,
which nobody may take for a good sign.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from typing import Any

from gate.collect.shell.syntax import (
    Block,
    Case,
    Command,
    Function,
    If,
    Item,
    Loop,
    Pipeline,
    Simple,
    UnfollowedError,
    Word,
)  # fmt: skip

MAX_BYTES = 100_000
TIMEOUT_SECONDS = 10

# GitHub writes the value of `${{ … }}` into the text before a shell sees it: a parameter of that length stands for it.
_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_STANDS_FOR_EXPRESSION = re.compile(r"\$\{__+\}")
_ESCAPED, _ESCAPED_IN_QUOTES = re.compile(r"\\(\n|.)"), re.compile(r'\\([$`"\\\n])')

Node = dict[str, Any]


def parse(script: str) -> tuple[Item, ...]:
    """The items of a script. Raises UnfollowedError."""
    text = script.replace("\r\n", "\n")
    data = _EXPRESSION.sub(lambda found: "${" + "_" * (len(found[0].encode()) - 3) + "}", text).encode()
    if len(data) > MAX_BYTES:
        raise UnfollowedError(f"longer than {MAX_BYTES:,} bytes")
    try:
        done = subprocess.run(
            [_shfmt(), "--to-json", "-ln", "bash"], input=data, capture_output=True, check=False, env={},
            timeout=TIMEOUT_SECONDS,
        )  # fmt: skip
        if done.returncode:
            raise UnfollowedError(_message(done.stderr))
        return _Reader(data).items(json.loads(done.stdout)["Stmts"] if data.strip() else [])
    except (subprocess.TimeoutExpired, RecursionError):
        raise UnfollowedError("commands nested too deeply") from None
    except (OSError, KeyError, ValueError) as error:
        if isinstance(error, UnfollowedError):
            raise
        raise UnfollowedError(f"shfmt gave no syntax tree ({type(error).__name__})") from None


@cache
def _shfmt() -> str:
    """The program of the installed distribution shfmt-py, never one that happens to be on the PATH."""
    try:
        files = metadata.files("shfmt-py") or ()
    except metadata.PackageNotFoundError:
        files = ()
    found = next((file for file in files if file.name in ("shfmt", "shfmt.exe")), None)
    if found is None:
        raise UnfollowedError("shfmt-py is not installed")
    return str(found.locate())


def _message(stderr: bytes) -> str:
    lines = stderr.decode("utf-8", "replace").strip().splitlines() or ["shfmt refused it"]
    return re.sub(r"^<standard input>:", "", lines[0])[:120]


@dataclass(slots=True)
class _Reader:
    """Turns nodes of shfmt's syntax tree (package syntax/typedjson of mvdan.cc/sh) into ours."""

    data: bytes

    def items(self, statements: list[Node] | None) -> tuple[Item, ...]:
        return tuple([self._item(statement) for statement in statements or ()])

    def _item(self, statement: Node) -> Item:
        pipelines, operators = self._and_or(statement)
        return Item(
            pipelines=tuple(pipelines), operators=tuple(operators), background=bool(statement.get("Background"))
        )

    def _and_or(self, statement: Node) -> tuple[list[Pipeline], list[str]]:
        command = statement.get("Cmd") or {}
        if command.get("Type") == "BinaryCmd" and command["Op"] in ("&&", "||"):
            left, first = self._and_or(command["X"])
            right, second = self._and_or(command["Y"])
            return left + right, [*first, command["Op"], *second]
        return [self._pipeline(statement)], []

    def _pipeline(self, statement: Node) -> Pipeline:
        if statement.get("Coprocess") or statement.get("Disown"):
            raise UnfollowedError("a coprocess")
        command = statement.get("Cmd") or {}
        negated = bool(statement.get("Negated"))
        if command.get("Type") == "TimeClause":
            inner = self._pipeline(command.get("Stmt") or {})
            return Pipeline(commands=inner.commands, negated=negated ^ inner.negated)
        return Pipeline(commands=tuple(self._piped(statement)), negated=negated)

    def _piped(self, statement: Node) -> Iterator[Command]:
        command = statement.get("Cmd") or {}
        if command.get("Type") == "BinaryCmd" and command["Op"] in ("|", "|&"):
            yield from self._piped(command["X"])
            yield from self._piped(command["Y"])
        else:
            yield self._command(statement)

    # --- commands -------------------------------------------------------------------------------------------------

    def _command(self, statement: Node) -> Command:
        command = statement.get("Cmd")
        read = tuple([script for redirect in statement.get("Redirs") or () for script in self._inside(redirect)])
        if command is None or command["Type"] == "CallExpr":
            return self._call(statement, command or {}, read)
        convert = _COMMANDS.get(command["Type"])
        if convert is None:
            raise UnfollowedError(command["Type"])
        converted = convert(self, command)
        if not read:
            return converted
        first = Simple(words=(Word(":", ":"),), inner=read, line=statement["Pos"]["Line"])
        return Block(items=tuple([Item(pipelines=(Pipeline(commands=(c,)),)) for c in (first, converted)]))

    def _call(self, statement: Node, command: Node, read: tuple[tuple[Item, ...], ...]) -> Simple:
        assigned = [node for node in command.get("Assigns") or () if not node.get("Naked")]
        return Simple(
            words=tuple([self._word(word) for word in command.get("Args") or ()]),
            assignments=tuple([(node["Name"]["Value"], self._value(node)) for node in assigned]),
            inner=(*self._inside(command), *read),
            text=self._text(statement).rstrip("; &\t\n"),
            line=statement["Pos"]["Line"],
        )

    def _value(self, assign: Node) -> Word:
        if assign.get("Value") is not None:
            return self._word(assign["Value"])
        return Word("", None if assign.get("Array") else "")

    def _plain(self, command: Node, words: list[Word]) -> Simple:
        return Simple(
            words=tuple(words), inner=self._inside(command), text=self._text(command), line=command["Pos"]["Line"]
        )

    def _declare(self, command: Node) -> Command:
        words = [Word(self._text(argument), None) for argument in command.get("Args") or ()]
        name = command["Variant"]["Value"]
        return self._plain(command, [Word(name, name), *words])

    def _arithmetic(self, command: Node) -> Command:
        return self._plain(command, [Word("((", "((")])

    def _test(self, command: Node) -> Command:
        words = [Word("[[", "[[")]
        test = command["X"]
        if test["Type"] == "BinaryTest" and test["X"]["Type"] == test["Y"]["Type"] == "Word":
            words += [self._word(test["X"]), Word(test["Op"], test["Op"]), self._word(test["Y"])]
        return self._plain(command, words)

    def _if(self, command: Node) -> Command:
        branches = []
        clause: Node | None = command
        while clause is not None and clause.get("Cond"):
            branches.append((self.items(clause["Cond"]), self.items(clause.get("Then"))))
            clause = clause.get("Else")
        return If(branches=tuple(branches), otherwise=None if clause is None else self.items(clause.get("Then")))

    def _while(self, command: Node) -> Command:
        return Loop(condition=self.items(command["Cond"]), body=self.items(command["Do"]))

    def _for(self, command: Node) -> Command:
        if command.get("Select"):
            raise UnfollowedError("select")
        read = Simple(words=(Word(":", ":"),), inner=self._inside(command["Loop"]), line=command["Pos"]["Line"])
        loop = Loop(condition=(), body=self.items(command["Do"]))
        if not read.inner:
            return loop
        return Block(items=tuple([Item(pipelines=(Pipeline(commands=(c,)),)) for c in (read, loop)]))

    def _case(self, command: Node) -> Command:
        if self._inside(command["Word"]):
            raise UnfollowedError("a command substitution in case")
        return Case(bodies=tuple([self.items(clause.get("Stmts")) for clause in command.get("Items") or ()]))

    def _function(self, command: Node) -> Command:
        return Function(name=command["Name"]["Value"], body=Block(items=(self._item(command["Body"]),)))

    # --- words ----------------------------------------------------------------------------------------------------

    def _word(self, node: Node) -> Word:
        parts = [_literal(part) for part in node.get("Parts") or ()]
        literal = "".join([part for part in parts if part is not None]) if None not in parts else None
        return Word(self._text(node), literal, self._inside(node))

    def _inside(self, node: Any) -> tuple[tuple[Item, ...], ...]:
        """The scripts of the command and process substitutions in a node, however deep, but not inside each other."""
        if isinstance(node, list):
            return tuple([script for child in node for script in self._inside(child)])
        if not isinstance(node, dict):
            return ()
        if node.get("Type") in ("CmdSubst", "ProcSubst"):
            return (self.items(node.get("Stmts")),)
        return tuple([script for child in node.values() for script in self._inside(child)])

    def _text(self, node: Node) -> str:
        start, end = node["Pos"].get("Offset", 0), node["End"].get("Offset", 0)
        return self.data[start:end].decode("utf-8", "replace").strip()


def _literal(part: Node) -> str | None:
    """The value of one part of a word; None when something is expanded in it."""
    kind, value = part["Type"], str(part.get("Value") or "")
    if kind == "Lit":
        return _ESCAPED.sub(lambda found: "" if found[1] == "\n" else found[1], value)
    if kind == "SglQuoted":
        return None if part.get("Dollar") or _STANDS_FOR_EXPRESSION.search(value) else value
    if kind == "DblQuoted":
        inner = part.get("Parts") or ()
        if part.get("Dollar") or any(p["Type"] != "Lit" for p in inner):
            return None
        text = "".join([str(p.get("Value") or "") for p in inner])
        return _ESCAPED_IN_QUOTES.sub(lambda found: "" if found[1] == "\n" else found[1], text)
    return None


_COMMANDS: dict[str, Callable[[_Reader, Node], Command]] = {
    "Block": lambda reader, node: Block(items=reader.items(node.get("Stmts"))),
    "Subshell": lambda reader, node: Block(items=reader.items(node.get("Stmts")), subshell=True),
    "IfClause": _Reader._if, "WhileClause": _Reader._while, "ForClause": _Reader._for, "CaseClause": _Reader._case,
    "FuncDecl": _Reader._function, "ArithmCmd": _Reader._arithmetic, "TestClause": _Reader._test,
    "DeclClause": _Reader._declare,
    "LetClause": lambda reader, node: reader._plain(node, [Word("let", "let")]),
    # A pipeline or list as one command of another: `time a | b && c` has no other way to stand.
    "BinaryCmd": lambda reader, node: Block(items=(reader._item({"Cmd": node}),)),
}  # fmt: skip
