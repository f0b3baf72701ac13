"""The table of scenarios is the same bit for bit, whatever happens while it is computed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.variations.scenarios import case_of_scenario, draw_scenarios
from parkdispatch.models.device import Array
from parkdispatch.models.errors import InputError
from parkdispatch.results.sizing.increment_value import Worth
from parkdispatch.results.sizing.sizing_results import Choice
from parkdispatch.studies.sizing.increment_dispatch import increment_worth
from parkdispatch.studies.sizing.scenario_evaluation import (
    ScenarioInputs,
    choice_at_scenario_prices,
    compute_missing_scenarios,
    evaluate_scenarios,
)
from parkdispatch.studies.solve_options import SolveContext, SolveOptions
from parkdispatch.studies.task_cluster import TaskCluster
from tests.support import cluster_work
from tests.support.cases.sized_park import write_sized_park
from tests.support.cluster_work import QUESTION, SHAPE, figures, table
from tests.support.files.stored_scenarios import change, stored_numbers
from tests.support.paths import environment

COUNT = 10


def run(
    cluster: TaskCluster, folder: Path | None, count: int = COUNT, scale: float = 1.0
) -> tuple[Array, list[str]]:
    """The table, and what was warned of; what is computed, and not taken from the store, is scaled."""
    warned: list[str] = []
    shared = {"scale": scale, "sleep_s": 0.0}
    results, errors = compute_missing_scenarios(
        figures, shared, SHAPE, table(count), cluster, (folder, QUESTION), lambda _: None, warned.append
    )
    assert not errors
    return results, warned


def exact(results: Array, count: int = COUNT) -> bool:
    return results.tobytes() == cluster_work.expected(count).tobytes()


def test_without_a_store_with_one_and_from_it(cluster: TaskCluster, tmp_path: Path) -> None:
    for folder in (None, tmp_path, tmp_path):
        assert exact(run(cluster, folder)[0])


def test_more_scenarios_reuse_the_first(cluster: TaskCluster, tmp_path: Path) -> None:
    run(cluster, tmp_path, 4)
    results, _ = run(cluster, tmp_path, 7, scale=2.0)
    assert exact(results[:4], 4)
    assert (results[4:] / 2.0).tobytes() == cluster_work.expected(7)[4:].tobytes()
    assert stored_numbers(tmp_path) == list(range(7))


def started(folder: Path, sleep_s: float) -> subprocess.Popen[str]:
    """A run in a process group of its own, as a shell starts one."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.support.cluster_work", str(folder), str(COUNT), str(sleep_s)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


class Stopped(NamedTuple):
    """A run that was stopped when two scenarios were stored."""

    folder: Path
    group: int
    code: int
    errors: str


# without a word, or by control-C, which a shell sends to the whole group
STOPS: dict[str, Callable[[int], None]] = {
    "kill": lambda pid: os.kill(pid, signal.SIGKILL),
    "control-C": lambda group: os.killpg(group, signal.SIGINT),
}


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Stopped]:
    """A run stopped in each way, all at once: processes that start and end wait most of the time."""
    folders = {how: tmp_path_factory.mktemp("run") for how in STOPS}
    with ExitStack() as stack:
        # what is left takes long enough on a busy machine
        runs = {how: stack.enter_context(started(folder, 0.4)) for how, folder in folders.items()}
        going = set(runs)
        while going:
            for how in list(going):
                if runs[how].poll() is not None:  # before it was stopped, which the test tells
                    going.remove(how)
                elif len(stored_numbers(folders[how])) >= 2:
                    STOPS[how](runs[how].pid)
                    going.remove(how)
            time.sleep(0.02)
        errors = {how: process.communicate(timeout=20)[1] for how, process in runs.items()}
    return {
        how: Stopped(folders[how], process.pid, process.returncode, errors[how])
        for how, process in runs.items()
    }


def group_is_gone(group: int) -> bool:
    """Whether no process of a group is left, after a while."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.slow
@pytest.mark.parametrize("how", STOPS)
def test_after_the_run_was_stopped(cluster: TaskCluster, stopped: dict[str, Stopped], how: str) -> None:
    folder, group, code, errors = stopped[how]
    first = stored_numbers(folder)
    assert 2 <= len(first) < COUNT, "it was not stopped in the middle"
    assert code == (-signal.SIGKILL if how == "kill" else 130)
    assert how == "kill" or not errors, errors
    try:
        assert group_is_gone(group), "processes of the cluster are left"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
    results, warned = run(cluster, folder, scale=2.0)
    assert warned == []
    others = [number for number in range(COUNT) if number not in first]
    results[others] /= 2.0  # what was there was not computed again
    assert exact(results)


def test_after_scenarios_were_damaged(cluster: TaskCluster, tmp_path: Path) -> None:
    run(cluster, tmp_path)
    change(tmp_path, "update scenario set figures = zeroblob(48) where number = 1")
    change(tmp_path, "update scenario set sha256 = x'00' where number = 3")
    change(tmp_path, "delete from scenario where number = 6")
    change(tmp_path, "update scenario set number = 6 where number = 5")
    results, warned = run(cluster, tmp_path)
    assert exact(results)
    assert len(warned) == 1 and "3 damaged, computed anew" in warned[0]
    assert run(cluster, tmp_path, scale=2.0)[1] == []
    assert exact(run(cluster, tmp_path, scale=2.0)[0])


def test_a_scenario_that_fails_keeps_the_others(cluster: TaskCluster, tmp_path: Path) -> None:
    """Prices above one are refused; what is left is in the table and in the store."""
    figures, errors = compute_missing_scenarios(
        cluster_work.dear, None, (2,), table(6), cluster, (tmp_path, QUESTION), print, print
    )
    assert sorted(errors) == [3, 4, 5]
    assert str(errors[3]).startswith("scenario 3: `price` = 1.1: must be")
    assert np.isnan(figures[3:]).all() and (figures[:3] == table(6).to_numpy()[:3]).all()
    assert stored_numbers(tmp_path) == [0, 1, 2]


# ---- the increment itself ------------------------------------------------------------------------------


CHOICES = (
    Choice("never", "nothing", "", 0.0, 0.0, 0.0),
    Choice("offer_1", "5 MW / 10 MWh", "", 5.0, 10.0, 2e6),
)


@cache
def park() -> Case:
    """A small park whose year of hours is dispatched in a moment; a price and the spread are uncertain."""
    with TemporaryDirectory() as folder:
        return load_case(str(write_sized_park(Path(folder))))


@cache
def references() -> dict[str, Worth]:
    worths = increment_worth(park(), CHOICES, SolveContext(SolveOptions(threads=1)))
    return {worth.choice.key: worth for worth in worths}


def scenarios() -> pd.DataFrame:
    sizing = park().sizing
    assert sizing is not None
    return draw_scenarios(sizing, 2, 1)


def test_the_increment_in_scenarios(cluster: TaskCluster, tmp_path: Path) -> None:
    """In a cluster with a store, again from the store, and here by hand: the same to the last bit."""
    rows, options = scenarios(), SolveOptions()
    inputs = ScenarioInputs(park(), CHOICES, references(), rows, options)
    risk, _ = evaluate_scenarios(inputs, cluster, tmp_path / "store", lambda _: None)
    again, _ = evaluate_scenarios(inputs, cluster, tmp_path / "store", lambda _: None)
    assert risk is not None and again is not None
    assert risk.identical(again)
    last = rows.iloc[1].to_dict()
    there = case_of_scenario(park(), last)
    multiple = last["battery price"]
    choices = [replace(choice, investment_yuan=choice.investment_yuan * multiple) for choice in CHOICES]
    alone = increment_worth(
        there, choices, SolveContext(SolveOptions(threads=1, time_limit_s=3600.0)), reference=references()
    )
    for choice, worth in zip(CHOICES, alone, strict=True):
        figures_of_choice = risk.sel(scenario=1, choice=choice.key)
        assert float(figures_of_choice["npv_yuan"]) == worth.npv_yuan
        assert float(figures_of_choice["saving_yuan"]) == worth.saving_yuan.mean()
        assert float(figures_of_choice["investment_yuan"]) == pytest.approx(
            choice.investment_yuan * multiple, rel=1e-15
        )
    assert (risk["npv_yuan"].sel(choice="never") == 0).all() and risk["irr"].sel(
        choice="never"
    ).isnull().all()
    for figure in ("npv_yuan", "saving_yuan"):
        assert len(np.unique(risk[figure].sel(choice="offer_1"))) == 2
    path = tmp_path / "risk.nc"
    risk.to_netcdf(path, engine="h5netcdf")
    with xr.open_dataset(path, engine="h5netcdf") as read:
        assert read.load().equals(risk)
    with pytest.raises(InputError, match="holds other scenarios: choices: offer_1"):
        choices = (CHOICES[0], replace(CHOICES[1], energy_mwh=60.0))
        changed = ScenarioInputs(park(), choices, references(), rows, options)
        evaluate_scenarios(changed, cluster, tmp_path / "store", lambda _: None)


def test_scenarios_the_case_refuses_are_said_before_anything_is_done(
    cluster: TaskCluster, tmp_path: Path
) -> None:
    rows = scenarios()
    rows.loc[1, "battery price"] = -1.0
    with pytest.raises(InputError, match="scenario 1: 'battery price' = -1: `sizing.price_multiple` = -1"):
        inputs = ScenarioInputs(park(), CHOICES, references(), rows, SolveOptions())
        evaluate_scenarios(inputs, cluster, tmp_path / "store", lambda _: None)
    assert not (tmp_path / "store").exists()


def test_offers_follow_the_multiple_and_other_sizes_the_price() -> None:
    """Cells 200 yuan/kWh and converters 100 yuan/kW; half the multiple, and cells at 100 yuan/kWh."""
    here = park().sizing
    assert here is not None
    cheaper = here.model_copy(
        update={
            "price_multiple": 0.5,
            "price": here.price.model_copy(update={"yuan_per_kwh": 100.0}),
        }
    )
    offer = choice_at_scenario_prices(CHOICES[1], here, cheaper)
    assert offer.investment_yuan == pytest.approx(0.5 * 2e6)
    best = Choice("best", "best", "", 10.0, 40.0, 40e3 * 200 + 10e3 * 100)
    assert choice_at_scenario_prices(best, here, cheaper).investment_yuan == pytest.approx(0.5 * (4e6 + 1e6))
    assert choice_at_scenario_prices(CHOICES[0], here, cheaper).investment_yuan == 0.0
