"""Source bytes to a syntax tree, within bounds: size, time, encoding. What is refused says why."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from typing import cast

from tree_sitter import Language, Parser, Point, Tree

from lints.patterns import regex

MAX_NUL = 16
MAX_BYTES = 2 * 1024 * 1024
MAX_LINE = 40_000
MAX_PACKED = 1024 * 1024
"""A larger script that is one line for the most part is a bundler's output."""
PARSE_SECONDS = 2.0

LANGUAGES = {
    ".py": "python",
    ".pyi": "python",
    ".ts": "typescript",
    ".mts": "typescript",
    ".cts": "typescript",
    ".tsx": "tsx",
    ".js": "javascript",
    ".mjs": "javascript",
    ".cjs": "javascript",
    ".jsx": "javascript",
    ".go": "go",
    ".java": "java",
    ".cs": "c_sharp",
    ".rb": "ruby",
    ".rake": "ruby",
    ".php": "php",
    ".kt": "kotlin",
    ".kts": "kotlin",
    ".sql": "sql",
    ".stg": "stringtemplate",
}
"""File name endings that are analysed, and the language of each."""
_MAPPER = regex(
    r"(?:mapper|dao|sqlmap|mapping)\.xml$"
    r"|(?:^|/)(?:[\w-]*mappers?|mappings?|[\w-]*(?:my|i)batis[\w-]*|sql-?maps?|daos?)/[^\n]*\.xml$",
    re.IGNORECASE,
)
"""Mappers of MyBatis, by their names or folders."""

_GRAMMARS = {
    "python": ("tree_sitter_python", "language"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
    "tsx": ("tree_sitter_typescript", "language_tsx"),
    "javascript": ("tree_sitter_javascript", "language"),
    "go": ("tree_sitter_go", "language"),
    "java": ("tree_sitter_java", "language"),
    "c_sharp": ("tree_sitter_c_sharp", "language"),
    "ruby": ("tree_sitter_ruby", "language"),
    "php": ("tree_sitter_php", "language_php"),
    "kotlin": ("tree_sitter_kotlin", "language"),
}


def language_of(path: str) -> str | None:
    """The language of a path by its ending, or None: not a source file that is analysed."""
    stem, dot, ending = path.rpartition(".")
    ending = dot + ending.lower()
    if ending in LANGUAGES:
        return LANGUAGES[ending] if stem.rpartition("/")[2].strip(".") else None
    return "mybatis" if ending == ".xml" and _MAPPER.search(path) is not None else None


@lru_cache(maxsize=16)
def _grammar(language: str) -> Language:
    module, function = _GRAMMARS[language]
    return Language(cast("Callable[[], int]", getattr(import_module(module), function))())


def parse(language: str, data: bytes) -> Tree | None:
    """The syntax tree, or None if it took more CPU time than `PARSE_SECONDS`."""
    deadline = time.process_time() + PARSE_SECONDS

    def read(offset: int, _point: Point) -> bytes:
        return data[offset : offset + 65_536]

    def late(_offset: int, _has_error: bool) -> bool:
        return time.process_time() > deadline

    try:
        return Parser(_grammar(language)).parse(read, progress_callback=late)
    except ValueError:
        return None


def prepared(language: str, data: bytes) -> bytes:
    """The bytes to parse, of the same length: type arguments before a template literal are blanked out.

    The TypeScript grammar has no tagged template with type arguments (``sql<Row[]>`…```) and would read comparisons.
    """
    if language not in {"typescript", "tsx"} or b">`" not in data:
        return data
    out = bytearray(data)
    for match in re.finditer(rb"(?<!=)>\s*`", data):
        close = match.start()
        opened = _opening(data, close)
        if opened is not None:
            out[opened : close + 1] = re.sub(rb"[^\n]", b" ", data[opened : close + 1])
    return bytes(out)


def _opening(data: bytes, close: int) -> int | None:
    """The `<` that belongs to the `>` at `close`, if it follows a name and nothing between looks like a statement."""
    depth = 0
    for position in range(close, max(-1, close - 2_000), -1):
        byte = data[position]
        if byte == 0x3E and data[position - 1 : position] != b"=":
            depth += 1
        elif byte == 0x3C:
            depth -= 1
            if depth == 0:
                before = data[position - 1 : position]
                within = data[position:close]
                named = before.isalnum() or before in {b"_", b"$"}
                return position if named and b"&&" not in within and b"||" not in within else None
        elif byte == 0x60:
            return None
    return None


def without_stray_nul(data: bytes) -> bytes:
    """Text that holds a few NUL bytes, inside a string for instance, with another control character for each: grammars
    take NUL for the end of the file. No SQL parser takes either for anything, so that neither makes a proof."""
    if not 0 < data.count(b"\0") <= MAX_NUL:
        return data
    try:
        data.decode()
    except UnicodeDecodeError:
        return data
    return data.replace(b"\0", b"\x01")


def refusal(data: bytes) -> str | None:
    """Why a file is not analysed before anything looks into it, or None."""
    if len(data) > MAX_BYTES:
        return f"larger than {MAX_BYTES // 1024} KiB ({len(data) // 1024} KiB)"
    if b"\0" in data:
        return "contains a NUL byte: binary, or not in an encoding that is read"
    return None


def packed(language: str | None, data: bytes) -> str | None:
    """Why a bundler's output is not analysed, or None: it would take longer than a file is given."""
    if language not in {"javascript", "typescript", "tsx"} or len(data) <= MAX_PACKED:
        return None
    longest = max(map(len, data.splitlines()))
    if 2 * longest <= MAX_PACKED:
        return None
    return f"minified: one line of {longest:,} bytes (source.exclude takes it out)"


def conflict_line(data: bytes) -> int | None:
    """The line of an unresolved merge conflict, or None."""
    if b"<<<<<<< " not in data or b"\n>>>>>>> " not in data:
        return None
    for number, line in enumerate(data.split(b"\n"), 1):
        if line.startswith(b"<<<<<<< "):
            return number
    return None
