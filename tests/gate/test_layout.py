"""Classic in-toto layouts, made and signed with in-toto: who did which step, and every way to get around it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from in_toto.models.layout import Inspection, Layout, Step
from in_toto.models.link import Link
from in_toto.models.metadata import Envelope, Metablock, Metadata
from securesystemslib.signer import CryptoSigner

from attestations.layouts import Chain, verify_layout
from attestations.refusal import Refused
from attestations.trust import ATTESTATIONS, LAYOUT, PublicKey, Trust, TrustedKey, TrustedKeys
from gate import policy, run
from gate.collect import Context, collect
from gate.model import Artifact, Decision, Stage, Subject
from gate.tree import WorkTree

NOW = datetime.now(UTC).replace(microsecond=0)
START = NOW - timedelta(days=300)
OWNER, BUILDER, REVIEWER = "release-manager@summit.example", "build-ci@summit.example", "security@summit.example"
WHEEL = {"sha256": hashlib.sha256(b"the wheel").hexdigest()}
OTHER = {"sha256": hashlib.sha256(b"another").hexdigest()}
Project = Callable[..., Path]


def new_key() -> tuple[ec.EllipticCurvePrivateKey, CryptoSigner]:
    private = ec.generate_private_key(ec.SECP256R1())
    return private, CryptoSigner(private)


def public(signer: CryptoSigner) -> dict[str, Any]:
    return {"keyid": signer.public_key.keyid, **signer.public_key.to_dict()}


@dataclass
class Shop:
    """People with keys, and the layout they agreed on: one builds, another reviews what was built."""

    dsse: bool = True
    keys: dict[str, CryptoSigner] = field(default_factory=dict)
    entries: list[TrustedKey] = field(default_factory=list)

    def hire(self, who: str, *usages: str) -> CryptoSigner:
        private, signer = new_key()
        self.keys.setdefault(who, signer)
        known = PublicKey.of(private.public_key())
        self.entries += [TrustedKey(public=known, identity=who, usage=usage, start=START) for usage in usages]
        return signer

    @property
    def trusted(self) -> TrustedKeys:
        return TrustedKeys(tuple(self.entries))

    def layout(self, **changes: Any) -> Layout:
        build = Step(
            name="build", pubkeys=[self.keys[BUILDER].public_key.keyid], threshold=1,
            expected_products=[["CREATE", "app.whl"], ["DISALLOW", "*"]],
        )  # fmt: skip
        review = Step(
            name="review", pubkeys=[self.keys[REVIEWER].public_key.keyid], threshold=1,
            expected_materials=[["MATCH", "app.whl", "WITH", "PRODUCTS", "FROM", "build"], ["DISALLOW", "*"]],
            expected_products=[["ALLOW", "app.whl"], ["DISALLOW", "*"]],
        )  # fmt: skip
        expires = (NOW + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
        keys = {k["keyid"]: k for k in (public(self.keys[who]) for who in (BUILDER, REVIEWER))}
        values = {"steps": [build, review], "inspect": [], "keys": keys, "expires": expires}
        return Layout(**(values | changes))

    def sign(self, payload: Any, *who: str | CryptoSigner) -> bytes:
        metadata: Metadata = Envelope.from_signable(payload) if self.dsse else Metablock(signed=payload)
        for one in who:
            metadata.create_signature(self.keys[one] if isinstance(one, str) else one)
        return json.dumps(metadata.to_dict(), sort_keys=True).encode()

    def built(self, who: str | CryptoSigner = BUILDER, product: Mapping[str, str] = WHEEL) -> bytes:
        return self.sign(Link(name="build", products={"app.whl": dict(product)}), who)

    def reviewed(self, who: str | CryptoSigner = REVIEWER, material: Mapping[str, str] = WHEEL) -> bytes:
        seen = {"app.whl": dict(material)}
        return self.sign(Link(name="review", materials=seen, products=seen), who)

    def verify(self, layout: bytes, *links: bytes, now: datetime = NOW) -> Chain:
        return verify_layout(layout, links, self.trusted, now=now)


@pytest.fixture(params=[True, False], ids=["dsse", "classic"])
def shop(request: pytest.FixtureRequest) -> Shop:
    made = Shop(dsse=request.param)
    made.hire(OWNER, LAYOUT)
    made.hire(BUILDER, ATTESTATIONS)
    made.hire(REVIEWER, ATTESTATIONS)
    return made


def problems(chain: Chain) -> dict[str, str | None]:
    return {step.name: step.problem for step in chain.steps}


def test_two_people_two_steps(shop: Shop) -> None:
    chain = shop.verify(shop.sign(shop.layout(), OWNER), shop.built(), shop.reviewed())

    assert problems(chain) == {"build": None, "review": None}
    assert chain.signers == (OWNER,)
    assert [[f.identity for f in step.done_by] for step in chain.steps] == [[BUILDER], [REVIEWER]]
    assert chain.products == (("app.whl", WHEEL["sha256"]),)
    assert chain.expires_at > NOW


LINKS: dict[str, tuple[Callable[[Shop], list[bytes]], dict[str, str | None]]] = {
    "no link of a step": (lambda s: [s.built()], {"build": None, "review": "missing-link"}),
    "no links at all": (lambda s: [], {"build": "missing-link", "review": "missing-link"}),
    "signed by one of another step": (lambda s: [s.built(), s.reviewed(BUILDER)], {"build": None, "review": "wrong-key"}),
    "signed by a stranger": (lambda s: [s.built(new_key()[1]), s.reviewed()], {"build": "wrong-key", "review": "artifact-rules"}),
    "a file exchanged on the way": (lambda s: [s.built(), s.reviewed(material=OTHER)], {"build": None, "review": "artifact-rules"}),
    "two links of one step that disagree": (lambda s: [s.built(), s.built(product=OTHER), s.reviewed()], {"build": "links-disagree", "review": "artifact-rules"}),
    "a product that nobody expects": (
        lambda s: [s.sign(Link(name="build", products={"app.whl": WHEEL, "backdoor.sh": OTHER}), BUILDER), s.reviewed()],
        {"build": "artifact-rules", "review": None},
    ),
    "links of steps that the layout does not know": (
        lambda s: [s.built(), s.reviewed(), s.sign(Link(name="deploy"), BUILDER)], {"build": None, "review": None},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", LINKS)
def test_a_step_that_was_not_done_as_agreed_is_found(shop: Shop, case: str) -> None:
    links, expected = LINKS[case]

    assert problems(shop.verify(shop.sign(shop.layout(), OWNER), *links(shop))) == expected


def edited(data: bytes, old: str, new: str) -> bytes:
    """The payload changed under its signatures."""
    import base64

    document = json.loads(data)
    if "payload" not in document:
        return data.replace(old.encode(), new.encode())
    payload = base64.b64decode(document["payload"]).replace(old.encode(), new.encode())
    return json.dumps({**document, "payload": base64.b64encode(payload).decode()}).encode()


def test_a_link_changed_after_it_was_signed_does_not_count(shop: Shop) -> None:
    broken = edited(shop.built(), WHEEL["sha256"], OTHER["sha256"])
    chain = shop.verify(shop.sign(shop.layout(), OWNER), broken, shop.reviewed())

    assert problems(chain)["build"] == "bad-signature"


def test_one_person_with_two_keys_is_one_person(shop: Shop) -> None:
    second = shop.hire(BUILDER, ATTESTATIONS)
    keyids = [shop.keys[BUILDER].public_key.keyid, second.public_key.keyid]
    layout = shop.layout()
    layout.keys[second.public_key.keyid] = public(second)
    layout.steps[0].pubkeys, layout.steps[0].threshold = keyids, 2
    chain = shop.verify(shop.sign(layout, OWNER), shop.built(), shop.built(second), shop.reviewed())

    assert problems(chain)["build"] == "threshold"
    assert "1 of 2 people" in str(chain.steps[0].detail)


def test_two_people_where_the_layout_asks_for_two(shop: Shop) -> None:
    second = shop.hire("second-ci@summit.example", ATTESTATIONS)
    layout = shop.layout()
    layout.keys[second.public_key.keyid] = public(second)
    layout.steps[0].pubkeys.append(second.public_key.keyid)
    layout.steps[0].threshold = 2

    assert problems(shop.verify(shop.sign(layout, OWNER), shop.built(), shop.reviewed()))["build"] == "threshold"
    both = shop.verify(shop.sign(layout, OWNER), shop.built(), shop.built(second), shop.reviewed())
    assert problems(both) == {"build": None, "review": None}
    other = shop.verify(shop.sign(layout, OWNER), shop.built(), shop.built(second, OTHER), shop.reviewed())
    assert problems(other)["build"] == "links-disagree"


def under_two_ids(shop: Shop) -> Layout:
    layout = shop.layout()
    layout.keys["f" * 64] = {**public(shop.keys[BUILDER]), "keyid": "f" * 64}
    return layout


def canary(shop: Shop, tmp_path: Path) -> Layout:
    inspection = Inspection(name="look", run=["touch", str(tmp_path / "canary")])
    return shop.layout(inspect=[inspection])


def threshold(shop: Shop, count: int) -> Layout:
    layout = shop.layout()
    layout.steps[0].threshold = count
    return layout


REFUSED: dict[str, tuple[Callable[[Shop, Path], bytes], str]] = {
    "signed by one who may not": (lambda s, _: s.sign(s.layout(), BUILDER), "not signed by a key trusted for layouts"),
    "not signed": (lambda s, _: s.sign(s.layout()), "not signed by a key trusted for layouts"),
    "with an inspection": (lambda s, p: s.sign(canary(s, p), OWNER), "inspections"),
    "edited": (lambda s, _: edited(s.sign(s.layout(), OWNER), '"build"', '"guild"'), "not signed by"),
    "one key under two ids": (lambda s, _: s.sign(under_two_ids(s), OWNER), "are one key"),
    "a threshold beyond its keys": (lambda s, _: s.sign(threshold(s, 2), OWNER), "nobody can meet"),
    "a threshold of none": (lambda s, _: s.sign(threshold(s, 0), OWNER), "nobody can meet"),
    "without steps": (lambda s, _: s.sign(s.layout(steps=[]), OWNER), "no steps"),
    "a link in its place": (lambda s, _: s.built(OWNER), "a link where a layout belongs"),
    "no JSON": (lambda s, _: b"layout: none", "not strict JSON"),
    "a key twice in its JSON": (lambda s, _: b'{"a": 1, "a": 2}', "duplicate key"),
    "something else": (lambda s, _: b"{}", "InvalidMetadata"),
    "a list": (lambda s, _: b"[]", "InvalidMetadata"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_layout_that_can_not_be_relied_on_is_refused_and_nothing_of_it_is_run(
    shop: Shop, tmp_path: Path, case: str
) -> None:
    make, reason = REFUSED[case]
    with pytest.raises(Refused, match=reason):
        shop.verify(make(shop, tmp_path), shop.built(), shop.reviewed())
    assert not (tmp_path / "canary").exists()


def test_a_sublayout_is_not_followed(shop: Shop) -> None:
    with pytest.raises(Refused, match="sublayouts are not followed"):
        shop.verify(shop.sign(shop.layout(), OWNER), shop.sign(shop.layout(), BUILDER))


def test_a_retired_owner_signs_no_layout_any_more(shop: Shop) -> None:
    retired = shop.trusted.retire(shop.entries[0].public.keyid, NOW - timedelta(days=1))
    with pytest.raises(Refused, match="untrusted-key"):
        verify_layout(shop.sign(shop.layout(), OWNER), [], retired, now=NOW)


def test_ed25519_functionaries_are_read(shop: Shop) -> None:
    signer = CryptoSigner(ed25519.Ed25519PrivateKey.generate())
    layout = shop.layout()
    layout.keys[signer.public_key.keyid] = public(signer)
    layout.steps[0].pubkeys = [signer.public_key.keyid]
    chain = shop.verify(shop.sign(layout, OWNER), shop.built(signer), shop.reviewed())

    assert problems(chain) == {"build": None, "review": None}
    assert chain.steps[0].done_by[0].identity == f"key:{signer.public_key.keyid}"


CONFIG = """
version: 1
policy_version: "1"
project: tests
packs: [governance, separation-of-duties]
trust: {keys: policy/trusted-keys.json, layout: policy/release.layout}
evidence:
  supply_chain_layout: ["links/*.link"]
"""


def decided(
    project: Project, shop: Shop, files: Mapping[str, bytes | None], artifact: bytes = b"the wheel"
) -> Decision:
    """What the release gate says with these files in the checkout."""
    root = project({
        "gate.yaml": CONFIG, "policy/trusted-keys.json": shop.trusted.dump(),
        "policy/release.layout": shop.sign(shop.layout(), OWNER), "links/build.link": shop.built(),
        "links/review.link": shop.reviewed(), **files,
    })  # fmt: skip
    subject = Subject(
        project="tests", commit=None, version="1",
        artifacts=(Artifact(name="app.whl", sha256=hashlib.sha256(artifact).hexdigest()),),
    )  # fmt: skip
    tree = WorkTree(root)
    context = Context(
        tree=tree, root=root, policy=policy.load(tree), as_of=NOW, now=NOW, trust=Trust(keys=shop.trusted), subject=subject
    )  # fmt: skip
    return run.judge(context, Stage.RELEASE, as_of_overridden=False, pipeline_id="local", progress=lambda _: None)


def outcomes(decision: Decision) -> dict[str, str]:
    return {
        result.control.id: result.outcome.value
        for result in decision.results
        if result.control.pack == "separation-of-duties"
    }


def messages(decision: Decision) -> str:
    return " | ".join(
        [v.message for r in decision.results for v in r.violations] + [s for r in decision.results for s in r.reasons]
    )


PASS = {"SOD001": "pass", "SOD002": "pass", "SOD003": "pass", "SOD004": "pass"}


@pytest.mark.parametrize(
    ("case", "files", "changed", "said"),
    [
        ("as agreed", lambda s: {}, {}, ""),
        ("a step not done", lambda s: {"links/review.link": None}, {"SOD002": "fail", "SOD004": "fail"}, "step review: missing-link"),
        ("signed by another", lambda s: {"links/review.link": s.reviewed(BUILDER)}, {"SOD002": "fail", "SOD004": "fail"}, "wrong-key"),
        ("expired", lambda s: {"policy/release.layout": s.sign(s.layout(expires="2026-01-01T00:00:00Z"), OWNER)}, {"SOD001": "fail"}, "it has expired"),
        ("signed by nobody who may", lambda s: {"policy/release.layout": s.sign(s.layout(), REVIEWER)}, {"SOD001": "fail", "SOD004": "fail"}, "refused: untrusted-key"),
        ("a link that is none", lambda s: {"links/x.link": b"{"}, {"SOD001": "fail", "SOD004": "fail"}, "refused: malformed"),
        ("no layout named", lambda s: {"gate.yaml": CONFIG.replace(", layout: policy/release.layout", "").encode()}, dict.fromkeys(PASS, "unknown"), "trust.layout names no in-toto layout"),
    ],
)  # fmt: skip
def test_the_release_gate_asks_for_separated_duties(
    project: Project, shop: Shop, case: str, files: Any, changed: Mapping[str, str], said: str
) -> None:
    decision = decided(project, shop, files(shop))

    assert outcomes(decision) == {**PASS, **changed}
    assert said in messages(decision)


def test_other_files_than_the_last_steps_are_not_released(project: Project, shop: Shop) -> None:
    decision = decided(project, shop, {}, artifact=b"built elsewhere")

    assert outcomes(decision) == {**PASS, "SOD004": "fail"}


def test_one_person_in_two_steps_is_a_finding(project: Project, shop: Shop) -> None:
    layout = shop.layout()
    layout.steps[1].pubkeys = [shop.keys[BUILDER].public_key.keyid]
    files = {"policy/release.layout": shop.sign(layout, OWNER), "links/review.link": shop.reviewed(BUILDER)}
    decision = decided(project, shop, files)

    assert outcomes(decision) == {**PASS, "SOD003": "fail"}
    assert f"{BUILDER} did 2 steps: build, review" in messages(decision)


def test_links_in_a_store_count_as_those_in_the_tree(project: Project, shop: Shop, tmp_path: Path) -> None:
    store = tmp_path / "store"
    (store / "supply_chain_layout").mkdir(parents=True)
    (store / "supply_chain_layout/build.link").write_bytes(shop.built())
    root = project({
        "gate.yaml": CONFIG, "policy/trusted-keys.json": shop.trusted.dump(),
        "policy/release.layout": shop.sign(shop.layout(), OWNER), "links/review.link": shop.reviewed(),
    })  # fmt: skip
    tree = WorkTree(root)
    context = Context(
        tree=tree, root=root, policy=policy.load(tree), as_of=NOW, now=NOW, trust=Trust(keys=shop.trusted),
        subject=Subject(project="tests", commit=None), stores=(store,),
    )  # fmt: skip
    found = collect(context, {"supply_chain_layout"}, lambda _: None)["supply_chain_layout"]

    assert found.coverage.unread == ()
    assert [step["problem"] for step in found.rows[0]["steps"]] == [None, None]
    assert [material.name for material in found.materials] == ["links/review.link", "supply_chain_layout/build.link"]
