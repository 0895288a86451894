"""Whatever the files of a project hold, the answer is a valid document that says how complete it is, or one line."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attestations.sbom import Inventory, SbomError, read_environment, read_sbom, read_sources, validate

Written = Callable[..., bytes]

NAMES = st.sampled_from(["a", "b", "c", "a-b", "A.b", "@s/a", "@s/b", "root"])
VERSIONS = st.sampled_from(
    ["1.0.0", "1.0", "2.0.0", "1!2.0+local", "2.0.0-rc.1", "npm:b@1.0.0", "file:lib", "*", "^1", ""]
)
URLS = st.sampled_from(
    [
        "https://user:secret@npm.example/a/-/a-1.0.0.tgz?token=secret#secret",
        "git+ssh://git@git.example/a.git#0123456789abcdef0123456789abcdef01234567",
        "git+https://git.example/a.git?rev=x#0123456789abcdef0123456789abcdef01234567",
        "https://[::1]/a.tgz",
        "https://exämple.example/%zz/<a>",
        "http://a.example:99999/",
        "file:///home/somebody/a",
        "../..",
        "packages/a",
    ]
)
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 2**70),
    st.text(max_size=8),
    URLS,
    VERSIONS,
    st.lists(st.text(max_size=3), max_size=2),
)
SRI = st.sampled_from(
    ["sha1-qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", "sha512-AAAA", "md5-", "sha1-qZk+NkcGgWq6PiVxeFDCbJzQ2J0= x"]
)
LICENCES = st.one_of(st.sampled_from(["MIT", "(MIT OR ISC)", "SEE LICENSE IN x", {"type": "MIT"}, ["ISC"]]), JUNK)
TABLES = st.dictionaries(NAMES, st.one_of(VERSIONS, VERSIONS, JUNK), max_size=3)


def sometimes(value: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(value, value, value, value, JUNK)


NPM_ENTRY = st.fixed_dictionaries(
    {"version": sometimes(st.sampled_from(["1.0.0", "2.0.0"]))},
    optional={
        "name": NAMES,
        "resolved": sometimes(URLS),
        "integrity": sometimes(SRI),
        "link": st.booleans(),
        "dev": sometimes(st.booleans()),
        "license": LICENCES,
        "dependencies": sometimes(TABLES),
        "optionalDependencies": TABLES,
        "peerDependencies": TABLES,
        "devDependencies": TABLES,
        "workspaces": st.just(["packages/*"]),
    },
)
PLACES = st.sampled_from(
    [
        "",
        "node_modules/a",
        "node_modules/b",
        "node_modules/@s/a",
        "node_modules/a/node_modules/b",
        "packages/a",
        "../x",
        "/x",
    ]
)
NPM_LOCK = st.fixed_dictionaries(
    {
        "lockfileVersion": sometimes(st.sampled_from([1, 2, 3])),
        "packages": st.dictionaries(PLACES, NPM_ENTRY, max_size=6),
    },
    optional={
        "name": sometimes(NAMES),
        "version": sometimes(VERSIONS),
        "dependencies": st.dictionaries(NAMES, st.one_of(NPM_ENTRY, JUNK), max_size=3),
    },
)
REQUIREMENT = st.one_of(
    st.builds("{}{}{}".format, NAMES, st.sampled_from(["==", ">=", " @ ", "===", ""]), st.one_of(VERSIONS, URLS)),
    st.sampled_from(
        ["-r x.txt", "-c requirements.txt", "-e .", "-e ./lib[dev]", "./a-1.0-py3-none-any.whl", "[dev]", "\\", ";"]
    ),
    st.builds("# via {}".format, NAMES),
    st.builds("    # via\n    #   {}\n    #   -r x.in".format, NAMES),
    st.builds("--hash=sha256:{}".format, st.sampled_from(["a" * 64, "zz", ""])),
    st.text(max_size=12),
)
TOML_ENTRY = st.fixed_dictionaries(
    {"name": sometimes(NAMES), "version": sometimes(st.sampled_from(["1.0", "2.0"]))},
    optional={
        "source": st.one_of(
            st.dictionaries(
                st.sampled_from(
                    ["registry", "git", "url", "editable", "virtual", "path", "type", "resolved_reference"]
                ),
                st.one_of(
                    URLS, st.sampled_from([".", "lib", "git", "directory", "0123456789abcdef0123456789abcdef01234567"])
                ),
                max_size=3,
            ),
            JUNK,
        ),
        "dependencies": sometimes(
            st.one_of(
                st.lists(
                    st.fixed_dictionaries({"name": NAMES}, optional={"extra": st.lists(NAMES, max_size=1)}), max_size=3
                ),
                st.dictionaries(NAMES, VERSIONS, max_size=3),
                st.lists(st.builds("{}>={}".format, NAMES, VERSIONS), max_size=2),
            )
        ),
        "optional-dependencies": sometimes(
            st.dictionaries(NAMES, st.lists(st.fixed_dictionaries({"name": NAMES})), max_size=1)
        ),
        "extras": sometimes(
            st.one_of(st.lists(NAMES, max_size=1), st.dictionaries(NAMES, st.lists(NAMES), max_size=1))
        ),
        "files": st.lists(
            st.fixed_dictionaries({"hash": st.sampled_from(["sha256:" + "a" * 64, "sha256:x", "x"])}), max_size=1
        ),
        "optional": st.booleans(),
        "groups": sometimes(st.lists(st.sampled_from(["main", "dev", "default"]), max_size=2)),
        "path": sometimes(st.sampled_from(["./lib", "/x"])),
    },
)
TOML_LOCK = st.fixed_dictionaries(
    {"version": sometimes(st.just(1)), "package": st.lists(TOML_ENTRY, max_size=5)},
    optional={
        "metadata": st.fixed_dictionaries({"lock-version": st.just("2.1"), "lock_version": st.just("4.5.0")}),
        "lock-version": st.just("1.0"),
        "created-by": st.just("x"),
        "packages": st.lists(TOML_ENTRY, max_size=2),
    },
)
PROJECT = st.fixed_dictionaries(
    {},
    optional={
        "project": st.fixed_dictionaries(
            {"name": sometimes(NAMES)},
            optional={
                "version": sometimes(VERSIONS),
                "dependencies": sometimes(st.lists(REQUIREMENT, max_size=3)),
                "optional-dependencies": sometimes(
                    st.dictionaries(NAMES, st.lists(REQUIREMENT, max_size=1), max_size=1)
                ),
                "dynamic": sometimes(st.lists(st.sampled_from(["version", "dependencies"]), max_size=2)),
                "license": LICENCES,
            },
        ),
        "dependency-groups": sometimes(
            st.dictionaries(
                NAMES, st.lists(st.one_of(REQUIREMENT, st.builds(lambda n: {"include-group": n}, NAMES)), max_size=2)
            )
        ),
        "tool": st.fixed_dictionaries(
            {},
            optional={
                "poetry": sometimes(
                    st.fixed_dictionaries(
                        {"name": NAMES}, optional={"dependencies": sometimes(TABLES), "group": sometimes(TABLES)}
                    )
                ),
                "uv": sometimes(
                    st.fixed_dictionaries({"dev-dependencies": sometimes(st.lists(REQUIREMENT, max_size=2))})
                ),
                "setuptools": sometimes(st.fixed_dictionaries({"dynamic": sometimes(TABLES)})),
            },
        ),
    },
)


def toml(value: Any) -> str:
    """Any JSON-like value as TOML, everything below the top inline."""
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(f"{json.dumps(k, ensure_ascii=False)} = {toml(v)}" for k, v in value.items() if v is not None)
            + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(toml(item) for item in value if item is not None) + "]"
    return json.dumps(value, ensure_ascii=False)


def toml_file(value: dict[str, Any]) -> bytes:
    lines = [f"{json.dumps(key)} = {toml(item)}\n" for key, item in value.items() if item is not None]
    return "".join(lines).encode("utf-8", "surrogatepass")


def json_file(value: Any) -> bytes:
    return json.dumps(value).encode()


FOLDERS = st.sampled_from(["", "a b", "x\ny", "\udcff", "ü", "..", "\x1b[31m", "%41", "::set-output name=x::"])
FILES = st.fixed_dictionaries(
    {},
    optional={
        "package-lock.json": NPM_LOCK.map(json_file),
        "web/package-lock.json": NPM_LOCK.map(json_file),
        "package.json": NPM_ENTRY.map(json_file),
        "requirements.txt": st.lists(REQUIREMENT, max_size=6)
        .map("\n".join)
        .map(lambda t: t.encode("utf-8", "surrogatepass")),
        "x.txt": st.lists(REQUIREMENT, max_size=3).map("\n".join).map(lambda t: t.encode("utf-8", "surrogatepass")),
        "pyproject.toml": PROJECT.map(toml_file),
        "lib/pyproject.toml": PROJECT.map(toml_file),
        "uv.lock": TOML_LOCK.map(toml_file),
        "poetry.lock": TOML_LOCK.map(toml_file),
        "pdm.lock": TOML_LOCK.map(toml_file),
        "pylock.toml": TOML_LOCK.map(toml_file),
    },
)
QUICK = settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
THEIRS = JsonStrictValidator(SchemaVersion.V1_6)


def outcome(call: Callable[[Any], Any], argument: Any) -> Any:
    try:
        return call(argument)
    except SbomError as error:
        return error


def judged(files: dict[str, bytes], written: Written) -> Inventory | None:
    inventory = outcome(read_sources, files)
    if isinstance(inventory, SbomError):
        assert str(inventory).isprintable()
        return None
    data = written(inventory)
    validate(data)
    assert b"secret" not in data
    for problem in inventory.problems:
        assert str(problem).isprintable()
        assert len(str(problem)) < 700
    everything = {c.ref: c.depends_on or () for c in inventory.components}
    reached: set[str] = set()
    pending = list(inventory.direct)
    while pending:
        ref = pending.pop()
        if ref not in reached and ref != "file:.":
            reached.add(ref)
            pending.extend(everything[ref])
    assert reached == everything.keys()
    return inventory


@given(files=FILES)
@QUICK
def test_generated_manifests(written: Written, files: dict[str, bytes]) -> None:
    inventory = judged(files, written)
    if inventory is not None and inventory.components:
        assert written(inventory) == written(read_sources(dict(reversed(files.items()))))


@given(files=FILES)
@settings(QUICK, max_examples=40)
def test_generated_manifests_by_the_other_validator(written: Written, files: dict[str, bytes]) -> None:
    inventory = judged(files, written)
    if inventory is not None:
        assert THEIRS.validate_str(written(inventory).decode()) is None


@given(folders=st.sets(FOLDERS, min_size=1), name=st.sampled_from(["package-lock.json", "requirements.txt", "uv.lock"]))
@settings(QUICK, max_examples=60)
def test_file_names_of_any_kind(written: Written, folders: set[str], name: str) -> None:
    content = {
        "package-lock.json": b'{"lockfileVersion": 3, "packages": {"": {}, "lib": {}, "node_modules/a": {"version": "1"}}}',
        "requirements.txt": b"a==1\nb\n-r \xc3\xbc.txt\n-e ./lib",
        "uv.lock": b'version = 1\n[[package]]\nname = "a"\nsource = {virtual = "lib"}\n',
    }[name]
    judged({f"{folder}/{name}".lstrip("/"): content for folder in folders}, written)


MANIFESTS = [
    "package-lock.json",
    "package.json",
    "requirements.txt",
    "pyproject.toml",
    "uv.lock",
    "poetry.lock",
    "pdm.lock",
    "pylock.toml",
]


@pytest.mark.parametrize("name", MANIFESTS)
@given(
    content=st.one_of(st.binary(max_size=60), st.text(max_size=60).map(lambda t: t.encode("utf-8", "surrogatepass")))
)
@settings(QUICK, max_examples=60)
def test_arbitrary_bytes(written: Written, name: str, content: bytes) -> None:
    judged({name: content}, written)


@given(
    headers=st.lists(
        st.tuples(st.sampled_from(["Name", "Version", "Requires-Dist", "License", "Classifier", "x"]), REQUIREMENT)
    )
)
@settings(QUICK, max_examples=100)
def test_arbitrary_metadata(written: Written, headers: list[tuple[str, str]]) -> None:
    with TemporaryDirectory() as folder:
        for name in ("a", "b"):
            (dist := Path(folder) / f"{name}-1.0.dist-info").mkdir()
            text = f"Name: {name}\nVersion: 1.0\n" + "".join(f"{key}: {value}\n" for key, value in headers)
            (dist / "METADATA").write_bytes(text.encode("utf-8", "surrogatepass"))
            (dist / "RECORD").write_bytes(b"")
        validate(written(read_environment(Path(folder))))


SBOM: dict[str, Any] = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.6",
    "version": 1,
    "metadata": {
        "component": {"type": "library", "name": "x", "bom-ref": "x"},
        "properties": [{"name": "p", "value": "v"}],
    },
    "components": [{"type": "library", "name": "a", "bom-ref": "a", "hashes": [{"alg": "MD5", "content": "0" * 32}]}],
    "dependencies": [{"ref": "x", "dependsOn": ["a"]}],
    "compositions": [{"aggregate": "complete", "assemblies": ["x"]}],
}


@given(data=st.data())
@settings(QUICK, max_examples=300)
def test_a_foreign_document_with_anything_anywhere(data: st.DataObject) -> None:
    bom = copy.deepcopy(SBOM)
    place: Any = bom
    while True:
        key = data.draw(st.sampled_from(list(place))) if isinstance(place, dict) else 0
        if not isinstance(place[key], dict | list) or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = data.draw(st.one_of(JUNK, st.just({}), st.just([[]]), st.just([{}])))
    for judge in (read_sbom, validate):
        assert str(outcome(judge, json.dumps(bom).encode())).isprintable()
