"""Identifiers and API keys: random, prefixed, and never stored in a form that opens a door."""

from __future__ import annotations

import hashlib
import secrets


def new_id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(8)}"


def new_api_key(tenant_id: str) -> str:
    """`<tenant>.<secret>`: the tenant is in the key, so that authentication is scoped like every other read."""
    return f"{tenant_id}.{secrets.token_urlsafe(32)}"


def key_hash(api_key: str) -> str:
    """The key has 256 random bits, so a plain SHA-256 is enough to store it."""
    return hashlib.sha256(api_key.encode()).hexdigest()
