"""What an SBOM costs, beside `cyclonedx-py environment` and beside building it through cyclonedx-python-lib's model.

PYTHONPATH=bench python bench/sbom.py       (cyclonedx-bom is installed into a virtual environment of its own, once)

The environment has 200 distributions: those of this Python, filled up with renamed copies; only their metadata are
there, which is all that either tool reads. The lock is a synthetic package-lock.json of 2,000 packages.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
import shutil
import subprocess
import sys
import sysconfig
import venv
from datetime import UTC, datetime
from pathlib import Path

from measure import compare, table

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".gate" / "bench"
PEER = WORK / "cyclonedx-py"
DISTRIBUTIONS = 200
PACKAGES = 2000
BINDING = {"policyVersion": "1", "policyDigest": "sha256:" + "0" * 64, "pipelineId": "local", "signerIdentity": "bench"}


def main() -> None:
    WORK.mkdir(parents=True, exist_ok=True)
    here = [sys.executable, str(Path(__file__).resolve())]
    environment = make_environment(WORK / "environment")
    lock = WORK / "package-lock.json"
    lock.write_text(json.dumps(make_lock(PACKAGES), indent=2))

    title = f"SBOM of a {PACKAGES}-package lock, read, built and (ours) validated; target ≤ 0.20 of the model"
    commands = {
        "cyclonedx-python-lib's model": [*here, "model", str(lock)],
        "tenantgate": [*here, "lock", str(lock)],
        "import of attestations.sbom": [sys.executable, "-c", "import attestations.sbom"],
    }
    sys.stdout.write(table(title, compare(commands, rounds=3)) + "\n")

    peer = peer_command()
    if peer is None:
        sys.stdout.write("cyclonedx-bom could not be installed: the environment is not compared\n")
        return
    theirs = WORK / "theirs.json"
    ours = WORK / "ours.json"
    python = environment / "bin" / "python"
    title = f"SBOM of a {DISTRIBUTIONS}-distribution environment, validated; target ≤ 0.05 of cyclonedx-py"
    commands = {
        "cyclonedx-py environment": [*peer, "environment", "-o", str(theirs), str(python)],
        "cyclonedx-py environment --no-validate": [
            *peer,
            "environment",
            "--no-validate",
            "-o",
            str(theirs),
            str(python),
        ],
        "tenantgate": [*here, "environment", str(environment), str(ours)],
    }
    sys.stdout.write(table(title, compare(commands, rounds=2)) + "\n")
    sys.stdout.write(parity(json.loads(theirs.read_bytes()), json.loads(ours.read_bytes())))


def write(inventory: object, target: Path | None = None) -> None:
    """The whole of our work on an inventory: build, validate, write."""
    from attestations.sbom import Inventory, build, validate

    assert isinstance(inventory, Inventory)
    assert not inventory.problems, inventory.problems[0]
    data = build(
        inventory,
        name="bench",
        version="1",
        binding=BINDING,
        timestamp=datetime(2026, 1, 1, tzinfo=UTC),
        tools=[("tenantgate", "0")],
    )
    validate(data)
    if target:
        target.write_bytes(data)


def ours_of_environment(place: str, target: str) -> None:
    from attestations.sbom import read_environment

    write(read_environment(Path(place)), Path(target))


def ours_of_lock(path: str) -> None:
    from attestations.sbom import read_sources

    write(read_sources({"package-lock.json": Path(path).read_bytes()}))


def model_of_lock(path: str) -> None:
    """The same components, hashes, licences and edges through the library, as its documentation shows; unvalidated."""
    from cyclonedx.factory.license import LicenseFactory
    from cyclonedx.model import HashAlgorithm, HashType
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.output.json import JsonV1Dot6
    from packageurl import PackageURL

    entries = json.loads(Path(path).read_bytes())["packages"]
    licences = LicenseFactory()
    bom = Bom()
    root = bom.metadata.component = Component(name="bench", version="1", type=ComponentType.APPLICATION)
    components = {}
    for place, entry in entries.items():
        if not place:
            components[place] = root
            continue
        name = place.removeprefix("node_modules/")
        digest = base64.b64decode(entry["integrity"].removeprefix("sha512-")).hex()
        component = Component(
            name=name,
            version=entry["version"],
            type=ComponentType.LIBRARY,
            purl=PackageURL("npm", None, name, entry["version"]),
            bom_ref=f"pkg:npm/{name}@{entry['version']}",
            hashes=[HashType(alg=HashAlgorithm.SHA_512, content=digest)],
            licenses=[licences.make_from_string(entry["license"])],
        )
        components[place] = component
        bom.components.add(component)
    for place, entry in entries.items():
        needed = [components[f"node_modules/{name}"] for name in entry.get("dependencies", {})]
        bom.register_dependency(components[place], needed)
    JsonV1Dot6(bom).output_as_string()


def make_lock(count: int) -> dict[str, object]:
    chance = random.Random(7)
    names = [f"package-{number}" for number in range(count)]
    packages: dict[str, object] = {
        "": {"name": "bench", "version": "1.0.0", "dependencies": dict.fromkeys(names[::10], "*")}
    }
    for number, name in enumerate(names):
        digest = base64.b64encode(hashlib.sha512(name.encode()).digest()).decode()
        later = [chance.randrange(number + 1, count) for _ in range(chance.randrange(5))] if number + 1 < count else []
        packages[f"node_modules/{name}"] = {
            "version": f"1.{number % 20}.{number % 7}",
            "resolved": f"https://npm.example/{name}/-/{name}-1.{number % 20}.{number % 7}.tgz",
            "integrity": f"sha512-{digest}",
            "license": chance.choice(["MIT", "Apache-2.0", "ISC", "(MIT OR Apache-2.0)"]),
            "dependencies": {names[other]: "*" for other in sorted(set(later))},
        }
    return {"name": "bench", "version": "1.0.0", "lockfileVersion": 3, "requires": True, "packages": packages}


def make_environment(place: Path) -> Path:
    """A virtual environment that holds the metadata of 200 distributions and nothing else."""
    shutil.rmtree(place, ignore_errors=True)
    venv.create(place, with_pip=False, symlinks=True)
    (site,) = place.glob("lib/python*/site-packages")
    real = sorted(Path(sysconfig.get_path("purelib")).glob("*.dist-info"))
    real = [folder for folder in real if not (folder / "direct_url.json").exists()][:DISTRIBUTIONS]
    for folder in real:
        install(site, folder, "")
    for number in range(DISTRIBUTIONS - len(real)):
        install(site, real[number % len(real)], f"copy{number}.")
    return place


def install(site: Path, folder: Path, prefix: str) -> None:
    target = site / f"{prefix.replace('.', '_')}{folder.name}"
    target.mkdir()
    metadata = (folder / "METADATA").read_bytes().replace(b"\nName: ", f"\nName: {prefix}".encode(), 1)
    (target / "METADATA").write_bytes(metadata)
    digest = base64.urlsafe_b64encode(hashlib.sha256(metadata).digest()).rstrip(b"=").decode()
    record = (folder / "RECORD").read_text().splitlines()
    kept = [line for line in record if not line.startswith(f"{folder.name}/METADATA,")]
    (target / "RECORD").write_text("\n".join([*kept, f"{target.name}/METADATA,sha256={digest},{len(metadata)}", ""]))


def peer_command() -> list[str] | None:
    """cyclonedx-py in a virtual environment of its own, so that its dependencies don't meet ours."""
    command = PEER / "bin" / "cyclonedx-py"
    if not command.exists():
        venv.create(PEER, with_pip=True, clear=True, symlinks=True)
        pip = [str(PEER / "bin" / "python"), "-m", "pip", "install", "--quiet", "cyclonedx-bom>=7,<8"]
        if subprocess.run(pip, check=False).returncode:
            return None
    return [str(command)]


def parity(theirs: dict[str, object], ours: dict[str, object]) -> str:
    """What each document says, so that the ratio compares the same work."""
    lines = ["| what the documents say | cyclonedx-py | tenantgate |", "|---|---|---|"]
    rows = {
        "components": lambda b: len(b["components"]),
        "with licences": lambda b: sum(1 for c in b["components"] if c.get("licenses")),
        "with a description": lambda b: sum(1 for c in b["components"] if c.get("description")),
        "external references": lambda b: len(
            {(c["name"], r["url"]) for c in b["components"] for r in c.get("externalReferences", ())}
        ),
        "dependency edges": lambda b: sum(
            len(d.get("dependsOn", ())) for d in b["dependencies"] if "copy" not in d["ref"]
        ),
        "with the place where they were found": lambda b: sum(1 for c in b["components"] if c.get("evidence")),
    }
    lines += [f"| {name} | {count(theirs)} | {count(ours)} |" for name, count in rows.items()]
    same = {(c["name"], c["version"]) for c in theirs["components"]} == {
        (c["name"], c["version"]) for c in ours["components"]
    }  # type: ignore[attr-defined]
    return "\n".join([*lines, "", f"the same names and versions: {'yes' if same else 'NO'}", ""])


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    else:
        {"environment": ours_of_environment, "lock": ours_of_lock, "model": model_of_lock}[sys.argv[1]](*sys.argv[2:])
