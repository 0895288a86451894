"""`gate integrations`: list the integration templates, or begin an integration with one."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from gate.cli import options
from gate.model import GateError

FOLDER = Path("integrations")
_PACKS = ("integrations", "tenant-zero")
_HOST = re.compile(r"(?=.{4,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
_REFERENCE = re.compile(r"[a-z][a-z0-9+.-]{1,30}://[^\s]{1,480}")


def integrations(argv: list[str]) -> int:
    """list | init NAME."""
    parser = options.Parser("integrations", "Begin an integration with a profile that has its guardrails.")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=_Sub)
    actions.add_parser("list", help="the templates there are")
    init = actions.add_parser("init", help="write profile, connector and API description of a new integration")
    init.add_argument("name", type=options.text, metavar="NAME", help="a template (see gate integrations list)")
    init.add_argument("--host", type=options.text, required=True, metavar="HOST", help="the one host that is reached")
    init.add_argument("--owner", type=options.text, required=True, metavar="WHO", help="who answers for it")
    init.add_argument("--tenant", type=options.text, required=True, metavar="TENANT", help="the tenant that uses it")
    init.add_argument(
        "--secret-ref", type=options.text, required=True, metavar="REF",
        help="where the secret lies, such as vault://acme/siem; never the secret",
    )  # fmt: skip
    init.add_argument("--out", type=options.path, metavar="DIR", help="default: integrations/")
    options.add_root(init)
    arguments = parser.parse_args(argv)
    return _list() if arguments.action == "list" else _init(arguments)


class _Sub(options.Parser):
    """A subcommand's parser with the same error contract."""

    def __init__(self, **rest: Any) -> None:
        super().__init__(rest["prog"].removeprefix("gate "), "")


def templates() -> dict[str, Mapping[str, Any]]:
    """The built-in templates by name."""
    from gate.policy import format_schema, rules_root
    from gate.reading import read_yaml

    found = {}
    for path in sorted((rules_root() / "integrations/templates").glob("*.yaml")):
        document = read_yaml(path.read_bytes(), path.name)
        format_schema("integration_template").check(document)
        found[document.value["name"]] = document.value
    return found


def _list() -> int:
    for name, template in templates().items():
        sys.stdout.write(f"  {name:<14} {template['title']}\n  {'':<14} {template['summary']}\n")
    return 0


def _init(arguments: Any) -> int:
    from gate import policy
    from gate.policy.tenants import TENANT_ID
    from gate.reading import did_you_mean
    from gate.report.escape import line
    from gate.tree import WorkTree
    from gate.writing import write_file

    known = templates()
    if arguments.name not in known:
        hint = did_you_mean(arguments.name, list(known)) or f"; templates: {', '.join(known)}"
        raise GateError(f"integrations init: no template {arguments.name[:60]!r}{hint}")
    if not _HOST.fullmatch(arguments.host):
        raise GateError(f"--host {arguments.host[:80]!r}: one host name in lower case, without scheme, port or *")
    if not _REFERENCE.fullmatch(arguments.secret_ref):
        raise GateError("--secret-ref takes a reference such as vault://acme/siem; the secret itself is never written")
    if not TENANT_ID.fullmatch(arguments.tenant):
        raise GateError(f"--tenant {arguments.tenant[:80]!r}: no tenant's id: 2 to 63 of a-z, 0-9 and -, no - first")
    root = arguments.root.resolve()
    loaded = policy.load(WorkTree(root))
    if missing := [pack for pack in _PACKS if pack not in loaded.limits]:
        raise GateError(f"integrations init: gate.yaml does not enable {', '.join(missing)}; add it to packs first")
    folder = arguments.out or root / FOLDER
    files = filled(known[arguments.name], arguments, loaded.version)
    for name, (kind, value) in files.items():
        if kind is not None and (problems := _problems(loaded, kind, value)):
            raise GateError(f"integrations init: {name}: {problems}")
        if (folder / name).exists() or (folder / name).is_symlink():
            raise GateError(f"{folder / name}: already exists; nothing is overwritten")
    folder.mkdir(parents=True, exist_ok=True)
    for name, (_, value) in files.items():
        write_file(folder / name, _text(value))
        sys.stdout.write(f"wrote {line(str(folder / name))}\n")
    sys.stdout.write(_NEXT.format(folder=line(str(arguments.out or FOLDER)), name=arguments.name))
    return 0


def filled(
    template: Mapping[str, Any], given: Any, policy_version: str
) -> dict[str, tuple[str | None, Mapping[str, Any]]]:
    """The files of an integration: name → (kind of evidence, value)."""
    name, scopes = template["name"], list(template["scopes"])
    profile = {
        "id": f"profile-{name}", "name": name, **template["profile"], "owner": given.owner, "scopes": scopes,
        "endpoints": [{"url": f"https://{given.host}{template['path']}", "host": given.host}],
        "egress_allow": [given.host], "schema_sha256": sha256(_text(template["api"])).hexdigest(),
        "policyversion": policy_version,
    }  # fmt: skip
    connector = {
        "id": f"connector-{given.tenant}-{name}"[:128], "tenantid": given.tenant, "connector": name,
        "system": template["system"], "secret_ref": given.secret_ref, "granted_scopes": scopes,
        "needed_scopes": scopes, "owner": given.owner,
    }  # fmt: skip
    return {
        f"{name}.profile.json": ("integration_profile", profile),
        f"{name}.{given.tenant}.connector.json": ("connector", connector),
        f"{name}.openapi.json": (None, template["api"]),
    }


def _problems(loaded: Any, kind: str, value: Mapping[str, Any]) -> str | None:
    from gate.reading import Schema

    found = Schema(loaded.kinds[kind].schema, kind).problems(value)
    return found[0].text if found else None


def _text(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


_NEXT = """next:
  1. name the records in gate.yaml:
       evidence:
         integration_profile: ["{folder}/*.profile.json"]
         connector: ["{folder}/*.connector.json"]
  2. issue the secret, and record its reference in the evidence ledger (gate record secret_record)
  3. check it in the sandbox, then in production (gate record integration_check)
  gate explain INT002 --runbook says the rest; the policy package is integrations.{name}
"""
