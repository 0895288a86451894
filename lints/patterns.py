"""Regular expressions that are compiled when they are asked first: a scan of a few files asks one in ten of them."""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast

_ASKED = ("search", "match", "fullmatch", "finditer", "findall", "sub", "subn", "split")


class _Later:
    """Stands for a compiled expression, and has what that has from the first question on."""

    def __init__(self, expression: str | bytes, flags: int) -> None:
        self._given = expression, flags

    def __getattr__(self, name: str) -> Any:
        compiled: Any = re.compile(*self._given)
        self.__dict__.update({asked: getattr(compiled, asked) for asked in _ASKED})
        return getattr(compiled, name)


def regex(expression: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """What `re.compile` gives, later. One that can't be compiled says so when it is asked: a test asks them all."""
    return cast("re.Pattern[AnyStr]", _Later(expression, flags))
