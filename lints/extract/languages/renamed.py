"""What is imported under another name, as a variable that holds it by its own: `import { boats as dbBoats }`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lints.extract.ir import Assign, Name, Span, Stmt


def renamed(found: Iterable[tuple[str, str, str]], source: bytes, where: Span) -> tuple[Stmt, ...]:
    """`found`: (name here, module, name there). What the file calls is a function, which is found by its import."""
    return tuple(
        Assign(here, Name(there, where), False, where)
        for here, _, there in found
        if here != there
        and there not in {"", "default", "*"}
        and re.search(rb"(?<![\w.])" + re.escape(here.encode()) + rb"\s*[(<`]", source) is None
    )
