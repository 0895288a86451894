"""One file by itself: its statements, and what the model and the reports need of its bytes later on."""

from __future__ import annotations

from dataclasses import dataclass

from lints.extract import Extraction, extract, language_of
from lints.schema.order import defines_schema, in_migrations
from lints.schema.paths import path_class, says_generated

MAX_QUOTED_LINES, MAX_QUOTED = 200, 16_000
_IN_CODE = (".py", ".ts", ".js", ".mjs", ".cjs", ".go", ".rb", ".php", ".java", ".kt", ".cs")
_MODELS_IN_TYPESCRIPT = (".ts", ".tsx", ".js", ".mts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The lines `line` to `end_line` as they stand in a file, at most 200 of them and 16,000 characters."""

    line: int
    end_line: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What is known of one file without knowing any other."""

    extraction: Extraction
    defines_schema: bool = False
    generated: bool = False
    quotes: tuple[Quote, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing in it to judge or to tell."""
        found = self.extraction
        return found.analysed and not (found.statements or found.calls or found.problems or found.suppressions)


def examine(path: str, data: bytes) -> Examined:
    """Everything about one file of a known language. Never raises for what is in it; see `extract`."""
    found = extract(path, data)
    return Examined(
        extraction=found,
        defines_schema=defines_schema(path, data),
        generated=says_generated(data),
        quotes=_quotes(found, data),
    )


def may_make_schema(path: str, data: bytes) -> bool:
    """Whether a file may be one of those that the model is made of (`lints.schema.sources`); in doubt it is."""
    lower = path.lower()
    if lower.endswith(".sql"):
        return defines_schema(path, data)
    if path.endswith((".prisma", "db/schema.rb")):
        return True
    if path.endswith(_IN_CODE) and (in_migrations(path) or "/migrate/" in f"/{path}" or b"down_revision" in data):
        return True
    if path.endswith(".py"):
        return path_class(path) == "source" and _models_in_python(data)
    return path.endswith(_MODELS_IN_TYPESCRIPT) and path_class(path) == "source" and _models_in_typescript(data)


def could_make_schema(path: str) -> bool:
    """The same by the name alone: False for what no byte of it can make a schema source."""
    return path.lower().endswith(".sql") or path.endswith((".prisma", *_IN_CODE, *_MODELS_IN_TYPESCRIPT))


def of_interest(path: str) -> bool:
    """Whether a file is read at all: as source code, or for the model."""
    return language_of(path) is not None or could_make_schema(path)


def _models_in_python(data: bytes) -> bool:
    # The words are searched at the speed of memory; the expression, which is slow, decides only where one occurs.
    words = (b"models.", b"__tablename__", b"Table(", b"declared_attr", b"Column(", b"mapped_column(", b"table")
    if not any(word in data for word in words):
        return False
    from lints.schema.python_models import DECLARES

    return DECLARES.search(data) is not None


def _models_in_typescript(data: bytes) -> bool:
    if not any(word in data for word in (b"Entity", b"Table", b"Schema")):
        return False
    from lints.schema.typescript_models import DECLARES

    return DECLARES.search(data) is not None


def _quotes(found: Extraction, data: bytes) -> tuple[Quote, ...]:
    spans = sorted({*((s.line, s.end_line) for s in found.statements), *((c.line, c.end_line) for c in found.calls)})
    if not spans:
        return ()
    utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    lines = data.decode("utf-16" if utf16 else "utf-8", "replace").split("\n")
    return tuple(Quote(line=start, end_line=end, text=_quoted(lines, start, end)) for start, end in spans)


def _quoted(lines: list[str], start: int, end: int) -> str:
    kept: list[str] = []
    size = 0
    for line in lines[start - 1 : min(end, start - 1 + MAX_QUOTED_LINES)]:
        size += len(line) + 1
        if size > MAX_QUOTED:
            break
        kept.append(line.removesuffix("\r"))
    return "\n".join(kept)
