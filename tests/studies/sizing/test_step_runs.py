"""Sizes in a case with phases: all at once and in steps, worked by hand and held against `study`."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from parkdispatch.models.errors import InputError
from parkdispatch.models.finance.sizing_section import Sizing
from parkdispatch.results.finance.phase_study import cash_flow_of_phases
from parkdispatch.results.sizing.build_steps import (
    AT_ONCE,
    IN_STEPS,
    WAYS,
    added_npv_yuan,
    built_in,
    step_statements,
)
from parkdispatch.results.sizing.sizing_results import NEVER, BuiltStorage, Choice
from parkdispatch.studies.lifetime.phased_study import dispatch_phases
from parkdispatch.studies.sizing import existing_park
from parkdispatch.studies.sizing.existing_park import ExistingPark, require_increment_inputs
from parkdispatch.studies.sizing.step_runs import attempted_steps
from parkdispatch.studies.solve_options import SolveContext
from parkdispatch.studies.study_tasks import Attempts
from tests.support.cases.phased_parks import park, phased
from tests.support.cases.sized_park import SECOND, write_sized_park
from tests.support.typed_commands import Run

ASKED: dict[str, Any] = {
    "device": "battery_2",
    "power_mw": {"min": 0.0, "max": 10.0, "step": 5.0},
    "duration_hours": {"min": 1.0, "max": 2.0, "step": 1.0},
    "price": {"yuan_per_kwh": 1.0},
}
OWN = Choice("own", "5 MW / 10 MWh", "", 5.0, 10.0, 8_000.0)  # as the case has it, at its share of the price
DOUBLE = Choice("double", "10 MW / 20 MWh", "", 10.0, 20.0, 14_000.0)
NOTHING = Choice(NEVER, "build nothing", "", 0.0, 0.0, 0.0)
CHEAPER = {"shared_station_yuan": 10_000.0, "yearly_price_change": -0.1}


def existing(folder: Path, phases: Any, **asked: Any) -> ExistingPark:
    """The two days of `test_phased_study`, 50,000 yuan, with a question for the second battery."""
    prepared = park(folder, phases)
    case = replace(prepared.case, sizing=Sizing.model_validate({**ASKED, **asked}))
    return ExistingPark(prepared.of(case), SolveContext())


def built(standing: ExistingPark, *choices: Choice) -> tuple[BuiltStorage, ...]:
    attempts = Attempts()
    found = attempted_steps(standing, choices, attempts, every_year=True)
    attempts.raise_first()
    return found


def test_station_and_modules_are_paid_each_in_its_year(tmp_path: Path) -> None:
    """Of 50,000 yuan 10,000 are the station, 32,000 the 40 MWh of phase one, both in its year.

    The increment of 10 MWh costs 8,000 now and 6,480 two years later, a tenth less each year; the larger one
    14,000 and 11,340.
    """
    found = built(existing(tmp_path, phased(0, 2, **CHEAPER)), NOTHING, OWN, DOUBLE)
    paid = {(storage.choice.key, storage.way): storage for storage in found}
    assert {key: storage.investment_yuan for key, storage in paid.items()} == pytest.approx(
        {
            (NEVER, AT_ONCE): 42_000.0,
            (NEVER, IN_STEPS): 42_000.0,
            ("own", AT_ONCE): 50_000.0,
            ("own", IN_STEPS): 48_480.0,
            ("double", AT_ONCE): 56_000.0,
            ("double", IN_STEPS): 53_340.0,
        }
    )
    in_steps = paid["double", IN_STEPS]
    assert (in_steps.year, in_steps.station_yuan, in_steps.increment_yuan) == (2, 10_000.0, 11_340.0)
    assert in_steps.cash.values["investment"].tolist() == pytest.approx([42_000, 0, 11_340, 0, 0, 0])
    saved = [year.saved_yuan["arbitrage"] for year in in_steps.phases[1].lifetime.years]
    assert saved == pytest.approx([652.0 * 20.0 * share for share in (1.0, 0.8, 0.62)])
    assert paid["double", AT_ONCE].cash.values["investment"].tolist() == pytest.approx([56_000, 0, 0, 0])


def test_the_cases_own_size_is_worth_what_study_says(tmp_path: Path) -> None:
    """In steps as `study` of the case; at once as `study` of the case with both phases in the first year."""
    phases = phased(0, 2, **CHEAPER)
    found = built(existing(tmp_path / "a", phases), NOTHING, OWN)
    for way, years in ((IN_STEPS, phases), (AT_ONCE, phases.at_once())):
        _, studies = dispatch_phases(park(tmp_path / way, years), SolveContext())
        storage = built_in(found, "own", way)
        assert storage is not None
        whole = cash_flow_of_phases(studies).returns["project_after_tax"].npv_yuan
        assert storage.npv_yuan == pytest.approx(whole)
        # the batteries do not stand in each other's way, so the increment adds what its phase is worth
        assert added_npv_yuan(found, storage) == pytest.approx(studies[1].npv_yuan)


def test_the_price_of_the_increment_follows_its_own_path(tmp_path: Path) -> None:
    standing = existing(tmp_path, phased(0, 2, **CHEAPER), paths={"battery_price": -0.5})
    in_steps = built_in(built(standing, OWN), "own", IN_STEPS)
    assert in_steps is not None
    assert in_steps.increment_yuan == pytest.approx(2_000.0)
    assert in_steps.investment_yuan == pytest.approx(44_000.0)


def test_an_increment_that_is_the_first_phase_has_the_station_in_its_price(tmp_path: Path) -> None:
    """Battery 1 is sized and comes first: 30,000 yuan with a station. Without it the second pays for one."""
    phases = phased(0, 2, **CHEAPER)
    choice = Choice("first", "20 MW / 40 MWh", "", 20.0, 40.0, 30_000.0)
    found = built(existing(tmp_path, phases, device="battery_1"), NOTHING, choice)
    first, none = built_in(found, "first", IN_STEPS), built_in(found, NEVER, IN_STEPS)
    assert first is not None
    assert none is not None
    assert first.cash.values["investment"].tolist() == pytest.approx([30_000, 0, 6_480, 0, 0, 0])
    assert none.cash.values["investment"].tolist() == pytest.approx([0, 0, 16_480, 0, 0, 0])


def test_what_cannot_be_is_refused_with_its_reason(tmp_path: Path) -> None:
    standing = {"device.battery_1.state_of_health": 0.9}
    station = {"price": {"yuan_per_kwh": 1.0, "yuan_per_kw": 5.0}, "shared_station_yuan_per_kw": 2.0}
    for wrong, said in (
        (
            {"standing": standing},
            "'device.battery_1.state_of_health': must be left out, because `phases` say",
        ),
        ({"device": "battery_1", **station}, "must be 0, because 'battery_1' is the first of `phases`"),
    ):
        case = replace(park(tmp_path, phased(0, 2)).case, sizing=Sizing.model_validate({**ASKED, **wrong}))
        with pytest.raises(InputError) as caught:
            require_increment_inputs(case)
        assert said in "\n".join(caught.value.problems)
        require_increment_inputs(replace(case, phases=None))


def test_the_better_way_is_told(tmp_path: Path) -> None:
    found = built(existing(tmp_path, phased(0, 2, **CHEAPER)), NOTHING, OWN)
    npv = {way: storage.npv_yuan for way in WAYS if (storage := built_in(found, "own", way))}
    ((key, numbers),) = step_statements(found, "own", 2026)
    assert key == ("steps_better" if npv[IN_STEPS] > npv[AT_ONCE] else "at_once_better")
    assert numbers["year"] == 2028
    assert numbers["difference_yuan"] == pytest.approx(abs(npv[IN_STEPS] - npv[AT_ONCE]))


def test_the_command_tells_both_ways(typed: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    july = pd.date_range("2026-07-01", "2026-08-01", freq="h", inclusive="left")
    monkeypatch.setattr(existing_park, "year_times", lambda _: july)
    monkeypatch.chdir(tmp_path)
    path = write_sized_park(tmp_path / "case")
    code, _, err = typed("size", path, "--only", "steps")
    assert code == 2
    assert "`--only` = steps: the case has no `phases`" in " ".join(err.split())
    path.write_text(path.read_text(encoding="utf-8") + SECOND, encoding="utf-8")
    code, out, err = typed("size", path, "--only", "steps", "--out", "a")
    assert (code, err) == (0, "")
    assert "All at once, or in the case's steps" in out
    assert "The case builds in steps: with" in " ".join(out.replace("│", " ").split())
    assert "…" not in out
    table = pd.read_csv(tmp_path / "a" / "steps.csv", encoding="utf-8-sig")
    assert table["built"].tolist() == [AT_ONCE, IN_STEPS] * 2
    summary = json.loads((tmp_path / "a" / "summary.json").read_text(encoding="utf-8"))
    assert summary["steps"]["offer_1"][IN_STEPS]["year"] == 1
    assert "in steps" in (tmp_path / "a" / "report.html").read_text(encoding="utf-8")
    code, _, _ = typed("size", path, "--only", "steps", "--out", "b", "--lang", "zh")
    assert code == 0
    assert "一次建成或按算例分期" in (tmp_path / "b" / "report.html").read_text(encoding="utf-8")
