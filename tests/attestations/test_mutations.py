"""The fuzz targets, briefly: hypothesis mutates good bundles, trust files and archives, and what must hold is held.

`python -m tests.attestations.fuzz.run` does the same for as long as wanted, led by coverage.
"""

from __future__ import annotations

import json
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .fuzz.mutation import dumped, flipped, mutated
from .fuzz.targets import TARGETS, Target, judged, material

BRIEFLY = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None)


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_every_seed_is_good(target: Target) -> None:
    for seed in target.seeds():
        target.run(seed)


def test_every_bundle_verifies_before_it_is_changed() -> None:
    for name, data in material().bundles.items():
        assert judged(data, material().trust) is not None, name


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
@BRIEFLY
@given(chance=st.randoms(use_true_random=False), data=st.data())
def test_whatever_is_changed(target: Target, chance: Random, data: st.DataObject) -> None:
    seed = data.draw(st.sampled_from(target.seeds()))
    target.run(flipped(seed, chance))
    if target.json:
        for line in seed.splitlines()[:1]:
            target.run(dumped(mutated(json.loads(line), chance)))


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_every_truncation(target: Target) -> None:
    for seed in target.seeds()[:2]:
        step = max(1, len(seed) // 60)
        for length in (*range(0, len(seed), step), len(seed) - 1):
            target.run(seed[:length])
