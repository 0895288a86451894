"""Entities of Entity Framework: sets of a context, classes and what they inherit, configurations, query filters.

Read as text, not parsed: names, properties and the calls of a configuration are all that is wanted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TYPE_CHECKING

from lints.extract.chains import mongo_csharp
from lints.patterns import regex
from lints.schema import query_filters
from lints.tenancy import Origin

if TYPE_CHECKING:
    from lints.schema.compiled_models import Found

DECLARES = regex(
    rb"\bDbSet<|\bITable<|\{\s*get;|HasQueryFilter|IEntityTypeConfiguration<|\brecord\s+\w+\s*\(|\.Entity<\w|\bthis\s+IQueryable<"
    rb"|\bIMongoCollection<|\bMongo\w*<|\[(?:Sugar)?Table\(|\bClassMap<"
    rb"|\babstract\s+(?:partial\s+)?(?:class|record)\s+\w+[^{};]{0,80}:"
)
_SET = regex(r"\b(?:DbSet|ITable)<(?:\w+\.)*(\w+)>\??\s+(\w+)\s*(?:\{|=>)")
_CONFIGURED = regex(r"\bIEntityTypeConfiguration<(?:\w+\.)*(\w+)>|\b\w+\.Entity<(?:\w+\.)*(\w+)>\s*\(")
_TO_TABLE = regex(r"\.ToTable\(\s*(?:\"(\w+)\"|nameof\((?:\w+\.)*(\w+)\))")
_NAMED = regex(r"\.Property\(\s*\w+\s*=>\s*\w+\.(\w+)\s*\)[^;]{0,300}?\.HasColumnName\(\s*\"(\w+)\"")
_SNAPSHOT = regex(r"\.Entity\(\s*\"(?:\w+\.)*(\w+)\"\s*,\s*\w+\s*=>")
"""What the last migration left of an entity: the names that its conventions gave to the table and the columns."""
_STORED_AS = regex(
    r"\.Property<([^\n]{1,120})>\(\"(\w+)\"\)(?:[^;\"]{0,200}(?:\"[^\"]*\"[^;\"]{0,60}){0,6}?\.HasColumnName\(\"(\w+)\"\))?"
)
_REFERS = regex(r"\.HasOne\(\"(?:\w+\.)*(\w+)\"[^;]{0,300}?\.HasForeignKey\(\"(\w+)\"\)")
_CONFINED = regex(r"\"Finbuckle:MultiTenant\",\s*true")
_HAS_KEY = regex(r"\.HasKey\(\s*\w+\s*=>\s*(?:(\w+\.\w+)\s*\)|new\s*\{([^{}]{1,200})\})")
_MULTI_TENANT = regex(r"\.IsMultiTenant\(\)")
_CLASS = regex(
    r"^[ \t]*(?:\[(?:[^\[\]\n]|\[[^\[\]\n]{0,80}\]){1,300}\][ \t]*){0,6}"
    r"(?:(?:public|internal|private|protected|sealed|abstract|partial|static|file)\s+)*"
    r"(?:class|record(?:\s+class)?)\s+(\w+)(?:<[^>{\n]{0,80}>)?\s*(\((?:[^()]|\([^()]*\)){0,2000}\))?\s*(?::\s*([^{;]{1,500}))?",
    re.MULTILINE,
)
_PROPERTY = regex(
    r"(?:^|[{;}\]])[ \t]*public[ \t]{1,20}(?:(?:virtual|required|override|new)[ \t]{1,20})*"
    r"(\w[\w.<>?\[\], ]{0,79}?)[ \t]{1,20}(\w+)\s*"
    r"\{\s*(?:\[[^\]]*\]\s*)?get\b",
    re.MULTILINE,
)
_POSITIONAL = regex(r"(?:\[[^\]]*\]\s*)*([\w.<>?]{1,80})\s+(\w+)\s*(?:=[^,]*)?(?:,|$)")
_TABLE = regex(r"\[(?:Sugar)?Table\(\s*(?:Name\s*=\s*)?\"(\w+)\"")
_MARKED = regex(r"\[(?:Sugar)?Table\([^\]\n]{1,200}\][^;{}]{0,600}?\b(?:class|record)\s+(\w+)", re.DOTALL)
_MAPPED = regex(r"\bClassMap<(?:\w+\.)*(\w+)>")
_MAPPED_TABLE = regex(r"^\s*Table\(\s*\"(\w+)\"", re.MULTILINE)
_COLUMN = regex(
    r"[\[,]\s*(?:Column|SugarColumn|Map)\(\s*(?:[^()\"]{0,80}?\b(?:Name|ColumnName|DbName)\s*=\s*)?\"(\w+)\""
)
_KEYED = regex(r"[\[,]\s*(?:Explicit)?Key\b|\bPrimaryKey\b|\bIsPrimary(?:Key)?\s*=\s*true|\[Primary\b")
_NOT_STORED = regex(r"\bNotMapped\b|\bNotColumn\b|\bIs(?:Only)?Ignore\s*=\s*true|\[Ignore\b|\bWrite\(false\)")
_FOREIGN = regex(r"\[ForeignKey\(\s*(?:\"(\w+)\"|nameof\((?:\w+\.)*(\w+)\))")
_MAPPED_BY = regex(r"\b(?:Map|Id|References)\(\s*\w+\s*=>\s*\w+\.(\w+)\s*(?:,\s*\"(\w+)\"\s*)?\)([^;]{0,300});")
_BY_COLUMN = regex(r"\.Column\(\s*\"(\w+)\"")
_COLLECTION = regex(
    r"(?:\w+\.)*(?:I?Collection|I?List|IEnumerable|HashSet|ISet|IReadOnly\w+|ObservableCollection)<(?:\w+\.)*(\w+)"
)
_TENANT_INTERFACE = regex(r"(?:IMultiTenant|IMustHaveTenant|IMayHaveTenant|IHaveTenant|IHasTenant|ITenantScoped)\w*")
_EXTENSION = regex(
    r"\bstatic\s+I(?:Ordered)?Queryable<(?:\w+\.)*(\w+)>\s+(\w+)(?:<[^<>{}]{0,80}>)?"
    r"\(\s*this\s+I(?:Ordered)?Queryable<[\w.]{1,80}>\s+(\w+)\s*[,)]"
)
_ADDED = regex(r"\s*\.\s*(\w+)(?:<[^<>()]{1,80}>)?\(")
_NO_CONDITION = regex(r"As\w+|(?:Then)?Include|OrderBy\w*|ThenBy\w*|Skip|Take|Distinct|TagWith\w*")
_MAX_CONDITION = 600


@dataclass(slots=True)
class _Class:
    name: str
    path: str
    line: int
    bases: tuple[str, ...]
    marks: str
    properties: list[tuple[str, str, int, str]] = field(default_factory=list)
    """(name, type, line, what stands on it)."""


@dataclass(slots=True)
class _Left:
    """What a snapshot of the model says of a class. `columns`: property to (column, type); `references`: property of
    a key to class; `confined`: where a library that confines its rows is told."""

    table: str = ""
    line: int = 1
    confined: str = ""
    columns: dict[str, tuple[str, str]] = field(default_factory=dict)
    references: dict[str, str] = field(default_factory=dict)


def read(texts: Mapping[str, str], found: dict[str, Found]) -> None:
    """Add the entities of `.cs` files, by class name."""
    from lints.schema.compiled_models import Found

    sources = {path: text for path, text in texts.items() if path.endswith(".cs")}
    sets: dict[str, str] = {}
    homes: dict[str, str] = {}
    configured: dict[str, list[tuple[str, str, int]]] = {}
    automatic: dict[str, Mapping[str, str]] = {}
    extensions: dict[str, dict[str, tuple[str, ...]]] = {}
    documented: dict[str, str] = {}
    marked: dict[str, str] = {}
    fluent: dict[str, dict[str, str]] = {}
    left: dict[str, _Left] = {}
    for path, text in sources.items():
        if path.endswith("ModelSnapshot.cs"):
            _snapshots(path, text, left)
            continue
        for name in mongo_csharp.documents(text) if "Mongo" in text else ():
            documented.setdefault(name, path)
        for of, name, compared in _extensions(text):
            extensions.setdefault(of, {})[name] = compared
        for name, label in _SET.findall(text):
            sets[name], homes[name] = label, path
        for name in _MARKED.findall(text) if "Table(" in text else ():
            marked.setdefault(name, path)
        of_map = _MAPPED.search(text)
        if of_map is not None:  # Fluent NHibernate
            marked.setdefault(of_map.group(1), path)
            fluent.setdefault(of_map.group(1), {}).update(_mapped_columns(text))
            stated = _MAPPED_TABLE.search(text)
            sets.setdefault(of_map.group(1), stated.group(1) if stated is not None else of_map.group(1))
        for name, body, start in _configurations(text):
            homes.setdefault(name, path)
            configured.setdefault(name, []).append((path, body, text.count("\n", 0, start) + 1))
        if "QueryFilter" in text:
            for base, columns in query_filters.automatic(path, text, sources):
                automatic[base] = {**columns, **automatic.get(base, {})}
    homes = {**marked, **homes}
    wanted = {*sets, *configured, *marked}
    if not wanted and not documented:
        return
    classes: dict[str, list[_Class]] = {}
    for path, text in sources.items():
        for made in _classes(path, text):
            classes.setdefault(made.name, []).append(made)
    for name in sorted(documented.keys() - wanted):
        parts = _inherited(name, documented[name], classes)
        if any(part.name == name for part in parts):
            origin = Origin(path=parts[0].path, line=parts[0].line, why=f"document {name}")
            document = found.setdefault(name, Found(name, "", "document", origin, mapped=False))
            for part in parts:
                _properties(document, part, set())
    for name in sorted(wanted):
        inherited = _inherited(name, homes[name], classes)
        parts = [part for part in inherited if part.name == name]
        if not parts:
            continue
        said = next((m.group(1) for part in parts if (m := _TABLE.search(part.marks))), None)
        origin = Origin(path=parts[0].path, line=parts[0].line, why=f"entity {name}")
        snapshot = left.get(name, _Left())
        entity = Found(name, said or snapshot.table or sets.get(name, name), "ef", origin, also=sets.get(name, ""))
        for part in inherited:
            _properties(entity, part, wanted)
            for base in part.bases:
                confined = automatic.get(base, {})
                if base not in automatic and _TENANT_INTERFACE.fullmatch(base):
                    confined = {"*": f"{part.path}: {base}"}
                entity.scopes |= {column: place for column, place in confined.items() if column not in entity.scopes}
            if "[MultiTenant" in part.marks:
                entity.scopes.setdefault("*", f"{part.path}: MultiTenant")
        for column, place in automatic.get("", {}).items():
            if any(kept == column for kept, _, _ in entity.columns.values()):
                entity.scopes.setdefault(column, place)
        _as_left(entity, snapshot, wanted)
        for path, body, line in configured.get(name, []):
            _configure(entity, path, body, line)
        for attribute, column in fluent.get(name, {}).items():
            if attribute in entity.columns:
                kept = entity.columns[attribute][0]
                entity.columns[attribute] = (column, *entity.columns[attribute][1:])
                entity.keys = tuple(column if key == kept else key for key in entity.keys)
        generic = (added for of, added in extensions.items() if re.fullmatch(r"T(?:[A-Z]\w*)?", of))
        for added in (*generic, extensions.get(name, {})):
            entity.methods.update(added)
        for relation, (column, target, line) in entity.references.items():
            stored = entity.columns.get(column)  # `StoreId`, which may be stored under another name
            entity.references[relation] = (stored[0] if stored is not None else column, target, line)
        found.setdefault(name, entity)
    for name in sorted(wanted):
        if name in found:
            _by_convention(found[name], found)


def _by_convention(entity: Found, found: Mapping[str, Found]) -> None:
    """`ICollection<Log> Logs` of a boat, and `BoatId` of a log that has no navigation back: the one refers to it."""
    for name in entity.inverse.values():
        other, key = found.get(name), f"{entity.name}Id"
        if other is None or other.kind != "ef" or key not in other.columns:
            continue
        column, _, line = other.columns[key]
        if all(target != entity.name and kept != column for kept, target, _ in other.references.values()):
            other.references[f"@{entity.name}"] = (column, entity.name, line)


def _configurations(text: str) -> Iterator[tuple[str, str, int]]:
    """(entity, text that configures it, where that begins)."""
    marks = list(_CONFIGURED.finditer(text))
    for position, mark in enumerate(marks):
        stop = marks[position + 1].start() if position + 1 < len(marks) else len(text)
        if mark.group(2) is not None:  # one statement, or the lambda in its brackets
            stop = min(stop, _end(text, mark.end() - 1))
        yield mark.group(1) or mark.group(2), text[mark.start() : stop], mark.start()


def _snapshots(path: str, text: str, left: dict[str, _Left]) -> None:
    """Add what a snapshot of the model says of each class."""
    marks = list(_SNAPSHOT.finditer(text))
    for position, mark in enumerate(marks):
        body = text[mark.end() : marks[position + 1].start() if position + 1 < len(marks) else len(text)]
        known = left.setdefault(mark.group(1), _Left())
        table = _TO_TABLE.search(body)
        if table is not None and table.group(1) and not known.table:
            known.table = table.group(1)
            known.line = text.count("\n", 0, mark.start()) + 1
            known.columns = {name: (column or name, kind) for kind, name, column in _STORED_AS.findall(body)}
            if _CONFINED.search(body) is not None:
                known.confined = f"{path}:{known.line}"
        for target, column in _REFERS.findall(body):
            known.references.setdefault(column, target)


def _as_left(entity: Found, left: _Left, wanted: set[str]) -> None:
    """Names that conventions gave, properties that no class declares, and whose rows a library confines."""
    for name, (column, kind) in left.columns.items():
        declared = entity.columns.get(name)
        if declared is None and all(name != key for key, _, _ in entity.references.values()):
            entity.columns[name] = (column, kind, entity.origin.line)
        elif declared is not None and declared[0] == name:
            entity.columns[name] = (column, *declared[1:])
            entity.keys = tuple(column if key == name else key for key in entity.keys)
    for column, target in left.references.items():
        if target in wanted and all(kept != column for kept, _, _ in entity.references.values()):
            entity.references[f"@{target}.{column}"] = (column, target, entity.origin.line)
    if left.confined:
        entity.scopes.setdefault("*", left.confined)


def _mapped_columns(text: str) -> Iterator[tuple[str, str]]:
    """(property, column) of `Map(x => x.TenantId).Column("tenant_id")` and `Map(x => x.TenantId, "tenant_id")`."""
    for found in _MAPPED_BY.finditer(text):
        name, beside, tail = found.groups()
        column = _BY_COLUMN.search(tail)
        if beside or column is not None:
            yield name, beside or (column.group(1) if column is not None else "")


def _extensions(text: str) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """(entity or type parameter, method, lambdas it compares by) of methods that do nothing but narrow a query."""
    for found in _EXTENSION.finditer(text) if "this I" in text else ():
        of, name, query = found.groups()
        closed = text.find(")", found.end() - 1)
        head = re.compile(r"\)\s*(?:where\s[^{};=]{1,200})?(?:=>|\{\s*return\b)\s*").match(text, closed)
        if head is None or not text.startswith(query, head.end()):
            continue
        at = head.end() + len(query)
        compared: list[str] = []
        while (call := _ADDED.match(text, at)) is not None:
            said = _inside(text, call.end())
            at = call.end() + len(said) + 1
            if call.group(1) == "Where" and said:
                compared.append(said.strip())
            elif _NO_CONDITION.fullmatch(call.group(1)) is None:
                break
        if re.match(r"\s*;", text[at : at + 20]) is not None:
            yield of, name, tuple(compared)


def _end(text: str, start: int) -> int:
    """The end of the statement around: the first semicolon outside brackets."""
    depth = 0
    for position in range(start, min(len(text), start + 20_000)):
        depth += {"(": 1, "{": 1, ")": -1, "}": -1}.get(text[position], 0)
        if depth <= 0 and text[position] == ";":
            return position
    return min(len(text), start + 20_000)


def _configure(entity: Found, path: str, body: str, line: int) -> None:
    table = _TO_TABLE.search(body)
    if table is not None:
        entity.table = table.group(1) or table.group(2)
    for name, column in _NAMED.findall(body):
        if name in entity.columns:
            entity.columns[name] = (column, *entity.columns[name][1:])
    keyed = _HAS_KEY.search(body)
    if keyed is not None:
        named = [part.rpartition(".")[2] for part in re.findall(r"[\w.]+", keyed.group(1) or keyed.group(2))]
        entity.keys = tuple(entity.columns.get(one, (one,))[0] for one in named)
    for found in re.finditer(r"\.HasQueryFilter\(\s*(?:\"[^\"]*\"\s*,\s*)?", body):
        said = _inside(body, found.end())
        one = re.fullmatch(r"\s*\(?\s*(\w+)\s*\)?\s*=>\s*(.+)", said, re.DOTALL)
        before = re.fullmatch(r"\s*(\w+)\s*=>\s*(.+)", entity.condition, re.DOTALL)
        if one is not None and before is not None:
            renamed = re.sub(rf"\b{re.escape(one.group(1))}\b", before.group(1), one.group(2))
            entity.condition = f"{before.group(1)} => ({before.group(2)}) && ({renamed})"
        elif one is not None:
            entity.condition = f"{one.group(1)} => {one.group(2)}"
        else:
            entity.scopes.setdefault("*", f"{path}:{line}")
    if _MULTI_TENANT.search(body) is not None:
        entity.scopes.setdefault("*", f"{path}:{line}")


def _inside(text: str, start: int) -> str:
    depth = 1
    for position in range(start, min(len(text), start + _MAX_CONDITION)):
        depth += {"(": 1, ")": -1}.get(text[position], 0)
        if depth == 0:
            return text[start:position]
    return ""


def _classes(path: str, text: str) -> Iterator[_Class]:
    heads = list(_CLASS.finditer(text))
    for position, head in enumerate(heads):
        stop = heads[position + 1].start() if position + 1 < len(heads) else len(text)
        marks = text[max(0, head.start() - 600) : head.start(1)].rpartition(";")[2].rpartition("}")[2]
        line = text.count("\n", 0, head.start(1)) + 1
        bases = tuple(
            base.strip().partition("<")[0].partition("(")[0].rpartition(".")[2].strip()
            for base in re.split(r",(?![^<(]*[>)])", re.sub(r"\bwhere\b.*", "", head.group(3) or "", flags=re.DOTALL))
            if base.strip()
        )
        made = _Class(head.group(1), path, line, bases, marks)
        for kind, name in _POSITIONAL.findall((head.group(2) or "")[1:-1]):
            made.properties.append((name, kind, line, ""))
        before = head.end()
        for member in _PROPERTY.finditer(text, head.end(), stop):
            marked = text[max(before, member.start() - 400) : member.start()].rpartition("}")[2].rpartition(";")[2]
            number = text.count("\n", 0, member.start(2)) + 1
            made.properties.append((member.group(2), member.group(1), number, marked))
            before = member.end()
        yield made


def _inherited(name: str, home: str, classes: Mapping[str, list[_Class]]) -> list[_Class]:
    """The parts of a class and of all it inherits from, nearest first.

    Of several classes of one name (an entity, what an API shows of it) the one nearest to `home` is meant.
    """
    out: list[_Class] = []
    waiting = [(name, home)]
    while waiting and len(out) < 50:
        wanted, near = waiting.pop(0)
        left = [part for part in classes.get(wanted, []) if all(part is not one for one in out)]
        if not left:
            continue
        closest = max(_shared(part.path, near) for part in left)
        parts = [part for part in left if _shared(part.path, near) == closest]
        out += parts
        waiting += [(base, part.path) for part in parts for base in part.bases]
    return out


def _shared(one: str, two: str) -> int:
    pairs = zip(one.split("/")[:-1], two.split("/")[:-1], strict=False)
    return len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))


def _properties(entity: Found, part: _Class, wanted: set[str]) -> None:
    for name, kind, line, marks in part.properties:
        plain = kind.strip().strip("?").rpartition(".")[2]
        if (marks and _NOT_STORED.search(marks) is not None) or name in entity.references:
            continue
        if (plain in wanted and plain != entity.name) or (plain == entity.name and name.startswith("Parent")):
            keyed = _FOREIGN.search(marks)
            entity.references[name] = (
                (keyed.group(1) or keyed.group(2)) if keyed is not None else f"{name}Id",
                plain,
                line,
            )
        elif (many := _COLLECTION.match(kind.strip())) is not None:
            if many.group(1) in wanted:
                entity.inverse.setdefault(name, many.group(1))
        elif not _COLLECTION.match(plain) and name not in entity.columns:
            column = _COLUMN.search(marks)
            entity.columns[name] = (column.group(1) if column is not None else name, kind.strip(), line)
            named = 2 if name == "Id" else int(name.lower() == f"{entity.name}id".lower())
            rank = 3 if _KEYED.search(marks) is not None else named
            if rank > entity.keyed:
                entity.keyed, entity.keys = rank, (entity.columns[name][0],)
