"""`python -m tests.lints.proof.confusion`: labels against verdicts over the whole labelled set, by dialect and rule."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from lints.proof import RULES, prove
from tests.lints.extract import judged
from tests.lints.proof import cases

VERDICTS = ("proven", "weak", "opaque", "violation", "unparsed")


class Answer(NamedTuple):
    """One labelled statement: `group` is its dialect or language, `rule` what the label asks for."""

    group: str
    label: str
    verdict: str
    rule: str | None
    rules: tuple[str, ...]


def statements() -> Iterable[Answer]:
    """The SQL corpus, one answer a statement."""
    for case in cases.everything():
        proofs = prove(case.sql, case.model, dialect=case.dialect)
        verdicts = [proof.verdict.value for proof in proofs] + ["missing"] * (len(case.verdicts) - len(proofs))
        for position, (label, verdict) in enumerate(zip(case.verdicts, verdicts, strict=False)):
            rules = proofs[position].rules if position < len(proofs) else ()
            asked = case.rule if label in ("violation", "weak", "opaque") else None
            yield Answer(case.dialect, label, verdict, asked, rules)


def snippets() -> Iterable[Answer]:
    """The labelled code, one answer a place; a place too many or too few counts as wrong."""
    for snippet in judged.load():
        found = list(judged.verdicts(snippet))
        for position in range(max(len(found), len(snippet.verdicts))):
            label = snippet.verdicts[position] if position < len(snippet.verdicts) else "nothing"
            verdict = found[position] if position < len(found) else "missing"
            yield Answer(snippet.language, label, verdict, None, ())


def table(answers: Iterable[Answer]) -> Mapping[str, Counter[tuple[str, str]]]:
    found: dict[str, Counter[tuple[str, str]]] = {}
    for answer in answers:
        found.setdefault(answer.group, Counter())[answer.label, answer.verdict] += 1
    return found


def scores(counts: Counter[tuple[str, str]]) -> tuple[int, int, int, int]:
    """True and false positives, false and true negatives; positive is what must not pass: violation or opaque."""
    bad = {"violation", "opaque"}
    tp = sum(n for (label, verdict), n in counts.items() if label in bad and verdict in bad)
    fp = sum(n for (label, verdict), n in counts.items() if label not in bad and verdict in bad)
    fn = sum(n for (label, verdict), n in counts.items() if label in bad and verdict not in bad)
    return tp, fp, fn, sum(counts.values()) - tp - fp - fn


def report(title: str, answers: list[Answer]) -> list[str]:
    groups = table(answers)
    total: Counter[tuple[str, str]] = Counter()
    for counts in groups.values():
        total += counts
    lines = [
        f"{title}: {len(answers)}",
        f"{'':12} {'label':>6} {'exact':>6} {'TP':>5} {'FP':>5} {'FN':>5} {'TN':>5} {'recall':>7} {'precision':>9}",
    ]
    for name, counts in (*sorted(groups.items()), ("all", total)):
        tp, fp, fn, tn = scores(counts)
        exact = sum(n for (label, verdict), n in counts.items() if label == verdict)
        recall = f"{tp / (tp + fn):.3f}" if tp + fn else "-"
        precision = f"{tp / (tp + fp):.3f}" if tp + fp else "-"
        lines.append(
            f"{name:12} {sum(counts.values()):6} {exact:6} {tp:5} {fp:5} {fn:5} {tn:5} {recall:>7} {precision:>9}"
        )
    lines += ["", f"{'label':10} " + " ".join(f"{verdict:>9}" for verdict in VERDICTS)]
    lines += [f"{label:10} " + " ".join(f"{total[label, verdict]:9}" for verdict in VERDICTS) for label in VERDICTS]
    return lines


def by_rule(answers: list[Answer]) -> list[str]:
    """Of the labels that name a rule: how often it is among those raised."""
    asked: Counter[str] = Counter()
    met: Counter[str] = Counter()
    for answer in answers:
        if answer.rule is not None:
            asked[answer.rule] += 1
            met[answer.rule] += answer.rule in answer.rules
    return [f"{rule}  {asked[rule]:4} asked {met[rule]:4} raised  {RULES[rule]}" for rule in sorted(asked)]


def main() -> int:
    sql, code = list(statements()), list(snippets())
    print("\n".join([*report("statements", sql), "", *by_rule(sql), "", *report("places in code", code)]))
    return 0 if all(a.label == a.verdict for a in (*sql, *code)) else 1


if __name__ == "__main__":
    sys.exit(main())
