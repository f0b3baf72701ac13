"""Damaged files end in words: a few here, 2,000 by `python -m tests.support.harnesses.mutated_inputs`."""

from pathlib import Path

import pytest

from tests.support.harnesses.mutated_inputs import ALLOWED, mutated_runs


def test_mutated_inputs_end_in_words(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    count = int(request.config.getoption("--mutations"))
    counts, faults = mutated_runs(count, seed=1, folder=tmp_path)
    assert faults == []
    assert sum(counts.values()) == count
    assert counts["2"] > count / 4 and counts["0"], counts
    assert set(counts) <= {str(code) for code in ALLOWED}
