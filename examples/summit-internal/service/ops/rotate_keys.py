"""Rehearse a key rotation on a working copy: a new key next to the old one, then only the new one."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping

from service.clock import epoch_ms, now
from service.identifiers import key_hash, new_api_key
from service.ops import console
from service.ops.workspace import Workspace, add_drill_argument
from service.repositories.identity import IdentityRepository


def issue(workspace: Workspace, tenant: str) -> console.Measured:
    """The key to be replaced is the drill's own: nobody's real key is read."""
    old, new, at = new_api_key(tenant), new_api_key(tenant), now()
    with workspace.session(tenant) as session:
        identity = IdentityRepository(session)
        identity.add_key(label="rehearsal, old", key_hash=key_hash(old), at=at)
        new_id = identity.add_key(label="rehearsal, new", key_hash=key_hash(new), at=at)
    workspace.remember({"old_key": old, "new_key": new, "new_id": new_id, "issued_at_ms": epoch_ms(at)})
    return {"keys_issued": 2}


def both(workspace: Workspace, tenant: str) -> console.Measured:
    old, new = _accepted(workspace, tenant)
    if not (old and new):
        raise console.DidNotHoldError("clients would be locked out during the change", {"old": old, "new": new})
    return {"new": new, "old": old}


def revoke(workspace: Workspace, tenant: str) -> console.Measured:
    state = workspace.recall("new_id", "issued_at_ms")
    at = now()
    with workspace.session(tenant) as session:
        revoked = IdentityRepository(session).revoke_keys_except(state["new_id"], at=at)
    return {"keys_revoked": revoked, "overlap_ms": epoch_ms(at) - int(state["issued_at_ms"])}


def only_new(workspace: Workspace, tenant: str) -> console.Measured:
    old, new = _accepted(workspace, tenant)
    if old or not new:
        raise console.DidNotHoldError("the old key still works, or the new one does not", {"old": old, "new": new})
    return {"new": new, "old": old}


def _accepted(workspace: Workspace, tenant: str) -> tuple[int, int]:
    state = workspace.recall("old_key", "new_key")
    with workspace.session(tenant) as session:
        identity = IdentityRepository(session)
        return (
            int(identity.active_key(key_hash(state["old_key"])) is not None),
            int(identity.active_key(key_hash(state["new_key"])) is not None),
        )


STEPS: Mapping[str, Callable[[Workspace, str], console.Measured]] = {
    "issue": issue,
    "both": both,
    "revoke": revoke,
    "only-new": only_new,
}


def operation() -> console.Measured:
    parser = argparse.ArgumentParser(prog="python -m service.ops.rotate_keys", description=__doc__)
    parser.add_argument("step", choices=list(STEPS))
    add_drill_argument(parser)
    parser.add_argument("--tenant", required=True)
    arguments = parser.parse_args()
    return STEPS[arguments.step](arguments.drill, arguments.tenant)


if __name__ == "__main__":
    console.run(operation)
