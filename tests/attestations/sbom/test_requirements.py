"""Requirements files: what pins, what does not, and that nothing is dropped without a word."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from attestations.sbom import Inventory, Scope

Read = Callable[..., Inventory]
Edges = Callable[[Inventory], set[tuple[str, str]]]
Document = Callable[[Inventory], dict[str, Any]]

A, B = "a" * 64, "b" * 64


def test_pins_hashes_markers_and_extras(read: Read, document: Document) -> None:
    inventory = read(
        **{
            "requirements.txt": f"""
            # a comment
            --index-url https://user:secret@index.example/simple
            Flask[async]==3.0.0 ; python_version >= "3.9" \\
                --hash=sha256:{A} \\
                --hash=sha512:{B}{B}
            zope.interface==6.0    # trailing
            """.replace("            ", "")
        }
    )
    assert not inventory.problems
    bom = document(inventory)
    flask, zope = bom["components"]
    assert flask["purl"] == flask["bom-ref"] == "pkg:pypi/flask@3.0.0"
    assert flask["hashes"] == [{"alg": "SHA-256", "content": A}, {"alg": "SHA-512", "content": B + B}]
    assert flask["evidence"]["occurrences"] == [{"location": "requirements.txt", "line": 4}]
    assert zope["purl"] == "pkg:pypi/zope-interface@6.0"
    assert "secret" not in str(bom)


def test_the_same_package_in_two_spellings_is_one_component(read: Read) -> None:
    inventory = read(
        **{"requirements.txt": f"Ruamel.YAML==0.18.0 --hash=sha256:{A}\nruamel_yaml==0.18 --hash=sha256:{B}"}
    )
    assert [c.version for c in inventory.components] == ["0.18", "0.18.0"]
    inventory = read(**{"requirements.txt": "Ruamel.YAML==0.18.0", "requirements-dev.txt": "ruamel_yaml == 0.18.0"})
    (component,) = inventory.components
    assert [(o.path, o.line) for o in component.occurrences] == [("requirements-dev.txt", 1), ("requirements.txt", 1)]


def test_two_versions_of_one_package_are_both_kept(read: Read) -> None:
    text = 'numpy==1.26.4 ; python_version < "3.12"\nnumpy==2.1.0 ; python_version >= "3.12"\n'
    assert [c.ref for c in read(**{"requirements.txt": text}).components] == [
        "pkg:pypi/numpy@1.26.4",
        "pkg:pypi/numpy@2.1.0",
    ]


def test_via_notes_make_the_graph(read: Read, edges: Edges) -> None:
    inventory = read(
        **{
            "requirements/base.txt": """\
flask==3.0.0
    # via
    #   -r requirements/base.in
    #   flask-login
flask-login==0.6.3
    # via summit (pyproject.toml)
jinja2==3.1.4    # via flask
markupsafe==2.1.5
    # via jinja2, werkzeug
pytest==8.0.0
    # via summit (pyproject.toml:dev)
werkzeug==3.0.1
    # via flask
"""
        }
    )
    assert not inventory.problems
    assert inventory.closed
    assert edges(inventory) == {
        (".", "flask@3.0.0"),
        (".", "flask-login@0.6.3"),
        (".", "pytest@8.0.0"),
        ("flask-login@0.6.3", "flask@3.0.0"),
        ("flask@3.0.0", "jinja2@3.1.4"),
        ("flask@3.0.0", "werkzeug@3.0.1"),
        ("jinja2@3.1.4", "markupsafe@2.1.5"),
        ("werkzeug@3.0.1", "markupsafe@2.1.5"),
    }
    assert {c.name: c.scope for c in inventory.components}["pytest"] is Scope.EXCLUDED


def test_without_via_notes_the_graph_is_not_known_and_not_claimed(read: Read, document: Document) -> None:
    inventory = read(**{"requirements.txt": "flask==3.0.0\njinja2==3.1.4\n"})
    bom = document(inventory)
    assert [entry["ref"] for entry in bom["dependencies"]] == ["summit@1.2.3"]
    assert bom["compositions"] == [{"aggregate": "unknown", "assemblies": ["summit@1.2.3"]}]


def test_a_hashed_file_is_closed(read: Read, document: Document) -> None:
    bom = document(read(**{"requirements.txt": f"flask==3.0.0 --hash=sha256:{A}\n"}))
    assert bom["compositions"] == [{"aggregate": "complete", "assemblies": ["summit@1.2.3"]}]


def test_includes_and_constraints(read: Read) -> None:
    inventory = read(
        **{
            "requirements.txt": "-r deps/base.list\n-c limits.txt\ngunicorn\n",
            "deps/base.list": "--requirement ../requirements/more.txt\nflask==3.0.0",
            "requirements/more.txt": "rich==13.0.0",
            "limits.txt": "gunicorn==22.0.0\nnever-installed==1.0\n",
        }
    )
    assert not inventory.problems
    assert [c.ref for c in inventory.components] == [
        "pkg:pypi/flask@3.0.0",
        "pkg:pypi/gunicorn@22.0.0",
        "pkg:pypi/rich@13.0.0",
    ]


def test_files_that_include_each_other_are_read_once(read: Read) -> None:
    inventory = read(
        **{"requirements.txt": "-r requirements-b.txt\na==1", "requirements-b.txt": "-r requirements.txt\nb==1"}
    )
    assert [c.name for c in inventory.components] == ["a", "b"]
    assert not inventory.problems


def test_a_source_file_is_resolved_by_what_was_compiled_from_it(read: Read) -> None:
    inventory = read(
        **{"requirements.in": "flask>=2\n", "requirements.txt": "flask==3.0.0\n    # via -r requirements.in\n"}
    )
    assert not inventory.problems
    assert [c.ref for c in inventory.components] == ["pkg:pypi/flask@3.0.0"]


def test_direct_references(read: Read, document: Document) -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    wheel = b"a wheel"
    inventory = read(
        **{
            "requirements.txt": f"""\
one @ git+https://token:x@git.example/o/one.git@{commit}#subdirectory=py
-e git+ssh://git@git.example/o/two.git@{commit}#egg=two
https://files.example/three-1.0-py3-none-any.whl?sig=secret#sha256={A}
four @ https://user:secret@files.example/four-2.0.tar.gz --hash=sha256:{B}
./wheels/five-3.0-py3-none-any.whl
-e ./lib
""",
            "wheels/five-3.0-py3-none-any.whl": wheel,
            "lib/pyproject.toml": '[project]\nname = "lib"\nversion = "0.1"\n',
        }
    )
    assert not inventory.problems
    bom = document(inventory)
    found = {c["name"]: c for c in bom["components"]}
    git = f"git%2Bhttps://git.example/o/one.git%40{commit}"
    assert found["one"]["purl"] == f"pkg:pypi/one?vcs_url={git}"
    assert found["one"]["externalReferences"] == [{"type": "vcs", "url": f"git+https://git.example/o/one.git@{commit}"}]
    assert found["three"]["hashes"] == [{"alg": "SHA-256", "content": A}]
    assert (found["three"]["version"], found["four"]["version"]) == ("1.0", "2.0")
    assert found["five"]["hashes"][0]["content"] == hashlib.sha256(wheel).hexdigest()
    assert found["lib"]["bom-ref"] == "file:lib"
    assert found["lib"]["type"] == "application"
    assert "secret" not in str(bom)
    assert "token" not in str(bom)


UNREAD = {
    "unpinned": ("flask>=2", 1, "in no lock"),
    "a bare name": ("\n\nflask", 3, "in no lock"),
    "a prefix is no pin": ("flask==3.*", 1, "in no lock"),
    "two clauses are no pin": ("flask==3.0,!=3.1", 1, "in no lock"),
    "not a requirement": ("flask == ", 1, "not a requirement"),
    "an unknown option": ("--surprise=1", 1, "not known"),
    "an unknown option of a requirement": ("flask==1 --surprise=1", 1, "not known"),
    "a short hash": ("flask==1 --hash=sha256:abcd", 1, "not a SHA-256 hash"),
    "an unknown hash": ("flask==1 --hash=crc32:abcdabcd", 1, "not known"),
    "a branch moves": ("x @ git+https://git.example/x.git@main", 1, "can move"),
    "a checkout without a commit": ("x @ git+https://git.example/x.git", 1, "can move"),
    "a URL without a name": ("https://files.example/download", 1, "names no package"),
    "an include that is not there": ("-r other.txt", 1, "not in the tree"),
    "an include out of the tree": ("-r ../../etc/passwd", 1, "outside the tree"),
    "an absolute include": ("-r /etc/passwd", 1, "outside the tree"),
    "an include of a URL": ("-r https://x.example/r.txt", 1, "not in the tree"),
    "a path out of the tree": ("-e ../other", 1, "outside the tree"),
    "a path without a manifest": ("-e ./nothing", 1, "has no manifest"),
    "an environment variable": ("x==${VERSION}", 1, "environment variable"),
    "extras of nothing": ("[dev]", 1, "not a requirement"),
    "a conflict marker": ("a==1\n<<<<<<< HEAD\nb==1\n=======\nb==2\n>>>>>>> x\n", 2, "merge conflict"),
    "not UTF-8": (b"a==1\nb==\xff", 2, "not UTF-8"),
    "UTF-16": ("a==1".encode("utf-16"), 1, "not UTF-8"),
    "a NUL": ("a==1\n\0", 2, "NUL"),
}


@pytest.mark.parametrize("name", UNREAD)
def test_what_cannot_be_read_is_a_problem_with_its_line(read: Read, document: Document, name: str) -> None:
    text, line, reason = UNREAD[name]
    inventory = read(**{"requirements.txt": text})
    (problem,) = inventory.problems
    assert (problem.path, problem.line) == ("requirements.txt", line)
    assert reason in problem.reason
    assert "\n" not in str(problem)
    bom = document(inventory)
    assert bom["compositions"][0]["aggregate"] == "incomplete"
    assert {"name": "tenantgate:problem", "value": str(problem)} in bom["metadata"]["properties"]


def test_a_variable_in_the_login_of_a_url_is_not_part_of_what_is_installed(read: Read) -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    inventory = read(**{"requirements.txt": f"x @ git+https://${{TOKEN}}@git.example/x.git@{commit}"})
    assert not inventory.problems


def test_a_constraint_of_the_including_file_counts_for_the_included_one(read: Read) -> None:
    files = {
        "requirements.txt": "-c limits.txt\n-r requirements-base.txt",
        "requirements-base.txt": "a",
        "limits.txt": "a==1",
    }
    inventory = read(**files)
    assert not inventory.problems
    assert [c.ref for c in inventory.components] == ["pkg:pypi/a@1"]


def test_a_line_that_is_continued_into_the_end_of_the_file_or_into_a_comment(read: Read) -> None:
    inventory = read(**{"requirements.txt": f"a==1 \\\n# why\nb==1 \\\r\n  --hash=sha256:{A} \\"})
    assert not inventory.problems
    assert {c.name: c.hashes for c in inventory.components} == {"a": (), "b": (("SHA-256", A),)}
    assert [c.occurrences[0].line for c in inventory.components] == [1, 3]
