"""The tree against RFC 6962's published heads and a second implementation straight from the RFC's definitions."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attestations import merkle

# The leaves and tree heads with which Certificate Transparency logs have been tested since RFC 6962.
LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
HEADS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
SIZES = range(1, 40)


def digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def half(count: int) -> int:
    k = 1
    while k * 2 < count:
        k *= 2
    return k


def head(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1."""
    if not leaves:
        return digest(b"")
    if len(leaves) == 1:
        return digest(b"\x00" + leaves[0])
    k = half(len(leaves))
    return digest(b"\x01" + head(leaves[:k]) + head(leaves[k:]))


def path(index: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962 section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = half(len(leaves))
    if index < k:
        return [*path(index, leaves[:k]), head(leaves[k:])]
    return [*path(index - k, leaves[k:]), head(leaves[:k])]


def subproof(old: int, leaves: list[bytes], *, complete: bool) -> list[bytes]:
    """SUBPROOF of RFC 6962 section 2.1.2."""
    if old == len(leaves):
        return [] if complete else [head(leaves)]
    k = half(len(leaves))
    if old <= k:
        return [*subproof(old, leaves[:k], complete=complete), head(leaves[k:])]
    return [*subproof(old - k, leaves[k:], complete=False), head(leaves[:k])]


def grown(leaves: list[bytes]) -> tuple[list[bytes], dict[int, bytes]]:
    frontier: list[bytes] = []
    rows = {index: merkle.append(frontier, index, merkle.leaf_hash(leaf)) for index, leaf in enumerate(leaves)}
    return frontier, rows


def some(count: int) -> list[bytes]:
    return [f"leaf {number}".encode() for number in range(count)]


@pytest.mark.parametrize("size", range(9))
def test_heads_are_the_published_ones(size: int) -> None:
    frontier, _ = grown(LEAVES[:size])
    assert merkle.root(frontier).hex() == HEADS[size]


def test_the_published_inclusion_proof_of_the_first_leaf() -> None:
    _, rows = grown(LEAVES)
    found = [merkle.hash_of(node, rows).hex() for node in merkle.inclusion_plan(0, 8)]
    assert found == [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]


@pytest.mark.parametrize("size", SIZES)
def test_every_head_row_and_proof_is_that_of_the_definitions(size: int) -> None:
    leaves = some(size)
    frontier, rows = grown(leaves)
    root = merkle.root(frontier)
    assert root == head(leaves)
    assert [len(rows[index]) for index in range(size)] == [merkle.row_size(index) for index in range(size)]
    for index in range(size):
        plan = merkle.inclusion_plan(index, size)
        assert merkle.rows_of(plan) <= set(rows)
        proof = [merkle.hash_of(node, rows) for node in plan]
        assert proof == path(index, leaves)
        assert merkle.root_from_inclusion(index, size, merkle.leaf_hash(leaves[index]), proof) == root
    for old in range(1, size):
        proof = [merkle.hash_of(node, rows) for node in merkle.consistency_plan(old, size)]
        assert proof == subproof(old, leaves, complete=True)
        assert merkle.roots_from_consistency(old, size, head(leaves[:old]), proof) == (head(leaves[:old]), root)
    assert merkle.consistency_plan(size, size) == []


def corrupted(proof: list[bytes], other: bytes) -> list[list[bytes]]:
    """The ways in which a proof is usually got wrong."""
    flipped = [[*proof[:at], bytes([proof[at][0] ^ 1]) + proof[at][1:], *proof[at + 1 :]] for at in range(len(proof))]
    swapped = [[*proof[:at], proof[at + 1], proof[at], *proof[at + 2 :]] for at in range(len(proof) - 1)]
    return [*flipped, *swapped, [*proof, other], [other, *proof], [*proof, b""], proof[1:], proof[:-1], []]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 6, 7, 8, 13, 16, 31])
def test_no_wrong_inclusion_proof_is_taken(size: int) -> None:
    leaves = some(size)
    frontier, rows = grown(leaves)
    root = merkle.root(frontier)

    def taken(index: int, count: int, leaf: bytes, proof: list[bytes]) -> bool:
        try:
            return merkle.root_from_inclusion(index, count, leaf, proof) == root
        except merkle.ProofError:
            return False

    for index in range(size):
        leaf = merkle.leaf_hash(leaves[index])
        proof = [merkle.hash_of(node, rows) for node in merkle.inclusion_plan(index, size)]
        for wrong in corrupted(proof, root):
            assert wrong == proof or not taken(index, size, leaf, wrong)
        for other in {index - 1, index + 1, index ^ 2, size, -1, 2**63} - {index}:
            assert not taken(other, size, leaf, proof)
        for count in {0, index, 2 * size + 2, 4 * size, -1} - {size}:
            assert not taken(index, count, leaf, proof)
        assert not taken(index, size, merkle.leaf_hash(b"another"), proof)
        assert not taken(index, size, leaf[:-1], proof)


@pytest.mark.parametrize("new", [2, 3, 4, 6, 7, 8, 13, 16, 31])
def test_no_wrong_consistency_proof_is_taken(new: int) -> None:
    leaves = some(new)
    frontier, rows = grown(leaves)
    root = merkle.root(frontier)

    def taken(old: int, count: int, old_root: bytes, proof: list[bytes], new_root: bytes = root) -> bool:
        try:
            return merkle.roots_from_consistency(old, count, old_root, proof) == (old_root, new_root)
        except merkle.ProofError:
            return False

    for old in range(1, new):
        old_root = head(leaves[:old])
        proof = [merkle.hash_of(node, rows) for node in merkle.consistency_plan(old, new)]
        assert taken(old, new, old_root, proof)
        for wrong in corrupted(proof, root):
            assert wrong == proof or not taken(old, new, old_root, wrong)
        assert not taken(old, new, head([*leaves[: old - 1], b"another"]), proof)
        assert not taken(old, new, old_root, proof, new_root=head(leaves[:-1]))
        for other in {0, -1, old - 1, old + 1, new, new + 1} - {old}:
            assert not taken(other, new, old_root, proof)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (-1, 4), (4, 4)])
def test_there_is_no_plan_for_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(merkle.ProofError):
        merkle.inclusion_plan(index, size)


@pytest.mark.parametrize(("old", "new"), [(0, 0), (0, 4), (5, 4), (-1, 4)])
def test_there_is_no_plan_from_nothing_or_backwards(old: int, new: int) -> None:
    with pytest.raises(merkle.ProofError):
        merkle.consistency_plan(old, new)


@given(st.integers(1, 2**62), st.data())
def test_proofs_stay_logarithmic_in_huge_trees(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size))
    bits = size.bit_length()
    for plan in (merkle.inclusion_plan(index, size), merkle.consistency_plan(old, size)):
        assert len(plan) <= bits + 1
        assert len(merkle.rows_of(plan)) <= 2 * bits
        assert all(0 <= start < stop <= size for start, stop in plan)


def test_a_row_that_is_missing_or_cut_is_an_error_and_never_a_hash() -> None:
    _, rows = grown(some(8))
    for broken in ({}, rows | {3: rows[3][:-1]}, rows | {3: b""}):
        with pytest.raises(KeyError):
            merkle.hash_of((0, 4), broken)
