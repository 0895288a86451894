"""Labelled code: blocks of `### title`, a comment with one verdict per place a statement is found at, source."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from lints.scan import scan
from tests.lints.proof.harbour import MODEL

FOLDER = Path(__file__).parent / "judged"
ENDINGS = {"python": "py", "go": "go", "typescript": "ts", "ruby": "rb", "php": "php"}


class Snippet(NamedTuple):
    name: str
    language: str
    verdicts: tuple[str, ...]
    path: str
    source: bytes


def load() -> list[Snippet]:
    found: list[Snippet] = []
    for path in sorted(FOLDER.glob("*.txt")):
        language = path.stem
        for block in re.split(r"(?m)^### ", path.read_text(encoding="utf-8"))[1:]:
            title, label, source = block.split("\n", 2)
            words = tuple(word for word in label.lstrip("#/ ").split() if word != "none")
            text = f"package store\n{source}" if language == "go" else source
            name = f"{language}: {title}"
            found.append(Snippet(name, language, words, f"app/repo.{ENDINGS[language]}", text.encode()))
    return found


WORST = {verdict: rank for rank, verdict in enumerate(("unparsed", "proven", "weak", "opaque", "violation"))}


def verdicts(snippet: Snippet) -> tuple[str, ...]:
    """The worst verdict at each place a statement is found at, in the order of the source."""
    worst: dict[tuple[int, int], str] = {}
    for access in scan([(snippet.path, snippet.source)], MODEL).accesses:
        place = (access.line, access.column)
        if WORST[access.verdict] >= WORST[worst.get(place, "unparsed")]:
            worst[place] = access.verdict
    return tuple(worst[place] for place in sorted(worst))
