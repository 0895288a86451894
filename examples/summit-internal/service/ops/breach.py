"""Rehearse a tenant breach on a working copy: a key is stolen, it must open nothing but its own tenant, it is revoked.

The incident is opened in the victim's own stream and marked as simulated.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping

from service import settings
from service.clock import epoch_ms, now
from service.db.tenant_safe import TenantSession
from service.identifiers import key_hash, new_api_key
from service.ops import console
from service.ops.workspace import Workspace, add_drill_argument
from service.repositories.deals import DealRepository
from service.repositories.identity import IdentityRepository
from service.repositories.leads import LeadRepository
from service.repositories.operations import OperationsRepository

SAMPLE = 5


def open_incident(workspace: Workspace, tenant: str) -> console.Measured:
    at = now()
    api_key = new_api_key(tenant)
    with workspace.session(tenant) as session:
        IdentityRepository(session).add_key(label="stolen in a rehearsal", key_hash=key_hash(api_key), at=at)
        operations = OperationsRepository(session)
        incident = operations.open_incident(title="API key stolen", severity="sev1", simulated=True, at=at)
        operations.audit(actor="drill", action="incident.opened", subject=incident, at=at)
    workspace.remember({"stolen_key": api_key, "incident": incident, "opened_at_ms": epoch_ms(at)})
    return {"incidents_opened": 1}


def probe(workspace: Workspace, tenant: str) -> console.Measured:
    """With the stolen key, ask for other tenants' rows by their real ids. Its own must answer, or nothing is proven."""
    with workspace.session(tenant) as session:
        if not _accepted(session, str(workspace.recall("stolen_key")["stolen_key"])):
            raise console.CannotRunError("the stolen key is not accepted; reaching nothing with it proves nothing")
        own = _reached(session, _samples(session))
        foreign: list[tuple[str, str]] = []
        for other in settings.tenants():
            if other.id != tenant:
                with workspace.session(other.id) as their_session:
                    foreign += _samples(their_session)
        reached = _reached(session, foreign)
    measured = {"foreign_rows_asked_for": len(foreign), "foreign_rows_reached": reached, "own_rows_reached": own}
    if reached or not own or not foreign:
        raise console.DidNotHoldError(
            "the stolen key reaches other tenants, or the probe reached nothing at all", measured
        )
    return measured


def contain(workspace: Workspace, tenant: str) -> console.Measured:
    with workspace.session(tenant) as session:
        at = now()
        identity = IdentityRepository(session)
        revoked = identity.revoke_all_keys(at=at)
        identity.set_feature("exports", enabled=False, at=at)
    elapsed_ms = epoch_ms(at) - int(workspace.recall("opened_at_ms")["opened_at_ms"])
    return {"contained_after_ms": elapsed_ms, "keys_revoked": revoked}


def confirm(workspace: Workspace, tenant: str) -> console.Measured:
    with workspace.session(tenant) as session:
        accepted = _accepted(session, str(workspace.recall("stolen_key")["stolen_key"]))
    if accepted:
        raise console.DidNotHoldError("the stolen key is still accepted", {"stolen_key_accepted": 1})
    return {"stolen_key_accepted": 0}


def close(workspace: Workspace, tenant: str) -> console.Measured:
    incident = str(workspace.recall("incident")["incident"])
    with workspace.session(tenant) as session:
        at = now()
        operations = OperationsRepository(session)
        noted = operations.add_incident_note(incident, author="drill", body="keys revoked, exports paused", at=at)
        closed = operations.close_incident(incident, at=at)
    if not (noted and closed):
        raise console.DidNotHoldError("the simulated incident could not be closed", {"incidents_closed": 0})
    return {"incidents_closed": 1}


def _accepted(session: TenantSession, api_key: str) -> bool:
    return IdentityRepository(session).active_key(key_hash(api_key)) is not None


def _samples(session: TenantSession) -> list[tuple[str, str]]:
    """(kind, id) of some rows that the session's tenant owns."""
    leads = LeadRepository(session).search(status=None, segment=None, limit=SAMPLE)
    quotes = DealRepository(session).open_quotes(limit=SAMPLE)
    incidents = OperationsRepository(session).recent_incidents(limit=SAMPLE)
    return (
        [("lead", row["id"]) for row in leads]
        + [("quote", row["id"]) for row in quotes]
        + [("incident", row["id"]) for row in incidents]
    )


def _reached(session: TenantSession, wanted: list[tuple[str, str]]) -> int:
    read: Mapping[str, Callable[[str], object]] = {
        "lead": LeadRepository(session).find,
        "quote": DealRepository(session).quote,
        "incident": OperationsRepository(session).incident,
    }
    return sum(read[kind](row_id) is not None for kind, row_id in wanted)


STEPS: Mapping[str, Callable[[Workspace, str], console.Measured]] = {
    "open": open_incident,
    "probe": probe,
    "contain": contain,
    "confirm": confirm,
    "close": close,
}


def operation() -> console.Measured:
    parser = argparse.ArgumentParser(prog="python -m service.ops.breach", description=__doc__)
    parser.add_argument("step", choices=list(STEPS))
    add_drill_argument(parser)
    parser.add_argument("--tenant", required=True, help="whose key is stolen")
    arguments = parser.parse_args()
    return STEPS[arguments.step](arguments.drill, arguments.tenant)


if __name__ == "__main__":
    console.run(operation)
