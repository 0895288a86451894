"""Entities of Java and Kotlin: classes of JPA and of MyBatis-Plus, tables of Exposed, and what repositories are of.

Read line by line, not parsed: names, columns, keys and references are all that is wanted, and they stand on lines of
their own in every project that a formatter has touched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from lints.extract import string_template
from lints.patterns import regex
from lints.schema import jvm_conditions
from lints.schema.facts import Entity
from lints.tenancy import Origin

if TYPE_CHECKING:
    from lints.schema.compiled_models import Found

_WORDS = (
    b"@Entity", b"@MappedSuperclass", b"@MappedEntity", b"RepositoryBase<",
    b"@Table", b"@TenantId", b"@FilterDef", b"Repository<", b"Mapper<", b"MapperX<",
    b"IService<", b"ServiceImpl<", b"TenantLineInnerInterceptor", b'Table("', b"IdTable(", b"PanacheEntity",
    b"EntityClass<", b"Table() {", b"TableName() {", b"Repository {", b"Repository{", b"org.ktorm.",
)  # fmt: skip
_ENDINGS = ("Constants.java", "Constants.kt")
_HEADER = regex(
    r"^\s*(?:@[\w.]+(?:\([^()]*\))?\s*)*(?:(?:public|open|data|abstract|final|sealed|internal)\s+)*"
    r"(?P<what>class|interface)\s+(?P<name>\w+)"
)
_OBJECT = regex(
    r"^\s*(?:internal\s+)?object\s+(?P<name>\w+)\s*:\s*(?P<base>\w*Table)\s*(?:<[^<>]{1,60}>)?\s*\(\s*(?:name\s*=\s*)?(?:\"(?P<table>[\w.]+)\")?"
)
_FIELD = regex(
    r"^\s*(?:@[\w.]+(?:\([^()]*\))?\s+)*(?:(?:private|protected|public)\s+)"
    r"(?:(?:final|volatile)\s+)*([\w.<>, \[\]?]{1,80}?)\s+(\w+)\s*"
    r"(?:=[^;]*)?;|^\s*(?:@[\w.:]+(?:\([^()]*\))?\s+)*(?:(?:private|override|lateinit|protected|open|final)\s+)*va[lr]\s+(\w+)\s*"
    r"(?::\s*([\w.<>?, ]{1,80})|=\s*\w+<([\w.<>?, ]{1,80})>\()"
)
_EXPOSED = regex(r"^\s*val\s+(\w+)\s*(?::[^=]{1,80})?=\s*(?:\w+\s*\(\s*)?(\w+)(?:<[^>]*>)?\s*\(\s*\"(\w+)\"(.{0,200})")
_DAO = regex(
    r"\bcompanion\s+object\s*(?:\w+\s*)?:\s*(?:\w+\.)*\w*EntityClass<\s*(?:\w+\s*,\s*)?(?:\w+\.)*(\w+)\s*>\(\s*(\w+)"
)
"""A class of rows of Exposed, and the object that is their table."""
_SEQUENCE = regex(
    r"\bval\s+(?:\w+\.)?Database\.(\w+)\s*(?::[^=\n]{1,80})?\s*get\(\)\s*=\s*(?:this\.)?sequenceOf\(\s*(\w+)"
)
"""What Ktorm's rows of a table are called: `val Database.boats get() = this.sequenceOf(Boats)`."""
_POINTS = regex(r"(?:^\s*,\s*|\breferences\(\s*)(\w+)")
_MARK = regex(r"@(?:field:|get:)?([\w.]+)")
_CONSTANT = regex(r"\bString\s+(\w+)\s*=\s*\"([\w.]+)\"\s*;|\bconst\s+val\s+(\w+)\s*=\s*\"([\w.]+)\"")
_NAMED = regex(r"\bname\s*=\s*\"([\w.`\[\]]+)\"")
_VALUE = regex(r"^\s*(?:value\s*=\s*)?\"([\w.`]+)\"|\bvalue\s*=\s*\"([\w.`]+)\"")
_EXTENDS = regex(
    r"\bextends\s+(?:\w+\.)*(\w+)|\bclass\s+\w+\s*(?:\([^()]*(?:\([^()]*\)[^()]*){0,20}\))?\s*:\s*(\w+)\s*(?:<[^<>]*>)?\s*\("
)
_KOTLIN_BASE = regex(r"^\s*\)\s*:\s*(\w+)\s*(?:<[^<>]*>)?\s*\(")
_EXTENDS_BELOW = regex(r"^\s*extends\s+(?:\w+\.)*(\w+)")
_FIRST = regex(r"^\s*(\w+)\s*(?:<[^<>]*>)?\s*\(")
_OF = regex(
    r"^(?![ \t]*(?:\*|/))[^\n;{}]{0,120}?\b(?:interface|class)\s+(\w+)[^{;]{0,400}?"
    r"\b(\w*(?:Repository|Mapper|MapperX|Dao|IService|ServiceImpl|RepositoryBase))\s*<"
    r"\s*(?:[\w.]+Mapper\s*,\s*|(?:UUID|Long|Integer|Int|String)\s*,\s*)?(?:\w+\.)*(\w+)",
    re.MULTILINE,
)
_OF_ANOTHER = regex(
    r"^(?:public[ \t]+)?interface\s+(\w+)\s*(?:extends\s|:)\s*((?:[\w.]+\s*,\s*){0,4}[\w.]*Repository)\b(?!\s*<)",
    re.MULTILINE,
)
"""A repository that takes over another one's methods, and says nothing of its own entity."""
_QUERY = regex(
    r"@(?:\w+\.)*(?:Query|NativeQuery|Select|Update|Delete|Insert|SelectProvider|UpdateProvider|DeleteProvider)\b"
)
_GETTER = regex(r"\bString\s+(get\w{1,80}Table(?:Name)?)\(\)\s*\{([^{}]{0,400})\}")
_IGNORES = regex(r"@InterceptorIgnore(?=\([^()]{0,200}\btenantLine\s*=\s*\"(?:true|1|on|yes)\")", re.IGNORECASE)
_METHOD = regex(r"\bfun\s+(\w+)\s*\(|\b([a-z]\w*)\s*\(")
_CONFINES = regex(r"\s*(?:\w+\.)?(\w+)\s*=\s*:\w+\s*")
_MANY = frozenset({"OneToMany", "ManyToMany"})
_SILENT = frozenset({"Transient", "ElementCollection", "Formula", "Embedded", "EmbeddedId", "JoinFormula"})
_MAX_MARKS, _MAX_QUERIES, _MAX_BODY, _MAX_FILTERS = 20_000, 400, 8000, 50


def declares(path: str, data: bytes) -> bool:
    """Whether a file may say something of an entity, or hold names that others use."""
    named = path.endswith(_ENDINGS) or any(word in data for word in _WORDS)
    return named or (b"abstract class" in data and b"tenantId" in data) or jvm_conditions.declares(data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A repository, a mapper or a service. `own`: methods with a query of their own; `unconfined`: those (`*`: all)
    that the tenant's interceptor is told to leave out."""

    entity: str
    own: frozenset[str]
    unconfined: frozenset[str]
    origin: Origin


def read(texts: Mapping[str, str], found: dict[str, Found]) -> dict[str, Store]:
    """Add entities to `found`; returns repositories and mappers by name."""
    constants: dict[str, str] = {}
    for path, text in texts.items():
        if path.endswith(_ENDINGS):
            for one, two, three, four in _CONSTANT.findall(text):
                constants[one or three] = two or four
    filters: dict[str, str] = {}
    rows: dict[str, str] = {}
    added: str | None = None
    stores: dict[str, Store] = {}
    heirs: dict[str, tuple[list[str], frozenset[str], Origin]] = {}
    for path, text in texts.items():
        if not path.endswith((".java", ".kt")):
            continue
        for mark in islice(re.finditer(r"@FilterDef\s*\(", text), _MAX_FILTERS):
            said = _arguments(text[mark.start() : mark.start() + 2000], "FilterDef") or ""
            named, default = _NAMED.search(said), re.search(r"\bdefaultCondition\s*=\s*\"([^\"]*)\"", said)
            if named is not None and default is not None:
                filters[named.group(1)] = default.group(1)
        made = text.find("new TenantLineInnerInterceptor(")
        if made >= 0:
            added = added or f"TenantLineInnerInterceptor, {path}:{text.count(chr(10), 0, made) + 1}"
        _classes(path, text, found, constants)
        for row, table in (*_DAO.findall(text), *_SEQUENCE.findall(text)) if path.endswith(".kt") else ():
            rows.setdefault(table, row)
        for heir in _OF_ANOTHER.finditer(text) if "Repository" in text else ():
            place = Origin(path=path, line=text.count("\n", 0, heir.start()) + 1, why=f"extends {heir.group(2)}")
            above = [part.strip().rpartition(".")[2] for part in heir.group(2).split(",")]
            heirs[heir.group(1)] = (above, _own_queries(text[heir.end() :], declared=False), place)
        for held in _OF.finditer(text):
            name, kind, of = held.groups()
            stores.setdefault(
                name,
                Store(
                    entity=of,
                    own=_own_queries(text[held.end() :], declared=kind.endswith(("Mapper", "MapperX"))),
                    unconfined=_unconfined(text, held),
                    origin=Origin(path=path, line=text.count("\n", 0, held.start()) + 1, why=f"{kind} of {of}"),
                ),
            )
    for name, (above, own, origin) in heirs.items():
        taken = next((stores[one] for one in above if one in stores), None)
        if taken is not None and name not in stores:
            stores[name] = Store(entity=taken.entity, own=taken.own | own, unconfined=taken.unconfined, origin=origin)
    for table, row in rows.items():
        if table in found and found[table].kind == "exposed":
            found[table].also = row
    for entity in found.values():
        if added is not None and entity.kind == "mybatis":
            entity.scopes["*"] = f"{added}, unless it is told to leave the table or the call out"
        for column, said in list(entity.scopes.items()):
            if column.startswith("@"):
                del entity.scopes[column]
                compared = _CONFINES.fullmatch(filters.get(column[1:], ""))
                if compared is not None:
                    entity.scopes[compared.group(1)] = said
    return stores


def named_tables(texts: Mapping[str, str]) -> dict[str, tuple[str, Origin]]:
    """The tables that getters name, by the getter: `getBoatsTable()`; one that is told in two ways names none."""
    found: dict[str, tuple[str, Origin]] = {}
    told: dict[str, set[str]] = {}
    for path, text in texts.items():
        for getter in _GETTER.finditer(text) if path.endswith(".java") else ():
            name, body = getter.groups()
            stated = set(re.findall(r"\"(\w+)\"", body))
            field = re.fullmatch(r"\s*return\s+(?:this\.)?(\w+)\s*;\s*", body)
            if field is not None:
                assigned = rf"\b{re.escape(field.group(1))}\s*=\s*(?:\w+\(\s*)?\"(\w+)\""
                stated = set(re.findall(assigned, text))
            told.setdefault(name, set()).update(stated or {""})
            where = Origin(path=path, line=text.count("\n", 0, getter.start()) + 1, why=f"{name} names the table")
            found[name] = (next(iter(stated), ""), where)
    return {name: held for name, held in found.items() if len(told[name]) == 1 and held[0]}


def _unconfined(text: str, held: re.Match[str]) -> frozenset[str]:
    """The methods of a mapper without the tenant's interceptor."""
    if "InterceptorIgnore" not in text:
        return frozenset()
    whole = _IGNORES.search(text[max(0, held.start() - 300) : held.start()]) is not None
    return frozenset(["*"] if whole else _marked(text[held.end() :], _IGNORES))


def _own_queries(text: str, *, declared: bool) -> frozenset[str]:
    """The methods that an annotation gives a query, and those with a body; with `declared` also those that a mapper
    only declares: their query stands in a file of XML."""
    bodies = re.findall(r"\bdefault\s+[\w.<>, \[\]?]{1,80}\s(\w+)\s*\(", text)
    plain = (
        re.findall(
            r"^\s{1,8}(?!return\b|throw\b|else\b|new\b)[A-Za-z][\w.<>, \[\]?]{0,80}\s(\w+)\s*\([^;{}]{0,600};",
            text,
            re.MULTILINE,
        )
        if declared
        else []
    )
    return frozenset([*_marked(text, _QUERY), *bodies, *plain][:_MAX_QUERIES])


def _marked(text: str, mark: re.Pattern[str]) -> Iterator[str]:
    """The methods that an annotation stands on."""
    for found in mark.finditer(text):
        after = text[found.end() : found.end() + 6000]
        rest = after[_closed(after) :] if after.lstrip().startswith("(") else after
        while (further := re.match(r"\s*@[\w.]+", rest)) is not None:
            rest = rest[further.end() :]
            rest = rest[_closed(rest) :] if rest.lstrip().startswith("(") else rest
        method = _METHOD.search(rest[:400])
        if method is not None:
            yield method.group(1) or method.group(2)


def _closed(text: str) -> int:
    """Where the bracket that opens a text is closed; strings are passed over."""
    depth, position = 0, 0
    for token in re.finditer(r'"""[\s\S]*?"""|"(?:[^"\\\n]|\\.)*"|[()]', text):
        depth += {"(": 1, ")": -1}.get(token.group(), 0)
        position = token.end()
        if depth <= 0 and token.group() == ")":
            break
    return position


def _arguments(marks: str, name: str) -> str | None:
    """What stands in the brackets of an annotation; None without it, or without brackets."""
    found = re.search(rf"@(?:field:|get:)?(?:\w+\.)*{name}\s*\(", marks)
    if found is None:
        return None
    rest = marks[found.end() - 1 :]
    return rest[1 : max(1, _closed(rest) - 1)]


def _flat(text: str) -> str:
    """Without what is nested in brackets: what an annotation says of itself, not of its parts."""
    out: list[str] = []
    depth = 0
    for token in re.finditer(r'"(?:[^"\\\n]|\\.)*"|[(\[{]|[)\]}]|[^"()\[\]{}]+|"', text):
        piece = token.group()
        depth -= piece in {")", "]", "}"} and depth > 0
        if depth == 0 and piece not in {")", "]", "}"}:
            out.append(piece)
        depth += piece in {"(", "[", "{"}
    return "".join(out)


def _resolved(marks: str, constants: Mapping[str, str]) -> str:
    """Names of tables and columns that are constants, as what they say."""

    def value(found: re.Match[str]) -> str:
        held = constants.get(found.group(2).rpartition(".")[2])
        return f'{found.group(1)}"{held}"' if held is not None else found.group()

    return re.sub(r"(\b(?:name|value)\s*=\s*|@(?:TableName|TableField)\(\s*)([A-Za-z_][\w.]*)(?=\s*[,)])", value, marks)


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _classes(path: str, text: str, found: dict[str, Found], constants: Mapping[str, str]) -> None:
    current: Found | None = None
    marks, depth, above = "", 0, False
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        header = _HEADER.match(line)
        exposed = _OBJECT.match(line)
        if exposed is not None:
            current, marks, depth = _object(path, number, exposed, found), "", 0
        elif header is not None and (current is None or depth <= 0):
            whole = _resolved(marks + line, constants)
            relational = "data.relational" in text
            current = (
                _class(path, number, header, whole, found, relational) if header.group("what") == "class" else None
            )
            marks, depth = "", 0
        elif current is not None and current.kind == "exposed":
            _exposed_column(current, line, number)
        elif (
            current is not None
            and depth <= 0
            and (base := (_FIRST if above else _KOTLIN_BASE).match(line) or _EXTENDS_BELOW.match(line)) is not None
        ):
            current.base = current.base or base.group(1)
        above = line.rstrip().endswith(":") and (header is not None or stripped == ") :")
        member = _FIELD.match(line) if current is not None and header is None and depth <= 1 else None
        if current is not None and member is not None and current.kind != "exposed":
            name, kind = (
                (member.group(2), member.group(1))
                if member.group(2)
                else (member.group(3), member.group(4) or member.group(5))
            )
            own = stripped[: max(0, stripped.find(f" {name}"))] if stripped.startswith("@") else ""
            _field(current, name, kind, _resolved(marks + own, constants), number)
            marks = ""
        elif stripped.startswith(("@", '"', ")")) or (marks.count("(") > marks.count(")")):
            marks = (marks + stripped + " ")[-_MAX_MARKS:]
        elif stripped and header is None and not stripped.startswith(("*", "/", "//")):
            marks = ""
        if current is not None:
            depth += line.count("{") - line.count("}")


def _class(
    path: str, number: int, header: re.Match[str], whole: str, found: dict[str, Found], relational: bool
) -> Found | None:
    from lints.schema.compiled_models import Found

    written = {mark.rpartition(".")[2] for mark in _MARK.findall(whole)}
    base = _EXTENDS.search(whole)
    above = (base.group(1) or base.group(2)) if base is not None else None
    name = header.group("name")
    if "TableName" in written:
        given = _arguments(whole, "TableName") or ""
        value = _VALUE.search(_flat(given))
        table = (value.group(1) or value.group(2)).strip("`") if value is not None else snake(name)
        made = Found(name, table, "mybatis", Origin(path=path, line=number, why=f"@TableName of {name}"), base=above)
    elif "Entity" in written or (above or "").startswith("Panache"):
        named = _NAMED.search(_flat(_arguments(whole, "Table") or ""))
        table = named.group(1).strip("`[]") if named is not None else snake(name)
        made = Found(name, table, "jpa", Origin(path=path, line=number, why=f"entity {name}"), base=above)
        inheritance = _arguments(whole, "Inheritance")
        made.apart = inheritance is not None and "SINGLE_TABLE" not in inheritance
        alias = _NAMED.search(_flat(_arguments(whole, "Entity") or ""))
        made.also = alias.group(1) if alias is not None and alias.group(1) != name else ""
    elif "MappedEntity" in written or (relational and "Table" in written):
        given = _arguments(whole, "MappedEntity") or _arguments(whole, "Table") or ""
        value = _VALUE.search(_flat(given)) or _NAMED.search(_flat(given))
        table = (value.group(1) or value.group(value.re.groups)).strip("`") if value is not None else snake(name)
        made = Found(name, table, "jpa", Origin(path=path, line=number, why=f"entity {name}"), base=above)
    elif "MappedSuperclass" in written or re.search(r"\babstract\s+class\b|\bopen\s+class\b", whole):
        made = Found(name, "", "jpa", Origin(path=path, line=number, why=f"class {name}"), base=above, mapped=False)
    else:
        return None
    _class_scopes(made, whole, path, number)
    if made.mapped or name not in found:
        found[name] = made
    return made


def _class_scopes(entity: Found, marks: str, path: str, number: int) -> None:
    """What Hibernate puts on the queries of an entity: a filter once a session has enabled it, a restriction always."""
    for mark in re.finditer(r"@Filter\s*\(", marks):
        said = _arguments(marks[mark.start() : mark.start() + 1000], "Filter") or ""
        condition, named = re.search(r"\bcondition\s*=\s*\"([^\"]*)\"", said), _NAMED.search(said)
        compared = _CONFINES.fullmatch(condition.group(1)) if condition is not None else None
        label = named.group(1) if named is not None else "it"
        place = f"@Filter {label}, which only a session that has enabled it applies, {path}:{number}"
        if compared is not None:
            entity.scopes[compared.group(1)] = place
        elif condition is None:
            entity.scopes[f"@{label}"] = place  # the condition that its definition gives
    if re.search(r"@Multitenant\b(?!\s*\([^()]*(?:TABLE_PER_TENANT|VPD))", marks) is not None:
        column = _NAMED.search(_arguments(marks, "TenantDiscriminatorColumn") or "")
        entity.scopes[column.group(1) if column is not None else "TENANT_ID"] = (
            f"@Multitenant of {entity.name}, for which the application sets the tenant, {path}:{number}"
        )
    always = re.search(
        r"@(?:Where\s*\(\s*clause\s*=|SQLRestriction\s*\(\s*(?:value\s*=)?)\s*\"([^\"\n]{1,300})\"", marks
    )
    if always is not None:
        entity.condition = always.group(1)


def _field(entity: Found, name: str, kind: str, marks: str, line: int) -> None:
    written = {mark.rpartition(".")[2] for mark in _MARK.findall(marks)}
    if not written.isdisjoint(_SILENT) or "static" in kind or kind.startswith(("transient ", "static ")):
        return
    if entity.kind == "mybatis" or not written.isdisjoint({"TableField", "TableId"}):
        _plus_field(entity, name, kind, marks, written, line)
        return
    if not written.isdisjoint(_MANY) or "mappedBy" in marks:
        _inverse(entity, name, kind, marks, written, line)
        return
    named = _NAMED.search(_arguments(marks, "JoinColumn") or _arguments(marks, "Column") or "")
    if not written.isdisjoint({"ManyToOne", "OneToOne"}):
        column = named.group(1) if named is not None else f"{snake(name)}_id"
        entity.references[name] = (column, _bare(kind), line)
        if not written.isdisjoint({"Id", "MapsId"}):
            entity.keys = (*entity.keys, column)
        return
    column = named.group(1).strip("`[]") if named is not None else snake(name)
    entity.columns[name] = (column, kind.strip(), line)
    if "Id" in written:
        entity.keys = (*entity.keys, column)
    if "TenantId" in written:
        entity.scopes[column] = (
            f"@TenantId of {entity.name}, for which the application resolves the tenant, {entity.origin.path}:{line}"
        )


def _bare(kind: str) -> str:
    """The class of a field: `Boat` of `fleet.Boat?`, `List<Boat>`, `MutableList<Boat>`, `Map<String, Boat>`."""
    inner = re.findall(r"[\w.]+", kind)
    return inner[-1].rpartition(".")[2] if inner else ""


def _inverse(entity: Found, name: str, kind: str, marks: str, written: set[str], line: int) -> None:
    """A relation that another table's column, or a table of pairs, says."""
    told = re.search(r"\btargetEntity\s*=\s*(?:\w+\.)*(\w+)", marks)
    target = told.group(1) if told is not None else _bare(kind)
    mapped = re.search(r"\bmappedBy\s*=\s*\"(\w+)\"", marks)
    if mapped is not None:
        entity.inverse[name] = f"{target}.{mapped.group(1)}"
    elif "ManyToMany" in written:
        pair = _arguments(marks, "JoinTable") or ""
        table = _NAMED.search(_flat(pair))
        own = re.search(r"\bjoinColumns\b.{0,60}?\bname\s*=\s*\"(\w+)\"", pair)
        other = re.search(r"\binverseJoinColumns\b.{0,60}?\bname\s*=\s*\"(\w+)\"", pair)
        entity.pairs[name] = (
            table.group(1) if table is not None else "",
            own.group(1) if own is not None else "",
            other.group(1) if other is not None else "",
            target,
            line,
        )
    else:
        joined = _NAMED.search(_arguments(marks, "JoinColumn") or "")
        if joined is not None:
            entity.inverse[name] = f"{target}#{joined.group(1)}"


def _plus_field(entity: Found, name: str, kind: str, marks: str, written: set[str], line: int) -> None:
    """A field of MyBatis-Plus: every one is a column, unless it says that there is none."""
    said = _arguments(marks, "TableField") or _arguments(marks, "TableId") or ""
    if re.search(r"\bexist\s*=\s*false", said) or (entity.kind != "mybatis" and entity.mapped):
        return
    value = _VALUE.search(_flat(said))
    column = (value.group(1) or value.group(2)).strip("`") if value is not None else snake(name)
    entity.columns[name] = (column, kind.strip(), line)
    if "TableId" in written:
        entity.keys = (*entity.keys, column)


def _object(path: str, number: int, header: re.Match[str], found: dict[str, Found]) -> Found:
    from lints.schema.compiled_models import Found

    name = header.group("name")
    origin = Origin(path=path, line=number, why=f"object {name}")
    made = Found(name, header.group("table") or name, "exposed", origin)
    if header.group("base") != "Table":
        made.columns["id"], made.keys = ("id", "", number), ("id",)
    found[name] = made
    return made


def _exposed_column(entity: Found, line: str, number: int) -> None:
    column = _EXPOSED.match(line)
    if column is None:
        key = re.search(r"\bPrimaryKey\(([^()]*)", line)
        if key is not None:
            listed = [entity.columns.get(part.strip(), ("", "", 0))[0] for part in key.group(1).split(",")]
            entity.keys = tuple(part for part in listed if part)
        return
    name, function, stored, rest = column.groups()
    points = _POINTS.search(rest) if function in {"reference", "optReference"} or "references" in rest else None
    entity.columns[name] = (stored, "", number)
    if points is not None:
        entity.references[name] = (stored, points.group(1), number)


def link(entity: Found, known: dict[str, Found], stored: Mapping[str, str]) -> None:
    """The tables of pairs that an entity's relations stand for, as entities of their own named `Entity.property`."""
    from lints.schema.compiled_models import Found

    for name, (table, own, other, target, line) in entity.pairs.items():
        if target not in known:
            continue
        label = f"{entity.name}.{name}"
        back = next((key for key, end in known[target].inverse.items() if end == label), None)
        table = table or f"{entity.table}_{snake(name)}"
        made = Found(
            label,
            stored.get(table.lower(), table),
            "link",
            Origin(path=entity.origin.path, line=line, why=f"pairs of {label}"),
        )
        made.references["source"] = (own or f"{snake(back or entity.name)}_id", entity.name, line)
        made.references["target"] = (other or f"{snake(name)}_id", target, line)
        made.keys = (made.references["source"][0], made.references["target"][0])
        known[label] = made
        entity.inverse[name] = label


def templates_of(path: str, text: str) -> Entity:
    """A group of StringTemplate: its templates with their parameters and texts, and what it imports."""
    found = {one.name: f"{' '.join(one.parameters)}\n{one.body[:_MAX_BODY]}" for one in string_template.templates(text)}
    return Entity(
        name=path,
        table="",
        kind="stringtemplate",
        columns=found,
        relations=dict.fromkeys(string_template.imports(text), ""),
        origin=Origin(path=path, line=1, why="a group of templates"),
    )
