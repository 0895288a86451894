"""The archive: one spelling only, and no hostile tar gets past its first wrong byte. All made in memory."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gate.bundle import archive, names
from gate.bundle.names import Names, check_name
from gate.bundle.refusal import BundleError

Tar = Callable[[], bytes]


def read(data: bytes) -> tuple[str, dict[str, bytes]]:
    return archive.read(io.BytesIO(data), len(data))


def refused(data: bytes) -> str:
    with pytest.raises(BundleError) as caught:
        read(data)
    return caught.value.code


def write(files: dict[str, bytes], folder: str = "app-1.0") -> bytes:
    return b"".join(archive.members(folder, sorted(files.items())))


FILES = {"bag-info.txt": b"x" * 511, "data/a": b"", "data/b": b"y" * 512, "data/c/d.json": b"{}" * 400, "e": b"1"}


def test_what_is_written_is_read_again_here_and_by_others() -> None:
    long = {
        "data/" + "l" * 120 + "/" + "m" * 90 + ".txt": b"1",
        "data/ü/日本.txt": "ß".encode(),
        "data/" + "z" * 99: b"2",
    }
    for files in (FILES, {**FILES, **long}, {"one": b""}):
        data = write(files)
        assert read(data) == ("app-1.0", files)
        assert len(data) % 10240 == 0
        with tarfile.open(fileobj=io.BytesIO(data)) as other:
            seen = {m.name.removeprefix("app-1.0/"): other.extractfile(m).read() for m in other}  # type: ignore[union-attr]
            assert seen == files
            assert {(m.mode, m.mtime, m.uid, m.gid, m.uname, m.gname, m.type) for m in other} == {
                (0o644, 0, 0, 0, "", "", tarfile.REGTYPE)
            }


def entry(path: str = "app-1.0/data/x", data: bytes = b"1", **fields: Any) -> bytes:
    """One entry as any tar program could write it."""
    info = tarfile.TarInfo(path)
    info.size, info.mode = len(data), 0o644
    form = fields.pop("form", tarfile.PAX_FORMAT)
    for name, value in fields.items():
        setattr(info, name, value)
    return info.tobuf(form, "utf-8", "surrogateescape") + data + bytes(-len(data) % 512)


def ended(*entries: bytes) -> bytes:
    data = b"".join(entries)
    return data + bytes(1024 + -(len(data) + 1024) % 10240)


def patched(block: bytes, start: int, data: bytes) -> bytes:
    """A header with some bytes replaced and its checksum made right again."""
    block = block[:start] + data + block[start + len(data) :]
    total = sum(block[:148]) + sum(block[156:512]) + 8 * 32
    return block[:148] + b"%06o\0 " % total + block[156:]


GOOD = entry("app-1.0/data/a")
X = entry()
PAX_TIME = entry(mtime=1.5)


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("hard link", ended(GOOD, entry(type=tarfile.LNKTYPE, linkname="app-1.0/data/a", data=b"")), "entry-type"),
        ("symbolic link", ended(GOOD, entry(type=tarfile.SYMTYPE, linkname="/etc/passwd", data=b"")), "entry-type"),
        ("character device", ended(entry(type=tarfile.CHRTYPE, data=b"")), "entry-type"),
        ("block device", ended(entry(type=tarfile.BLKTYPE, data=b"")), "entry-type"),
        ("pipe", ended(entry(type=tarfile.FIFOTYPE, data=b"")), "entry-type"),
        ("folder", ended(entry("app-1.0/data/", type=tarfile.DIRTYPE, data=b"")), "entry-type"),
        ("folder in disguise", ended(entry("app-1.0/data/", type=tarfile.AREGTYPE, data=b"")), "entry-type"),
        ("sparse file", ended(entry(type=tarfile.GNUTYPE_SPARSE)), "entry-type"),
        ("contiguous file", ended(entry(type=tarfile.CONTTYPE)), "entry-type"),
        ("unknown type", ended(entry(type=b"Z")), "entry-type"),
        ("GNU long name", ended(entry("app-1.0/" + "x" * 200, form=tarfile.GNU_FORMAT)), "entry-type"),
        ("global pax header", ended(entry(type=tarfile.XGLTYPE)), "entry-type"),
        ("absolute", ended(entry("/etc/passwd")), "name-absolute"),
        ("parent", ended(entry("app-1.0/../../etc/passwd")), "name-parent"),
        ("parent by a pax header", ended(entry("app-1.0/../" + "x" * 200)), "name-parent"),
        ("dot", ended(entry("./app-1.0/x")), "name-parent"),
        ("empty component", ended(entry("app-1.0//x")), "name-parent"),
        ("backslash", ended(entry("app-1.0\\..\\x")), "name-backslash"),
        ("drive letter", ended(entry("C:/x")), "name-drive"),
        ("drive letter inside", ended(entry("app-1.0/C:x")), "name-drive"),
        ("newline", ended(entry("app-1.0/a\nb")), "name-control"),
        ("escape sequence", ended(entry("app-1.0/\x1b[2Jx")), "name-control"),
        ("right-to-left override", ended(entry("app-1.0/\u202etxt.exe")), "name-control"),
        ("not UTF-8", ended(entry("app-1.0/\udcff", form=tarfile.GNU_FORMAT)), "name-encoding"),
        ("trailing dot", ended(entry("app-1.0/data./x")), "name-trailing"),
        ("trailing space", ended(entry("app-1.0/x ")), "name-trailing"),
        ("device of Windows", ended(entry("app-1.0/aux.json")), "name-reserved"),
        ("long component", ended(entry("app-1.0/" + "x" * 256)), "name-too-long"),
        ("long name", ended(entry("app-1.0/" + "/".join(["x" * 200] * 6))), "name-too-long"),
        ("the same name twice", ended(GOOD, GOOD), "name-duplicate"),
        ("case collision", ended(entry("app-1.0/A"), entry("app-1.0/a")), "name-collision"),
        ("case collision of folders", ended(entry("app-1.0/A/x"), entry("app-1.0/a/y")), "name-collision"),
        ("Unicode forms collide", ended(entry("app-1.0/e\u0301"), entry("app-1.0/\u00e9")), "name-collision"),
        ("sharp s", ended(entry("app-1.0/STRASSE"), entry("app-1.0/straße")), "name-collision"),
        ("file and folder", ended(entry("app-1.0/a"), entry("app-1.0/a/b")), "name-collision"),
        ("concatenated", ended(GOOD) + ended(X), "trailing-data"),
        ("something behind the end", ended(GOOD)[:-1] + b"\x01", "trailing-data"),
        ("more zeros than needed", ended(GOOD) + bytes(512), "trailing-data"),
        ("entry between the zero blocks", GOOD + bytes(512) + X + bytes(1024), "trailing-data"),
        ("cut in a file", ended(GOOD)[:600], "truncated"),
        ("cut in a header", (GOOD + X)[:1300], "truncated"),
        ("cut at the end", ended(GOOD)[:-512], "truncated"),
        ("without an end", GOOD, "truncated"),
        ("unsorted", ended(X, GOOD), "not-canonical"),
        ("two folders", ended(entry("a/x"), entry("b/x")), "not-canonical"),
        ("no folder", ended(entry("x")), "not-canonical"),
        ("a time", ended(entry(mtime=1)), "not-canonical"),
        ("an owner", ended(entry(uid=1)), "not-canonical"),
        ("an owner's name", ended(entry(uname="root")), "not-canonical"),
        ("other permissions", ended(entry(mode=0o4755)), "not-canonical"),
        ("GNU format", ended(entry(form=tarfile.GNU_FORMAT)), "not-canonical"),
        ("ustar with a prefix", ended(entry("app-1.0/" + "x" * 60 + "/" + "y" * 60, form=tarfile.USTAR_FORMAT)), "not-canonical"),
        ("pax time", ended(PAX_TIME), "not-canonical"),
        ("pax header without need", ended(entry(pax_headers={"path": "app-1.0/data/x"})), "not-canonical"),
        ("pax size", ended(entry(pax_headers={"size": "9"})), "not-canonical"),
        ("link name on a file", ended(entry(linkname="x")), "not-canonical"),
        ("padding with content", ended(X[:-5] + b"12345"), "not-canonical"),
        ("checksum", ended(X[:148] + b"000000\0 " + X[156:]), "not-an-archive"),
        ("second checksum", ended(GOOD, X[:148] + b"000000\0 " + X[156:]), "not-canonical"),
        ("negative size", ended(patched(X, 124, b"\xff" * 12)), "too-large"),
        ("size bomb", ended(patched(X, 124, b"77777777777\0")), "too-large"),
        ("size beyond the archive", ended(patched(X, 124, b"00007777777\0")), "truncated"),
        ("huge pax header", ended(patched(patched(X, 156, b"x"), 124, b"00007777777\0")), "not-canonical"),
        ("old magic", ended(patched(X, 257, bytes(8))), "not-canonical"),
        ("gzip", b"\x1f\x8b\x08" + bytes(2000), "not-an-archive"),
        ("zip", b"PK\x03\x04" + bytes(2000), "not-an-archive"),
        ("zeros", bytes(10240), "not-an-archive"),
        ("empty", b"", "truncated"),
        ("text", b"hello\n" * 500, "not-an-archive"),
    ],
)  # fmt: skip
def test_a_hostile_archive_is_refused_for_its_reason(name: str, data: bytes, code: str) -> None:
    assert refused(data) == code


def test_too_many_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_FILES", 3)
    assert refused(write(FILES)) == "too-many-files"


def test_too_many_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_BYTES", 1000)
    assert refused(write(FILES)) == "too-large"


def test_every_truncation_and_every_changed_byte_is_refused_or_is_content() -> None:
    data = write(FILES)
    content = set().union(*(range(at, at + len(d)) for at, d in _contents(data)))
    for length in range(0, len(data), 97):
        with pytest.raises(BundleError):
            read(data[:length])
    for at in range(0, len(data), 7):
        changed = data[:at] + bytes([data[at] ^ 0x20]) + data[at + 1 :]
        if at in content:
            assert read(changed)[1] != FILES
        else:
            with pytest.raises(BundleError):
                read(changed)


def _contents(data: bytes) -> list[tuple[int, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(data)) as other:
        return [(m.offset_data, data[m.offset_data : m.offset_data + m.size]) for m in other]


COMPONENT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.lists(COMPONENT, min_size=1, max_size=4).map("/".join), st.binary(max_size=1500), max_size=8))
def test_what_can_be_written_is_read_back_and_what_can_not_is_refused_alike(files: dict[str, bytes]) -> None:
    try:
        data = write(files)
    except BundleError as unsafe:
        assert unsafe.code.startswith("name-")
        return
    if files:
        assert read(data) == ("app-1.0", files)
        assert write(read(data)[1]) == data
    else:
        assert refused(data) == "not-an-archive"


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_no_bytes_escape_the_reader(data: st.DataObject) -> None:
    """Real archives, cut and pasted and overwritten: read as themselves, or refused with a code; nothing else."""
    base = bytearray(
        data.draw(st.sampled_from([write(FILES), ended(GOOD, X), ended(PAX_TIME), write({"a" * 150: b"1"})]))
    )
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(base)))
        piece = data.draw(
            st.one_of(st.binary(max_size=600), st.sampled_from([bytes(512), GOOD, X, b"path=", b"\xff" * 12]))
        )
        base[at : at + (len(piece) if data.draw(st.booleans()) else 0)] = piece
    try:
        folder, files = read(bytes(base))
    except BundleError as refusal:
        assert refusal.message.isprintable()
    else:
        assert write(files, folder) == bytes(base)


@given(st.text(max_size=60))
def test_a_name_is_safe_or_refused(name: str) -> None:
    try:
        check_name(name)
    except BundleError as refusal:
        assert refusal.message.isprintable()
    else:
        assert name == name.strip("/")
        assert not {"", ".", ".."} & set(name.split("/"))
        Names([name])


@given(st.text("abc/-_.", min_size=1, max_size=130), st.integers(0, 8**11 - 1))
def test_a_header_is_the_one_that_tarfile_writes(path: str, size: int) -> None:
    info = tarfile.TarInfo(path)
    info.size, info.mode = size, 0o644

    assert archive.header(path, size) == info.tobuf(tarfile.PAX_FORMAT, "utf-8", "strict")


@pytest.mark.parametrize(
    "name",
    [
        "a",
        "a/b-c_d.e",
        ".gate/x",
        "a" * 100,
        "/".join("a" * 9),
        "CON/x",
        "a/nul.txt",
        "a.",
        "a/",
        "/a",
        "a//b",
        "a\n",
        "a/.",
        "aux",
        "comx",
        "a..b",
    ],
)
def test_the_short_way_and_the_long_way_say_the_same_of_a_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def said() -> str:
        try:
            return check_name(name)
        except BundleError as refusal:
            return refusal.code

    quickly = said()
    monkeypatch.setattr(names, "_ORDINARY", re.compile("(?!)"))
    assert said() == quickly
