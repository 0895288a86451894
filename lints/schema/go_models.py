"""Structs of Go as tables: those of GORM, Bun, xorm and pop, and whatever says `TableName()`.

Read line by line, not parsed: gofmt has put every field on a line of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lints.patterns import regex
from lints.schema import ent_models, go_builders
from lints.schema.catalog import Catalog, Draft
from lints.schema.facts import Entity
from lints.schema.go_names import imports_of, plural, snake
from lints.tenancy import Column, ForeignKey, Origin

_WORDS = (b"gorm", b'bun:"', b'pg:"', b'xorm:"', b'`orm:"', b"TableName(", b"Table() string")
_PACKAGE = regex(r"^package\s+(\w+)", re.MULTILINE)
_STRUCT = regex(r"^(?:type\s+|\t)(\w+)\s+struct\s*\{(\s*\})?")
_FIELD = regex(r"^\s*(\w+)\s+([\w.*\[\]]{1,80}|map\[\w+\][\w.*]{1,60})\s*(?:`([^`]*)`)?")
_EMBEDDED = regex(r"^\s*\*?((?:\w+\.)?[A-Z]\w*)\s*(?:`([^`]*)`)?\s*(?://.*)?$")
_TABLE = regex(
    r"^func\s*\(\s*(?:\w+\s+)?\*?(\w+)\s*\)\s*(?:TableName|Table|GetTableName)\([^)\n]{0,80}\)\s*string\s*\{\s*"
    r"(?:return\s*[\"`]([\w.]+)[\"`]|return\s+(\w+)\s)",
    re.MULTILINE,
)
_TABLE_NAME = regex(r"^\s*tableName\s+struct\{\s*\}\s+`[^`]*?\b(?:pg|sql):\"([\w.]+)")
"""How go-pg is told the table of a struct."""
_CONSTANT = regex(r"^(?:const\s+|\t)(\w+)\s*(?:string\s*)?=\s*\"([\w.]+)\"", re.MULTILINE)
_KINDS = (("gorm", regex(r"\bgorm:\"([^\"]*)\"")), ("bun", regex(r"\bbun:\"([^\"]*)\"")),
          ("pg", regex(r"\bpg:\"([^\"]*)\"")),
          ("xorm", regex(r"\bxorm:\"([^\"]*)\"")),
          ("beego", regex(r"\borm:\"([^\"]*)\"")), ("pop", regex(r"\bdb:\"([^\"]*)\"")))  # fmt: skip
_PLAIN = regex(r"\*?(?:\[\]byte|\w*\.?(?:string|u?int\d*|float\d+|bool|Time|UUID|ULID|ID|Null\w+|JSON\w*|DeletedAt))")


_MIGRATES = regex(r"\.(?:AutoMigrate|CreateTable)\(")
_MADE = regex(r"\s*(?://[^\n]*\n\s*)?(?:&?(?:\w+\.)?([A-Za-z]\w*)\{\s*\}|new\((?:\w+\.)?([A-Za-z]\w*)\))\s*,?")
_MAX_SHARED = 8
"""A struct with more columns is a table itself, whatever embeds it: claims of a token embed the user."""


@dataclass(slots=True)
class _Struct:
    name: str
    package: str
    origin: Origin
    kind: str = ""
    table: str = ""
    columns: dict[str, tuple[str, str, int]] = field(default_factory=dict)
    """Field to (column, type, line)."""
    keys: tuple[str, ...] = ()
    bases: list[tuple[str, str | None]] = field(default_factory=list)
    """Structs whose fields it has, with the prefix of their columns; None where Go itself embeds them."""
    embedded: bool = False
    """A part of other structs, no table of its own."""
    imports: Mapping[str, str] = field(default_factory=dict)
    """Those of its file: where a name's package is, at last as a folder of the project."""
    related: list[tuple[str, str, str, int]] = field(default_factory=list)
    """(field, struct, tag, line); a struct in brackets is one of many."""


def read_go_models(catalog: Catalog, files: Mapping[str, str]) -> None:
    """Add what the structs in `.go` files say of tables: columns and references where an ORM makes the table of them,
    and everywhere the name under which code knows a table."""
    go_builders.read_go_builders(catalog, files)
    ent_models.read_ent_models(catalog, files)
    structs: dict[str, _Struct] = {}
    for path, text in sorted(files.items()):
        _read(path, text, structs)
    _placed(structs)
    named: dict[str, list[_Struct]] = {}
    for struct in structs.values():
        named.setdefault(struct.name, []).append(struct)
    for struct in structs.values():
        _inherit(struct, structs, named, 0)
    _tables(files, structs, named)
    known = [struct for struct in structs.values() if (struct.kind and not struct.embedded) or struct.table]
    for struct in known:
        struct.table = _stored(catalog, struct)
    added = [(struct, draft) for struct in known if (draft := _draft(catalog, struct)) is not None]
    for struct, draft in added:
        _add(catalog, struct, draft, structs, named)


def declares(data: bytes) -> bool:
    """Whether a file of Go may say something of a table, or of a statement builder."""
    return any(word in data for word in (*_WORDS, ent_models.WORD)) or go_builders.declares(data)


def _read(path: str, text: str, structs: dict[str, _Struct]) -> None:
    package = next(iter(_PACKAGE.findall(text)), "")
    constants = dict(_CONSTANT.findall(text))
    tables = {owner: said or constants.get(held, "") for owner, said, held in _TABLE.findall(text)}
    current: _Struct | None = None
    uses_gorm = "gorm" in text or "beego" in text
    imports = imports_of(text)
    for number, line in enumerate(text.split("\n"), 1):
        header = _STRUCT.match(line)
        if header is not None:
            name = header.group(1)
            made = _Struct(name, package, Origin(path=path, line=number, why=f"struct {name}"), imports=imports)
            current = structs.setdefault(f"{path.rpartition('/')[0]}.{name}", made)
            if header.group(2) is not None:
                current = None
            continue
        if current is None:
            continue
        if line.startswith(("}", "\t}")):
            current = None
            continue
        _field(current, line, number, uses_gorm=uses_gorm)
    folder = path.rpartition("/")[0]
    for owner, table in tables.items():
        if table:
            origin = Origin(path=path, line=1, why=f"struct {owner}")
            structs.setdefault(f"{folder}.{owner}", _Struct(owner, package, origin)).table = table


def _field(struct: _Struct, line: str, number: int, *, uses_gorm: bool) -> None:
    embedded = _EMBEDDED.match(line)
    if embedded is not None:
        name, tag = embedded.groups()
        if name == "gorm.Model":
            struct.kind, struct.keys = "gorm", ("id",)
            struct.columns["ID"] = ("id", "uint", number)
        elif name == "bun.BaseModel":
            struct.kind = "bun"
            table = re.search(r"\btable:([\w.]+)", tag or "")
            struct.table = table.group(1) if table is not None else struct.table
        else:
            struct.bases.append((name, None))
        return
    named = _TABLE_NAME.match(line) if "tableName" in line else None
    if named is not None:
        struct.kind, struct.table = "pg", named.group(1)
        return
    member = _FIELD.match(line)
    if member is None or not member.group(1)[:1].isupper():
        return
    name, kind, tag = member.group(1), member.group(2), member.group(3) or ""
    said, said_by = "", ""
    for orm, pattern in _KINDS:
        of_tag = pattern.search(tag)
        if of_tag is not None:
            said, said_by = of_tag.group(1), orm
            struct.kind = struct.kind or orm
            break
    if said.startswith("-"):
        return
    if "embedded" in said.split(";") and not kind.startswith("["):
        prefix = re.search(r"embeddedPrefix:\s*(\w+)", said)
        struct.bases.append((kind.lstrip("*"), prefix.group(1) if prefix is not None else ""))
        return
    plain = _PLAIN.fullmatch(kind) is not None
    inner = kind.removeprefix("*")
    many = inner.startswith("[]")
    target = inner.removeprefix("[]").removeprefix("*")
    relation = "rel:" in said or "foreignKey" in said or "has_many" in tag or "belongs_to" in tag
    if relation or (not plain and target.rpartition(".")[2][:1].isupper() and said_by != "pop" and (many or not said)):
        struct.related.append((name, f"[{target}]" if many else target, said or tag, number))
        if relation or many:
            return
    if many and "byte" not in kind and not said:
        return
    if not said and not uses_gorm and struct.kind not in {"bun", "pg", "xorm", "beego"}:
        return
    column = _column(name, said, said_by)
    if column is None:
        return
    struct.columns[name] = (column, kind, number)
    if name in {"ID", "Id"} or re.search(r"primary_?key|\bpk\b", said, re.IGNORECASE):
        struct.keys = (*struct.keys, column) if column not in struct.keys else struct.keys


def _column(name: str, said: str, orm: str) -> str | None:
    if orm == "gorm":
        found = re.search(r"\bcolumn:\s*(\w+)", said, re.IGNORECASE)
        return found.group(1) if found is not None else snake(name)
    if orm == "beego":
        found = re.search(r"\bcolumn\((\w+)\)", said)
        return found.group(1) if found is not None else f"{snake(name)}_id" if "rel(fk)" in said else snake(name)
    if orm == "xorm":
        found = re.search(r"'(\w+)'", said)
        return found.group(1) if found is not None else snake(name)
    first = re.split(r"[,;]", said)[0].strip()
    return first if re.fullmatch(r"\w+", first) else snake(name) if not first else None


def _inherit(struct: _Struct, structs: Mapping[str, _Struct], named: Mapping[str, list[_Struct]], depth: int) -> None:
    """The fields of the structs that it embeds."""
    bases, struct.bases = struct.bases, []
    for name, prefix in bases:
        base = _find(name, struct, structs, named)
        if base is None or base is struct or depth > 6:
            continue
        _inherit(base, structs, named, depth + 1)
        base.embedded = base.embedded or prefix is not None or len(base.columns) <= _MAX_SHARED
        struct.kind = struct.kind or base.kind
        for held, (column, kind, line) in base.columns.items():
            struct.columns.setdefault(f"{prefix or ''}{held}", (f"{prefix or ''}{column}", kind, line))
        struct.keys = struct.keys or (() if prefix else base.keys)


def _tables(files: Mapping[str, str], structs: Mapping[str, _Struct], named: Mapping[str, list[_Struct]]) -> None:
    """What others refer to, or GORM is told to make, is a table, whatever embeds it; of a struct that has no key and
    refers to nothing no table is made, it is what a column holds."""
    told = {name for text in files.values() for call in _MIGRATES.finditer(text) for name in _listed(text, call.end())}
    for struct in structs.values():
        for _, target, _, _ in struct.related:
            other = _find(target.strip("[]"), struct, structs, named)
            if other is not None and other.keys:
                other.embedded = False
    for struct in structs.values():
        if struct.name in told:
            struct.embedded = False
        elif struct.kind == "gorm" and not struct.keys and not struct.table:
            refers = any(column.endswith("_id") for column, _, _ in struct.columns.values())
            struct.embedded = struct.embedded or not refers


def _listed(text: str, position: int) -> Iterator[str]:
    """The structs that a call is given from that place on, one after the other."""
    while (found := _MADE.match(text, position)) is not None:
        position = found.end()
        yield found.group(1) or found.group(2)


def _find(
    name: str, near: _Struct, structs: Mapping[str, _Struct], named: Mapping[str, list[_Struct]]
) -> _Struct | None:
    """The struct that a name means where it is written: of this package, or of the one it is qualified with."""
    package, _, bare = name.rpartition(".")
    if not package:
        return structs.get(f"{near.origin.path.rpartition('/')[0]}.{bare}")
    folder = near.imports.get(package)
    if folder is None:  # a package that is not called like its folder
        return next((struct for struct in named.get(bare, []) if struct.package == package), None)
    return structs.get(f"{folder}.{bare}") if folder else None


def _placed(structs: Mapping[str, _Struct]) -> None:
    """The imports of the structs' files as folders of the project; empty for those of others."""
    folders: dict[str, list[list[str]]] = {}
    for folder in {struct.origin.path.rpartition("/")[0] for struct in structs.values()}:
        folders.setdefault(folder.rpartition("/")[2], []).append(folder.split("/"))
    known: dict[str, str] = {}

    def folder_of(place: str) -> str:
        parts = re.sub(r"/v\d+\Z", "", place).split("/")
        near = [(_shared(parts, folder), folder) for folder in folders.get(parts[-1], [])]
        best = max((count for count, _ in near), default=0)
        meant = [folder for count, folder in near if count == best]
        return "/".join(meant[0]) if len(meant) == 1 else ""

    for struct in structs.values():
        for place in struct.imports.values():
            if place not in known:
                known[place] = folder_of(place)
        struct.imports = {name: known[place] for name, place in struct.imports.items()}


def _shared(one: list[str], other: list[str]) -> int:
    """How many parts two paths end in alike."""
    pairs = zip(reversed(one), reversed(other), strict=False)
    return next((count for count, (left, right) in enumerate(pairs) if left != right), min(len(one), len(other)))


def _stored(catalog: Catalog, struct: _Struct) -> str:
    if struct.table:
        bare = struct.table.rpartition(".")[2]
        return (
            bare if catalog.find(None, struct.table) is None and catalog.find(None, bare) is not None else struct.table
        )
    one = snake(struct.name)
    if struct.kind in {"xorm", "beego"}:
        return one
    return one if catalog.find(None, plural(one)) is None and catalog.find(None, one) is not None else plural(one)


def _draft(catalog: Catalog, struct: _Struct) -> Draft | None:
    """The table of a struct; made where an ORM makes tables of structs."""
    schema, _, bare = struct.table.rpartition(".")
    draft = catalog.find(schema or None, bare)
    made = struct.kind == "gorm" or (struct.kind in {"bun", "pg", "xorm", "beego"} and struct.keys)
    if draft is None and made and struct.columns:
        draft = catalog.create(schema or None, bare, struct.origin)
    return draft


def _add(
    catalog: Catalog,
    struct: _Struct,
    draft: Draft,
    structs: Mapping[str, _Struct],
    named: Mapping[str, list[_Struct]],
) -> None:
    stored = {column.lower(): column for column in draft.columns}
    columns: dict[str, str] = {}
    path = struct.origin.path
    for name, (written, kind, line) in struct.columns.items():
        columns[name] = stored.get(written.lower(), written)
        if columns[name] not in draft.columns and struct.kind in {"gorm", "bun", "pg", "xorm", "beego"}:
            place = Origin(path=path, line=line, why=f"{columns[name]} is a field of {struct.name}")
            nullable = kind.startswith("*") or "Null" in kind
            draft.add_column(Column(name=columns[name], type=kind.lower()[:60], nullable=nullable), place)
    relations: dict[str, str] = {}
    for name, target, tag, line in struct.related:
        other = _find(target.strip("[]"), struct, structs, named)
        if other is None or not other.table:
            continue
        relations[name] = other.name
        child, parent = (other, struct) if target.startswith("[") else (struct, other)
        held = _foreign(tag, child, parent, name if child is struct else parent.name)
        if held is None and child is struct:  # has one: the key is over there
            child, parent = other, struct
            held = _foreign(tag, child, parent, parent.name)
        table = catalog.find(None, child.table)
        if held is not None and table is not None and "many2many" not in tag and "polymorphic" not in tag:
            place = Origin(path=path, line=line, why=f"{held} joins {child.name} to {parent.name}")
            key = ForeignKey(columns=(held,), references=parent.table, referenced_columns=())
            if not any(known.columns == (held,) for known, _ in table.foreign_keys.values()):
                if held not in table.columns:
                    table.add_column(Column(name=held), place)
                table.foreign_keys.setdefault(f"{child.table}_{held}_fkey", (key, place))
    if struct.keys and not draft.primary_key:
        draft.primary_key = struct.keys
    others = [other for other in named[struct.name] if other is not struct and (other.kind or other.table)]
    said = f"{struct.package}.{struct.name}"
    known = (
        said if all(other.package != struct.package for other in others) else "",
        struct.name if not others else "",
    )
    folder = "/".join(struct.origin.path.split("/")[:-1][-2:])
    labels = (f"{folder}.{struct.name}", *(label for label in known if label))
    for label in dict.fromkeys(labels):
        catalog.entities.append(
            Entity(
                name=label,
                table=struct.table,
                kind="go",
                columns=columns,
                relations=relations,
                origin=struct.origin,
            )
        )


def _foreign(tag: str, child: _Struct, parent: _Struct, role: str) -> str | None:
    """The column of `child` that refers to `parent`, if it has one."""
    said = re.search(r"foreignKey:(\w+)", tag, re.IGNORECASE) or re.search(r"\bjoin:(\w+)=", tag)
    if said is not None:
        held = child.columns.get(said.group(1))
        columns = {column for column, _, _ in child.columns.values()}
        return held[0] if held is not None else said.group(1) if said.group(1) in columns else None
    for name in (f"{role}ID", f"{role}Id"):
        if name in child.columns:
            return child.columns[name][0]
    return None
