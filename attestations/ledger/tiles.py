"""The ledger as plain files that other tools read and anybody can mirror (C2SP tlog-tiles)."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path
from typing import Final

from attestations import merkle
from attestations.ledger.errors import Code, LedgerError
from attestations.ledger.log import Ledger
from attestations.ledger.note import open_checkpoint

_WIDTH: Final = 256
"""Hashes in a full tile, entries in a full bundle."""


def export_tiles(ledger: Ledger, folder: Path) -> str:
    """Write the whole ledger into a new folder as static files; return the checkpoint they are under.

    Any web server can serve them as they are. They hold every entry: give them only to whom all of it may be shown.
    Whole or not at all. Raises LedgerError EXISTS, UNWRITABLE, INCONSISTENT.
    """
    temporary = folder.with_name(f".{folder.name}.{secrets.token_hex(8)}")
    if folder.exists() or folder.is_symlink():
        raise LedgerError(Code.EXISTS, f"{folder}: exists already; give a new folder")
    try:
        temporary.mkdir()
        try:
            checkpoint = _write(ledger, temporary)
            temporary.rename(folder)
        except BaseException:
            shutil.rmtree(temporary)
            raise
    except OSError as error:
        raise LedgerError(Code.UNWRITABLE, f"{folder}: {error.strerror}") from None
    return checkpoint


def _write(ledger: Ledger, folder: Path) -> str:
    note = ledger.checkpoint()
    checkpoint = open_checkpoint(note, ledger.verifiers)
    frontier: list[bytes] = []
    levels: list[list[bytes]] = [[]]
    entries: list[bytes] = []
    with ledger.store.read() as session:
        for index, row in zip(range(checkpoint.size), session.entries(), strict=False):
            leaf = merkle.leaf_hash(row.body)
            merkle.append(frontier, index, leaf)
            entries.append(len(row.body).to_bytes(2, "big") + row.body)
            levels[0].append(leaf)
            if len(entries) == _WIDTH:
                _put(folder, "entries", index // _WIDTH, entries)
                entries = []
            _fold(folder, levels, index)
    if merkle.root(frontier) != checkpoint.root:
        raise LedgerError(
            Code.INCONSISTENT, f"{ledger.where}: the entries are not those signed; run `gate ledger audit`"
        )
    _put(folder, "entries", checkpoint.size // _WIDTH, entries)
    for level, hashes in enumerate(levels):
        _put(folder, str(level), checkpoint.size // _WIDTH ** (level + 1), hashes)
    (folder / "checkpoint").write_text(note, encoding="utf-8")
    return note


def _fold(folder: Path, levels: list[list[bytes]], index: int) -> None:
    """Write the tiles that the entry made full; the root of each is a hash of the level above."""
    for level, hashes in enumerate(levels):
        if len(hashes) < _WIDTH:
            return
        _put(folder, str(level), index // _WIDTH ** (level + 1), hashes)
        frontier: list[bytes] = []
        for number, value in enumerate(hashes):
            merkle.append(frontier, number, value)
        levels[level] = []
        if level + 1 == len(levels):
            levels.append([])
        levels[level + 1].append(merkle.root(frontier))


def _put(folder: Path, kind: str, number: int, parts: list[bytes]) -> None:
    """One tile or entry bundle; a partial one has its width in its name, an empty one is none."""
    if not parts:
        return
    digits = f"{number:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    name = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
    suffix = f".p/{len(parts)}" if len(parts) < _WIDTH else ""
    file = folder / "tile" / kind / f"{name}{suffix}"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"".join(parts))
