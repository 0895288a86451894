"""Python manifests and locks that lag behind, cannot be read, or say too little."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from attestations.sbom import Inventory, SbomError, Scope

from .test_python_locks import COMMIT, UV

Read = Callable[..., Inventory]
Edges = Callable[[Inventory], set[tuple[str, str]]]
Document = Callable[[Inventory], dict[str, Any]]

A, B = "a" * 64, "b" * 64


def project_with(dependencies: str, *more: str) -> str:
    return "\n".join(("[project]", 'name = "x"', f"dependencies = [{dependencies}]", *more))


LAGGING = {
    "a dependency the lock does not have": ('"flask"', "pyproject.toml", "flask is in no lock: update the lock"),
    "a version the lock does not have": ('"idna>=4"', "pyproject.toml", "does not accept 3.7 of uv.lock"),
    "a version the lock is beyond": ('"idna==3.6"', "pyproject.toml", "does not accept 3.7 of uv.lock"),
    "not a requirement": ('"idna >"', "pyproject.toml", "not a requirement"),
}


@pytest.mark.parametrize("name", LAGGING)
def test_a_lock_that_lags_behind_its_project_is_a_problem(read: Read, name: str) -> None:
    dependencies, path, reason = LAGGING[name]
    inventory = read(**{"pyproject.toml": project_with(dependencies), "uv.lock": UV.replace('"."', '"elsewhere"')})
    (problem,) = inventory.problems
    assert problem.path == path
    assert reason in problem.reason


def test_a_conditional_need_may_be_missing_from_a_lock_but_not_without_one(read: Read) -> None:
    project = project_with("""'tomli; python_version < "3.11"'""")
    assert not read(**{"pyproject.toml": project, "uv.lock": UV.replace('"."', '"elsewhere"')}).problems
    assert read(**{"pyproject.toml": project}).problems


UNREAD = {
    "broken TOML": ("uv.lock", "version = 1\n[[package]\n", 2, "not TOML"),
    "a duplicate key": ("uv.lock", "version = 1\nversion = 1\n", 2, "not TOML"),
    "an unknown uv version": ("uv.lock", "version = 2\n", None, "version 2 is not known"),
    "true is not version 1": ("uv.lock", "version = true\n", None, "is not known"),
    "an unknown poetry version": ("poetry.lock", '[metadata]\nlock-version = "3.0"', None, "is not known"),
    "no version at all": ("pdm.lock", "", None, "is not known"),
    "a conflict marker": ("uv.lock", "version = 1\n<<<<<<< ours\n", 2, "merge conflict"),
    "not UTF-8": ("uv.lock", b"version = 1\n# \xff\n", 2, "not UTF-8"),
    "nested too deeply": ("uv.lock", "a = " + "[" * 5000, None, "nested too deeply"),
    "a key of thousands of parts": ("uv.lock", "\n" + ".".join("a" * 9000) + " = 1", 2, "more than 16 parts"),
    "an integer of thousands of digits": ("uv.lock", "version = 1" + "0" * 5000, None, "not TOML"),
    "a package of the wrong type": ("uv.lock", "version = 1\npackage = 3", None, "not a list"),
    "a name of the wrong type": ("uv.lock", "version = 1\n[[package]]\nname = 3", None, "not a string"),
    "a name that is none": ("uv.lock", 'version = 1\n[[package]]\nname = "a b"', None, "not a package name"),
    "no name": ("uv.lock", "version = 1\n[[package]]\n", None, "not a package name"),
    "an unknown source": (
        "uv.lock",
        'version = 1\n[[package]]\nname = "a"\nversion = "1"\nsource = {oci = "x"}',
        None,
        "unknown kind",
    ),
    "a version with a newline": (
        "poetry.lock",
        '[[package]]\nname = "a"\nversion = "1\\n2"\n[metadata]\nlock-version = "2.1"',
        None,
        "not a version",
    ),
    "a short hash": (
        "poetry.lock",
        '[[package]]\nname="a"\nversion="1"\nfiles=[{hash="sha256:00"}]\n[metadata]\nlock-version="2.1"',
        None,
        "not a SHA-256 hash",
    ),
    "a git source that moves": (
        "uv.lock",
        'version = 1\n[[package]]\nname = "a"\nsource = {git = "https://git.example/a?rev=main#main"}',
        None,
        "can move",
    ),
    "a project out of the tree": (
        "uv.lock",
        'version = 1\n[[package]]\nname = "a"\nsource = {editable = "../../a"}',
        None,
        "outside the tree",
    ),
    "not a pylock": ("pylock.toml", 'lock-version = "1.0"', None, "not a pylock"),
    "a pylock of the future": ("pylock.toml", 'lock-version = "2.0"\ncreated-by = "x"\npackages = []', None, "pylock"),
    "groups that include themselves": (
        "pyproject.toml",
        '[dependency-groups]\na = [{include-group = "a"}]',
        None,
        "dependency-groups",
    ),
    "dependencies of the wrong type": (
        "pyproject.toml",
        '[project]\nname="x"\ndependencies = "flask"',
        None,
        "not a list",
    ),
    "dynamic dependencies": ("pyproject.toml", '[project]\nname="x"\ndynamic = ["dependencies"]', None, "dynamic"),
    "an old setup.py": ("setup.py", "raise SystemExit('executed')", None, "only running it"),
    "an old setup.cfg": ("setup.cfg", "[options]\ninstall_requires =\n  flask\n", None, "install_requires"),
    "an unpinned project without a lock": ("pyproject.toml", project_with('"flask>=2"'), None, "add a lock file"),
}


@pytest.mark.parametrize("name", UNREAD)
def test_what_cannot_be_read_is_a_problem(read: Read, document: Document, name: str) -> None:
    path, content, line, reason = UNREAD[name]
    inventory = read(**{path: content, "requirements-other.txt" if path.startswith("py") else "x/requirements.txt": ""})
    assert [(p.path, p.line) for p in inventory.problems] == [(path, line)]
    assert reason in inventory.problems[0].reason
    assert "\n" not in str(inventory.problems[0])
    assert document(inventory)["compositions"][0]["aggregate"] == "incomplete"


def test_a_cut_off_lock_is_a_problem(read: Read) -> None:
    whole = UV.rindex("[[package]]")
    inventory = read(**{"uv.lock": UV[:whole]})
    (problem,) = inventory.problems
    assert problem.reason == "summit needs pytest, which is not in the file: it is cut off or out of date"


def test_dynamic_dependencies_of_a_file_are_read_there(read: Read) -> None:
    project = """
[project]
name = "x"
dynamic = ["dependencies"]
[tool.setuptools.dynamic]
dependencies = {file = ["requirements.txt"]}
"""
    assert not read(**{"pyproject.toml": project, "requirements.txt": "a==1"}).problems
    assert read(**{"pyproject.toml": project, "x/requirements.txt": "a==1"}).problems


@pytest.mark.parametrize("files", [{}, {"README.md": "hello"}, {"node_modules/x/package-lock.json": "{}"}])
def test_no_manifest_at_all_is_an_error_not_an_empty_sbom(read: Read, files: dict[str, str]) -> None:
    with pytest.raises(SbomError, match="no dependency manifest"):
        read(**files)


def test_a_file_that_only_configures_tools_is_no_manifest_of_dependencies(read: Read) -> None:
    with pytest.raises(SbomError, match="no manifest states dependencies"):
        read(**{"pyproject.toml": "[tool.ruff]\nline-length = 120\n"})


@pytest.mark.parametrize("path", ["yarn.lock", "go.mod", "svc/pom.xml", "Pipfile.lock", "a/b/App.csproj"])
def test_a_manifest_of_another_kind_makes_the_sbom_incomplete(read: Read, path: str) -> None:
    inventory = read(**{path: "whatever", "requirements.txt": "a==1"})
    assert [(p.path, "not read" in p.reason) for p in inventory.problems] == [(path, True)]


def test_one_package_in_absurdly_many_versions_is_a_problem_not_an_endless_comparison(read: Read) -> None:
    lock = "version = 1\n" + "".join(
        f'[[package]]\nname = "a"\nversion = "{n}"\nsource = {{registry = "x"}}\ndependencies = [{{name = "a"}}]\n'
        for n in range(3000)
    )
    (problem,) = read(**{"uv.lock": lock}).problems
    assert problem.reason == "a is there more than 100 times"


SPECIFIERS = {
    "": "",
    "*": "",
    "1.2.3": "==1.2.3",
    "==1.2.3": "==1.2.3",
    ">=1.0,<2.0": ">=1.0,<2.0",
    "~=1.4": "~=1.4",
    "^1.2": None,
    "~1.2": None,
    ">=1,<2 || >3": None,
    "*,<2": "<2",
}


@pytest.mark.parametrize("text", SPECIFIERS)
def test_poetry_constraints(text: str) -> None:
    from attestations.sbom.pyproject import poetry_specifier

    assert poetry_specifier(text) == SPECIFIERS[text]


def test_poetry_projects_say_what_is_optional_and_where_a_path_leads(read: Read) -> None:
    project = """
[tool.poetry]
name = "summit"
version = "1.2.3"
[tool.poetry.dependencies]
a = {version = "1.0", optional = true}
lib = {path = "./lib", develop = true}
wheel = {path = "dist/five-3.0-py3-none-any.whl"}
many = [{version = "1.0", python = "<3.12"}, {version = "2.0", python = ">=3.12"}]
[tool.poetry.group.main.dependencies]
b = "1.0"
[tool.poetry.dev-dependencies]
c = {version = "1.0", optional = true}
"""
    inventory = read(**{"pyproject.toml": project, "lib/pyproject.toml": '[project]\nname = "lib"'})
    assert not inventory.problems
    assert {(c.name, c.version): c.scope for c in inventory.components} == {
        ("a", "1.0"): Scope.OPTIONAL,
        ("lib", None): Scope.REQUIRED,
        ("five", "3.0"): Scope.REQUIRED,
        ("many", "1.0"): Scope.REQUIRED,
        ("many", "2.0"): Scope.REQUIRED,
        ("b", "1.0"): Scope.REQUIRED,
        ("c", "1.0"): Scope.EXCLUDED,
    }


def test_a_project_of_dependency_groups_alone_has_no_name(read: Read) -> None:
    inventory = read(**{"pyproject.toml": '[dependency-groups]\ndev = ["a==1.0"]\n'})
    assert (inventory.name, [c.scope for c in inventory.components]) == (None, [Scope.EXCLUDED])


def test_a_setup_cfg_without_requirements_is_no_manifest(read: Read) -> None:
    assert not read(**{"setup.cfg": "[flake8]\nmax-line-length = 120\n", "requirements.txt": "a==1"}).problems


def test_what_was_read_is_listed_with_its_digest(read: Read, document: Document) -> None:
    inventory = read(**{"requirements.txt": "a==1", "go.mod": "module x", "notes.txt": "hello"})
    digest = hashlib.sha256(b"a==1").hexdigest()
    assert [(s.path, s.sha256) for s in inventory.sources] == [("requirements.txt", digest)]
    assert {"name": "tenantgate:source", "value": f"sha256:{digest} requirements.txt"} in document(inventory)[
        "metadata"
    ]["properties"]


def test_archives_at_urls_in_locks(read: Read) -> None:
    uv = 'version = 1\n[[package]]\nname = "a"\nversion = "1.0"\nsource = {url = "https://u:p@files.example/a-1.0.tar.gz"}\n'
    poetry = """
[[package]]
name = "b"
version = "1.0"
optional = true
groups = ["main"]
[package.source]
type = "url"
url = "https://files.example/b-1.0.tar.gz"
[metadata]
lock-version = "2.1"
"""
    pdm = f"""
[metadata]
lock_version = "4.5.0"
[[package]]
name = "c"
version = "1.0"
groups = ["dev"]
url = "https://files.example/c-1.0.tar.gz"
[[package]]
name = "d"
version = "1.0"
git = "https://git.example/d.git"
revision = "{COMMIT}"
[[package]]
name = "e"
version = "1.0"
path = "./e-1.0.tar.gz"
"""
    pylock = f"""
lock-version = "1.0"
created-by = "x"
[[packages]]
name = "f"
archive = {{url = "https://files.example/f.zip", hashes = {{sha256 = "{A}"}}}}
[[packages]]
name = "g"
directory = {{path = "g"}}
[[packages]]
name = "h"
version = "1.0"
dependencies = [{{name = "h", version = "2.0"}}, {{name = "f"}}]
sdist = {{path = "h-1.0.tar.gz", hashes = {{sha256 = "{A}"}}}}
[[packages]]
name = "h"
version = "2.0"
sdist = {{path = "h-2.0.tar.gz", hashes = {{sha256 = "{A}"}}}}
"""
    inventory = read(**{"uv.lock": uv, "poetry.lock": poetry, "pdm.lock": pdm, "pylock.toml": pylock})
    assert not inventory.problems
    found = {c.ref: c for c in inventory.components}
    assert set(found) == {
        "pkg:pypi/a@1.0?download_url=https://files.example/a-1.0.tar.gz",
        "pkg:pypi/b@1.0?download_url=https://files.example/b-1.0.tar.gz",
        "pkg:pypi/c@1.0?download_url=https://files.example/c-1.0.tar.gz",
        f"pkg:pypi/d@1.0?vcs_url=git%2Bhttps://git.example/d.git%40{COMMIT}",
        "pkg:pypi/e@1.0",
        "pkg:pypi/f?download_url=https://files.example/f.zip",
        "file:g",
        "pkg:pypi/h@1.0",
        "pkg:pypi/h@2.0",
    }
    assert {c.name: c.scope for c in inventory.components if c.scope is not Scope.REQUIRED} == {
        "b": Scope.OPTIONAL,
        "c": Scope.EXCLUDED,
    }
    f = "pkg:pypi/f?download_url=https://files.example/f.zip"
    assert found["pkg:pypi/h@1.0"].depends_on == (f, "pkg:pypi/h@2.0")
    assert found[f].hashes == (("SHA-256", A),)
