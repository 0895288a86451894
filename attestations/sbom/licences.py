"""Licences as packages declare them, as CycloneDX takes them: an SPDX id, an SPDX expression, or else just a name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """Exactly one is set. `id` is in the SPDX list of the CycloneDX schema; `expression` consists of such ids."""

    id: str | None = None
    expression: str | None = None
    name: str | None = None


_CLASSIFIERS = {
    "OSI Approved :: Boost Software License 1.0 (BSL-1.0)": "BSL-1.0",
    "OSI Approved :: CMU License (MIT-CMU)": "MIT-CMU",
    "OSI Approved :: Eclipse Public License 1.0 (EPL-1.0)": "EPL-1.0",
    "OSI Approved :: Eclipse Public License 2.0 (EPL-2.0)": "EPL-2.0",
    "OSI Approved :: European Union Public Licence 1.2 (EUPL 1.2)": "EUPL-1.2",
    "OSI Approved :: GNU Affero General Public License v3": "AGPL-3.0-only",
    "OSI Approved :: GNU Affero General Public License v3 or later (AGPLv3+)": "AGPL-3.0-or-later",
    "OSI Approved :: GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
    "OSI Approved :: GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
    "OSI Approved :: GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
    "OSI Approved :: GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
    "OSI Approved :: GNU Lesser General Public License v2 (LGPLv2)": "LGPL-2.0-only",
    "OSI Approved :: GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.0-or-later",
    "OSI Approved :: GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "OSI Approved :: GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
    "OSI Approved :: ISC License (ISCL)": "ISC",
    "OSI Approved :: MIT License": "MIT",
    "OSI Approved :: MIT No Attribution License (MIT-0)": "MIT-0",
    "OSI Approved :: Mozilla Public License 1.1 (MPL 1.1)": "MPL-1.1",
    "OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "OSI Approved :: PostgreSQL License": "PostgreSQL",
    "OSI Approved :: The Unlicense (Unlicense)": "Unlicense",
    "OSI Approved :: Universal Permissive License (UPL)": "UPL-1.0",
    "OSI Approved :: Zero-Clause BSD (0BSD)": "0BSD",
    "CC0 1.0 Universal (CC0 1.0) Public Domain Dedication": "CC0-1.0",
}
"""Trove classifiers that mean one SPDX licence (PEP 639 lists the ambiguous ones); the others stay names."""

_PREFIX = "License :: "
_MAX_TEXT = 1000
_MAX_NAME = 120
_OPERATOR = re.compile(r" (?:AND|OR|WITH) |[()]")


def of_text(text: str) -> Licence | None:
    """An SPDX id or expression if it is one, else a name (the first line of a licence text); None for nothing."""
    return _of_text(text.strip()[: _MAX_TEXT + 1])


@lru_cache(maxsize=8192)
def _of_text(stripped: str) -> Licence | None:
    if not stripped or stripped.upper() in ("UNKNOWN", "NONE"):
        return None
    return _spdx(stripped) or _named(stripped)


def of_metadata(expression: str | None, licence: str | None, classifiers: Sequence[str]) -> tuple[Licence, ...]:
    """What Python metadata declare: `License-Expression` alone if present (PEP 639), else classifiers, else `License`.

    A `License` field that is an SPDX id or expression is preferred to classifiers that only name a family.
    """
    if expression and (found := of_text(expression)):
        return (found,)
    stated = of_text(licence) if licence else None
    troves = [c.removeprefix(_PREFIX) for c in classifiers if c.startswith(_PREFIX) and c != "License :: OSI Approved"]
    ids = {_CLASSIFIERS.get(trove) for trove in troves}
    if troves and None not in ids:
        return tuple(Licence(id=i) for i in sorted(i for i in ids if i))
    if stated and not stated.name:
        return (stated,)
    if troves:
        mapped = {_CLASSIFIERS.get(t) or t.rpartition(" :: ")[2]: _CLASSIFIERS.get(t) for t in troves}
        return tuple(Licence(id=i) if (i := mapped[n]) else Licence(name=n[:_MAX_NAME]) for n in sorted(mapped))
    return (stated,) if stated else ()


def of_npm(value: object) -> tuple[Licence, ...]:
    """The `license` of a package.json or lock entry: a string, or the old forms with `type` and lists of them."""
    if isinstance(value, str):
        found = of_text(value)
        return (found,) if found else ()
    if isinstance(value, dict):
        return of_npm(value.get("type"))
    if isinstance(value, list):
        each = [licence for item in value[:16] if not isinstance(item, list) for licence in of_npm(item)]
        return tuple(each) if len(each) < 2 else tuple(one for one in each if not one.expression)
    return ()


def _spdx(text: str) -> Licence | None:
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    from attestations.sbom.schema import spdx_ids

    if len(text) > _MAX_TEXT or text.count("(") > 32 or not text.isascii():
        return None
    try:
        canonical = str(canonicalize_license_expression(text))
    except InvalidLicenseExpression:
        return None
    if canonical in spdx_ids():
        return Licence(id=canonical)
    parts = [part.strip() for part in _OPERATOR.split(canonical)]
    known = all(p.removesuffix("+") in spdx_ids() or p.startswith("LicenseRef-") for p in parts if p)
    return Licence(expression=canonical) if known else None


def _named(text: str) -> Licence | None:
    line = " ".join(text.splitlines()[0].split())[:_MAX_NAME]
    return Licence(name=line) if line.isprintable() and line else None
