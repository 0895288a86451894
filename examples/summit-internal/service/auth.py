"""Who is calling: an API key names its tenant, and opens a session for that tenant only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Header, HTTPException

from service import settings
from service.db.connection import connect
from service.db.tenant_safe import TenantSession
from service.identifiers import key_hash
from service.repositories.identity import IdentityRepository


def tenant_session(authorization: Annotated[str, Header()] = "") -> Iterator[TenantSession]:
    """A session for the key's tenant, open for the length of the request; 401 for anything else."""
    scheme, _, api_key = authorization.partition(" ")
    tenant_id, _, secret = api_key.partition(".")
    if scheme.lower() != "bearer" or not tenant_id or not secret:
        raise HTTPException(401, "send Authorization: Bearer <tenant>.<secret>")
    connection = connect(settings.DATABASE)
    try:
        session = TenantSession(connection, tenant_id)
        if IdentityRepository(session).active_key(key_hash(api_key)) is None:
            raise HTTPException(401, "unknown or revoked key")
        yield session
    finally:
        connection.close()


Session = Annotated[TenantSession, Depends(tenant_session)]
