"""The document: reproducible, bound, valid by two validators; and foreign documents, refused for true reasons."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from packageurl import PackageURL

from attestations.sbom import BINDING, Inventory, SbomError, read_sbom, validate

Read = Callable[..., Inventory]
Document = Callable[[Inventory], dict[str, Any]]
Written = Callable[..., bytes]

HASH = "a" * 64


@pytest.fixture
def inventory(read: Read) -> Inventory:
    return read(**{"requirements.txt": f"flask==3.0.0 --hash=sha256:{HASH}\njinja2==3.1.4 --hash=sha256:{HASH}\n"})


def test_the_same_input_gives_the_same_bytes_and_another_input_another_serial(
    inventory: Inventory, written: Written, read: Read
) -> None:
    first = written(inventory)
    assert first == written(inventory, timestamp=datetime(2026, 11, 21, 13, tzinfo=timezone(timedelta(hours=1))))
    serial = json.loads(first)["serialNumber"]
    others = [
        written(inventory, version="1.2.4"),
        written(inventory, timestamp=datetime(2026, 11, 21, 13, tzinfo=UTC)),
        written(read(**{"requirements.txt": f"flask==3.0.1 --hash=sha256:{HASH}"})),
    ]
    assert len({serial, *(json.loads(data)["serialNumber"] for data in others)}) == 4


def test_the_order_of_files_and_of_hash_seeds_does_not_matter(written: Written, read: Read) -> None:
    files = {
        "requirements.txt": "b==1\na==1",
        "x/requirements.txt": "c==1",
        "package-lock.json": '{"lockfileVersion": 9}',
    }
    assert written(read(**files)) == written(read(**dict(reversed(files.items()))))
    code = (
        "from attestations.sbom import *; import datetime, hashlib\n"
        "i = read_sources({'requirements.txt': b'\\n'.join(b'p%d==1' % n for n in range(50))})\n"
        f"b = dict.fromkeys({BINDING!r}, 'x')\n"
        "d = build(i, name='x', version='1', binding=b, tools=[('t', '1')],"
        " timestamp=datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC))\n"
        "print(hashlib.sha256(d).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True, text=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def test_the_binding_is_in_the_document_and_in_its_summary(inventory: Inventory, written: Written) -> None:
    data = written(inventory, sha256=HASH)
    validate(data)
    summary = read_sbom(data)
    assert summary.properties["tenantgate:policyVersion"] == "2026.11"
    assert summary.properties["tenantgate:signerIdentity"] == "release-manager@summit.example"
    assert (summary.name, summary.version, summary.spec_version, summary.components) == ("summit", "1.2.3", "1.6", 2)
    assert summary.hashes == {"SHA-256": HASH}
    assert summary.serial_number


def test_every_purl_is_canonical_and_every_component_reachable(inventory: Inventory, document: Document) -> None:
    bom = document(inventory)
    assert (bom["bomFormat"], bom["specVersion"], bom["version"]) == ("CycloneDX", "1.6", 1)
    for component in bom["components"]:
        assert PackageURL.from_string(component["purl"]).to_string() == component["purl"]
    assert bom["dependencies"][0] == {
        "ref": "summit@1.2.3",
        "dependsOn": ["pkg:pypi/flask@3.0.0", "pkg:pypi/jinja2@3.1.4"],
    }


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no binding": ({"binding": {}}, "pipelineId, policyDigest, policyVersion, signerIdentity"),
    "an empty signer": ({"binding": {**dict.fromkeys(BINDING, "x"), "signerIdentity": " "}}, "signerIdentity"),
    "an unknown property": ({"binding": {**dict.fromkeys(BINDING, "x"), "more": "x"}}, "more"),
    "no name": ({"name": ""}, "name"),
    "no version": ({"version": ""}, "version"),
    "no tool": ({"tools": []}, "tool"),
    "a time without a zone": ({"timestamp": datetime(2026, 1, 1)}, "time zone"),
    "a name that is not text": ({"name": "\ud800"}, "surrogate"),
    "a name that is a component": ({"name": "pkg:pypi/flask", "version": "3.0.0"}, "same reference"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_built(inventory: Inventory, written: Written, name: str) -> None:
    changed, reason = REFUSED[name]
    with pytest.raises(SbomError, match=reason):
        written(inventory, **changed)


def bom_of(**more: Any) -> dict[str, Any]:
    return {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, **more}


def component(ref: str = "a", **more: Any) -> dict[str, Any]:
    return {"type": "library", "name": "a", "bom-ref": ref, **more}


def nested(depth: int) -> dict[str, Any]:
    inner = component("deepest")
    for level in range(depth):
        inner = component(str(level), components=[inner])
    return inner


INVALID: dict[str, tuple[Any, str]] = {
    "empty": (b"", "not strict JSON"),
    "not an object": ([], "bomFormat"),
    "another format": ({"spdxVersion": "SPDX-2.3"}, "bomFormat"),
    "a duplicate key": (b'{"bomFormat":"x","bomFormat":"CycloneDX","specVersion":"1.6"}', "duplicate key"),
    "a duplicate key deep inside": (
        b'{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"library","name":"a","name":"b"}]}',
        "duplicate key",
    ),
    "UTF-16": (json.dumps(bom_of()).encode("utf-16"), "UTF-8"),
    "a byte order mark": (b"\xef\xbb\xbf" + json.dumps(bom_of()).encode(), "byte order mark"),
    "trailing data": (json.dumps(bom_of()).encode() + b"{}", "Extra data"),
    "NaN": (b'{"bomFormat":"CycloneDX","specVersion":"1.6","version":NaN}', "NaN"),
    "a huge number": (b'{"bomFormat":"CycloneDX","specVersion":"1.6","version":1e999}', "range"),
    "no version": ({"bomFormat": "CycloneDX"}, "specVersion is None"),
    "an old version": (bom_of(specVersion="1.4"), "specVersion is '1.4'"),
    "a version of the wrong type": (bom_of(specVersion=1.6), "specVersion is 1.6"),
    "the schema of another version": (
        {"$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json", **bom_of()},
        "schema",
    ),
    "a schema of somebody else": ({"$schema": "file:///etc/passwd", **bom_of()}, "schema"),
    "an unknown field": (bom_of(surprise=1), "surprise"),
    "a component without a name": (bom_of(components=[{"type": "library"}]), "components/0"),
    "an unknown licence id": (bom_of(components=[component(licenses=[{"license": {"id": "NOPE"}}])]), "licenses"),
    "a serial number that is none": (bom_of(serialNumber="urn:uuid:1"), "serialNumber"),
    "a time that is none": (bom_of(metadata={"timestamp": "yesterday"}), "timestamp"),
    "a hash of the wrong length": (
        bom_of(components=[component(hashes=[{"alg": "SHA-256", "content": "a" * 40}])]),
        "SHA-256",
    ),
    "the same component twice": (bom_of(components=[component(), component(version="2")]), "used twice"),
    "a reference used by a nested one": (bom_of(components=[component(components=[component()])]), "used twice"),
    "a reference used by a service": (
        bom_of(components=[component()], services=[{"name": "s", "bom-ref": "a"}]),
        "used twice",
    ),
    "a dependency on nothing": (
        bom_of(components=[component()], dependencies=[{"ref": "a", "dependsOn": ["b"]}]),
        "'b'",
    ),
    "dependencies of nothing": (bom_of(dependencies=[{"ref": "a"}]), "'a'"),
    "dependencies stated twice": (
        bom_of(components=[component()], dependencies=[{"ref": "a"}, {"ref": "a", "dependsOn": []}]),
        "stated twice",
    ),
    "a composition of nothing": (bom_of(compositions=[{"aggregate": "complete", "assemblies": ["x"]}]), "'x'"),
    "a vulnerability of nothing": (bom_of(vulnerabilities=[{"affects": [{"ref": "x"}]}]), "'x'"),
    "components nested 300 deep": (bom_of(components=[nested(300)]), "nested deeper"),
    "200,000 open brackets": (b"[" * 200_000, "nested deeper"),
    "larger than the limit": (b" " * (64 * 1024 * 1024 + 1), "larger than"),
}


@pytest.mark.parametrize("name", INVALID)
def test_what_is_not_valid(name: str) -> None:
    content, reason = INVALID[name]
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    with pytest.raises(SbomError) as refused:
        validate(data)
    assert reason in str(refused.value)
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize("version", ["1.4", "1.5", "1.6", "1.7"])
def test_foreign_documents_of_each_version(version: str) -> None:
    foreign = bom_of(
        specVersion=version,
        serialNumber="urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
        metadata={
            "component": {**component("root"), "hashes": [{"alg": "SHA-256", "content": HASH.upper()}]},
            "properties": [
                {"name": "p", "value": "1"},
                {"name": "twice", "value": "1"},
                {"name": "twice", "value": "2"},
            ],
        }
        if version != "1.4"
        else {"component": component("root")},
        components=[component("a", components=[component("b")]), component("c")],
        dependencies=[{"ref": "root", "dependsOn": ["a", "c"]}],
    )
    data = json.dumps(foreign).encode()
    summary = read_sbom(data)
    assert (summary.spec_version, summary.components, summary.name) == (version, 3, "a")
    assert summary.serial_number == foreign["serialNumber"]
    if version != "1.4":
        assert summary.hashes == {"SHA-256": HASH}
        assert summary.properties == {"p": "1"}
    if version != "1.6":
        with pytest.raises(SbomError, match="specVersion"):
            validate(data)


FOREIGN: dict[str, tuple[dict[str, Any], str]] = {
    "a field of a later version": (bom_of(specVersion="1.4", formulation=[]), "formulation"),
    "a version that is not read": (bom_of(specVersion="1.3"), "accepted: 1.4, 1.5, 1.6, 1.7"),
    "a version that does not exist": (bom_of(specVersion="2.0"), "accepted"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_documents_that_are_not_accepted(name: str) -> None:
    content, reason = FOREIGN[name]
    with pytest.raises(SbomError, match=reason):
        read_sbom(json.dumps(content).encode())


def test_no_schema_is_fetched_and_no_model_is_imported() -> None:
    code = (
        "import socket, sys\n"
        "def refuse(*_a, **_k): raise SystemExit('network')\n"
        "socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse\n"
        "from attestations.sbom import SbomError, validate, read_sbom\n"
        "heavy = {'jsonschema_rs', 'packaging', 'packageurl', 'tomllib', 'email.parser', 'cyclonedx'}\n"
        "assert not heavy & set(sys.modules)\n"
        "for version in ('1.4', '1.5', '1.6', '1.7'):\n"
        '    read_sbom(b\'{"bomFormat":"CycloneDX","specVersion":"%s","version":1}\' % version.encode())\n'
        "assert 'cyclonedx' not in sys.modules and 'jsonschema' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
