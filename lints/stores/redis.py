"""Redis keys and channels: does the key name the tenant, or can two tenants meet on it?"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from lints.patterns import regex
from lints.proof.result import Proof, Reference, Verdict
from lints.tenancy import Ownership

_EVERY = frozenset({"keys", "scan"})
_CHANNELS = frozenset({"publish", "subscribe", "psubscribe"})
_HOLE = regex(r"\{([^{}]*)\}")
_TENANT = regex(
    r"tenant|(?:^|[^a-z])org(?:anization|anisation)?(?:$|[^a-z]|id)|workspace|account_?id|accountid", re.IGNORECASE
)


def prove_redis(text: str, properties: Iterable[str], *, tenant_at_hand: bool) -> Proof:
    """Judge `COMMAND key`, the key with its gaps as `{source}`.

    `tenant_at_hand`: the function around knows a tenant. Without one, a key made of ids alone is taken on trust.
    """
    command, _, key = text.partition(" ")
    command = command.lower()
    holes = _HOLE.findall(key)
    names = [re.escape(name) for name in properties]
    own = re.compile("|".join(names), re.IGNORECASE) if names else None
    scoped = next((hole for hole in holes if _TENANT.search(hole) or (own is not None and own.search(hole))), None)
    literal = _HOLE.sub("", key)
    rule = why = proven_by = assumption = None
    verdict = Verdict.PROVEN
    if command in {"flushall", "flushdb"}:
        verdict, rule, why = Verdict.VIOLATION, "TENRDS002", "it empties the store for every tenant"
    elif scoped is not None:
        proven_by = f"the key names {scoped}"
    elif holes and not literal.strip(" :*./-_"):
        verdict, rule, why = Verdict.OPAQUE, "TENRDS013", f"the key is {holes[0]}, which is put together out of sight"
    elif command in _EVERY:
        verdict, rule, why = Verdict.VIOLATION, "TENRDS002", "its pattern matches keys of every tenant"
    elif command in _CHANNELS:
        verdict, rule, assumption = Verdict.WEAK, "TENRDS003", "the channel carries nothing of a tenant's"
    elif holes and tenant_at_hand:
        verdict, rule, why = (
            Verdict.VIOLATION,
            "TENRDS001",
            "the key does not name the tenant, though the function knows it",
        )
    elif holes:
        verdict, rule, assumption = Verdict.WEAK, "TENRDS001", "no two tenants use the same ids in this key"
    digest = hashlib.sha256(f"{command} {_HOLE.sub('{}', key)}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
    if verdict is Verdict.PROVEN and proven_by is None:
        return Proof(verdict=verdict, operation=command, relevant=False, fingerprint=digest)
    table = (re.split(r"[:./{]", key, maxsplit=1)[0] or "(key)").strip()
    reference = Reference(
        table=f"redis:{table}",
        column=None,
        alias="",
        ownership=Ownership.OWNED,
        action=command,
        proven=why is None,
        proven_by=proven_by or (assumption if why is None else None),
        why_not=why,
        rule=rule,
    )
    return Proof(
        verdict=verdict,
        operation=command,
        tables=(reference.table,),
        rules=(rule,) if rule is not None else (),
        references=(reference,),
        assumptions=(assumption,) if assumption is not None else (),
        fingerprint=digest,
    )
