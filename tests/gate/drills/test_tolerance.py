"""What a probe may find."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.drills.tolerance import vacuous, within


@pytest.mark.parametrize(
    ("tolerance", "status", "printed", "met"),
    [
        (0, 0, "", True),
        (0, 1, "0", False),
        (True, 0, "true\n", True),
        (True, 0, "True", False),
        (True, 0, "1", False),
        (False, 0, "false", True),
        ("ready", 0, "ready\n", True),
        ("ready", 0, "not ready", False),
        ("0", 0, "", False),
        ({"type": "regex", "pattern": "^ok [0-9]+$"}, 0, "ok 12", True),
        ({"type": "regex", "pattern": "^ok [0-9]+$"}, 0, "ok twelve", False),
        ({"type": "regex", "pattern": "(a+)+$"}, 0, "a" * 50_000 + "b", False),
        ({"type": "range", "range": [1, 5]}, 0, " 5\n", True),
        ({"type": "range", "range": [1, 5]}, 0, "5.01", False),
        ({"type": "range", "range": [-2.5, -1]}, 0, "-2.5", True),
        ({"type": "range", "range": [1, 5]}, 0, "nan", False),
        ({"type": "range", "range": [1, 5]}, 0, "3 errors", False),
        ({"type": "range", "range": [1, 5]}, 0, "", False),
        ({"type": "other"}, 0, "", False),
        (None, 0, "", False),
        (1.0, 1, "1.0", False),
    ],
)
def test_within(tolerance: Any, status: int, printed: str, met: bool) -> None:
    assert within(tolerance, status, printed) is met


@given(st.text())
def test_an_accepted_regex_never_accepts_silence(pattern: str) -> None:
    tolerance = {"type": "regex", "pattern": pattern}

    assert vacuous(tolerance) or not within(tolerance, 0, "")
