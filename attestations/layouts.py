"""Classic in-toto: a layout says who does which step, and links say who did. Verified with in-toto, nothing is run.

The layout must be signed by keys trusted for layouts. A layout with inspections is refused, because in-toto runs their
commands while it verifies; so are sublayouts and GPG keys. Expiry is told, not judged: it is a question of the clock
that the caller judges by. What in-toto leaves to the layout is added: one key may not stand under two ids, and who
holds several keys is one person (in-toto 0.9, sections 4.3 and 5.2).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from attestations import strict_json
from attestations.refusal import Reason, Refused
from attestations.statements import parse_time
from attestations.strict_json import shown
from attestations.trust import LAYOUT, TrustedKeys

MAX_BYTES: Final = 16 << 20
_KEY_TYPES: Final = frozenset({"ecdsa", "ecdsa-sha2-nistp256", "ed25519", "rsa"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Functionary:
    """Who signed a link that verified: the identity that the trusted keys give the key, else `key:` and its id."""

    identity: str
    keyid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: how many people it needs, who did it, and what is wrong, by code and in words (None: nothing).

    Codes: `missing-link`, `wrong-key`, `bad-signature`, `threshold`, `links-disagree`, `artifact-rules`.
    """

    name: str
    threshold: int
    done_by: tuple[Functionary, ...]
    problem: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A layout that its owners signed, what became of its steps, and what the last of them made (name, SHA-256)."""

    expires_at: datetime
    signers: tuple[str, ...]
    steps: tuple[Step, ...]
    products: tuple[tuple[str, str], ...]


def verify_layout(layout: bytes, links: Sequence[bytes], keys: TrustedKeys | None, *, now: datetime) -> Chain:
    """Verify a layout and the links that claim to fulfil it. Raises Refused: no such layout, or a link that is none."""
    if keys is None:
        raise Refused(Reason.NO_TRUST, "no trusted keys were given")
    logging.getLogger("in_toto").setLevel(logging.CRITICAL)
    try:
        metadata, payload = _read(layout, "layout")
        signers = _signers(metadata, keys, now)
        _check_layout(payload)
        people = {keyid: Functionary(identity=who, keyid=keyid) for keyid, who in _people(payload, keys)}
        read = [_read(data, "link") for data in links]
        steps, accepted = [], {}
        for step in payload.steps:
            found, link = _step(step, payload, people, read)
            steps.append(found)
            if link is not None:
                accepted[step.name] = link
        steps = [_ruled(step, found, accepted) for step, found in zip(payload.steps, steps, strict=True)]
        last = accepted.get(payload.steps[-1].name)
        products = sorted((name, digests["sha256"]) for name, digests in last.products.items()) if last else ()
        return Chain(
            expires_at=parse_time(payload.expires), signers=signers, steps=tuple(steps), products=tuple(products)
        )
    except Refused:
        raise
    except Exception as error:  # the one boundary: whatever in-toto raises on hostile bytes is a refusal
        raise Refused(Reason.MALFORMED, f"{type(error).__name__}: {shown(str(error))}") from error


def _read(data: bytes, kind: str) -> tuple[Any, Any]:
    """Metadata (DSSE or the classic signed document) and the layout or link in it."""
    from in_toto.models.metadata import Metadata

    if len(data) > MAX_BYTES:
        raise Refused(Reason.TOO_LARGE, f"{len(data)} bytes; at most {MAX_BYTES} are read")
    try:
        document = strict_json.loads(data)
        metadata = Metadata.from_dict(document)
        if hasattr(metadata, "payload"):
            strict_json.loads(metadata.payload)
    except strict_json.StrictJsonError as error:
        raise Refused(Reason.MALFORMED, f"the {kind} is not strict JSON: {error}") from None
    payload = metadata.get_payload()
    if payload.type_ != kind:
        raise Refused(
            Reason.UNSUPPORTED_FORMAT, f"a {payload.type_} where a {kind} belongs; sublayouts are not followed"
        )
    payload.validate()
    return metadata, payload


def _signatures(metadata: Any) -> list[str]:
    """The key ids that a document says it is signed by."""
    found = metadata.signatures
    return list(found) if isinstance(found, Mapping) else [signature["keyid"] for signature in found]


def _signers(metadata: Any, keys: TrustedKeys, now: datetime) -> tuple[str, ...]:
    """Who of those trusted for layouts signed it. Raises Refused when nobody did."""
    found: list[str] = []
    for key in keys.keys:
        if key.usage == LAYOUT and key.start <= now and (key.end is None or now < key.end):
            public = {
                "keytype": "ecdsa",
                "scheme": "ecdsa-sha2-nistp256",
                "keyval": {"public": key.public.pem.decode()},
            }
            if any(_verifies(metadata, {**public, "keyid": keyid}) for keyid in _signatures(metadata)):
                found.append(key.identity)
    if not found:
        raise Refused(Reason.UNTRUSTED_KEY, "the layout is not signed by a key trusted for layouts")
    return tuple(dict.fromkeys(found))


def _verifies(metadata: Any, key: Mapping[str, Any]) -> bool:
    from in_toto.exceptions import SignatureVerificationError

    try:
        metadata.verify_signature(dict(key))
    except SignatureVerificationError:
        return False
    return True


def _check_layout(payload: Any) -> None:
    if payload.inspect:
        raise Refused(Reason.UNSUPPORTED_FORMAT, "the layout has inspections: commands, which are never run here")
    if not payload.steps:
        raise Refused(Reason.MALFORMED, "the layout has no steps")
    names = [step.name for step in payload.steps]
    if len(set(names)) != len(names):
        raise Refused(Reason.MALFORMED, "two steps of the layout have one name")
    for keyid, key in payload.keys.items():
        if key.get("keytype") not in _KEY_TYPES or key.get("subkeys") or key.get("method") or key.get("keyid") != keyid:
            raise Refused(Reason.UNSUPPORTED_FORMAT, f"key {shown(keyid)} of the layout is of a kind not read here")
    for step in payload.steps:
        if type(step.threshold) is not int or not 0 < step.threshold <= len(set(step.pubkeys)):
            raise Refused(Reason.MALFORMED, f"step {shown(step.name)} has a threshold that nobody can meet")
        if unknown := set(step.pubkeys) - payload.keys.keys():
            raise Refused(
                Reason.MALFORMED, f"step {shown(step.name)} names key {shown(min(unknown))}, which is not there"
            )


def _people(payload: Any, keys: TrustedKeys) -> Iterator[tuple[str, str]]:
    """Each key id of the layout with whose it is. Raises Refused for a key that stands there twice."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

    known = {key.public.der: key.identity for key in keys.keys}
    seen: dict[bytes, str] = {}
    for keyid, key in payload.keys.items():
        text = key["keyval"]["public"]
        pem = text.startswith("-----")
        der = (
            load_pem_public_key(text.encode()).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            if pem
            else bytes.fromhex(text)
        )
        if (other := seen.setdefault(der, keyid)) != keyid:
            raise Refused(Reason.MALFORMED, f"keys {shown(other)} and {shown(keyid)} of the layout are one key")
        yield keyid, known.get(der, f"key:{keyid}")


def _step(
    step: Any, payload: Any, people: Mapping[str, Functionary], links: Sequence[tuple[Any, Any]]
) -> tuple[Step, Any]:
    """The step, and the link that its people agree on."""
    done: dict[str, Any] = {}
    claims = [(metadata, link) for metadata, link in links if link.name == step.name]
    strangers = broken = 0
    disagree = False
    for metadata, link in claims:
        for keyid in _signatures(metadata):
            if keyid not in step.pubkeys:
                strangers += 1
            elif not _verifies(metadata, payload.keys[keyid]):
                broken += 1
            else:
                first = done.setdefault(keyid, link)
                disagree |= (first.materials, first.products) != (link.materials, link.products)
    by = tuple(people[keyid] for keyid in sorted(done))
    made = list(done.values())
    disagree |= any((link.materials, link.products) != (made[0].materials, made[0].products) for link in made)
    count = len({person.identity for person in by})
    problem, detail = None, None
    if disagree:
        problem, detail = "links-disagree", "its links name different materials or products"
    elif count < step.threshold:
        problem = (
            "missing-link" if not claims else "wrong-key" if strangers else "bad-signature" if broken else "threshold"
        )
        detail = (
            f"{count} of {step.threshold} people did it; {len(claims)} links, {strangers} by others, {broken} broken"
        )
    found = Step(name=step.name, threshold=step.threshold, done_by=by, problem=problem, detail=detail)
    return found, made[0] if problem is None else None


def _ruled(step: Any, found: Step, accepted: Mapping[str, Any]) -> Step:
    """The step after its artifact rules, when it was done at all."""
    from in_toto.exceptions import RuleVerificationError
    from in_toto.verifylib import verify_item_rules

    if found.problem is not None:
        return found
    try:
        verify_item_rules(step.name, "materials", step.expected_materials, accepted)
        verify_item_rules(step.name, "products", step.expected_products, accepted)
    except RuleVerificationError as error:
        said = shown((str(error).splitlines() or ["a rule does not hold"])[0], 200)
        return Step(
            name=found.name, threshold=found.threshold, done_by=found.done_by, problem="artifact-rules", detail=said
        )
    return found
