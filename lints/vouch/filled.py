"""Values that a statement is given and that are not empty where it runs: the function has left where they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lints.vouch.access import Access
from lints.vouch.conditions import when_missing
from lints.vouch.plain import root
from lints.vouch.results import Missing
from lints.vouch.shapes import BRANCHES, NEGATED

if TYPE_CHECKING:
    from lints.vouch.flow import Flow

LEAVES_OUT = frozenset({"gorm", "xorm", "pop"})
"""Kinds of calls that leave a condition out whose value is the empty one of its type."""
_MAX_NAMES = 20


def filled(flow: Flow, access: Access) -> tuple[str, ...]:
    """The variables among what a call is given of which it is certain that they hold something."""
    names = {value for value in access.values if value == root(value)}
    if not names or len(names) > _MAX_NAMES or flow.spent:
        return ()
    out: set[str] = set()
    for event in flow.before(access.node):
        node = event.node
        if event.loop or (event.holds is None and node.type not in BRANCHES):
            continue
        condition = node if event.holds is not None else flow.condition(node)
        if condition is None:
            continue
        text = flow.text(condition)
        for name in names - out:
            worth = when_missing(text, {name: Missing.BLANK}, flow.language) if name in text else None
            if worth is None:
                continue
            if event.holds is not None:
                never = worth is not event.holds
            else:
                taken = worth is not (node.type in NEGATED)
                never = flow.leaves(flow.consequence(node) if taken else flow.alternative(node))
            if never and not flow.changed(name, node.end_byte, access.node.end_byte):
                out.add(name)
    return tuple(sorted(out))
