"""Fixtures of several tests. The benchmarks are not installed with the package; they are found beside it."""

from pathlib import Path

import pytest

from tests.support.typed_commands import Ran, Run, typed_by


def pytest_addoption(parser: pytest.Parser) -> None:
    """How many damaged inputs and damaged answers a run of the tests tries."""
    parser.addoption("--mutations", type=int, default=60, help="damaged inputs that are tried (seed 1)")
    parser.addoption("--damages", type=int, default=100, help="random damages of an answer, for the audit")


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """A command in this process, with what it printed as it was printed."""
    return typed_by(monkeypatch, capsys)


@pytest.fixture
def run(typed: Run) -> Run:
    """The same; white space in its output counts as one blank."""

    def command(*words: str | Path) -> Ran:
        ran = typed(*words)
        return ran._replace(out=" ".join(ran.out.split()))

    return command


@pytest.fixture
def damages(request: pytest.FixtureRequest) -> int:
    """The number of random damages."""
    return int(request.config.getoption("--damages"))
