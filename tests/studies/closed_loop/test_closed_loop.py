"""A park re-planned at every interval: solved by hand, equal to plans of the library, and as a command.

Prices in yuan/MWh, power in MW; a battery is perfect, of 5 MW and 5 MWh, and empty unless it says not.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import parkdispatch as pdx
from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import Prepared, prepare, year_times
from parkdispatch.models.errors import InputError
from parkdispatch.studies.closed_loop.closed_loop import run_loop
from parkdispatch.studies.closed_loop.loop_files import write_loop
from parkdispatch.studies.closed_loop.loop_forecasts import ForecastKind, forecast
from parkdispatch.studies.closed_loop.loop_options import LoopOptions
from parkdispatch.studies.closed_loop.loop_result import LoopResult
from tests.support.cases.charged_park import charged_case, one_price
from tests.support.parks.loop_days import two_days

CENT = 1e-6


def run(prepared: Prepared, kind: ForecastKind, hours: float = 24.0, *, hold: bool = False) -> LoopResult:
    return run_loop(prepared, LoopOptions(0, len(prepared.times), hours, kind, hold))


def test_two_days_whose_load_is_known_save_what_foresight_saves() -> None:
    """Each day buys 5 MWh at 10 in place of 50: 2 x (12 x 10 + 12 x 50) - 2 x 5 x 40 = 1440 - 400."""
    result = run(two_days([1.0] * 48), "persistence")
    assert result.without_yuan == pytest.approx(1440, abs=CENT)
    assert result.cost_yuan == pytest.approx(1040, abs=CENT)
    assert result.foresight_yuan == pytest.approx(1040, abs=CENT)
    assert result.kept == pytest.approx(1.0)
    assert result.proofs.proven == 48


def test_files_of_a_loop_replace_those_of_another_and_nothing_else(tmp_path: Path) -> None:
    """They were written one by one without a manifest: the same command refused its own folder."""
    prepared, options = two_days([1.0] * 48), LoopOptions(0, 48, 24.0, "perfect", False)
    result, out = run_loop(prepared, options), tmp_path / "out"
    for _ in range(2):
        paths = write_loop(result, options, prepared.case, out, 1.0)
        assert sorted(path.name for path in out.iterdir()) == ["loop.csv", "loop.json", "manifest.json"]
    assert pd.read_csv(paths[0])["grid.import_mw"].sum() == pytest.approx(24 * 2)
    assert json.loads(paths[1].read_text(encoding="utf-8"))["cost_yuan"] == pytest.approx(1040)
    (out / "notes.txt").write_text("of a person")
    with pytest.raises(InputError, match=r"holds notes\.txt, which no run wrote"):
        write_loop(result, options, prepared.case, out, 1.0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]


def test_a_load_that_did_not_come_leaves_the_store_full() -> None:
    """Each day is planned for what the day before needed, the first for the second: nothing dear.

    Day one buys its 12 dear hours at 50: 120 + 600. Day two buys 5 at 10 for dear hours that do not come and
    discharges nothing into a bus that takes nothing: 120 + 50. Foresight does the reverse: 120 + 50 + 350 and
    120. Had the loop known what comes, it would cost as much.
    """
    result = run(two_days([1.0] * 36 + [0.0] * 12), "persistence")
    assert result.foresight_yuan == pytest.approx(640, abs=CENT)
    assert result.cost_yuan == pytest.approx(890, abs=CENT)
    assert result.kept == pytest.approx((840 - 890) / (840 - 640))
    assert result.proofs.gave_way > 0


def test_forecasts_know_nothing_of_what_comes() -> None:
    """Changing what comes after an interval changes no forecast made at it."""
    actual = np.arange(96.0 * 9)
    changed = np.concatenate([actual[: 96 * 8], np.full(96, -1.0)])
    for kind in ("persistence", "last-week"):
        before, after = (forecast(array, kind, 96 * 8, 60, 96) for array in (actual, changed))  # type: ignore[arg-type]
        np.testing.assert_array_equal(before, after)
    np.testing.assert_array_equal(forecast(actual, "persistence", 200, 3, 96), [104, 105, 106])
    np.testing.assert_array_equal(forecast(actual, "perfect", 200, 3, 96), [200, 201, 202])


@pytest.fixture(scope="module")
def gaoan() -> Prepared:
    """Without the rules of full use, which a plan of a day cannot see and a year can."""
    case = load_case("gaoan")
    case = replace(case, tariff=case.tariff.model_copy(update={"demand_rules": None}))
    return prepare(case, year_times(case))


def test_its_plans_are_those_of_the_library(gaoan: Prepared) -> None:
    """With perfect foresight, each plan costs what `pdx.plan` says of the same state, peak and horizon."""
    first = 194 * 96  # 14 July
    result = run_loop(gaoan, LoopOptions(first, 104, 24.0, "perfect"))
    case, energy = gaoan.case, [result.columns.index((name, "energy_mwh")) for name in gaoan.case.batteries]
    bought = result.columns.index(("grid", "import_mw"))
    floor_mw = pdx.plan(case, day="2026-07-15").expected_peaks_mw["grid"]
    for step in (1, 7):
        soc = {
            name: result.executed[step - 1, column] / battery.energy_mwh  # type: ignore[operator]
            for (name, battery), column in zip(case.batteries.items(), energy, strict=True)
        }
        peak_mw = max(floor_mw, float(result.executed[:step, bought].max()))
        times = gaoan.times[first + step], gaoan.times[first + step + 96]
        plan = pdx.plan(
            case,
            start=times[0].to_pydatetime(),
            until=times[1].to_pydatetime(),
            soc=soc,
            peak_so_far_mw=peak_mw,
        )
        assert result.plan_costs_yuan[step] == pytest.approx(plan.cost_yuan, rel=1e-7)
    assert result.proofs.proven == 104


def test_a_day_with_persistence_keeps_every_rule(gaoan: Prepared) -> None:
    result = run_loop(gaoan, LoopOptions(194 * 96, 96, 24.0, "persistence", True))
    assert result.proofs.proven == 96
    assert result.foresight_yuan <= result.cost_yuan * (1 + 1e-9)
    assert result.without_yuan is not None


def test_what_cannot_be_run_is_said_at_once(tmp_path: Path) -> None:
    """A price tier of the month, of which no day knows how much the others have bought."""
    times = pd.date_range("2026-07-01", periods=48, freq="h")
    tariff = one_price(tiers=[{"above_kwh": 10_000, "added_yuan_per_kwh": 0.05}])
    prepared = prepare(load_case(str(charged_case(tmp_path, tariff, times, np.ones(48)))), times)
    with pytest.raises(InputError, match="`device.grid`: limits `tier_1` over more than a day"):
        run_loop(prepared, LoopOptions(0, 48, 24.0, "perfect"))


def test_options_out_of_range_are_said_together(gaoan: Prepared) -> None:
    with pytest.raises(InputError) as raised:
        run_loop(gaoan, LoopOptions(0, 0, 0.0, "perfect"))
    assert [problem.split("`")[1] for problem in raised.value.problems] == ["plan_hours", "days"]
