"""Real requests against the running service: it works for its tenants, and not across them."""

from __future__ import annotations

import http.client
import json
import sys
from typing import Any

from service.ops.bootstrap import key_file
from service.ops.lifecycle import port

TENANT, OTHER = "summit-internal", "acme-eu"


class SmokeFailedError(Exception):
    """One request that was not answered as it must be."""


def call(tenant: str | None, method: str, path: str, body: object = None, *, expect: int) -> Any:
    """Send one request as a tenant (or as nobody); its answer, JSON decoded if it is JSON."""
    headers = {"Content-Type": "application/json"} if body is not None else {}
    if tenant is not None:
        headers["Authorization"] = f"Bearer {key_file(tenant).read_text(encoding='ascii').strip()}"
    connection = http.client.HTTPConnection("127.0.0.1", port(), timeout=5)
    try:
        connection.request(method, path, body=None if body is None else json.dumps(body), headers=headers)
        response = connection.getresponse()
        payload = response.read().decode()
    finally:
        connection.close()
    who = tenant or "nobody"
    if response.status != expect:
        raise SmokeFailedError(f"{method} {path} as {who}: {response.status}, expected {expect}: {payload[:200]}")
    print(f"ok  {response.status}  {who:<16} {method} {path}")
    return json.loads(payload) if "json" in response.headers.get("Content-Type", "") else payload


def smoke() -> None:
    call(None, "GET", "/healthz", expect=200)
    call(None, "GET", "/v1/leads", expect=401)

    new_lead = {"source": "partner", "company": "Smoke & Sons", "segment": "smb", "temperature": "hot"}
    lead = call(TENANT, "POST", "/v1/leads", new_lead, expect=201)["id"]
    call(TENANT, "POST", f"/v1/leads/{lead}/routing", {"assignee": "founder-sales"}, expect=201)
    if call(TENANT, "GET", f"/v1/leads/{lead}", expect=200)["assignee"] != "founder-sales":
        raise SmokeFailedError("the lead was routed, and its routing receipt is not there")
    call(TENANT, "POST", "/v1/leads", {"company": "No source"}, expect=422)

    export = call(TENANT, "POST", "/v1/exports", {"requested_by": "operator-1@summit-internal.example"}, expect=201)[
        "id"
    ]
    if lead not in call(TENANT, "GET", f"/v1/exports/{export}/download", expect=200):
        raise SmokeFailedError("the export lacks the lead that was just added")
    quote = call(TENANT, "GET", "/v1/quotes", expect=200)[0]["id"]
    incident = call(TENANT, "GET", "/v1/incidents", expect=200)[0]["id"]

    # The same identifiers, asked for with another tenant's key: they do not exist.
    call(OTHER, "GET", "/v1/leads", expect=200)
    for path in (
        f"/v1/leads/{lead}",
        f"/v1/quotes/{quote}",
        f"/v1/incidents/{incident}",
        f"/v1/exports/{export}",
    ):
        call(OTHER, "GET", path, expect=404)


def main() -> int:
    try:
        smoke()
    except SmokeFailedError as failure:
        print(f"smoke: {failure}", file=sys.stderr)
        return 1
    except (OSError, ValueError, http.client.HTTPException) as problem:
        print(f"smoke: cannot reach the service ({problem}); run `make up` first", file=sys.stderr)
        return 2
    print("smoke: every request was answered as it must be")
    return 0


if __name__ == "__main__":
    sys.exit(main())
