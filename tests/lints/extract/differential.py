"""What the lint finds at a glance against what it finds when it looks everywhere: run it over checkouts.

python -m tests.lints.extract.differential [--sample N] [--seed N] CHECKOUT…
"""

from __future__ import annotations

import argparse
import os
import random
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

from lints.examine import Examined, could_be_schema, examine
from lints.extract import extract, language_of, silent
from lints.extract.code import STRINGS
from lints.extract.glance import everywhere
from lints.extract.parse import parse, prepared
from lints.judge import Judge
from lints.schema import build_model
from lints.schema.declared import read_declarations
from lints.tenancy import Model, Ownership

SKIPPED = frozenset({".git", "node_modules", ".venv", "vendor"})
MAX_SIZE = 512 * 1024
"""Larger files are left out: looking everywhere takes its time."""
_TEXTS = frozenset({None, "sql", "mybatis", "stringtemplate"})
"""What is read whole, without a glance."""


class Row(NamedTuple):
    """Something found in a file, by what must be the same both ways."""

    kind: str
    line: int
    text: str


class Difference(NamedTuple):
    """`lost` is what only a look everywhere finds, `made` what only a glance does."""

    path: str
    language: str
    how: str
    row: Row

    def __str__(self) -> str:
        return f"{self.how} {self.row.kind} {self.path}:{self.row.line}: {' '.join(self.row.text.split())[:200]}"


def rows(judge: Judge, examined: Examined) -> Counter[Row]:
    """What is told of one file: accesses to the rows of tenants, and what was not analysed."""
    out: Counter[Row] = Counter()
    judged = judge.judge(examined)
    for one in judged.accesses:
        mark = f"{one.table} {one.confidence} {one.snippet}\0{one.assumptions} {one.reached}"
        out[Row(f"{one.verdict} {one.rule}", one.line, mark)] += 1
    for part in judged.unanalysed:
        if "around a statement" not in part.reason:  # there are statements everywhere then
            out[Row("unanalysed", part.line, part.reason)] += 1
    return out


def differences(judge: Callable[[], Judge], path: str, data: bytes) -> Iterator[Difference]:
    """Between what is found at a glance, and everywhere; `judge` is asked for only where something is."""
    quick, slow = examine(path, data), examine(path, data, everywhere)
    if silent(path, data):
        quick = Examined(extraction=extract(path, b""))
    if quick == slow:
        return
    short, long = rows(judge(), quick), rows(judge(), slow)
    for how, found in (("lost", long - short), ("made", short - long)):
        yield from (Difference(path, language_of(path) or "", how, row) for row in sorted(found))


_ASKS = (
    r"(?is)\b(?:select\b.{0,2000}?\b(?:from|join)|insert\s+(?:ignore\s+)?into|delete\s+from|merge\s+into|replace\s+into"
    r"|truncate(?:\s+table)?|update(?=.{0,400}?\bset\b))\s+[\"`\[]?(?:\w+[\"`\]]?\.[\"`\[]?)?(?:%s)\b"
)


def unread(path: str, data: bytes, tables: Sequence[str]) -> Iterator[Row]:
    """Literals in which words of SQL stand before the name of a table, and that are part of no statement: a reader
    says of each that it is no statement (a comment, a message, a document), or that it was missed."""
    language = language_of(path) or ""
    tree = parse(language, prepared(language, data))
    if tree is None or not tables:
        return
    asks = re.compile(_ASKS % "|".join(map(re.escape, sorted(tables, key=len, reverse=True))))
    found = extract(path, data)
    told = {line for one in found.statements for line in range(one.line, one.end_line + 1)}
    told |= {line for one in found.calls for line in range(one.line, one.end_line + 1)}
    texts = " ".join(" ".join(" ".join(one.variants).split()) for one in found.statements)
    stack = [tree.root_node]
    while stack:
        node = stack.pop()
        if node.type not in STRINGS:
            stack.extend(node.children)
            continue
        text = data[node.start_byte : node.end_byte].decode("utf-8", "replace")
        match = asks.search(text)
        lines = set(range(node.start_point[0] + 1, node.end_point[0] + 2))
        if match is not None and told.isdisjoint(lines) and " ".join(match.group().split()) not in texts:
            yield Row("unread", node.start_point[0] + 1, text)


def files(root: Path) -> Iterator[tuple[str, Path]]:
    """The files of a checkout that are code or add to its model, by their paths in it."""
    for folder, inside, names in os.walk(root):
        inside[:] = sorted(set(inside) - SKIPPED)
        for name in sorted(names):
            path = Path(folder, name)
            known = language_of(name) is not None or could_be_schema(name)
            if known and path.is_file() and not path.is_symlink():
                yield path.relative_to(root).as_posix(), path


def _judge(read: Mapping[str, bytes]) -> Judge:
    return Judge(build_model(read, {}), read_declarations({}))


def _owned(model: Model) -> list[str]:
    return [table.name for table in model.tables.values() if table.ownership is not Ownership.GLOBAL]


def main(arguments: Iterable[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkouts", nargs="+", type=Path)
    parser.add_argument("--sample", type=int, help="so many files of each, at random")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--unread", action="store_true", help="literals with SQL that are part of no statement, instead"
    )
    chosen = parser.parse_args(arguments if arguments is None else list(arguments))
    total: Counter[tuple[str, str, str]] = Counter()
    for root in chosen.checkouts:
        read = {name: path.read_bytes() for name, path in files(root) if path.stat().st_size <= MAX_SIZE}
        judge = cache(partial(_judge, read))
        found = sorted(name for name in read if language_of(name) not in _TEXTS)
        if chosen.sample is not None and len(found) > chosen.sample:
            found = sorted(random.Random(chosen.seed).sample(found, chosen.sample))
        count = 0
        for name in found:
            told: Iterable[Difference | Row] = differences(judge, name, read[name])
            if chosen.unread:
                told = unread(name, read[name], _owned(judge().model))
            for one in told:
                if isinstance(one, Difference):
                    total[one.language, one.how, one.row.kind] += 1
                    print(f"{root.name}: {one}", flush=True)
                else:
                    total[language_of(name) or "", "unread", ""] += 1
                    print(f"{root.name}: {name}:{one.line}: {' '.join(one.text.split())[:200]}", flush=True)
                count += 1
        print(f"{root}: {len(found)} files, {count} {'unread' if chosen.unread else 'differences'}", flush=True)
    for key, number in sorted(total.items()):
        print(*key, number)
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())
