"""The table of the store: what it times is written and found."""

import pytest

from benchmarks.scale import store_times


def test_writers_and_opening_are_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_times, "WRITERS", 1)
    monkeypatch.setattr(store_times, "_scheduled", lambda _: (0.012, 1.5))
    text = store_times.time_store(300, 1, lambda _: None)
    assert "open 300 scenarios, s, median of 1" in text
    assert "| 1.2% |" in text
