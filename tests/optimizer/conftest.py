"""The optimizer is tested with all processors, as it solves for a user."""

import os

import pytest

PROCESSORS = os.cpu_count()


@pytest.fixture(autouse=True)
def _every_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Undo what the tests of the other layers have."""
    monkeypatch.setattr(os, "cpu_count", lambda: PROCESSORS)
