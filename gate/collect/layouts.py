"""The in-toto layout that the policy names, and the links in the tree and in stores: who did which step."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from attestations.layouts import Chain, verify_layout
from attestations.refusal import Refused
from gate.collect import Context
from gate.collect.records import MAX_RECORD_BYTES
from gate.model import Coverage, Descriptor, Evidence, GateError, Row, UndecidedError, Unread
from gate.reading import format_time
from gate.tree import Tree, WorkTree, not_read, select

KIND = "supply_chain_layout"
LINKS = ("*.link",)


def collect(context: Context) -> Iterable[Evidence]:
    """One row: the layout and its steps as the verifier saw them. Without a layout there is nothing to say."""
    name = context.policy.config.get("trust", {}).get("layout")
    if name is None:
        unread = (Unread(path="gate.yaml", reason="trust.layout names no in-toto layout"),)
        yield Evidence(kind=KIND, rows=(), coverage=Coverage(scope="no layout", unread=unread))
        return
    layout = context.policy.files[name]
    links, lost = _links(context)
    materials = [Descriptor(name=path, sha256=hashlib.sha256(data).hexdigest(), content=data) for path, data in links]
    row: dict[str, object] = {"path": name, "layout_sha256": hashlib.sha256(layout).hexdigest()}
    try:
        row |= _row(verify_layout(layout, [data for _, data in links], context.trust.keys, now=context.now))
    except Refused as refused:
        row |= {"refused": str(refused.code), "detail": refused.message[:400]}
    rows: tuple[Row, ...] = (row,)
    yield Evidence(
        kind=KIND,
        rows=rows,
        coverage=Coverage(scope=f"{name}, {len(links)} links", unread=tuple(lost), numbers={"links": len(links)}),
        materials=tuple(materials),
    )


def _row(chain: Chain) -> Row:
    return {
        "expires_at": format_time(chain.expires_at),
        "signers": list(chain.signers),
        "steps": [
            {
                "name": step.name, "threshold": step.threshold, "people": len({f.identity for f in step.done_by}),
                "problem": step.problem, "detail": step.detail,
            }
            for step in chain.steps
        ],
        "functions": [
            {"step": step.name, "identity": person.identity, "keyid": person.keyid}
            for step in chain.steps
            for person in step.done_by
        ],
        "products": [{"name": path, "sha256": digest} for path, digest in chain.products],
    }  # fmt: skip


def _links(context: Context) -> tuple[list[tuple[str, bytes]], list[Unread]]:
    found: list[tuple[str, bytes]] = []
    lost: list[Unread] = []

    def read(tree: Tree, patterns: Iterable[str], prefix: str) -> None:
        wanted = tuple(patterns)
        lost.extend(not_read(tree, wanted))
        for path in select(tree.paths(), wanted):
            try:
                found.append((prefix + path, tree.read(path, limit=MAX_RECORD_BYTES)))
            except (GateError, UndecidedError, FileNotFoundError) as error:
                lost.append(Unread(path=prefix + path, reason=str(error)[:200]))

    read(context.tree, context.policy.config.get("evidence", {}).get(KIND, ()), "")
    for store in context.stores:
        folder = store / KIND
        if folder.is_dir():
            read(WorkTree(folder, versioned=False), LINKS, f"{KIND}/")
    return found, lost
