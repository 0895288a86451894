"""Byte offsets of a file as lines and columns."""

from __future__ import annotations

import re
from bisect import bisect_right


class Lines:
    """Both count from 1; columns count characters. Offsets on one long line are cheapest asked in growing order."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._starts = [0, *[match.end() for match in re.finditer(b"\n", data)]]
        self._ascii = data.isascii()
        self._known = (0, 0)
        """An offset, and the number of characters between its line's start and it."""

    def line(self, offset: int) -> int:
        return bisect_right(self._starts, offset)

    def start(self, line: int) -> int:
        """The offset at which a line begins."""
        return self._starts[min(max(line, 1), len(self._starts)) - 1]

    def position(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._starts, offset)
        start = self._starts[line - 1]
        if self._ascii:
            return line, offset - start + 1
        known, characters = self._known
        if not start <= known <= offset:
            known, characters = start, 0
        characters += len(self._data[known:offset].decode("utf-8", "replace"))
        self._known = (offset, characters)
        return line, characters + 1
