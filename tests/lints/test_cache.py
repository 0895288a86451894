"""The cache as a hostile input: whatever lies there, an answer is the right one or none."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lints import cache as caching
from lints.cache import Cache, CacheError, default_folder, key, version
from tests.lints.test_project import SMALL, scanned

FILE = "scan-v1.sqlite"


def filled(folder: Path, count: int = 20, secret: bytes = b"") -> None:
    with Cache(folder, secret=secret) as cache:
        for number in range(count):
            cache.put(key(str(number)), b"value %d" % number)


def answers(folder: Path, count: int = 20, secret: bytes = b"") -> list[bytes | None]:
    with Cache(folder, secret=secret) as cache:
        return [cache.get(key(str(number))) for number in range(count)]


def test_what_is_put_is_there_for_the_next_one(tmp_path: Path) -> None:
    filled(tmp_path / "c")
    assert answers(tmp_path / "c") == [b"value %d" % number for number in range(20)]
    assert oct((tmp_path / "c").stat().st_mode)[-3:] == "700"


def test_a_temporary_cache_remembers_while_it_is_open() -> None:
    with Cache(None) as cache:
        for number in range(2000):
            cache.put(key(str(number)), b"x" * number)
        assert all(cache.get(key(str(number))) == b"x" * number for number in range(2000))
    with Cache(None) as cache:
        assert cache.get(key("1")) is None


def rewrite(statement: str) -> Callable[[Path], object]:
    def change(path: Path) -> None:
        with sqlite3.connect(path) as database:
            database.execute(statement)
        database.close()

    return change


DAMAGE: dict[str, Callable[[Path], object]] = {
    "cut in half": lambda path: os.truncate(path, path.stat().st_size // 2),
    "cut to nothing": lambda path: os.truncate(path, 0),
    "no database": lambda path: path.write_bytes(b"\x80\x04cos\nsystem\n(S'id'\ntR." * 100),
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "every value changed": rewrite("UPDATE entry SET value = CAST('forged' || value AS BLOB)"),
    "values cut": rewrite("UPDATE entry SET value = substr(value, 1, 5)"),
    "values of another type": rewrite("UPDATE entry SET value = 'text', day = 'never'"),
    "values under each other's keys": rewrite(
        "UPDATE entry SET value = (SELECT o.value FROM entry AS o WHERE o.key <> entry.key LIMIT 1)"
    ),
    "another table": rewrite("ALTER TABLE entry RENAME TO other"),
    "a trigger": rewrite("CREATE TRIGGER t AFTER UPDATE ON entry BEGIN DELETE FROM entry; END"),
    "a view beside it": rewrite("CREATE VIEW v AS SELECT load_extension('x')"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_cache_answers_nothing_and_works_again(name: str, tmp_path: Path) -> None:
    filled(tmp_path / "c")
    DAMAGE[name](tmp_path / "c" / FILE)
    found = answers(tmp_path / "c")
    assert all(value in (None, b"value %d" % number) for number, value in enumerate(found))
    assert found.count(None) >= 19
    filled(tmp_path / "c")
    assert None not in answers(tmp_path / "c")


@given(position=st.integers(0, 1 << 16), flip=st.integers(1, 255))
def test_a_flipped_byte_is_never_believed(position: int, flip: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("flip")
    filled(folder, 5)
    path = folder / FILE
    data = bytearray(path.read_bytes())
    data[position % len(data)] ^= flip
    path.write_bytes(data)
    found = answers(folder, 5)
    assert all(value in (None, b"value %d" % number) for number, value in enumerate(found))


def forge(folder: Path, forged: bytes) -> None:
    """What somebody can write who may write to the file and knows how it is made."""
    with sqlite3.connect(folder / FILE) as database:
        for (name,) in database.execute("SELECT key FROM entry").fetchall():
            value = hashlib.sha256(name + forged).digest()[:16] + forged
            database.execute("UPDATE entry SET value = ? WHERE key = ?", (value, name))
    database.close()


def test_a_lie_without_the_secret_is_not_believed(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    filled(folder, secret=b"of the pipeline")
    assert answers(folder, secret=b"of the pipeline")[3] == b"value 3"
    assert set(answers(folder)) == set(answers(folder, secret=b"another")) == {None}
    forge(folder, b"value 3")
    assert answers(folder)[3] == b"value 3"
    assert set(answers(folder, secret=b"of the pipeline")) == {None}


def test_results_that_were_forged_in_place_are_worked_out_again(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    fresh = scanned(SMALL, folder)
    for forged in (b"[]", b"{}", b"null", b'["app/z.py",[],[],[],[]]', b"\xff", b"[" * 10_000):
        forge(folder, forged)
        assert scanned(SMALL, folder) == fresh, forged[:40]


@pytest.mark.parametrize("what", ["folder", "file"])
def test_a_cache_that_others_may_write_to_is_refused(what: str, tmp_path: Path) -> None:
    filled(tmp_path / "c")
    (tmp_path / "c" if what == "folder" else tmp_path / "c" / FILE).chmod(0o777)
    with pytest.raises(CacheError, match="others may write to it"):
        Cache(tmp_path / "c")


@pytest.mark.parametrize("what", ["folder", "file"])
def test_a_cache_behind_a_link_is_refused(what: str, tmp_path: Path) -> None:
    filled(tmp_path / "there")
    folder = tmp_path / "c"
    if what == "folder":
        folder.symlink_to(tmp_path / "there")
    else:
        folder.mkdir(mode=0o700)
        (folder / FILE).symlink_to(tmp_path / "there" / FILE)
    with pytest.raises(CacheError, match="a symbolic link"):
        Cache(folder)


def test_a_file_with_two_names_is_refused(tmp_path: Path) -> None:
    filled(tmp_path / "c")
    os.link(tmp_path / "c" / FILE, tmp_path / "other")
    with pytest.raises(CacheError, match="has another name"):
        Cache(tmp_path / "c")


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CacheError, match="can't be used as a cache"):
        Cache(tmp_path / "file" / "c")


def test_two_at_once_do_not_hurt_each_other(tmp_path: Path) -> None:
    with Cache(tmp_path / "c") as one, Cache(tmp_path / "c") as two:
        for number in range(1500):
            one.put(key("one", str(number)), b"1")
            two.put(key("two", str(number)), b"2")
    with Cache(tmp_path / "c") as after:
        assert all(after.get(key("one", str(n))) == b"1" and after.get(key("two", str(n))) == b"2" for n in range(1500))


def test_a_cache_that_somebody_holds_loses_nothing_of_this_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caching, "BUSY_SECONDS", 0.1)
    filled(tmp_path / "c")
    holder = sqlite3.connect(tmp_path / "c" / FILE, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with Cache(tmp_path / "c") as cache:
        for number in range(2_000):
            cache.put(key("new", str(number)), b"%d" % number)
        assert all(cache.get(key("new", str(number))) == b"%d" % number for number in range(2_000))
        assert cache.get(key("3")) == b"value 3"
        assert scanned(SMALL, tmp_path / "c") == scanned(SMALL)
    holder.close()
    assert answers(tmp_path / "c")[3] == b"value 3"


def test_a_cache_that_is_busy_when_it_is_opened_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caching, "BUSY_SECONDS", 0.1)
    (tmp_path / "c").mkdir(mode=0o700)
    holder = sqlite3.connect(tmp_path / "c" / FILE, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with Cache(tmp_path / "c") as cache:
        cache.put(key("a"), b"1")
        assert cache.get(key("a")) == b"1"
    holder.close()
    filled(tmp_path / "c")
    assert None not in answers(tmp_path / "c")


def test_it_stays_within_its_size_and_forgets_what_was_not_asked_for_longest(tmp_path: Path) -> None:
    for day in range(6):
        with Cache(tmp_path / "c", max_bytes=400_000, today=day) as cache:
            for number in range(100):
                cache.put(key(str(day), str(number)), os.urandom(1000))
            cache.get(key("0", "7"))  # asked for every day
    assert (tmp_path / "c" / FILE).stat().st_size <= 500_000
    with Cache(tmp_path / "c") as cache:
        assert cache.get(key("5", "50")) is not None
        assert cache.get(key("0", "50")) is None
        assert cache.get(key("0", "7")) is not None


def test_the_version_is_every_byte_of_the_lints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "lints"
    (package / "extract").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "extract" / "a.py").write_text("LIMIT = 1\n")
    monkeypatch.setattr(caching.lints, "__file__", str(package / "__init__.py"))
    before = version.__wrapped__()
    (package / "extract" / "a.py").write_text("LIMIT = 2\n")
    after = version.__wrapped__()
    (package / "extract" / "a.py").rename(package / "extract" / "b.py")
    moved = version.__wrapped__()
    assert len({before, after, moved}) == 3
    (package / "words.json").write_text("{}")
    worded = version.__wrapped__()
    assert worded != moved
    monkeypatch.setattr(caching, "_DEPENDS", ("sqlglot",))
    assert version.__wrapped__() != worded


def test_the_version_is_that_of_every_parser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert caching._installed() == [(name, metadata.version(name)) for name in caching._DEPENDS]
    seen = set()
    for number in ("1.0", "1.0.post1", "2!1.0+local.1"):
        (tmp_path / f"Tree_sitter.Ruby-{number}.dist-info").mkdir()
        monkeypatch.setattr(sys, "path", [str(tmp_path), str(tmp_path / "none")])
        monkeypatch.setattr(caching, "_DEPENDS", ("tree-sitter-ruby", "no-such-thing"))
        seen.add(tuple(caching._installed()))
        (tmp_path / f"Tree_sitter.Ruby-{number}.dist-info").rmdir()
    assert len(seen) == 3
    assert (("tree-sitter-ruby", "1.0.post1"), ("no-such-thing", "")) in seen


def test_keys_do_not_run_together() -> None:
    assert len({key("ab", "c"), key("a", "bc"), key("abc"), key("ab", "c", "")}) == 4


def test_the_folder_is_the_users_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    place = "Library/Caches" if sys.platform == "darwin" else ".cache"
    assert default_folder() == Path("/home/someone") / place / "tenantgate"
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/cache/someone")
    assert default_folder() == Path("/var/cache/someone/tenantgate")
