"""The static files, read back the way the specification has it, without a look at how they were written."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from attestations.ledger import Code, Ledger, open_checkpoint, write_entry
from attestations.ledger.tiles import export_tiles


def files(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def head(hashes: list[bytes]) -> bytes:
    """MTH of RFC 6962 over leaf hashes."""
    if len(hashes) == 1:
        return hashes[0]
    k = 1 << (len(hashes) - 1).bit_length() - 1
    return node(head(hashes[:k]), head(hashes[k:]))


@pytest.mark.parametrize(
    ("size", "names"),
    [
        (1, {"tile/0/000.p/1", "tile/entries/000.p/1"}),
        (255, {"tile/0/000.p/255", "tile/entries/000.p/255"}),
        (256, {"tile/0/000", "tile/1/000.p/1", "tile/entries/000"}),
        (600, {"tile/0/000", "tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2",
               "tile/entries/000", "tile/entries/001", "tile/entries/002.p/88"}),
    ],
)  # fmt: skip
def test_the_files_are_those_of_the_specification(
    size: int, names: set[str], ledger: Ledger, kit: Any, tmp_path: Path
) -> None:
    ledger.append(kit.entries(0, size))
    folder = tmp_path / "tiles"
    note = export_tiles(ledger, folder)
    assert files(folder) == names | {"checkpoint"}
    assert (folder / "checkpoint").read_text() == note == ledger.checkpoint()
    leaves: list[bytes] = []
    for number in range(-(-size // 256)):
        (bundle,) = [name for name in names if name.startswith(f"tile/entries/{number:03d}")]
        (tile,) = [name for name in names if name.startswith(f"tile/0/{number:03d}")]
        data, own = (folder / bundle).read_bytes(), []
        while data:
            length = int.from_bytes(data[:2], "big")
            own.append(data[2 : 2 + length])
            data = data[2 + length :]
        hashes = [hashlib.sha256(b"\x00" + entry).digest() for entry in own]
        assert own == [write_entry(kit.entry(256 * number + at)) for at in range(len(own))]
        assert (folder / tile).read_bytes() == b"".join(hashes)
        leaves += hashes
    assert head(leaves) == open_checkpoint(note, ledger.verifiers).root
    above = b"".join(head(leaves[at : at + 256]) for at in range(0, size - size % 256, 256))
    assert b"".join((folder / name).read_bytes() for name in names if name.startswith("tile/1/")) == above


def test_numbers_of_four_digits_are_two_folders(tmp_path: Path) -> None:
    from attestations.ledger.tiles import _put

    for number in (7, 999, 1000, 1234067):
        _put(tmp_path, "0", number, [b"x"] * 256)
    assert files(tmp_path) == {"tile/0/007", "tile/0/999", "tile/0/x001/000", "tile/0/x001/x234/067"}


def test_an_empty_ledger_is_a_checkpoint(ledger: Ledger, tmp_path: Path) -> None:
    export_tiles(ledger, tmp_path / "tiles")
    assert files(tmp_path / "tiles") == {"checkpoint"}


def test_never_over_a_folder_and_never_half(path: Path, kit: Any, tmp_path: Path) -> None:
    kit.filled(path, 3, 2)
    (tmp_path / "taken").mkdir()
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    before = sorted(tmp_path.iterdir())
    with kit.read(path) as ledger:
        for name in ("taken", "dangling", path.name):
            assert kit.refused(lambda name=name: export_tiles(ledger, tmp_path / name)).code is Code.EXISTS
        assert kit.refused(lambda: export_tiles(ledger, tmp_path / "no" / "folder")).code is Code.UNWRITABLE
    kit.tamper(path, "UPDATE entry SET body = x'00' WHERE idx = 1")
    with kit.read(path) as ledger:
        assert kit.refused(lambda: export_tiles(ledger, tmp_path / "tiles")).code is Code.INCONSISTENT
    assert [file for file in sorted(tmp_path.iterdir()) if not file.name.startswith(path.name)] == [
        file for file in before if not file.name.startswith(path.name)
    ]
