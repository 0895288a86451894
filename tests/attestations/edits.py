"""What tests change in a bundle, and statements signed although no honest signer would make them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from attestations import statements, strict_json
from attestations.envelope import write_bundle

Edit = Callable[[dict[str, Any]], object]


def edited(bundle: bytes, edit: Edit) -> bytes:
    document = json.loads(bundle)
    edit(document)
    return json.dumps(document).encode()


def resigned(bench: Any, edit: Edit | None = None, *, payload: bytes | None = None, **signing: Any) -> bytes:
    """A bundle with a valid signature over a statement that no honest signer would make."""
    if payload is None:
        document = json.loads(bench.provenance())
        (edit or (lambda statement: None))(document)
        payload = json.dumps(document).encode()
    return sign_bytes(bench.signer, payload, **signing)


def sign_bytes(signer: Any, payload: bytes, payload_type: str = statements.PAYLOAD_TYPE) -> bytes:
    from securesystemslib.dsse import Envelope

    signature = Envelope(payload, payload_type, {}).sign(signer.backend)
    return write_bundle(
        payload=payload, payload_type=payload_type, sig=bytes.fromhex(signature.signature), keyid=signer.keyid
    )


def put(*path: Any) -> Edit:
    """An edit that puts the last item at the path of the others."""
    *places, name, value = path

    def edit(document: Any) -> None:
        for place in places:
            document = document[place]
        document[name] = value

    return edit


def drop(*path: Any) -> Edit:
    def edit(document: Any) -> None:
        for place in path[:-1]:
            document = document[place]
        del document[path[-1]]

    return edit


def reencoded(text: str, change: Callable[[bytes], bytes]) -> str:
    return base64.b64encode(change(base64.b64decode(text))).decode()


def entry_of(document: dict[str, Any]) -> dict[str, Any]:
    return document["verificationMaterial"]["tlogEntries"][0]  # type: ignore[no-any-return]


def body(change: Edit) -> Edit:
    """An edit of what the log says it recorded."""

    def edit(document: dict[str, Any]) -> None:
        entry = entry_of(document)
        recorded = json.loads(base64.b64decode(entry["canonicalizedBody"]))
        change(recorded)
        entry["canonicalizedBody"] = base64.b64encode(strict_json.dumps(recorded)).decode()

    return edit
