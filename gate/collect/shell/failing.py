"""Does the failure of a command reach whoever runs the script? The rules of `set -e`, pipelines, lists and conditions.

Each command that matters is followed from where it stands to the end of the script, as if it failed and every other
command succeeded. What loses its failure is named; what can't be followed counts as losing it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto

from gate.collect.shell.parser import parse
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
    simple_commands,
)  # fmt: skip

MAX_CALLS = 20
_LEAVING = frozenset({"exit", "return", "exec", "trap", "break", "continue"})
# What a failing gate may exit with.
CODES = (1, 2, 3, 130)


class At(Enum):
    """Where a followed failure is: the status of the last command (which `set -e` acts on, or in QUIET does not),
    kept in a variable, returned from a function, the end of the script, or nowhere any more."""

    STATUS = auto()
    QUIET = auto()
    KEPT = auto()
    RETURNED = auto()
    ENDED = auto()
    LOST = auto()


@dataclass(slots=True, kw_only=True)
class Failure:
    """A command that matters, and what became of its failure."""

    text: str
    line: int
    at: At = At.STATUS
    lost_by: str | None = None
    variable: str | None = None
    kept_by: Item | None = None
    sticky: bool = False
    """The variable is set only on failure, so that a later turn of a loop does not set it back."""

    def lose(self, by: str) -> None:
        if self.at not in (At.ENDED, At.LOST):
            self.at, self.lost_by = At.LOST, by


@dataclass(slots=True, kw_only=True)
class _Shell:
    """The state of a shell as far as it decides about failures."""

    matters: Callable[[Simple], str | None]
    mentions: Callable[[str], bool]
    errexit: bool
    pipefail: bool
    ignored: bool = False
    """Inside a condition, where `set -e` does nothing."""
    calls: int = 0
    functions: dict[str, Block] = field(default_factory=dict)
    overrides: list[str] = field(default_factory=list)
    """What decides the exit status whatever happened: a trap that exits, a function in the place of the command."""

    def inner(self) -> _Shell:
        return replace(self, functions=dict(self.functions))


def follow(
    script: str,
    matters: Callable[[Simple], str | None],
    mentions: Callable[[str], bool],
    *,
    errexit: bool,
    pipefail: bool,
) -> list[Failure]:
    """Every command that matters, with `lost_by` set where its failure does not end the script with a failure.

    `matters` says "" for a command whose failure matters, a reason when it is lost by the command itself, else None;
    `mentions` is asked of text that is run as a script and can't be read. Raises UnfollowedError.
    """
    shell = _Shell(matters=matters, mentions=mentions, errexit=errexit, pipefail=pipefail)
    found = _list(parse(script), shell)
    for failure in found:
        if failure.at is At.KEPT:
            failure.lose(f"{failure.variable}=$?, which decides nothing afterwards")
        elif failure.at is At.RETURNED:
            failure.lose("return outside a function")
        for override in shell.overrides:
            failure.at = At.STATUS
            failure.lose(override)
    return found


def _list(items: Sequence[Item], shell: _Shell) -> list[Failure]:
    found: list[Failure] = []
    over = False
    for index, item in enumerate(items):
        following = items[index + 1] if index + 1 < len(items) else None
        for earlier in found:
            if earlier.at is At.KEPT and item is not earlier.kept_by:
                _use(earlier, item)
        new = _item(item, shell)
        for failure in new:
            if over:
                failure.at = At.STATUS
                failure.lose("an exit before it")
            elif item.background:
                failure.lose("& (in the background)")
            elif failure.at is At.STATUS and shell.errexit and not shell.ignored:
                failure.at = At.ENDED
            elif failure.at in (At.STATUS, At.QUIET) and following is not None:
                _hand_over(failure, item, following, shell)
        found += new
        over = over or _leaves(item)
    return found


def _hand_over(failure: Failure, item: Item, following: Item, shell: _Shell) -> None:
    """The next command of a list sees the failure only as `$?`."""
    command = _only(following)
    if command is not None and command.name == "exit" and _exit_fails(command, first=True):
        failure.at = At.ENDED
    elif command is not None and (kept := _keeps(command)):
        failure.at, failure.variable, failure.kept_by = At.KEPT, kept, following
    elif failure.at is At.QUIET:
        failure.lose(f"{item.operators[-1] if item.operators else '&&'} with more commands after it")
    else:
        failure.lose("a condition, where set -e does nothing" if shell.ignored else "set +e")


def _item(item: Item, shell: _Shell) -> list[Failure]:
    """An and-or list: `a && b || c`."""
    found: list[Failure] = []
    for index, pipeline in enumerate(item.pipelines):
        last = index == len(item.pipelines) - 1
        outer, shell.ignored = shell.ignored, shell.ignored or not last
        new = _pipeline(pipeline, shell)
        shell.ignored = outer
        for failure in new:
            if failure.at in (At.STATUS, At.QUIET) and not last:
                _operators(failure, item, index, shell)
        found += new
    return found


def _operators(failure: Failure, item: Item, index: int, shell: _Shell) -> None:
    """`&&` skips what follows it; `||` runs it."""
    while index < len(item.operators) and failure.at in (At.STATUS, At.QUIET):
        if item.operators[index] == "&&":
            failure.at = At.QUIET
        else:
            last = index + 1 == len(item.operators)
            _handler(failure, item.pipelines[index + 1], shell, last=last)
            if not last:
                failure.lose("|| with more after it")  # unless it ended everything
        index += 1


def _handler(failure: Failure, pipeline: Pipeline, shell: _Shell, *, last: bool) -> None:
    """What stands after `||`, run because the command failed."""
    failure.at = At.STATUS if last else At.QUIET
    command = pipeline.commands[0]
    if pipeline.negated or len(pipeline.commands) != 1 or not isinstance(command, Simple | Block):
        failure.lose("||")
    elif isinstance(command, Block):
        _after_failure(failure, command.items, shell, first=True, by="||")
        if command.subshell:
            _ended_inside([failure])
    else:
        _after_failure(failure, (Item(pipelines=(pipeline,)),), shell, first=True, by="||")


def _after_failure(failure: Failure, items: Sequence[Item], shell: _Shell, *, first: bool, by: str) -> None:
    """Commands that run because of the failure: one must exit with a failure, the last one fail, or a variable keep it.

    `first`: the first command's `$?` is still the failure. Only plain commands are followed; one inside something else
    that could leave (exit, return …) loses the failure.
    """
    kept: str | None = None
    for index, item in enumerate(items):
        at_first, at_last = first and index == 0, index == len(items) - 1
        command = _only(item)
        if command is None:
            if kept is not None and _decides(item, kept) == "exits":
                failure.at = At.ENDED
                return
            if any(c.name in _LEAVING or c.name in shell.functions for p in item.pipelines for c in _commands(p)):
                failure.lose(by)
                return
        elif command.name in ("exit", "return") and _exit_fails(command, first=at_first, kept=kept):
            failure.at = At.ENDED if command.name == "exit" else At.RETURNED
            return
        elif command.name in _LEAVING or command.name in shell.functions:
            break
        elif (at_first and (name := _keeps(command))) or (at_last and (name := _marks(command))):
            kept = name
        elif at_last and command.name == "false":
            return
    if kept is not None and command is not None and command.name not in _LEAVING:
        failure.at, failure.variable, failure.sticky = At.KEPT, kept, True
    else:
        failure.lose(f"{by} {command.text}"[:40] if command is not None else by)


def _pipeline(pipeline: Pipeline, shell: _Shell) -> list[Failure]:
    if len(pipeline.commands) == 1:
        outer, shell.ignored = shell.ignored, shell.ignored or pipeline.negated
        found = _command(pipeline.commands[0], shell)
        shell.ignored = outer
    else:
        found = []
        for index, command in enumerate(pipeline.commands):
            new = _ended_inside(_command(command, shell.inner()))
            for failure in new:
                if index < len(pipeline.commands) - 1 and not shell.pipefail:
                    failure.lose("a pipe without pipefail")
                elif failure.at is At.QUIET:
                    failure.at = At.STATUS
            found += new
    if pipeline.negated:
        for failure in found:
            failure.lose("!")
    return found


def _ended_inside(found: list[Failure]) -> list[Failure]:
    """What ended a subshell is its status; what it kept in a variable is gone."""
    for failure in found:
        if failure.at in (At.ENDED, At.QUIET, At.RETURNED):
            failure.at = At.STATUS
        elif failure.at is At.KEPT:
            failure.lose(f"{failure.variable}=$? inside a subshell")
    return found


def _command(command: Command, shell: _Shell) -> list[Failure]:
    match command:
        case Simple():
            return _simple(command, shell)
        case Block(items=items, subshell=True):
            return _ended_inside(_list(items, shell.inner()))
        case Block(items=items):
            return _list(items, shell)
        case If():
            return _if(command, shell)
        case Loop(condition=condition, body=body):
            return _loop(condition, body, shell)
        case Case(bodies=bodies):
            return [failure for body in bodies for failure in _list(body, shell)]
        case Function():
            shell.functions[command.name] = command.body
            if shell.mentions(f"{command.name} check"):
                shell.overrides.append(f"a function named {command.name}")
            return []


def _if(command: If, shell: _Shell) -> list[Failure]:
    found: list[Failure] = []
    for index, (condition, body) in enumerate(command.branches):
        negated = len(condition) == 1 and len(condition[0].pipelines) == 1 and condition[0].pipelines[0].negated
        if negated:
            plain = replace(condition[0].pipelines[0], negated=False)
            condition = (replace(condition[0], pipelines=(plain,)),)
        outer, shell.ignored = shell.ignored, True
        asked = _list(condition, shell)
        shell.ignored = outer
        for failure in asked:
            if failure.at not in (At.STATUS, At.QUIET):
                continue
            failure.at = At.STATUS
            if negated:
                _after_failure(failure, body, shell, first=False, by="a condition")
            elif index + 1 == len(command.branches) and command.otherwise is not None:
                _after_failure(failure, command.otherwise, shell, first=True, by="a condition")
            else:
                failure.lose("a condition")
        found += asked + _list(body, shell)
    return found + _list(command.otherwise or (), shell)


def _loop(condition: Sequence[Item], body: Sequence[Item], shell: _Shell) -> list[Failure]:
    outer, shell.ignored = shell.ignored, True
    asked = _list(condition, shell)
    shell.ignored = outer
    for failure in asked:
        failure.lose("the condition of a loop")
    found = _list(body, shell)
    for failure in found:
        if failure.at in (At.STATUS, At.QUIET):
            failure.lose("a loop that goes on")
        elif failure.at is At.KEPT:
            names = [name for c in simple_commands(tuple(body)) for name, _ in c.assignments]
            if not failure.sticky or names.count(str(failure.variable)) > 1:
                failure.lose(f"{failure.variable}=$?, which the next turn of the loop overwrites")
    return asked + found


def _simple(command: Simple, shell: _Shell) -> list[Failure]:
    found = _substitutions(command, shell)
    name = (command.name or "").rsplit("/", 1)[-1]
    arguments = [word.literal for word in command.words[1:]]
    if name == "set":
        _set(arguments, shell)
    elif name == "trap":
        _trap(arguments, shell)
    elif name == "alias":
        shell.overrides += [command.text[:60]] if shell.mentions(command.text.replace("=", " check ")) else []
    elif name == "eval" or (name in _SHELLS and any(re.match("-[A-Za-z]*c", a or "") for a in arguments)):
        if shell.mentions(command.text):
            found.append(_lost(command, f"{name}, whose text is not followed"))
    elif command.name in shell.functions:
        found += _call(str(command.name), shell)
    lost = shell.matters(command)
    if lost is not None:
        found.append(_lost(command, lost) if lost else Failure(text=command.text, line=command.line))
    return found


def _lost(command: Simple, by: str) -> Failure:
    return Failure(text=command.text, line=command.line, at=At.LOST, lost_by=by)


_SHELLS = frozenset({"bash", "sh", "dash", "zsh", "ksh", "ash"})
_SETTING = frozenset(
    {"read", "unset", "let", "((", "eval", "mapfile", "readarray", "local", "export", "declare", "readonly", "typeset"}
)


def _substitutions(command: Simple, shell: _Shell) -> list[Failure]:
    found: list[Failure] = []
    passes = not command.words and len(command.assignments) == 1 and len(command.inner) == 1
    passes = passes and command.assignments[0][1].raw.strip('"').startswith(("$(", "`"))
    for items in command.inner:
        inside = shell.inner()
        inside.errexit = False  # bash switches it off in there
        new = _ended_inside(_list(items, inside))
        for failure in new:
            if not passes:
                failure.lose("a command substitution")
        found += new
    return found


def _set(arguments: Sequence[str | None], shell: _Shell) -> None:
    for index, argument in enumerate(arguments):
        if argument is None or argument == "--":
            return
        on = argument.startswith("-")
        if argument[:1] not in ("-", "+"):
            continue
        if "e" in argument[1:]:
            shell.errexit = on
        if argument.endswith("o") and index + 1 < len(arguments):
            if arguments[index + 1] == "errexit":
                shell.errexit = on
            elif arguments[index + 1] == "pipefail":
                shell.pipefail = on


def _trap(arguments: Sequence[str | None], shell: _Shell) -> None:
    if not {"EXIT", "0", "ERR", "SIGEXIT"} & {str(a).upper() for a in arguments[1:]}:
        return
    action = arguments[0] or "exit"  # what can't be read may be one
    names = set(re.findall(r"[\w-]+", action))
    bodies = [c for n in names & set(shell.functions) for c in simple_commands(shell.functions[n].items)]
    if "exit" in names or any(c.name in ("exit", "exec") for c in bodies):
        shell.overrides.append("a trap that exits")


def _call(name: str, shell: _Shell) -> list[Failure]:
    if shell.calls >= MAX_CALLS:
        raise UnfollowedError(f"the function {name} calls itself")
    shell.calls += 1
    found = _list(shell.functions[name].items, shell)
    shell.calls -= 1
    for failure in found:
        if failure.at is At.RETURNED:
            failure.at = At.STATUS
    return found


# --- what single commands do --------------------------------------------------------------------------------------


def _only(item: Item) -> Simple | None:
    """The simple command that is all there is to an item."""
    pipeline = item.pipelines[0]
    command = pipeline.commands[0]
    alone = len(item.pipelines) == 1 and len(pipeline.commands) == 1 and not pipeline.negated and not item.background
    return command if alone and isinstance(command, Simple) and not command.inner else None


def _commands(pipeline: Pipeline) -> list[Simple]:
    return list(simple_commands((Item(pipelines=(pipeline,)),)))


def _exit_fails(command: Simple, *, first: bool, kept: str | None = None) -> bool:
    """Whether this `exit` or `return` fails. `first`: `$?` is still the failure; `kept`: the variable that holds it."""
    if len(command.words) == 1:
        return first
    argument = command.words[1]
    if argument.variable is not None:
        return first if argument.variable == "?" else kept is not None and argument.variable == kept
    return argument.literal is not None and argument.literal.isascii() and argument.literal.isdigit() and int(
        argument.literal[-6:]
    ) % 256 != 0  # fmt: skip


def _keeps(command: Simple) -> str | None:
    """The variable of `name=$?`."""
    if command.words or len(command.assignments) != 1:
        return None
    name, value = command.assignments[0]
    return name if value.variable == "?" else None


def _marks(command: Simple) -> str | None:
    """The variable of `name=1`: something that says that it failed."""
    if command.words or len(command.assignments) != 1:
        return None
    name, value = command.assignments[0]
    return name if value.literal is not None and re.fullmatch(r"[1-9][0-9]?", value.literal) else None


def _leaves(item: Item) -> bool:
    command = _only(item)
    return command is not None and command.name in ("exit", "return", "exec") and len(command.words) + len(
        command.assignments
    ) > (1 if command.name == "exec" else 0)  # fmt: skip


def _use(failure: Failure, item: Item) -> None:
    """What an item does with the variable that keeps the failure."""
    variable = str(failure.variable)
    decided = _decides(item, variable)
    if decided == "exits":
        failure.at = At.ENDED
    elif decided == "loses":
        failure.lose(f"{variable}=$?, which is set anew or decides otherwise")


def _decides(item: Item, variable: str) -> str | None:
    """`exits`: with the variable as any failing code, this item ends the script with a failure. `loses`: the variable
    is set anew, or the script ends with another status. None: it has nothing to do with it."""
    command = _only(item)
    if command is not None and command.name == "exit":
        return "exits" if _exit_fails(command, first=False, kept=variable) else "loses"
    steps = _guarded(item)
    if steps is not None:
        condition, when, body = steps
        holds = {_holds(condition, variable, code) for code in CODES}
        leaving = next((c for i in body if (c := _only(i)) is not None and c.name == "exit"), None)
        if holds == {when} and leaving is not None:
            return "exits" if _exit_fails(leaving, first=False, kept=variable) else "loses"
        if holds == {not when} and not _touches(item, variable):
            return None
    inside = list(simple_commands((item,)))
    if _touches(item, variable) or any(c.name in ("exit", "exec") for c in inside):
        return "loses"
    return None


def _touches(item: Item, variable: str) -> bool:
    """Whether the item may set the variable."""
    for command in simple_commands((item,)):
        if any(name == variable for name, _ in command.assignments):
            return True
        if command.name in _SETTING and variable in command.text:
            return True
    return False


def _guarded(item: Item) -> tuple[Simple, bool, Sequence[Item]] | None:
    """`test || exit`, `test && exit` and `if test; then …`: the test, the answer on which the rest runs, the rest."""
    first = item.pipelines[0]
    command = first.commands[0]
    if item.background or len(first.commands) != 1:
        return None
    if isinstance(command, Simple) and len(item.pipelines) == 2:
        rest = item.pipelines[1]
        body: Sequence[Item] = (Item(pipelines=(rest,)),)
        if len(rest.commands) == 1 and isinstance(rest.commands[0], Block) and not rest.commands[0].subshell:
            body = rest.commands[0].items
        return command, (item.operators[0] == "&&") ^ first.negated, body
    if isinstance(command, If) and len(item.pipelines) == 1 and len(command.branches) == 1 and not first.negated:
        condition, body = command.branches[0]
        if len(condition) == 1 and len(condition[0].pipelines) == 1 and not condition[0].background:
            asked = condition[0].pipelines[0]
            if len(asked.commands) == 1 and isinstance(asked.commands[0], Simple):
                return asked.commands[0], not asked.negated, body
    return None


_COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "-ne": lambda a, b: a != b, "-eq": lambda a, b: a == b, "-gt": lambda a, b: a > b, "-ge": lambda a, b: a >= b,
    "-lt": lambda a, b: a < b, "-le": lambda a, b: a <= b, "!=": lambda a, b: a != b, "=": lambda a, b: a == b,
    "==": lambda a, b: a == b, ">": lambda a, b: a > b, "<": lambda a, b: a < b,
}  # fmt: skip


def _holds(test: Simple, variable: str, code: int) -> bool | None:
    """The answer of `[ "$name" -ne 0 ]` or `(( name != 0 ))` for a value of the variable; None when it is not one."""
    if test.name == "((":
        found = re.fullmatch(r"\(\(\s*\$?(\w+)\s*(?:([!=<>]=?)\s*([0-9]{1,3})\s*)?\)\)", test.text)
        if found is None or found[1] != variable:
            return None
        return _COMPARISONS[found[2]](code, int(found[3])) if found[2] in _COMPARISONS else code != 0
    words = list(test.words)
    if test.name in ("[", "[[") and words[-1].literal in ("]", "]]"):
        words.pop()
    if test.name not in ("[", "[[", "test") or len(words) != 4 or words[1].variable != variable:
        return None
    operator, operand = str(words[2].literal), words[3].literal
    if operator not in _COMPARISONS or operand is None or not re.fullmatch("[0-9]{1,3}", operand):
        return None
    return _COMPARISONS[operator](code, int(operand))
