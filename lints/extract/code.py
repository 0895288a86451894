"""From a syntax tree to statements: which functions to follow, which sightings count, where each one stands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from importlib import import_module
from typing import cast

from tree_sitter import Node, Tree

from lints.extract import constants
from lints.extract.chains.paths import variants_of
from lints.extract.facts import Confidence, Hole, OrmCall, OrmStep, Problem, Statement
from lints.extract.glance import Glance
from lints.extract.interpret import Interpreter, TooLargeError
from lints.extract.ir import Func, Span, Stmt
from lints.extract.lines import Lines
from lints.extract.lower import Lowering
from lints.extract.parse import language_of, parse, prepared, refusal, without_stray_nul
from lints.extract.place import place, spelled
from lints.extract.recorder import Sighting
from lints.extract.sqltext import confidence, names, starts_like_cypher, starts_like_sql
from lints.extract.values import Lit, Step, literals, paths
from lints.patterns import regex

_WORD = regex(rb"[A-Za-z_$][\w$]*")
_FEW = 16
STRINGS = names(
    "string template_string concatenated_string interpreted_string_literal raw_string_literal string_literal"
    " verbatim_string_literal interpolated_string_expression heredoc_body text_block encapsed_string heredoc nowdoc"
    " multiline_string_literal line_string_literal"
)


def statements_of(
    path: str, data: bytes, language: str, parsed: Parsed, glance: Glance
) -> tuple[list[Statement], list[OrmCall], list[Problem]]:
    """Every statement and ORM call of a parsed file, in its order, that lies where `glance` says that one may."""
    problems: list[Problem] = []
    lines = Lines(data)
    interpreter = Interpreter(data, language, lines, orm=bool(glance.calls))
    wanted = _Wanted(data, glance, interpreter)
    try:
        interpreter.run(parsed.body, wanted)
    except TooLargeError:
        problems.append(
            Problem(path=path, line=1, reason="too many paths to follow; part of it was not analysed", whole_file=False)
        )
    except RecursionError:
        problems.append(Problem(path=path, line=1, reason="nested too deeply to be followed", whole_file=False))
    if parsed.lowering.too_deep is not None:
        line = lines.position(parsed.lowering.too_deep)[0]
        problems.append(Problem(path=path, line=line, reason="nested too deeply to be followed", whole_file=False))
    statements = _chosen(path, data, language, interpreter, lines)
    statements += _key_accesses(path, data, language, interpreter, lines)
    statements += _leftovers(path, data, language, parsed.tree, glance.texts, interpreter, lines)
    broken = _error_line(parsed.tree.root_node, glance.texts)
    if broken is not None:
        problems.append(
            Problem(
                path=path,
                line=broken,
                reason="not valid syntax around a statement; the rest of the file was analysed",
                whole_file=False,
            )
        )
    statements.sort(key=lambda s: (s.line, s.column, s.sql))
    return statements, _orm_calls(path, data, language, interpreter, lines), problems


def _orm_calls(path: str, data: bytes, language: str, interpreter: Interpreter, lines: Lines) -> list[OrmCall]:
    if interpreter.chains is None:
        return []
    found: dict[tuple[Span, tuple[tuple[OrmStep, ...], ...]], OrmCall] = {}
    for query, function in interpreter.chains.finished():
        last = next((step.span for step in reversed(query.steps) if isinstance(step, Step)), query.span)
        variants = variants_of(query)
        (line, column), (end_line, end_column) = (
            lines.position(query.span[0]),
            lines.position(max(last[1], query.span[1])),
        )
        made = OrmCall(
            path=path,
            line=line,
            column=column,
            end_line=end_line,
            end_column=end_column,
            snippet=snippet(data, (query.span[0], max(last[1], query.span[1]))),
            language=language,
            kind=query.kind,
            model=query.model,
            variants=variants,
            function=function,
            receiver=interpreter.chains.receivers.get(query.span, ("", None))[0],
            origin=interpreter.chains.receivers.get(query.span, ("", None))[1],
        )
        found.setdefault((query.span, variants), made)
    return sorted(found.values(), key=lambda call: (call.line, call.column, call.snippet))


_LOWERINGS = {
    "python": ("python", "PythonLowering"),
    "typescript": ("javascript", "TypeScriptLowering"),
    "tsx": ("javascript", "TsxLowering"),
    "javascript": ("javascript", "JavaScriptLowering"),
    "go": ("go", "GoLowering"),
    "java": ("java", "JavaLowering"),
    "c_sharp": ("csharp", "CSharpLowering"),
    "ruby": ("ruby", "RubyLowering"),
    "php": ("php", "PhpLowering"),
    "kotlin": ("kotlin", "KotlinLowering"),
}


def lowered(path: str, data: bytes) -> tuple[Stmt, ...] | None:
    """The module body of a file, or None if it can't be had: another language, too large, too slow to parse."""
    language = language_of(path)
    data = without_stray_nul(data)
    if language not in _LOWERINGS or refusal(data) is not None:
        return None
    tree = parse(language, prepared(language, data))
    return Parsed(language, data, tree).body if tree is not None else None


class Parsed:
    """A parsed file, lowered once for everybody who reads it; its functions are lowered when somebody asks."""

    def __init__(self, language: str, data: bytes, tree: Tree) -> None:
        self.tree = tree
        self.lowering = _lowering(language)(data)

    @cached_property
    def body(self) -> tuple[Stmt, ...]:
        """The statements of the module."""
        return self.lowering.module(self.tree.root_node)


def _lowering(language: str) -> type[Lowering]:
    module, name = _LOWERINGS[language]
    return cast("type[Lowering]", getattr(import_module(f"lints.extract.languages.{module}"), name))


class _Wanted:
    """Whether a function is worth following: a hit inside, or it mentions a name that holds SQL elsewhere."""

    def __init__(self, data: bytes, glance: Glance, interpreter: Interpreter) -> None:
        self.data = data
        self.glance = glance
        self.interpreter = interpreter
        self.names: set[bytes] = set()
        self.words: dict[Span, frozenset[bytes]] = {}

    def __call__(self, function: Func) -> bool:
        if self.glance.within(function.span):
            if function.name:
                self.names.add(function.name.encode())
            return True
        self.names |= self.interpreter.text_names
        if not self.names:
            return False
        words = self.words.get(function.span)
        if words is None:
            if len(self.names) <= _FEW and not any(self.data.find(n, *function.body_span) >= 0 for n in self.names):
                return False
            words = frozenset(_WORD.findall(self.data, *function.body_span))
            self.words[function.span] = words
        return not self.names.isdisjoint(words)


def _chosen(path: str, data: bytes, language: str, interpreter: Interpreter, lines: Lines) -> list[Statement]:
    """Of the sightings of each literal those that say most about it: executed before handed on before only written."""
    by_root: dict[Span, list[Sighting]] = {}
    for sighting in interpreter.notes.sightings:
        by_root.setdefault(sighting.root.span, []).append(sighting)
    out: list[Statement] = []
    inside = _embedded(by_root)
    for span, sightings in by_root.items():
        best = max(s.rank for s in sightings)
        if best <= inside.get(span, -2):
            continue
        shown = best == 0 and any(s.rank < 0 for s in sightings)
        kept = [s for s in sightings if s.rank == best]
        if best == 0:
            # Only written down: the longest form it takes is what the code builds.
            kept = [max(kept, key=lambda s: _weight(s))]
        seen: set[tuple[tuple[str, ...], str | None, str | None]] = set()
        for sighting in kept:
            made = _statement(path, data, language, sighting, span, lines, shown=shown)
            if made is None:
                continue
            call = made.call
            mark = (made.variants, call.method if call else None, call.receiver_origin if call else None)
            if mark not in seen:
                seen.add(mark)
                out.append(made)
    return out


def _key_accesses(path: str, data: bytes, language: str, interpreter: Interpreter, lines: Lines) -> list[Statement]:
    """Keys of Redis as statements `command key`, the key's gaps as `{source}`."""
    out: dict[tuple[int, str], Statement] = {}
    for sighting in interpreter.notes.keys:
        rendered, truncated = paths(sighting.value)
        command = (sighting.call.method if sighting.call is not None else "").lower()
        command = "del" if command == "delete" else command
        texts = tuple(
            f"{command} "
            + "".join(s.text if isinstance(s, Lit) else "{" + " ".join(s.source.split())[:80] + "}" for s in segments)
            for segments in rendered
        )
        span = sighting.root.span
        (line, column), (end_line, end_column) = lines.position(span[0]), lines.position(span[1])
        made = Statement(
            path=path,
            line=line,
            column=column,
            end_line=end_line,
            end_column=end_column,
            sql=texts[0],
            variants=texts,
            snippet=snippet(data, span),
            language=language,
            confidence=Confidence.EXECUTED,
            dialect_hint="redis",
            call=sighting.call,
            function=sighting.function,
            truncated=truncated,
        )
        out.setdefault((span[0], texts[0]), made)
    return list(out.values())


def _embedded(by_root: dict[Span, list[Sighting]]) -> dict[Span, int]:
    """Literals that became part of another statement, and how much is known of that statement's call."""
    found: dict[Span, int] = {}
    for span, sightings in by_root.items():
        for sighting in sightings:
            for literal in literals(sighting.value):
                if literal.span != span and literal.span in by_root:
                    found[literal.span] = max(found.get(literal.span, -2), sighting.rank)
    return found


def _weight(sighting: Sighting) -> int:
    return sum(1 for _ in literals(sighting.value))


def _statement(
    path: str, data: bytes, language: str, sighting: Sighting, span: Span, lines: Lines, *, shown: bool
) -> Statement | None:
    rendered, truncated = paths(sighting.value)
    texts: list[str] = []
    holes: tuple[Hole, ...] = ()
    hint: str | None = None
    for segments in rendered:
        plain, kept = spelled(segments)
        cypher = starts_like_cypher(plain)
        text, found = (plain, kept) if cypher else place(segments)
        if not cypher and (called := _CALLS.fullmatch(text)) is not None:
            text = called.group(1)
        if not cypher and language in {"javascript", "typescript", "tsx"}:
            text = _DRIVERS.sub(_driver_marker, text)
        if not cypher and language in constants.LANGUAGES:
            local = sighting.function.parameters if sighting.function is not None else ()
            text = constants.marked(text, found, local)
        if text in texts or (not cypher and starts_like_sql(text) is None):
            continue
        hint = "cypher" if cypher else "clickhouse" if _TYPED.search(text) is not None else hint
        if not texts:
            holes = found
        texts.append(text)
        if len(found) > len(holes):
            holes = found
    if not texts:
        return None
    method = sighting.call.method if sighting.call is not None else None
    sure = max((confidence(text, method) for text in texts), key=_SURE.index)
    if shown:
        sure = Confidence.PROSE
    (line, column), (end_line, end_column) = lines.position(span[0]), lines.position(span[1])
    return Statement(
        path=path,
        line=line,
        column=column,
        end_line=end_line,
        end_column=end_column,
        sql=texts[0],
        variants=tuple(texts),
        snippet=snippet(data, span),
        language=language,
        confidence=sure,
        dialect_hint=hint,
        call=sighting.call,
        function=sighting.function,
        holes=holes,
        truncated=truncated,
    )


_CALLS = regex(r"\s*\{\s*(?:\?\s*=\s*)?(call\b[^{}]*)\}\s*", re.IGNORECASE)
"""How JDBC and ODBC write what a procedure is called with: `{? = call moor(?)}`."""
_DRIVERS = regex(r"\$(?:<|\(|\[|/)\s*([\w.]{1,60})\s*(:\w+|[\^~#])?\s*[>)\]/]|\?\?(?![\w(])")


def _driver_marker(found: re.Match[str]) -> str:
    """Markers of pg-promise (`$<id>`, `$(id)`) and knex (`??`): a value travels, a name or raw text is put in."""
    name, how = found.groups()
    if name is None or how in {":raw", ":name", ":alias", ":value", "^", "~", "#"}:
        return "__hole_99__"
    return f":{name.replace('.', '_')}"


_TYPED = regex(r"\{\s*\w+\s*:\s*[A-Z]\w*(?:\([\w\s,()']{0,60}\))?\s*\}")
"""A parameter with its type, as only ClickHouse writes it: `{boat: UUID}`, `{ids: Array(String)}`."""

_SURE = (Confidence.PROSE, Confidence.LIKELY, Confidence.EXECUTED)


def snippet(data: bytes, span: Span) -> str:
    """The source of a span on one line, at most 200 characters."""
    text = " ".join(data[span[0] : min(span[1], span[0] + 1200)].decode("utf-8", "replace").split())
    return text if len(text) <= 200 else text[:199] + "…"


def _leftovers(
    path: str,
    data: bytes,
    language: str,
    tree: Tree,
    hits: Sequence[int],
    interpreter: Interpreter,
    lines: Lines,
) -> list[Statement]:
    """Literals with SQL in places the lowering does not look at: no silence, but nothing known of their call."""
    out: list[Statement] = []
    done: set[Span] = set(interpreter.seen)
    for hit in hits:
        node = _string_at(tree.root_node, hit)
        if node is None or (node.start_byte, node.end_byte) in done:
            continue
        span = (node.start_byte, node.end_byte)
        done.add(span)
        text = data[span[0] : span[1]].decode("utf-8", "replace").strip("\"'`@$#rRbBuUfF\n ")
        cypher = starts_like_cypher(text)
        if not cypher and starts_like_sql(text) is None:
            continue
        (line, column), (end_line, end_column) = lines.position(span[0]), lines.position(span[1])
        out.append(
            Statement(
                path=path,
                line=line,
                column=column,
                end_line=end_line,
                end_column=end_column,
                sql=text,
                variants=(text,),
                snippet=snippet(data, span),
                language=language,
                confidence=confidence(text, None),
                dialect_hint="cypher" if cypher else None,
            )
        )
    return out


def _string_at(root: Node, offset: int) -> Node | None:
    """The outermost string literal around an offset."""
    cursor = root.walk()
    while True:
        node = cursor.node
        if node is not None and node.type in STRINGS:
            return node
        if cursor.goto_first_child_for_byte(offset) is None:
            return None


def _error_line(root: Node, hits: Sequence[int]) -> int | None:
    """The line of the first syntax error that a text with SQL lies in: what is read of it may be incomplete."""
    if not root.has_error:
        return None
    for hit in hits:
        cursor = root.walk()
        while True:
            node = cursor.node
            if node is None or not node.has_error:
                break
            if node.is_error:
                return int(node.start_point[0]) + 1
            if cursor.goto_first_child_for_byte(hit) is None:
                break
    return None
