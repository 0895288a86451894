"""The Merkle tree of RFC 9162 section 2.1, which is that of RFC 6962: hashes, proofs, their verification; no storage.

Each leaf, when appended, completes zero or more perfect subtrees; its *row* is its own hash followed by theirs, lowest
first. So the root of the perfect subtree (level, n), over leaves n·2^level to (n+1)·2^level − 1, is the 32 bytes at
32·level of the row of that subtree's last leaf: one append-only record a leaf, and O(log n) reads for any proof.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeVar

HASH_SIZE: Final = 32
_PERFECT: Final = 256
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()

Range = tuple[int, int]
"""Leaves [start, stop) of one node of the tree: perfect, or the part of a perfect one at the right edge."""

T = TypeVar("T")


class ProofError(ValueError):
    """A proof of the wrong length, or for an index or size that can't be."""


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def append(frontier: list[bytes], index: int, leaf: bytes) -> bytes:
    """Add leaf number `index` to the frontier, the roots of the perfect subtrees left to right; return its row."""
    row = [leaf]
    while index & 1:
        leaf = node_hash(frontier.pop(), leaf)
        row.append(leaf)
        index >>= 1
    frontier.append(leaf)
    return b"".join(row)


def root(frontier: Sequence[bytes]) -> bytes:
    """The tree head: the frontier folded from the right."""
    if not frontier:
        return EMPTY_ROOT
    head = frontier[-1]
    for left in reversed(frontier[:-1]):
        head = node_hash(left, head)
    return head


class Head:
    """The tree head over leaves as they come: a few hundred of them wait, of the others only the frontier is kept."""

    __slots__ = ("_frontier", "_waiting")

    def __init__(self) -> None:
        self._waiting: list[bytes] = []
        self._frontier: list[tuple[int, bytes]] = []
        """Each perfect subtree's leaves, and its root."""

    def add(self, leaf: bytes) -> None:
        self._waiting.append(leaf)
        if len(self._waiting) == _PERFECT:
            width, node = _PERFECT, root_of(self._waiting)
            while self._frontier and self._frontier[-1][0] == width:
                width, node = 2 * width, node_hash(self._frontier.pop()[1], node)
            self._frontier.append((width, node))
            self._waiting = []

    @property
    def size(self) -> int:
        return sum(width for width, _ in self._frontier) + len(self._waiting)

    @property
    def root(self) -> bytes:
        return root([*(node for _, node in self._frontier), *([root_of(self._waiting)] if self._waiting else ())])


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The tree head over these leaf hashes, at once: hashed level by level, a lone last node moves up as it is."""
    level = list(leaves)
    while len(level) > 1:
        lone = level[-1:] if len(level) % 2 else []
        nodes = iter(level)
        level = [hashlib.sha256(b"\x01" + left + right).digest() for left, right in zip(nodes, nodes, strict=False)]
        level += lone
    return level[0] if level else EMPTY_ROOT


def row_size(index: int) -> int:
    """Bytes in the row of leaf `index`: one hash, and one for each subtree it completes."""
    return HASH_SIZE * (~index & (index + 1)).bit_length()


def peaks(start: int, stop: int) -> list[Range]:
    """The perfect subtrees a node consists of, left to right; over [0, size) these are the frontier."""
    found = []
    while start < stop:
        width = 1 << ((stop - start).bit_length() - 1)
        found.append((start, start + width))
        start += width
    return found


def rows_of(ranges: Iterable[Range]) -> set[int]:
    """The rows that must be read to hash these nodes."""
    return {stop - 1 for node in ranges for _, stop in peaks(*node)}


def hash_of(node: Range, rows: Mapping[int, bytes]) -> bytes:
    """The hash of one node from the rows of `rows_of`. Raises KeyError for a row that is not there or is too short."""
    found = []
    for start, stop in peaks(*node):
        at = HASH_SIZE * ((stop - start).bit_length() - 1)
        piece = rows[stop - 1][at : at + HASH_SIZE]
        if len(piece) != HASH_SIZE:
            raise KeyError(stop - 1)
        found.append(piece)
    return root(found)


def _split(width: int) -> int:
    """The largest power of two below `width` (RFC 9162 section 2.1.1)."""
    return 1 << ((width - 1).bit_length() - 1)


def inclusion_plan(index: int, size: int) -> tuple[Range, ...]:
    """The nodes whose hashes prove leaf `index` in a tree of `size` leaves, from the leaf's sibling up (2.1.3.1)."""
    return inclusion_paths(index, index + 1, size, lambda node: node)[0]


def inclusion_paths(start: int, stop: int, size: int, value: Callable[[Range], T]) -> list[tuple[T, ...]]:
    """For each leaf from `start` to `stop`, the `value` of each node of its plan, asked once though many share it."""
    if not 0 <= start < stop <= size:
        raise ProofError(f"there is no leaf {start} in a tree of {size}")
    paths: list[tuple[T, ...]] = []

    def descend(low: int, high: int, above: tuple[T, ...]) -> None:
        if high - low == 1:
            paths.append(above)
            return
        middle = low + _split(high - low)
        if start < middle:
            descend(low, middle, (value((middle, high)), *above))
        if stop > middle:
            descend(middle, high, (value((low, middle)), *above))

    descend(0, size, ())
    return paths


def consistency_plan(old: int, new: int) -> list[Range]:
    """The nodes whose hashes prove that the tree of `old` leaves is a prefix of that of `new` (2.1.4.1)."""
    if not 0 < old <= new:
        raise ProofError(f"there is no consistency proof from {old} to {new}")
    return _subproof(old, 0, new, whole=True)


def _subproof(old: int, start: int, stop: int, *, whole: bool) -> list[Range]:
    if old == stop - start:
        return [] if whole else [(start, stop)]
    middle = start + _split(stop - start)
    if old <= middle - start:
        return [*_subproof(old, start, middle, whole=whole), (middle, stop)]
    return [*_subproof(old - (middle - start), middle, stop, whole=False), (start, middle)]


def root_from_inclusion(index: int, size: int, leaf: bytes, path: Sequence[bytes]) -> bytes:
    """The root that `path` leads to (2.1.3.2). Raises ProofError when index, size and path don't fit each other."""
    if not 0 <= index < size:
        raise ProofError(f"there is no leaf {index} in a tree of {size}")
    _check_hashes([leaf, *path])
    node, last, head = index, size - 1, leaf
    for sibling in path:
        if not last:
            raise ProofError("the proof is too long")
        if node & 1 or node == last:
            head = node_hash(sibling, head)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            head = node_hash(head, sibling)
        node, last = node >> 1, last >> 1
    if last:
        raise ProofError("the proof is too short")
    return head


def roots_from_consistency(old: int, new: int, old_root: bytes, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The old and the new root that `path` leads to (2.1.4.2), for 0 < old < new. Raises ProofError."""
    if not 0 < old < new:
        raise ProofError(f"there is no consistency proof from {old} to {new}")
    _check_hashes([old_root, *path])
    # A proof from a perfect tree leaves out that tree's own root.
    hashes = [old_root, *path] if old & (old - 1) == 0 else list(path)
    if not path:
        raise ProofError("the proof is too short")
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    older = newer = hashes[0]
    for sibling in hashes[1:]:
        if not last:
            raise ProofError("the proof is too long")
        if node & 1 or node == last:
            older, newer = node_hash(sibling, older), node_hash(sibling, newer)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            newer = node_hash(newer, sibling)
        node, last = node >> 1, last >> 1
    if last:
        raise ProofError("the proof is too short")
    return older, newer


def _check_hashes(hashes: Sequence[bytes]) -> None:
    if any(len(value) != HASH_SIZE for value in hashes):
        raise ProofError("a hash in the proof is not 32 bytes")
