"""Licences: SPDX ids and expressions where they are meant, names where they are not, never something invented."""

from __future__ import annotations

import pytest

from attestations.sbom.licences import Licence, of_metadata, of_npm, of_text
from attestations.sbom.schema import spdx_ids

TEXTS = {
    "MIT": Licence(id="MIT"),
    "mit": Licence(id="MIT"),
    "apache-2.0": Licence(id="Apache-2.0"),
    "MIT AND (Apache-2.0 OR BSD-3-Clause)": Licence(expression="MIT AND (Apache-2.0 OR BSD-3-Clause)"),
    "GPL-2.0-only WITH Classpath-exception-2.0": Licence(expression="GPL-2.0-only WITH Classpath-exception-2.0"),
    "LicenseRef-Proprietary": Licence(expression="LicenseRef-Proprietary"),
    "Apache-1.0+": Licence(expression="Apache-1.0+"),
    "Classpath-exception-2.0": Licence(name="Classpath-exception-2.0"),  # in the enum's neighbourhood, but no licence
    "Apache License 2.0": Licence(name="Apache License 2.0"),
    "BSD": Licence(name="BSD"),
    "MIT OR": Licence(name="MIT OR"),
    "MIT OR Nonsense-1.0": Licence(name="MIT OR Nonsense-1.0"),
    "SEE LICENSE IN LICENSE.txt": Licence(name="SEE LICENSE IN LICENSE.txt"),
    "Copyright (c) 2026\n\nPermission is granted": Licence(name="Copyright (c) 2026"),
    "(" * 5000 + "MIT": Licence(name="(" * 120),
    "__import__('os')": Licence(name="__import__('os')"),
    "\x1b[31mred": None,
    "  ": None,
    "UNKNOWN": None,
}


@pytest.mark.parametrize("text", TEXTS)
def test_text(text: str) -> None:
    assert of_text(text) == TEXTS[text]


def test_every_classifier_that_means_one_licence_means_a_known_one() -> None:
    from trove_classifiers import classifiers

    from attestations.sbom.licences import _CLASSIFIERS

    assert {f"License :: {name}" for name in _CLASSIFIERS} <= set(classifiers)
    assert set(_CLASSIFIERS.values()) <= spdx_ids()


MIT = "License :: OSI Approved :: MIT License"
BSD = "License :: OSI Approved :: BSD License"
METADATA = {
    "the expression alone counts": (("MIT", "GPL", [BSD]), (Licence(id="MIT"),)),
    "a precise classifier": ((None, "some text", [MIT]), (Licence(id="MIT"),)),
    "two precise classifiers": (
        (None, None, [MIT, "License :: OSI Approved :: ISC License (ISCL)"]),
        (Licence(id="ISC"), Licence(id="MIT")),
    ),
    "a field that is SPDX beats a family": ((None, "BSD-3-Clause", [BSD]), (Licence(id="BSD-3-Clause"),)),
    "a family is a name": ((None, "see file", [BSD]), (Licence(name="BSD License"),)),
    "a family and a licence": ((None, None, [MIT, BSD]), (Licence(name="BSD License"), Licence(id="MIT"))),
    "only text": ((None, "see file", []), (Licence(name="see file"),)),
    "approved, but which?": ((None, None, ["License :: OSI Approved"]), ()),
    "nothing": ((None, None, ["Typing :: Typed"]), ()),
}


@pytest.mark.parametrize("name", METADATA)
def test_metadata(name: str) -> None:
    given, expected = METADATA[name]
    assert of_metadata(*given) == expected


NPM = {
    "a string": ("ISC", (Licence(id="ISC"),)),
    "the old object": ({"type": "MIT", "url": "x"}, (Licence(id="MIT"),)),
    "the old list": ([{"type": "MIT"}, "ISC"], (Licence(id="MIT"), Licence(id="ISC"))),
    "a list with an expression": ([{"type": "MIT OR ISC"}, "ISC"], (Licence(id="ISC"),)),
    "a number": (3, ()),
    "nested": ([[["MIT"]]], ()),
    "a cycle of types": ({"type": {"type": {"type": "MIT"}}}, (Licence(id="MIT"),)),
}


@pytest.mark.parametrize("name", NPM)
def test_npm(name: str) -> None:
    given, expected = NPM[name]
    assert of_npm(given) == expected
