"""MyBatis mappers: SQL in XML with tags that put it together, read on the paths it can take."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import unescape

from lints.extract.chains.mybatis_examples import CALLS
from lints.extract.facts import Call, Confidence, Extraction, Function, Hole, Problem, Statement
from lints.extract.sqltext import starts_like_sql
from lints.extract.suppressions import suppressions
from lints.patterns import regex
from lints.schema.go_names import snake

MAX_DEPTH, MAX_VARIANTS, MAX_TEXT = 40, 8, 60_000
_TOKEN = regex(
    r"<!--.*?(?:-->|\Z)|<!\[CDATA\[(?P<data>.*?)(?:\]\]>|\Z)|<[?!][^<>]*>"
    r"|<(?P<close>/)?(?P<tag>[A-Za-z]\w*)(?P<rest>(?:[^<>\"']++|\"[^\"<]*+\"|'[^'<]*+')*+)>",
    re.DOTALL,
)
_ATTRIBUTE = regex(r"(\w+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_NAMESPACE = regex(r"<mapper\s[^<>]*\bnamespace\s*=\s*[\"']([\w.$-]+)[\"']")
_VALUE = regex(r"#\{\s*([\w.\[\]]+)[^{}]*\}")
_SPLICED = regex(r"\$\{\s*([^{}]*)\}")
_OPENS = regex(r"\s*(?:values\s*)?\(\s*", re.IGNORECASE)
_SEGMENT = regex(r"ew\.\w*[sS]egment|^\s*(?:params\.)?dataScope\b")
_TABLE = regex(r"\b(?:from|update)\s+[`\"]?(\w+)", re.IGNORECASE)
_STATEMENTS = frozenset({"select", "insert", "update", "delete"})
_SILENT = frozenset({"selectKey", "bind", "property"})


@dataclass(slots=True)
class _Node:
    tag: str
    attributes: Mapping[str, str]
    start: int
    children: list[_Node | str] = field(default_factory=list)
    end: int = 0


def extract_mapper(path: str, data: bytes) -> Extraction:
    """The statements of a mapper; one with tags has a variant for each path: all of its parts, none, each choice."""
    text = data.decode("utf-8", "replace")
    found = _NAMESPACE.search(text)
    if found is None:
        return Extraction(path=path, language="mybatis", suppressions=suppressions(path, data))
    problems: list[Problem] = []
    root = _tree(text)
    if root is None:
        reason = "nested too deeply to be followed, or its tags are not closed"
        problems.append(Problem(path=path, line=1, reason=reason, whole_file=False))
        root = _Node("", {}, 0)
    tops = [child for top in root.children if isinstance(top, _Node) for child in (top, *top.children)]
    nodes = [node for node in tops if isinstance(node, _Node)]
    fragments = {node.attributes.get("id", ""): node for node in nodes if node.tag == "sql"}
    statements: list[Statement] = []
    for node in nodes:
        if _by_example(node, found.group(1), fragments):
            continue  # whose conditions are those of the call, where it is judged
        made = _statement(path, text, found.group(1), node, fragments) if node.tag in _STATEMENTS else None
        if made is not None:
            statements.append(made)
        elif node.tag in _STATEMENTS:
            reason = f"what {node.attributes.get('id', node.tag)} runs can't be read as SQL"
            line = text.count("\n", 0, node.start) + 1
            problems.append(Problem(path=path, line=line, reason=reason, whole_file=False))
    return Extraction(
        path=path,
        language="mybatis",
        statements=tuple(statements),
        problems=tuple(problems),
        suppressions=suppressions(path, data),
    )


def _by_example(node: _Node, namespace: str, fragments: Mapping[str, _Node]) -> bool:
    """Whether MyBatis Generator has made a statement, of the table that the mapper is called by: what it asks for is
    put together by each caller (`lints.extract.chains.mybatis_examples`)."""
    if "Example_Where_Clause" not in fragments or CALLS.fullmatch(node.attributes.get("id", "")) is None:
        return False
    said = _TABLE.search(" ".join(child for child in node.children if isinstance(child, str)))
    return said is not None and said.group(1).lower() == snake(namespace.rpartition(".")[2].removesuffix("Mapper"))


def stated(text: str) -> list[str]:
    """The statement of an annotation (`@Select`) on each of its paths; tags are read inside `<script>` only."""
    script = re.fullmatch(r"\s*<script>(.*)</script>\s*", text, re.DOTALL)
    root = _tree(script.group(1)) if script is not None else _Node("", {}, 0, [text])
    if root is None:
        return [text]
    found: list[str] = []
    for way in (_Path(True, 0, {}), _Path(False, -1, {})):
        written = way.render(root.children, {}, 0)
        if written not in found:
            found.append(written)
    return found


def _tree(text: str) -> _Node | None:
    root = _Node("", {}, 0)
    stack = [root]
    position = 0
    for token in _TOKEN.finditer(text):
        stack[-1].children.append(unescape(text[position : token.start()]))
        position = token.end()
        tag, rest = token.group("tag"), token.group("rest") or ""
        if token.group("data") is not None:
            stack[-1].children.append(token.group("data"))
        elif tag is None:
            continue
        elif token.group("close"):
            if len(stack) < 2 or stack[-1].tag != tag:
                return None
            stack.pop().end = token.end()
        else:
            attributes = {name: unescape(one or two) for name, one, two in _ATTRIBUTE.findall(rest)}
            node = _Node(tag, attributes, token.start(), end=token.end())
            stack[-1].children.append(node)
            if not rest.rstrip().endswith("/"):
                stack.append(node)
                if len(stack) > MAX_DEPTH:
                    return None
    return root if len(stack) == 1 else None


def _statement(path: str, text: str, namespace: str, node: _Node, fragments: Mapping[str, _Node]) -> Statement | None:
    whens = max((len([c for c in one.children if isinstance(c, _Node)]) for one in _choices(node)), default=0)
    paths = [_Path(True, 0, fragments), _Path(False, -1, fragments)]
    paths += [_Path(True, number, fragments) for number in range(1, min(whens, MAX_VARIANTS - 2))]
    texts: list[str] = []
    holes: list[Hole] = []
    for way in paths:
        written = re.sub(r"[ \t\r\f\v]+", " ", way.render(node.children, {}, 0)).strip()
        if starts_like_sql(written) is not None and written not in texts:
            texts.append(written)
            holes = holes or [Hole(marker=marker, source=source, bound=False) for marker, source in way.holes]
    if not texts:
        return None
    line, end_line = text.count("\n", 0, node.start) + 1, text.count("\n", 0, node.end) + 1
    column = node.start - (text.rfind("\n", 0, node.start) + 1) + 1
    name = node.attributes.get("id", "")
    shown = " ".join(texts[0][:1200].split())
    return Statement(
        path=path,
        line=line,
        column=column,
        end_line=end_line,
        end_column=node.end - (text.rfind("\n", 0, node.end) + 1) + 1,
        sql=texts[0],
        variants=tuple(texts),
        snippet=shown if len(shown) <= 200 else shown[:199] + "…",
        language="mybatis",
        confidence=Confidence.EXECUTED,
        call=Call(receiver=namespace.rpartition(".")[2], method=name, arguments=(), line=line),
        function=Function(name=name, line=line, parameters=()),
        holes=tuple(holes),
    )


def _choices(node: _Node) -> Iterable[_Node]:
    stack = [node]
    while stack:
        top = stack.pop()
        if top.tag == "choose":
            yield top
        stack.extend(child for child in top.children if isinstance(child, _Node))


@dataclass(slots=True)
class _Path:
    """One way through the tags: conditions hold or don't, the n-th alternative of a choice (-1: the last, or none)."""

    holds: bool
    choice: int
    fragments: Mapping[str, _Node]
    holes: list[tuple[str, str]] = field(default_factory=list)
    size: int = 0

    def render(self, children: Iterable[_Node | str], given: Mapping[str, str], depth: int) -> str:
        out: list[str] = []
        for child in children:
            if self.size > MAX_TEXT or depth > MAX_DEPTH:
                break
            out.append(self._text(child, given) if isinstance(child, str) else self._node(child, given, depth))
        return "".join(out)

    def _text(self, text: str, given: Mapping[str, str]) -> str:
        self.size += len(text)
        text = _VALUE.sub(lambda found: " :" + re.sub(r"\W", "_", found.group(1)).strip("_") + " ", text)
        return _SPLICED.sub(lambda found: self._spliced(found.group(1), given), text)

    def _spliced(self, source: str, given: Mapping[str, str]) -> str:
        held = given.get(source.strip())
        if held is not None:
            return held
        marker = f"__hole_{len(self.holes)}__"
        self.holes.append((marker, source.strip()))
        return f" /*{marker}*/ " if _SEGMENT.search(source) else marker

    def _node(self, node: _Node, given: Mapping[str, str], depth: int) -> str:
        tag = node.tag
        self.size += 20  # fragments can include each other
        if tag in _SILENT or (tag == "if" and not self.holds):
            return " "
        if tag == "choose":
            ways = [child for child in node.children if isinstance(child, _Node)]
            last = [way for way in ways if way.tag == "otherwise"]
            chosen = last[:1] if self.choice < 0 else ways[min(self.choice, len(ways) - 1) :][:1] if ways else []
            return self.render(chosen[0].children, given, depth + 1) if chosen else " "
        if tag == "include":
            fragment = self.fragments.get(node.attributes.get("refid", "").rpartition(".")[2])
            if fragment is None:
                return self._spliced(node.attributes.get("refid", "include"), {})
            told = {
                c.attributes.get("name", ""): c.attributes.get("value", "")
                for c in node.children
                if isinstance(c, _Node) and c.tag == "property"
            }
            return self.render(fragment.children, {**given, **told}, depth + 1)
        inner = self._inside(node, given, depth)
        if tag == "foreach":
            return f" {node.attributes.get('open', '')} {inner} {node.attributes.get('close', '')} "
        if tag in {"where", "set", "trim"}:
            return _trimmed(tag, node.attributes, inner)
        return f" {inner} "

    def _inside(self, node: _Node, given: Mapping[str, str], depth: int) -> str:
        """The content of a tag. What a list in brackets, or a loop, is made of is there: without it there would be no
        statement. Of a loop's alternatives every turn gives one, so that its separator stands between them."""
        listed = node.tag == "foreach" and node.attributes.get("separator", "").strip() == "," and _only_ifs(node)
        holds = self.holds
        opens = node.tag == "trim" and _OPENS.fullmatch(node.attributes.get("prefix", "")) is not None
        self.holds = holds or listed or opens
        try:
            if not listed:
                return self.render(node.children, given, depth + 1)
            parts = [self._node(child, given, depth + 1).strip() for child in node.children if isinstance(child, _Node)]
            return " , ".join(part for part in parts if part)
        finally:
            self.holds = holds


def _only_ifs(node: _Node) -> bool:
    """Whether a tag holds several conditions and nothing else."""
    inner = [child for child in node.children if isinstance(child, _Node) or child.strip()]
    return len(inner) > 1 and all(isinstance(child, _Node) and child.tag == "if" for child in inner)


def _trimmed(tag: str, attributes: Mapping[str, str], inner: str) -> str:
    """What `<where>`, `<set>` and `<trim>` make of their content: nothing of nothing, no stray `AND`, no last comma."""
    inner = inner.strip()
    if not inner:
        return " "
    if tag == "where":
        return " WHERE " + re.sub(r"^(?:AND|OR)\b", "", inner, flags=re.IGNORECASE) + " "
    if tag == "set":
        return f" SET {inner.rstrip().rstrip(',')} "
    for word in attributes.get("prefixOverrides", "").split("|"):
        if word.strip() and re.match(rf"{re.escape(word.strip())}(?!\w)", inner, re.IGNORECASE):
            inner = inner[len(word.strip()) :]
            break
    for word in attributes.get("suffixOverrides", "").split("|"):
        if word.strip() and inner.rstrip().lower().endswith(word.strip().lower()):
            inner = inner.rstrip()[: -len(word.strip())]
            break
    return f" {attributes.get('prefix', '')} {inner} {attributes.get('suffix', '')} "
