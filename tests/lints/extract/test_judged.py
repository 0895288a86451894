"""Labelled code of each language, from the source to the verdict: what is on some paths only is not on all of them."""

from __future__ import annotations

import pytest

from lints.scan import VERDICTS, scan
from tests.lints.proof.harbour import MODEL

from . import judged

SNIPPETS = judged.load()


def test_there_are_snippets_for_every_language_and_their_names_are_unique() -> None:
    assert {s.language for s in SNIPPETS} == set(judged.ENDINGS)
    assert len({s.name for s in SNIPPETS}) == len(SNIPPETS)
    assert set(VERDICTS) == set(judged.WORST)


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda s: s.name)
def test_verdict_of_code(snippet: judged.Snippet) -> None:
    facts = scan([(snippet.path, snippet.source)], MODEL)
    told = "\n".join(f"{a.line}: {a.verdict} {a.rule}: {a.why}\n  {a.sql}" for a in facts.accesses)
    assert judged.verdicts(snippet) == snippet.verdicts, told
    assert not facts.unanalysed
