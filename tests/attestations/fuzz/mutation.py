"""Changes to JSON documents that keep them nearly right: fields dropped, moved, doubled, retyped; Base64 seen through."""

from __future__ import annotations

import base64
import copy
import json
from random import Random
from typing import Any

ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**53, 2**64, 1e308, "", " ", "0", "-1", "18446744073709551616", "\x00", "\u202e", "\ud800",
    "é", "e\u0301", "A" * 4096, [], {}, [[]], [None], {"": ""}, "MAYCAQECAQE=", "AAAA", "====", "SHA256:", "../..",
    "2026-02-30T00:00:00Z", "9999-12-31T23:59:59Z", "https://slsa.dev/provenance/v1", "application/vnd.in-toto+json",
)  # fmt: skip


def mutated(document: Any, chance: Random) -> Any:
    """A copy with one to four changes."""
    changed = copy.deepcopy(document)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 4))):
        places = list(_places(changed))
        if not places:
            return chance.choice(ODD)
        holder, key = chance.choice(places)
        _change(holder, key, places, chance)
    return changed


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Each member of each object and array, as its holder and its name or index."""
    found: list[tuple[Any, Any]] = []
    stack = [value]
    while stack:
        item = stack.pop()
        keys = list(item) if isinstance(item, dict) else range(len(item)) if isinstance(item, list) else ()
        for key in keys:
            found.append((item, key))
            stack.append(item[key])
    return found


def _change(holder: Any, key: Any, places: list[tuple[Any, Any]], chance: Random) -> None:
    value = holder[key]
    kind = chance.randrange(8)
    if kind == 0:
        del holder[key]
    elif kind == 1:
        other, name = chance.choice(places)
        if name in other if isinstance(other, dict) else name < len(other):
            holder[key] = copy.deepcopy(other[name])
    elif kind == 2 and isinstance(holder, list):
        holder.extend([copy.deepcopy(value)] * chance.choice((1, 2, 40)))
    elif kind == 3 and isinstance(holder, dict):
        holder[chance.choice(("x", "", str(key) + " ", str(key).upper(), "__proto__"))] = value
    elif isinstance(value, str) and kind > 3:
        holder[key] = _text(value, chance)
    else:
        holder[key] = copy.deepcopy(chance.choice(ODD))


def _text(value: str, chance: Random) -> Any:
    """Within Base64 the bytes are changed, and within JSON in Base64 the document."""
    try:
        data = base64.b64decode(value, validate=True)
    except ValueError:
        data = b""
    if len(data) < 8 or not chance.randrange(4):
        position = chance.randrange(len(value) + 1)
        return (
            value[:position]
            + chance.choice(("", "=", "\n", "A", "_", "/", "\u0661"))
            + value[position + chance.randrange(2) :]
        )
    try:
        inner = json.loads(data)
    except ValueError:
        return base64.b64encode(flipped(data, chance)).decode()
    changed = json.dumps(mutated(inner, chance), separators=(",", ":"), sort_keys=True)
    return base64.b64encode(changed.encode("utf-8", "surrogatepass")).decode()


def flipped(data: bytes, chance: Random) -> bytes:
    """Bits turned, bytes cut, doubled or put in."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 8))):
        if not changed:
            break
        position = chance.randrange(len(changed))
        kind = chance.randrange(5)
        if kind < 2:
            changed[position] ^= 1 << chance.randrange(8)
        elif kind == 2:
            del changed[position : position + chance.choice((1, 2, 16, 512))]
        elif kind == 3:
            changed[position:position] = changed[position : position + chance.choice((1, 8, 512))]
        else:
            changed[position:position] = bytes([chance.choice((0, 1, 0x7F, 0x80, 0xFF, 0x22, 0x5C, 0x7B))])
    return bytes(changed)


def dumped(document: Any) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode("utf-8", "surrogatepass")
