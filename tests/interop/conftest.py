"""A small project that releases with a key and keyless, and the bundles that its releases made."""

from __future__ import annotations

from .clients import ci, instance, no_proxy_to_ourselves, node  # noqa: F401 fixtures
