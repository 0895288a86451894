"""Python projects and their locks: the graph, and the extras really asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attestations.sbom import Inventory, Scope

Read = Callable[..., Inventory]
Edges = Callable[[Inventory], set[tuple[str, str]]]
Document = Callable[[Inventory], dict[str, Any]]

A, B = "a" * 64, "b" * 64
COMMIT = "0123456789abcdef0123456789abcdef01234567"

PROJECT = """
[project]
name = "Summit"
version = "1.2.3"
license = "Apache-2.0"
dependencies = ["requests[socks]>=2", "summit[extra]", 'tomli>=1; python_version < "3.11"']
[project.optional-dependencies]
extra = ["rich>=13"]
[dependency-groups]
test = ["pytest>=8"]
dev = [{include-group = "test"}]
"""

UV = f"""
version = 1
revision = 3
requires-python = ">=3.11"

[[package]]
name = "summit"
version = "1.2.3"
source = {{ editable = "." }}
dependencies = [{{ name = "requests", extra = ["socks"] }}]
[package.optional-dependencies]
extra = [{{ name = "rich" }}]
[package.dev-dependencies]
dev = [{{ name = "pytest" }}]

[[package]]
name = "requests"
version = "2.32.0"
source = {{ registry = "https://index.example/simple" }}
dependencies = [{{ name = "idna" }}, {{ name = "win", marker = "sys_platform == 'win32'" }}]
sdist = {{ url = "https://files.example/requests-2.32.0.tar.gz", hash = "sha256:{A}", size = 1 }}
wheels = [{{ url = "https://files.example/requests-2.32.0-py3-none-any.whl", hash = "sha256:{B}", size = 1 }}]
[package.optional-dependencies]
socks = [{{ name = "pysocks" }}]
security = [{{ name = "never" }}]

[[package]]
name = "idna"
version = "3.7"
source = {{ registry = "https://index.example/simple" }}
[[package]]
name = "win"
version = "1.0"
source = {{ git = "https://git.example/win.git?rev=main#{COMMIT}" }}
[[package]]
name = "pysocks"
version = "1.7.1"
source = {{ registry = "https://index.example/simple" }}
[[package]]
name = "never"
version = "1.0"
source = {{ registry = "https://index.example/simple" }}
[[package]]
name = "rich"
version = "13.0"
source = {{ registry = "https://index.example/simple" }}
[[package]]
name = "pytest"
version = "8.0.0"
source = {{ registry = "https://index.example/simple" }}
"""


def test_uv(read: Read, edges: Edges, document: Document) -> None:
    inventory = read(**{"pyproject.toml": PROJECT, "uv.lock": UV})
    assert not inventory.problems
    assert (inventory.name, inventory.version, inventory.closed) == ("summit", "1.2.3", True)
    assert edges(inventory) == {
        (".", "requests@2.32.0"),
        (".", "rich@13.0"),
        (".", "pytest@8.0.0"),
        (".", "never@1.0"),  # in the lock, but nobody asks for the extra: it hangs below the project
        ("requests@2.32.0", "idna@3.7"),
        ("requests@2.32.0", "win@1.0"),
        ("requests@2.32.0", "pysocks@1.7.1"),
    }
    scopes = {c.name: c.scope for c in inventory.components}
    assert (scopes["rich"], scopes["pytest"], scopes["idna"]) == (Scope.OPTIONAL, Scope.EXCLUDED, Scope.REQUIRED)
    found = {c["name"]: c for c in document(inventory)["components"]}
    assert [h["content"] for h in found["requests"]["hashes"]] == [A, B]
    assert found["win"]["externalReferences"] == [{"type": "vcs", "url": f"git+https://git.example/win.git@{COMMIT}"}]


def test_uv_workspace_members_are_components_of_the_project(read: Read, edges: Edges) -> None:
    lock = """
version = 1
[[package]]
name = "a"
version = "0.1"
source = { virtual = "packages/a" }
dependencies = [{ name = "b" }, { name = "six" }]
[[package]]
name = "b"
version = "0.2"
source = { editable = "packages/b" }
[[package]]
name = "six"
version = "1.16.0"
source = { registry = "https://index.example/simple" }
"""
    inventory = read(
        **{
            "uv.lock": lock,
            "packages/a/pyproject.toml": '[project]\nname = "a"\nversion = "0.1"\ndependencies = ["b", "six"]',
            "packages/b/pyproject.toml": '[project]\nname = "b"\ndynamic = ["version", "dependencies"]',
        }
    )
    assert not inventory.problems
    assert {c.ref: c.purl for c in inventory.components} == {
        "file:packages/a": None,
        "file:packages/b": None,
        "pkg:pypi/six@1.16.0": "pkg:pypi/six@1.16.0",
    }
    assert edges(inventory) == {(".", "a@0.1"), ("a@0.1", "b@0.2"), ("a@0.1", "six@1.16.0")}


POETRY = f"""
[[package]]
name = "requests"
version = "2.32.0"
description = ""
optional = false
python-versions = ">=3.8"
groups = ["main"]
files = [{{file = "requests-2.32.0-py3-none-any.whl", hash = "sha256:{A}"}}]
[package.dependencies]
idna = ">=2.5,<4"
PySocks = {{version = ">=1.5.6,<1.5.7 || >1.5.7", optional = true, markers = "extra == \\"socks\\""}}
importlib-metadata = {{version = "*", markers = "python_version < \\"3.8\\""}}
[package.extras]
socks = ["PySocks (>=1.5.6,!=1.5.7)"]

[[package]]
name = "idna"
version = "2.10"
optional = false
python-versions = "*"
files = []
[[package]]
name = "idna"
version = "4.0"
optional = false
python-versions = "*"
files = []
[[package]]
name = "PySocks"
version = "1.7.1"
optional = true
python-versions = "*"
files = []
[[package]]
name = "pytest"
version = "8.0.0"
optional = false
python-versions = "*"
groups = ["dev"]
files = []
[package.source]
type = "git"
url = "git@git.example:o/pytest.git"
reference = "main"
resolved_reference = "{COMMIT}"

[metadata]
lock-version = "2.1"
python-versions = "^3.11"
content-hash = "0"
"""

POETRY_PROJECT = """
[tool.poetry]
name = "summit"
version = "1.2.3"
[tool.poetry.dependencies]
python = "^3.11"
requests = {version = "^2.31", extras = ["socks"]}
[tool.poetry.group.dev.dependencies]
pytest = "^8"
"""


def test_poetry(read: Read, edges: Edges) -> None:
    inventory = read(**{"pyproject.toml": POETRY_PROJECT, "poetry.lock": POETRY})
    assert not inventory.problems
    assert edges(inventory) == {
        (".", "requests@2.32.0"),
        (".", "pytest@8.0.0"),
        (".", "idna@4.0"),  # locked, but what needs it takes the other version
        ("requests@2.32.0", "idna@2.10"),
        ("requests@2.32.0", "pysocks@1.7.1"),
    }
    assert {c.name: c.scope for c in inventory.components}["pytest"] is Scope.EXCLUDED
    pytest_component = next(c for c in inventory.components if c.name == "pytest")
    assert pytest_component.references[0].url == f"git+ssh://git.example/o/pytest.git@{COMMIT}"


def test_an_extra_that_nobody_asks_for_makes_no_edge(read: Read, edges: Edges) -> None:
    project = POETRY_PROJECT.replace(', extras = ["socks"]', "")
    inventory = read(**{"pyproject.toml": project, "poetry.lock": POETRY})
    assert ("requests@2.32.0", "pysocks@1.7.1") not in edges(inventory)


def test_old_poetry_keeps_its_hashes_apart(read: Read) -> None:
    lock = f"""
[[package]]
name = "Foo"
version = "1.0"
category = "dev"
optional = false
python-versions = "*"
[metadata]
lock-version = "1.1"
[metadata.files]
Foo = [{{file = "Foo-1.0.tar.gz", hash = "sha256:{A}"}}]
"""
    (component,) = read(**{"poetry.lock": lock}).components
    assert (component.name, component.hashes, component.scope) == ("foo", (("SHA-256", A),), Scope.EXCLUDED)


def test_pdm(read: Read, edges: Edges) -> None:
    lock = f"""
[metadata]
groups = ["default", "dev"]
lock_version = "4.5.0"
[[package]]
name = "requests"
version = "2.32.0"
groups = ["default"]
dependencies = ["idna<4,>=2.5", "importlib-metadata; python_version < '3.8'"]
files = [{{file = "requests-2.32.0.tar.gz", hash = "sha256:{A}"}}]
[[package]]
name = "requests"
version = "2.32.0"
extras = ["socks"]
groups = ["default"]
dependencies = ["PySocks>=1.5.6", "requests==2.32.0"]
files = [{{file = "requests-2.32.0.tar.gz", hash = "sha256:{A}"}}]
[[package]]
name = "idna"
version = "3.7"
groups = ["default"]
[[package]]
name = "pysocks"
version = "1.7.1"
groups = ["default"]
[[package]]
name = "local"
version = "0.1"
path = "./local"
editable = true
"""
    project = '[project]\nname = "summit"\ndependencies = ["requests[socks]"]\n'
    inventory = read(
        **{"pyproject.toml": project, "pdm.lock": lock, "local/pyproject.toml": '[project]\nname = "local"'}
    )
    assert not inventory.problems
    assert edges(inventory) == {
        (".", "requests@2.32.0"),
        (".", "local@0.1"),
        ("requests@2.32.0", "idna@3.7"),
        ("requests@2.32.0", "pysocks@1.7.1"),
    }


PYLOCK = f"""
lock-version = "1.0"
created-by = "a tool"
[[packages]]
name = "attrs"
version = "25.1.0"
wheels = [{{name = "attrs-25.1.0-py3-none-any.whl", url = "https://files.example/x.whl", hashes = {{sha256 = "{A}"}}}}]
[[packages]]
name = "cattrs"
version = "24.1.2"
dependencies = [{{name = "attrs"}}]
sdist = {{url = "https://files.example/cattrs-24.1.2.tar.gz", hashes = {{sha256 = "{B}"}}}}
[[packages]]
name = "tool"
vcs = {{type = "git", url = "https://git.example/tool.git", commit-id = "{COMMIT}"}}
"""


def test_pylock(read: Read, edges: Edges, document: Document) -> None:
    inventory = read(**{"pylock.toml": PYLOCK})
    assert not inventory.problems
    assert edges(inventory) == {(".", "cattrs@24.1.2"), (".", "tool"), ("cattrs@24.1.2", "attrs@25.1.0")}
    found = {c["name"]: c for c in document(inventory)["components"]}
    assert found["attrs"]["hashes"] == [{"alg": "SHA-256", "content": A}]
    assert COMMIT in found["tool"]["purl"]


def test_a_pylock_without_a_graph_claims_none(read: Read) -> None:
    inventory = read(**{"pylock.dev.toml": PYLOCK.replace('dependencies = [{name = "attrs"}]\n', "")})
    assert {c.depends_on for c in inventory.components} == {None}


def test_a_pinned_project_without_a_lock_is_read_but_not_called_complete(read: Read, document: Document) -> None:
    project = f"""
[project]
name = "summit"
dependencies = ["flask==3.0.0", "tool @ git+https://git.example/tool.git@{COMMIT}"]
"""
    inventory = read(**{"pyproject.toml": project})
    assert not inventory.problems
    assert {c.name for c in inventory.components} == {"flask", "tool"}
    assert document(inventory)["compositions"][0]["aggregate"] == "unknown"


def test_a_requirements_file_resolves_the_project_beside_it(read: Read) -> None:
    files = {
        "pyproject.toml": '[project]\nname = "x"\ndependencies = ["flask>=2"]',
        "requirements/prod.txt": "flask==3.0.0",
    }
    assert not read(**files).problems


def test_a_direct_reference_that_moves_is_fine_when_a_lock_pins_it(read: Read) -> None:
    project = '[project]\nname = "x"\ndependencies = ["win @ git+https://git.example/win.git@main"]\n'
    assert not read(**{"pyproject.toml": project, "uv.lock": UV.replace('"."', '"elsewhere"')}).problems
    (problem,) = read(**{"pyproject.toml": project}).problems
    assert "can move" in problem.reason
