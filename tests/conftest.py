"""Fixtures of several tests. The benchmarks are not installed with the package; they are found beside it."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from parkdispatch.interfaces.startup import start_quickly
from parkdispatch.results.console.screen_language import SCREEN_LANG
from parkdispatch.studies.planning import stored_templates
from tests.support.browser import Browser
from tests.support.typed_commands import Ran, Run, typed_by

os.environ |= {"PARKDISPATCH_LANG": "en", "PARKDISPATCH_CONFIG": ""}  # whatever the system and the user have
settings.register_profile("untimed", deadline=None)  # a busy machine is no failure
settings.load_profile("untimed")
start_quickly()  # as commands do; frequent collections of garbage would take a tenth of the time
# their tests look at the same solved days, years and studies
SHARED = (
    "tests/results/console/",
    "tests/results/excel/",
    "tests/results/html/",
    "tests/results/network/",
    "tests/results/schedule/",
    "tests/results/sizing/",
    "tests/results/views/",
    "tests/studies/reproduction/",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """How many random parks, damaged inputs and answers, and killed runs a run of the tests tries."""
    parser.addoption("--parks", type=int, default=2, help="random parks of every kind of device")
    parser.addoption("--first", type=int, default=430, help="seed of the first of them; 430, 431: short")
    parser.addoption("--network-parks", type=int, default=12, help="random parks of several buses")
    parser.addoption("--long-parks", type=int, default=3, help="random parks of several days, in blocks")
    parser.addoption("--mutations", type=int, default=40, help="damaged inputs that are tried (seed 1)")
    parser.addoption("--damages", type=int, default=30, help="random damages of an answer, for the audit")
    parser.addoption("--kills", type=int, default=2, help="kills of a plan that is being written")
    parser.addoption("--ledger-kills", type=int, default=1, help="kills of each way of writing a ledger")
    parser.addoption("--long", action="store_true", help="a year and a search of ten seconds and more")
    parser.addoption("--imports", type=int, default=15, help="files that are imported twice")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share a browser, solved cases or a cluster come first.

    `worksteal` gives each worker a part of the list and takes from its end: what is first stays together.
    """

    def place(item: pytest.Item) -> int:
        fixtures = getattr(item, "fixturenames", ())
        shared = ("browser" in fixtures, item.nodeid.startswith(SHARED), "cluster" in fixtures, True)
        return shared.index(True)

    items.sort(key=place)


def pytest_collection_finish() -> None:
    """What was imported stays; no later collection of garbage walks over it."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What commands keep is shared by the workers, and kept apart from what the user's own commands keep."""
    folder = tmp_path_factory.getbasetemp()
    run_folder = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PARKDISPATCH_CACHE", str(run_folder / "cache"))
        yield


@pytest.fixture(scope="session", autouse=True)
def _templates_compiled() -> Iterator[None]:
    """Compile templates in each test process, where a test may have changed a device."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stored_templates, "MOST", 0)
        yield


@pytest.fixture(scope="session", autouse=True)
def _one_processor() -> Iterator[None]:
    """Solve in one thread: each processor has a worker of the tests. Not so in tests of the optimizer.

    With two, HiGHS searches the plain program beside every solve that takes longer than 30 ms. Commands write
    all files themselves: a copy of a process as large as this one costs a quarter of the time of a plan.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "cpu_count", lambda: 1)
        patch.setattr(os, "sched_getaffinity", lambda _: {0}, raising=False)
        yield


@pytest.fixture
def two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands of this test do part of their work in a copy of the process, as they do for a user."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)


@pytest.fixture(autouse=True)
def _english_screen() -> Iterator[None]:
    """A command typed in another language leaves the screen of this process in it."""
    before = SCREEN_LANG.set("en")
    yield
    SCREEN_LANG.reset(before)


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


@pytest.fixture
def kills(request: pytest.FixtureRequest) -> int:
    """The number of kills of a plan."""
    return int(request.config.getoption("--kills"))


@pytest.fixture
def ledger_kills(request: pytest.FixtureRequest) -> int:
    """The number of kills of each way of writing a ledger."""
    return int(request.config.getoption("--ledger-kills"))


@pytest.fixture
def imports(request: pytest.FixtureRequest) -> int:
    """The number of files that are imported twice."""
    return int(request.config.getoption("--imports"))


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A headless Chromium, started once for all tests of a worker."""
    with Browser(tmp_path_factory.mktemp("chromium")) as started:
        yield started
