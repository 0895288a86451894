"""gate.yaml + rules/ + waivers → one strict, digested Policy.

Everything is read once, from one tree (the work tree, or the base revision of a pull request), and everything that is
read goes into the digest. Whatever is unknown, unused, duplicated or incomplete is an error that names file and line:
a policy that does not load never lets anything through.
"""

from __future__ import annotations

import glob
import hashlib
import string
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gate import __version__, sql
from gate.model import (
    Control,
    EvidenceNeed,
    Example,
    GateError,
    Illustration,
    Kind,
    Location,
    Policy,
    Row,
    Severity,
    Stage,
    Waiver,
)
from gate.reading import Document, Schema, did_you_mean, parse_date, parse_time, read_json, read_yaml
from gate.tree import Tree, WorkTree, not_read, select

if TYPE_CHECKING:
    from gate.store import Store

CONFIG = "gate.yaml"
FORMATS = {
    "gate_config": "governance/schemas/gate_config.json",
    "pack": "governance/schemas/pack.json",
    "control": "governance/schemas/control.json",
    "waiver": "governance/schemas/waiver.json",
    "tenancy": "tenancy/schemas/tenancy.json",
    "baseline": "tenancy/schemas/baseline.json",
    "playbook": "drills/schemas/playbook.json",
}
"""Our own file formats and their schemas, relative to the rules."""
DEFAULT_WAIVERS = ("waivers/*.yaml",)
DEFAULT_WAIVER_DAYS = 90
_RESERVED_PARAMETERS = frozenset({"as_of", "control"})


@cache
def rules_root() -> Path:
    """The built-in rules: the installed copy, else the checkout's."""
    installed = Path(__file__).parent / "rules"
    return installed if installed.is_dir() else Path(__file__).parent.parent / "rules"


@cache
def format_schema(name: str) -> Schema:
    """The compiled schema of one of our own file formats (see FORMATS)."""
    path = rules_root() / FORMATS[name]
    return Schema(read_json(path.read_bytes(), path.name).value, path.name)


@dataclass(frozen=True, slots=True)
class _Source:
    """A file of the policy: its name in the digest and its bytes."""

    name: str
    data: bytes


def load(tree: Tree, *, builtin: Tree | None = None, tool_version: str = __version__) -> Policy:
    """Load the policy that `tree` holds. Raises GateError for the first thing that is wrong.

    `builtin` and `tool_version` are given to load a policy as it was sealed in a bundle: with the built-in rules and
    under the version of that time.
    """
    config, config_file = _read_config(tree)
    # Without git: the rules may lie in an environment inside a checkout, whose .gitignore must not thin them out.
    builtin = builtin or WorkTree(rules_root(), versioned=False)
    packs: list[_Pack] = [_read_pack(builtin, name, "rules/") for name in _enabled(config, builtin)]
    packs += [_read_pack(tree, folder, "") for folder in _own_packs(config, tree)]
    kinds = _kinds(packs)
    _check_evidence(config, kinds)
    _check_calendars(config)
    controls = _controls(packs, config, kinds)
    waivers, waiver_files = _waivers(config, tree, controls)
    files = _files(
        [config_file, *(s for pack in packs for s in pack.sources), *waiver_files, *_referenced(config, tree)]
    )
    return Policy(
        version=config.value["policy_version"],
        digest=digest(files, tool_version),
        tool_version=tool_version,
        origin=tree.origin,
        controls=tuple(controls),
        kinds=kinds,
        waivers=tuple(waivers),
        waiver_max_days=config.value.get("waiver_max_days", DEFAULT_WAIVER_DAYS),
        config=config.value,
        files=files,
        limits={pack.name: pack.limits for pack in packs},
    )


def digest(files: Mapping[str, bytes], tool_version: str) -> str:
    """The policy digest: SHA-256 of the `sha256sum` lines of all files, sorted by name, and of the tool's version.

    An auditor recomputes it with coreutils from the `policy/` folder of a release bundle.
    """
    lines = [f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items())]
    lines.append(f"tenantgate {tool_version}\n")
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _files(sources: Iterable[_Source]) -> dict[str, bytes]:
    """The files of the policy by name. Raises GateError for a name that two of them share, or that can't be shown."""
    files: dict[str, bytes] = {}
    for source in sources:
        if not source.name.isprintable():
            raise GateError(f"{source.name!r}: a file of the policy needs a printable name; rename it")
        if files.setdefault(source.name, source.data) != source.data:
            raise GateError(f"{source.name}: a built-in rule has this name too; move the file")
    return files


def _read_config(tree: Tree) -> tuple[Document, _Source]:
    try:
        data = tree.read(CONFIG)
    except FileNotFoundError:
        raise GateError(f"{CONFIG}: not found in the {tree.origin}; see the example in the README") from None
    config = read_yaml(data, CONFIG)
    format_schema("gate_config").check(config)
    return config, _Source(CONFIG, data)


def _check_evidence(config: Document, kinds: Mapping[str, Kind]) -> None:
    for name in config.value.get("evidence", {}):
        if name not in kinds:
            raise config.error(
                ("evidence", name), f"evidence: unknown kind {name!r}{did_you_mean(name, sorted(kinds))}"
            )


def _check_calendars(config: Document) -> None:
    from gate.calendars import read_calendar

    for name, value in config.value.get("calendars", {}).items():
        try:
            read_calendar(name, value)
        except ValueError as error:
            raise config.error(("calendars", name), f"calendars.{name}: {error}") from None


_CHECKED = (("tenancy",), ("source", "baseline"))


def _referenced(config: Document, tree: Tree) -> Iterator[_Source]:
    """The files that gate.yaml names and that decide something: trust anchors, tenancy declarations, the baseline."""
    trust = config.value.get("trust", {})
    named = {
        ("trust", "keys"): trust.get("keys"),
        ("trust", "sigstore_root"): trust.get("sigstore_root"),
        ("trust", "layout"): trust.get("layout"),
        ("tenancy",): config.value.get("tenancy"),
        ("source", "baseline"): config.value.get("source", {}).get("baseline"),
    }
    for path, name in named.items():
        if name is not None:
            try:
                data = tree.read(name)
            except FileNotFoundError:
                raise config.error(path, f"{'.'.join(path)}: the file {name!r} does not exist") from None
            if path in _CHECKED:
                format_schema(path[-1]).check(read_yaml(data, name))
            yield _Source(name, data)
    patterns = config.value.get("patterns", {}).get("rules", ())
    for name in select(tree.paths(), [*config.value.get("playbooks", ()), *patterns]):
        yield _Source(name, tree.read(name))


# --- packs -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Pack:
    name: str
    folder: str
    sources: tuple[_Source, ...]
    kinds: tuple[str, ...]
    limits: tuple[str, ...]
    defaults: Mapping[str, Any]
    """What a control of this pack says unless it says otherwise itself."""
    manifest: Document


def _enabled(config: Document, builtin: Tree) -> list[str]:
    known = sorted({path.split("/", 1)[0] for path in builtin.paths() if path.endswith("/pack.yaml")})
    names = list(config.value["packs"])
    for index, name in enumerate(names):
        if name not in known:
            hint = did_you_mean(name, known) or f"; known packs: {', '.join(known)}"
            raise config.error(("packs", index), f"packs: unknown pack {name!r}{hint}")
    return names


def _own_packs(config: Document, tree: Tree) -> list[str]:
    folders = []
    for index, root in enumerate(config.value.get("rules", ())):
        prefix = root.strip("/") + "/"
        for lost in not_read(tree, [f"{glob.escape(root.strip('/'))}/**"]):
            raise GateError(f"{lost.path}: a policy is made of regular files: {lost.reason}")
        inside = [p for p in tree.paths() if p.startswith(prefix) and p.endswith("/pack.yaml")]
        if not inside:
            raise config.error(("rules", index), f"rules: no pack.yaml under {root!r}")
        folders += [p.rsplit("/", 1)[0] for p in inside]
    return folders


def _read_pack(tree: Tree, folder: str, prefix: str) -> _Pack:
    """Read a pack's files. `prefix` distinguishes built-in packs in the digest and in locations."""
    inside = [p for p in tree.paths() if p.startswith(f"{folder}/")]
    for path in inside:
        for part, ending in (("controls", ".yaml"), ("schemas", ".json")):
            if path.startswith(f"{folder}/{part}/") and not path.endswith(ending):
                raise GateError(f"{prefix}{path}: not read; the files of {part}/ end with {ending}")
    wanted = [p for p in inside if p.endswith((".yaml", ".json")) and "/panels/" not in p]
    sources = tuple(_Source(prefix + path, tree.read(path)) for path in wanted)
    by_name = {source.name: source.data for source in sources}
    manifest_name = f"{prefix}{folder}/pack.yaml"
    manifest = read_yaml(by_name[manifest_name], manifest_name)
    format_schema("pack").check(manifest)
    name = manifest.value["name"]
    if name != folder.rsplit("/", 1)[-1]:
        raise manifest.error(("name",), f"name: {name!r} is not the folder's name {folder.rsplit('/', 1)[-1]!r}")
    return _Pack(
        name, prefix + folder, sources, tuple(manifest.value.get("kinds", ())), tuple(manifest.value.get("limits", ())),
        manifest.value.get("defaults", {}), manifest,
    )  # fmt: skip


def _kinds(packs: Sequence[_Pack]) -> dict[str, Kind]:
    kinds: dict[str, Kind] = {}
    folders: dict[str, str] = {}
    for pack in packs:
        if folders.setdefault(pack.name, pack.folder) != pack.folder:
            raise pack.manifest.error(("name",), f"name: there is another pack {pack.name!r}: {folders[pack.name]}")
        data = {source.name: source.data for source in pack.sources}
        for index, name in enumerate(pack.kinds):
            path = f"{pack.folder}/schemas/{name}.json"
            if path not in data:
                raise pack.manifest.error(("kinds", index), f"kinds: {name!r} has no schema {path}")
            if name in kinds:
                raise pack.manifest.error(
                    ("kinds", index), f"kinds: {name!r} is already defined by pack {kinds[name].pack}"
                )
            schema = read_json(data[path], path).value
            if _refers(schema):
                raise GateError(f"{path}: $ref is not allowed in the schema of a kind; write the part out")
            kinds[name] = Kind(name=name, pack=pack.name, schema=schema, source=Location(path=path))
    return kinds


def _refers(schema: Any) -> bool:
    """Whether a schema refers to anything: with references, a page of schema can take for ever to check."""
    if isinstance(schema, Mapping):
        return bool({"$ref", "$dynamicRef", "$recursiveRef"} & set(schema)) or any(map(_refers, schema.values()))
    return isinstance(schema, list) and any(map(_refers, schema))


# --- controls ----------------------------------------------------------------------------------------------------


def _controls(packs: Sequence[_Pack], config: Document, kinds: Mapping[str, Kind]) -> list[Control]:
    from gate.store import Store, all_tables, misfit

    schemas = {name: _Records(Schema(kind.schema, str(kind.source)), misfit(kind)) for name, kind in kinds.items()}
    known_tables = {name: kind.name for name, (_, kind) in all_tables(kinds.values()).items()}
    probe = _Probe(Store(kinds.values(), parse_time("2026-01-01T00:00:00Z")))
    probe.store.lock()
    controls: dict[str, Control] = {}
    for pack in packs:
        for source in pack.sources:
            if source.name.startswith(f"{pack.folder}/controls/"):
                document = read_yaml(source.data, source.name)
                document = _with_defaults(document, pack.defaults)
                control = _control(document, pack, schemas)
                if control.id in controls:
                    raise document.error(("id",), f"id: {control.id} is already used by {controls[control.id].source}")
                _check_queries(document, control, known_tables, probe)
                controls[control.id] = control
    overridden = {
        control_id: _override(config, control_id, controls) for control_id in config.value.get("controls", {})
    }
    controls.update(overridden)
    if not controls:
        raise config.error(("packs",), "packs: no controls; an empty policy allows nothing")
    return [controls[key] for key in sorted(controls)]


@dataclass(frozen=True, slots=True)
class _Records:
    """What the records of a kind must be: their schema, and what their tables can hold."""

    schema: Schema
    misfit: Callable[[Row], str | None]


def _with_defaults(document: Document, defaults: Mapping[str, Any]) -> Document:
    """A control with what its pack says for all; params and message go with the query that they belong to."""
    if not isinstance(document.value, dict):
        return document
    own_query = {"query", "params", "message"} if "query" in document.value else set()
    taken = {name: value for name, value in defaults.items() if name not in own_query}
    return replace(document, value={**taken, **document.value})


def _control(document: Document, pack: _Pack, schemas: Mapping[str, _Records]) -> Control:
    format_schema("control").check(document)
    value = document.value
    needs = {
        kind: EvidenceNeed(minimum=need.get("min", 0), verified=need.get("verified", False))
        for kind, need in value["evidence"].items()
    }
    for kind in needs:
        if kind not in schemas:
            raise document.error(
                ("evidence", kind), f"evidence: unknown kind {kind!r}{did_you_mean(kind, list(schemas))}"
            )
    params = dict(value.get("params", {}))
    examples = tuple(
        _example(document, verdict, index, params, schemas)
        for verdict in ("pass", "fail")
        for index in range(len(value["examples"][verdict]))
    )
    line = document.line(("id",))
    return Control(
        id=value["id"],
        title=value["title"],
        why=" ".join(value["why"].split()),
        fix=" ".join(value["fix"].split()),
        owner=value["owner"],
        pack=pack.name,
        stages=frozenset(Stage(stage) for stage in value["stages"]),
        severity=Severity(value["severity"]),
        evidence=needs,
        params=params,
        message=" ".join(value["message"].split()),
        query=value["query"],
        maps_to=tuple(value.get("maps_to", ())),
        examples=examples,
        source=Location(path=document.name, line=line),
        warn_from=_date(value.get("warn_from")),
        block_from=_date(value.get("block_from")),
        clock=value.get("clock"),
        illustrations=tuple(Illustration(**item) for item in value.get("illustrations", ())),
    )


def _date(text: str | None) -> Any:
    return None if text is None else parse_date(text)


SOURCE_FIELDS = frozenset({"source_path", "source_line", "source_digest", "record_digest", "verified", "signer"})


def _example(document: Document, verdict: str, index: int, params: Row, schemas: Mapping[str, _Records]) -> Example:
    """An example's records are JSON merge patches (RFC 7386) over the first example of the kind's schema."""
    value = document.value["examples"][verdict][index]
    here = ("examples", verdict, index)
    try:
        as_of = parse_time(value["as_of"])
    except ValueError as error:
        raise document.error((*here, "as_of"), f"as_of: {error}") from None
    for name in value.get("params", {}):
        if name not in params:
            raise document.error(
                (*here, "params"), f"params: unknown parameter {name!r}{did_you_mean(name, list(params))}"
            )
    records: dict[str, list[Row]] = {}
    for kind, patches in value["records"].items():
        if kind not in document.value["evidence"]:
            raise document.error((*here, "records", kind), f"records: {kind!r} is not in this control's evidence")
        base = (schemas[kind].schema.example or {}) if patches else {}
        records[kind] = []
        for number, patch in enumerate(patches):
            row = {"verified": True, **_merge_patch(base, patch)}
            problems = schemas[kind].schema.problems({k: v for k, v in row.items() if k not in SOURCE_FIELDS})
            said = problems[0].text if problems else schemas[kind].misfit(row)
            if said:
                raise document.error((*here, "records", kind, number), f"{kind} record: {said}")
            records[kind].append(row)
    return Example(
        name=value["name"],
        passes=verdict == "pass",
        as_of=as_of,
        records=records,
        params={**params, **value.get("params", {})},
        expect=value.get("expect"),
    )


def _merge_patch(base: Any, patch: Any) -> Any:
    """JSON merge patch (RFC 7386)."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(base) if isinstance(base, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merge_patch(merged.get(key), value)
    return merged


class _Probe:
    """An empty store that queries are tried on; each text once, since many controls of a pack may share one."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._queries: dict[str, sql.Query] = {}
        self._columns: dict[tuple[str, tuple[tuple[str, str], ...]], list[tuple[str, str]]] = {}

    def query(self, text: str) -> sql.Query:
        if text not in self._queries:
            self._queries[text] = sql.check(text, self.store.connection)
        return self._queries[text]

    def columns(self, text: str, bound: Mapping[str, Any]) -> list[tuple[str, str]]:
        key = (text, tuple(sorted((name, type(value).__name__) for name, value in bound.items())))
        if key not in self._columns:
            self._columns[key] = self.store.columns(text, bound)
        return self._columns[key]


def _check_queries(document: Document, control: Control, known_tables: Mapping[str, str], probe: _Probe) -> None:
    from gate.store import CALENDAR

    parameters: set[str] = set()
    for key, text in (("query", control.query), ("clock", control.clock)):
        if text is None:
            continue
        first = document.line((key,)) + 1  # a block scalar's text starts on the next line
        try:
            query = probe.query(text)
        except sql.SqlError as error:
            raise GateError(f"{document.name}:{first + error.line - 1}: {key}: {error}") from None
        for name in sorted(query.ctes & set(known_tables)):
            raise document.error((key,), f"{key}: the CTE {name!r} hides the evidence table of that name; rename it")
        for name in sorted(query.tables - set(known_tables) - {CALENDAR}):
            raise document.error((key,), f"{key}: unknown table {name!r}{did_you_mean(name, list(known_tables))}")
        for name in sorted({known_tables[t] for t in query.tables if t in known_tables} - set(control.evidence)):
            raise document.error((key,), f"{key}: reads {name!r}; declare it under evidence")
        for name in sorted(query.parameters - set(control.params) - _RESERVED_PARAMETERS):
            raise document.error((key,), f"{key}: ${name} is not a parameter{did_you_mean(name, list(control.params))}")
        parameters |= query.parameters
        _check_columns(document, control, key, text, query.parameters, probe)
    for name in sorted(set(control.params) - parameters - _placeholders(document, control.message)):
        raise document.error(("params", name), f"params: {name!r} is used by neither query nor message")


# The columns that place a finding, and what they must be.
_TEXT_COLUMNS = frozenset({"path", "source_path", "snippet", "fingerprint", "tenant", "aside", "aside_because"})
# Kinds of the lints, whose rows may say that a finding is set aside (`model.Aside`). No other evidence can.
_ASIDE_KINDS = frozenset(
    {"data_access", "tenancy_table", "schema_finding", "suppression", "baseline_entry", "coverage"}
)
_INTEGER_COLUMNS = frozenset({"line", "source_line", "col", "end_line", "end_col", "since_at", "due_at"})
_INTEGERS = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"})
_SCALARS = _INTEGERS | {"VARCHAR", "BOOLEAN", "NULL"}


def _check_columns(
    document: Document, control: Control, key: str, text: str, parameters: Iterable[str], probe: _Probe
) -> None:
    """Bind the query against the empty tables: wrong columns and types are load errors, not surprises in CI."""
    import duckdb

    given = {**control.params, "as_of": 0, "control": control.id}
    bound = {name: given[name] for name in parameters}
    try:
        columns = probe.columns(text, bound)
    except (duckdb.Error, UnicodeEncodeError) as error:
        raise document.error((key,), f"{key}: {str(error).splitlines()[0][:240]}") from None
    names = [name for name, _ in columns]
    for index, (name, sql_type) in enumerate(columns):
        problem = _wrong_type(name, sql_type)
        if name.lower() in (other.lower() for other in names[:index]):
            problem = f"two columns are named {name!r}"
        if problem:
            raise document.error((key,), f"{key}: {problem}")
    if "subject" not in names:
        raise document.error((key,), f"{key}: must return a column named subject")
    if "aside" in names and not _ASIDE_KINDS & set(control.evidence):
        raise document.error((key,), f"{key}: only findings of code can be set aside, and it reads none; drop aside")
    if key == "clock":
        if set(names) != {"subject", "since_at", "due_at"}:
            raise document.error((key,), "clock: must return exactly subject, since_at, due_at")
        return
    for name in sorted(_placeholders(document, control.message) - set(names) - set(control.params)):
        raise document.error(
            ("message",),
            f"message: {{{name}}} is neither a column of the query nor a parameter{did_you_mean(name, names)}",
        )


def _wrong_type(name: str, sql_type: str) -> str | None:
    """Why a column of that name may not have that type, or None."""
    if sql_type not in _SCALARS:
        return f"the column {name} is of type {sql_type[:40]}; a control returns integers, text and booleans"
    if name in _INTEGER_COLUMNS and sql_type not in _INTEGERS | {"NULL"}:
        return f"the column {name} must be an integer, not {sql_type}"
    if name in _TEXT_COLUMNS and sql_type not in ("VARCHAR", "NULL"):
        return f"the column {name} must be text, not {sql_type}"
    return None


def _placeholders(document: Document, message: str) -> set[str]:
    """The names in braces. A width or conversion is refused: `{count:>999999999}` is a text of that length."""
    try:
        fields = list(string.Formatter().parse(message))
    except ValueError as error:
        raise document.error(("message",), f"message: {error}") from None
    for _, name, spec, conversion in fields:
        if name is not None and (spec or conversion):
            raise document.error(("message",), f"message: write {{{name}}} alone, without a width or conversion")
    return {name for _, name, _, _ in fields if name is not None}


def _override(config: Document, control_id: str, controls: Mapping[str, Control]) -> Control:
    if control_id not in controls:
        raise config.error(
            ("controls", control_id),
            f"controls: unknown control {control_id!r}{did_you_mean(control_id, list(controls))}",
        )
    control = controls[control_id]
    change = config.value["controls"][control_id]
    params = change.get("params", {})
    for name, value in params.items():
        here = ("controls", control_id, "params", name)
        if name not in control.params:
            hint = did_you_mean(name, list(control.params))
            raise config.error(here, f"controls.{control_id}.params: unknown parameter {name!r}{hint}")
        if type(value) is not type(control.params[name]):
            raise config.error(
                here, f"controls.{control_id}.params.{name}: must be of type {type(control.params[name]).__name__}"
            )
    return replace(
        control,
        severity=Severity(change.get("severity", control.severity)),
        owner=change.get("owner", control.owner),
        warn_from=_date(change["warn_from"]) if "warn_from" in change else control.warn_from,
        block_from=_date(change["block_from"]) if "block_from" in change else control.block_from,
        params={**control.params, **params},
    )


# --- waivers -----------------------------------------------------------------------------------------------------


def _waivers(config: Document, tree: Tree, controls: Sequence[Control]) -> tuple[list[Waiver], list[_Source]]:
    known = {control.id for control in controls}
    waivers: dict[str, Waiver] = {}
    sources = []
    patterns = config.value.get("waivers", DEFAULT_WAIVERS)
    for lost in not_read(tree, patterns):
        raise GateError(f"{lost.path}: a waiver is a regular file: {lost.reason}")
    for path in select(tree.paths(), patterns):
        data = tree.read(path)
        document = read_yaml(data, path)
        format_schema("waiver").check(document)
        value = document.value
        for name in ("defect", "state"):
            if name in value:
                raise document.error((name,), f"{name}: is computed by the gate; remove it")
        if value["control"] not in known:
            hint = did_you_mean(value["control"], sorted(known))
            raise document.error(("control",), f"control: no control {value['control']!r} in this policy{hint}")
        if value["id"] in waivers:
            raise document.error(("id",), f"id: {value['id']} is already used by {waivers[value['id']].source}")
        waivers[value["id"]] = Waiver(
            id=value["id"],
            control=value["control"],
            reason=value["reason"],
            owner=value["owner"],
            requested_by=value["requested_by"],
            approved_by=value["approved_by"],
            created=parse_date(value["created"]),
            expires=parse_date(value["expires"]),
            ticket=value["ticket"],
            source=Location(path=path, line=document.line(("id",))),
            fingerprint=value["scope"].get("fingerprint"),
            path=value["scope"].get("path"),
            tenant=value["scope"].get("tenant"),
        )
        sources.append(_Source(path, data))
    return [waivers[key] for key in sorted(waivers)], sources
