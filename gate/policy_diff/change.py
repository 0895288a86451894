"""One change of policy, in words, with what it does to what gets through."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Effect(StrEnum):
    """What a change does to what gets through."""

    WEAKER = "weaker"
    UNCLEAR = "unclear"
    STRONGER = "stronger"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change, in words; `subject` is a control, a waiver, a key, or a section of gate.yaml."""

    effect: Effect
    subject: str
    text: str


Found = Iterator[Change]


def weaker(subject: str, text: str) -> Change:
    return Change(effect=Effect.WEAKER, subject=subject, text=text)


def stronger(subject: str, text: str) -> Change:
    return Change(effect=Effect.STRONGER, subject=subject, text=text)


def unclear(subject: str, text: str) -> Change:
    return Change(effect=Effect.UNCLEAR, subject=subject, text=text)


def other(subject: str, text: str) -> Change:
    return Change(effect=Effect.OTHER, subject=subject, text=text)
