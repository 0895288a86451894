"""Statements per second of the proof engine on its own corpus, beside `sqlglot.parse_one` alone on the same texts."""

from __future__ import annotations

import argparse
import importlib.metadata
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


def rate(seconds: float, texts: list[str], work: object) -> float:
    """Texts per second of CPU; each round makes the texts new, so that nothing answers from memory."""
    assert callable(work)
    done = 0
    start = time.process_time()
    while (spent := time.process_time() - start) < seconds:
        for text in texts:
            work(f"{text}\n-- {done}")
        done += len(texts)
    return done / spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0, help="CPU seconds per measurement")
    arguments = parser.parse_args()

    import logging

    import sqlglot

    from lints.proof import prove
    from tests.lints.proof import cases, harbour

    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)

    texts = [
        c.sql for c in cases.load() if c.dialect == "postgres" and c.verdicts[0] in ("proven", "weak", "violation")
    ]
    parsable = [t.replace("$", ":p") for t in texts]
    kept: list[str] = []
    for text in parsable:
        try:
            sqlglot.parse(text, read="postgres")
        except sqlglot.errors.SqlglotError:
            continue
        kept.append(text)
    for text in texts:
        prove(text, harbour.MODEL)
    parse = rate(arguments.seconds, kept, lambda text: sqlglot.parse(text, read="postgres"))
    full = rate(arguments.seconds, texts, lambda text: prove(text, harbour.MODEL))
    compiled = Path(sys.modules["sqlglot.parser"].__file__ or "").suffix != ".py"
    print(f"sqlglot {importlib.metadata.version('sqlglot')}, {'compiled (sqlglotc)' if compiled else 'pure Python'}")
    print(f"texts            {len(texts)} statements, {sum(map(len, texts)) // len(texts)} characters on average")
    print(f"sqlglot.parse    {parse:8.0f} statements/s")
    print(f"prove            {full:8.0f} statements/s   {parse / full:.2f} x the time of parsing alone")


if __name__ == "__main__":
    main()
