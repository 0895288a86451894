"""The call a text is handed to, as facts: receiver, method, arguments, and where the receiver came from."""

from __future__ import annotations

from lints.extract import binding
from lints.extract.environment import Env
from lints.extract.facts import Call
from lints.extract.ir import Closure, Expr, Invoke, Name, Other
from lints.extract.recorder import Recorder
from lints.extract.values import Gap


def described(notes: Recorder, call: Invoke, env: Env) -> Call:
    """The facts of a call; texts are source, cut at 200 characters."""
    receiver = notes.text(call.receiver.span) if call.receiver is not None else ""
    texts = [notes.text(argument.span)[:200] for argument in call.arguments]
    texts += [f"{name}={notes.text(value.span)[:200]}" for name, value in call.keywords]
    return Call(
        receiver=" ".join(receiver.split())[:200],
        method=call.method,
        arguments=(*texts[:12], *(binding.bound(notes, call) if call.method in binding.PREPARES else ())),
        line=notes.lines.line(call.span[0]),
        receiver_origin=origin_of(notes, call.receiver, env) if call.receiver is not None else None,
    )


def origin_of(notes: Recorder, receiver: Expr, env: Env) -> str | None:
    """The call that a receiver came from."""
    if isinstance(receiver, Other) and len(receiver.parts) == 1:
        receiver = receiver.parts[0]  # `forTenant(id).boat`
    path = receiver.path if isinstance(receiver, Name) else None
    while path:
        value = env.find(path)
        if isinstance(value, Gap) and value.origin is not None:
            return value.origin
        path = path.rpartition(".")[0]
    return notes.text(receiver.span)[:200] if isinstance(receiver, Invoke) else None


def head_of(notes: Recorder, call: Invoke) -> str:
    """The arguments of a call up to the first function among them, as source."""
    parts: list[str] = []
    for argument in call.arguments:
        if isinstance(argument, Closure):
            parts.append("…")
            break
        parts.append(notes.text(argument.span))
    return f"({', '.join(parts)})"
