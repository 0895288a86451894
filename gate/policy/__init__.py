"""gate.yaml + rules/ + waivers → one strict, digested Policy.

Everything is read once, from one tree (the work tree, or the base revision of a pull request), and everything that is
read goes into the digest. Whatever is unknown, unused, duplicated or incomplete is an error that names file and line:
a policy that does not load never lets anything through.

Read `load` first; it goes through the modules of this package in order: `config`, `packs`, `controls` (whose texts
`queries` tries, and whose `examples` are checked), `panels`, `runbooks`,
`waivers`, `tenants`. `formats` knows the file formats.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from gate import __version__
from gate.model import Policy
from gate.policy.examples import SOURCE_FIELDS
from gate.policy.formats import CONFIG, FORMATS, files_of, format_schema, rules_root

if TYPE_CHECKING:
    from gate.policy.packs import Pack
    from gate.tree import Tree

__all__ = ["CONFIG", "FORMATS", "SOURCE_FIELDS", "digest", "format_schema", "load", "rules_root"]

DEFAULT_WAIVER_DAYS = 90


def load(tree: Tree, *, builtin: Tree | None = None, tool_version: str = __version__) -> Policy:
    """Load the policy that `tree` holds. Raises GateError for the first thing that is wrong.

    `builtin` and `tool_version` are given to load a policy as it was sealed in a bundle: with the built-in rules and
    under the version of that time.
    """
    # Here, so that an auditor who only verifies does not pay for them.
    from gate.policy.config import check_calendars, check_evidence, read_config, referenced
    from gate.policy.controls import controls_of
    from gate.policy.examples import records_of
    from gate.policy.packs import check_requirements, enabled, kinds_of, own_packs, read_pack
    from gate.policy.panels import check_panels
    from gate.policy.queries import Probe
    from gate.policy.runbooks import check_runbooks
    from gate.policy.tenants import check_tenants
    from gate.policy.waivers import waivers_of
    from gate.tree import WorkTree

    config, config_file = read_config(tree)
    # Without git: the rules may lie in an environment inside a checkout, whose .gitignore must not thin them out.
    builtin = builtin or WorkTree(rules_root(), versioned=False)
    packs: list[Pack] = [read_pack(builtin, name, "rules/") for name in enabled(config, builtin)]
    packs += [read_pack(tree, folder, "") for folder in own_packs(config, tree)]
    check_requirements(packs, config)
    kinds = kinds_of(packs)
    check_evidence(config, kinds)
    check_calendars(config)
    records, probe = records_of(kinds), Probe(kinds)
    controls = controls_of(packs, config, records, probe)
    check_panels(packs, controls, records, probe)
    check_runbooks(packs, controls)
    waivers, waiver_files = waivers_of(config, tree, controls)
    files = files_of(
        [config_file, *(s for pack in packs for s in pack.sources), *waiver_files, *referenced(config, tree)]
    )
    check_tenants(config, files, [pack.name for pack in packs])
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
