"""Runbooks: what people do when a control blocks; pack.yaml says which runbook is about which controls."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gate.model import Control, GateError, Policy
from gate.policy.packs import Pack
from gate.reading import did_you_mean, read_yaml

FOLDER = "runbooks"


def check_runbooks(packs: Iterable[Pack], controls: Sequence[Control]) -> None:
    """What pack.yaml says of the runbooks: each is there and named, its controls exist, and no control has two."""
    for pack in packs:
        named: dict[str, str] = {}
        prefix = f"{pack.folder}/{FOLDER}/"
        files = {s.name.removeprefix(prefix).removesuffix(".md") for s in pack.sources if s.name.startswith(prefix)}
        own = [control.id for control in controls if control.pack == pack.name]
        manifest = pack.manifest
        for name, ids in manifest.value.get("runbooks", {}).items():
            if name not in files:
                raise manifest.error(("runbooks", name), f"runbooks: {prefix}{name}.md does not exist")
            for index, control_id in enumerate(ids):
                here = ("runbooks", name, index)
                if control_id not in own:
                    hint = did_you_mean(control_id, own)
                    raise manifest.error(here, f"runbooks: the pack has no control {control_id!r}{hint}")
                if named.setdefault(control_id, name) != name:
                    raise manifest.error(here, f"runbooks: {control_id} is in {named[control_id]} too; keep one")
        for name in sorted(files - set(manifest.value.get("runbooks", {}))):
            raise GateError(f"{prefix}{name}.md: not named under runbooks in {manifest.name}; nobody would find it")


def runbook_of(policy: Policy, control: Control) -> str | None:
    """The path of a control's runbook among the policy's files; None when its pack has none."""
    folder = control.source.path.rpartition("/controls/")[0]
    manifest = f"{folder}/pack.yaml"
    if manifest not in policy.files:
        return None
    named = read_yaml(policy.files[manifest], manifest).value.get("runbooks", {})
    return next((f"{folder}/{FOLDER}/{name}.md" for name, ids in named.items() if control.id in ids), None)
