"""A storage built in phases: what each adds, worked by hand; one phase is the study without phases."""

from pathlib import Path

import numpy as np
import pytest

from parkdispatch.inputs.loader import load_case
from parkdispatch.models.errors import InputError
from parkdispatch.models.finance.investment import IncomeTax
from parkdispatch.models.finance.replacement import Replacement
from parkdispatch.results.finance.cash_flow import cash_flow
from parkdispatch.results.finance.phase_study import cash_flow_of_phases
from parkdispatch.studies.lifetime.lifetime_dispatch import dispatch_years
from parkdispatch.studies.lifetime.phased_study import dispatch_phases
from parkdispatch.studies.solve_options import SolveContext
from tests.support.cases.lifetime_cases import HOURLY
from tests.support.cases.phased_parks import park, phased
from tests.support.small_case import add, write_case


def test_two_phases_by_hand(tmp_path: Path) -> None:
    """652 yuan a MWh of cells in two days: 40 MWh in years 1 to 3, 10 in years 3 to 5, each from new cells.

    1, 0.8 and 0.62 are left of either in its own years. In years 4 and 5 the second is alone. Were its cells
    as old as the first's, it would begin with 0.62.
    """
    lifetime, (first, second) = dispatch_phases(park(tmp_path, phased(0, 2)), SolveContext())
    shares = np.array([1.0, 0.8, 0.62])
    for phase, mwh in ((first, 40.0), (second, 10.0)):
        saved = [year.saved_yuan["arbitrage"] for year in phase.lifetime.years]
        assert saved == pytest.approx(652.0 * mwh * shares)
        assert [year.year for year in phase.lifetime.years] == [1, 2, 3]
        cycles = [next(iter(year.full_cycles.values())) for year in phase.lifetime.years]
        assert cycles == pytest.approx(2 * shares)
    whole = [year.saved_yuan["arbitrage"] for year in lifetime.years]
    assert whole == pytest.approx([26_080, 20_864, 16_169.6 + 6_520, 5_216, 4_042.4])
    assert [sorted(year.state_of_health) for year in lifetime.years] == [
        ["battery_1"], ["battery_1"], ["battery_1", "battery_2"], ["battery_2"], ["battery_2"],
    ]  # fmt: skip
    assert second.last_year == 5


def test_one_phase_is_the_study_without_phases(tmp_path: Path) -> None:
    ended = Replacement(trigger="end_of_life", cost_yuan=9_000.0, depreciation_years=1)  # after year 2
    money = {"replacement": ended}
    plain = park(tmp_path / "a", None, **money)
    lifetime = dispatch_years(plain, SolveContext())
    _, (phase,) = dispatch_phases(park(tmp_path / "b", phased(0), **money), SolveContext())
    assert phase.lifetime.replaced_years == lifetime.replaced_years == (2,)
    assert plain.case.finance is not None
    alone, together = cash_flow(plain.case.finance, lifetime.operation()), cash_flow_of_phases([phase])
    for key, values in alone.values.items():
        if key not in ("spending_share", "replacement_share", "holiday"):
            np.testing.assert_allclose(together.values[key], values, atol=1e-6, err_msg=key)
    assert together.returns["equity_after_tax"].npv_yuan == pytest.approx(
        alone.returns["equity_after_tax"].npv_yuan
    )
    assert together.lcos_yuan_per_kwh == pytest.approx(alone.lcos_yuan_per_kwh)


def test_the_first_phase_carries_the_station_and_each_has_its_own_taxes(tmp_path: Path) -> None:
    """50,000 yuan, 10,000 of them for the station; the rest by energy, 4 to 1, a tenth cheaper each year.

    The first pays 10,000 + 32,000 in year 0, the second 8,000 x 0.81 in year 2. Each is free of tax in
    its own first year: the second in year 3 of the whole, in which the first is taxed.
    """
    phases = phased(0, 2, shared_station_yuan=10_000.0, yearly_price_change=-0.1)
    prepared = park(tmp_path, phases, income_tax=IncomeTax(free_years=1, half_years=0))
    _, studies = dispatch_phases(prepared, SolveContext())
    first, second = studies
    assert first.cash.finance.investment_yuan == pytest.approx(42_000)
    assert second.cash.finance.investment_yuan == pytest.approx(6_480)
    whole = cash_flow_of_phases(studies)
    assert whole.values["investment"].tolist() == pytest.approx([42_000, 0, 6_480, 0, 0, 0])
    assert first.cash.values["holiday"].tolist() == second.cash.values["holiday"].tolist() == [0, 0, 1, 1]
    for key in ("project_after_tax", "equity_after_tax", "vat_paid", "credit_after", "residual"):
        summed = np.zeros(6)
        summed[:4] += first.cash.values[key]
        summed[2:] += second.cash.values[key]
        np.testing.assert_allclose(whole.values[key], summed)
    npv = whole.returns["project_after_tax"].npv_yuan
    assert npv == pytest.approx(first.npv_yuan + second.npv_yuan)


def test_four_phases_and_a_year_without_any(tmp_path: Path) -> None:
    """Three together, then one after a year in which nothing is in service."""
    lifetime, studies = dispatch_phases(park(tmp_path, phased(0, 0, 1, 4), years=2), SolveContext())
    idle = lifetime.years[3]
    assert idle.net_saving_yuan == pytest.approx(0.0, abs=1e-6)
    assert len(lifetime.years) == 6
    for year in lifetime.years:
        in_service = [
            phase.lifetime.years[year.year - phase.phase.commissioned - 1]
            for phase in studies
            if phase.phase.commissioned < year.year <= phase.last_year
        ]
        assert sum(own.net_saving_yuan for own in in_service) == pytest.approx(year.net_saving_yuan)
        assert sum(own.discharged_mwh for own in in_service) == pytest.approx(year.discharged_mwh)


ONE = '[[phases.phase]]\nname = "{}"\ndevices = ["{}"]\ncommissioned = {}\n'


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (ONE.format("a", "battery_1", 1), "`phases.phase[0].commissioned` = 1: must be 0"),
        (ONE.format("a", "battery_2", 0), "must be a battery of the case: battery_1"),
        ("[phases]\nphase = []\n", "`phases.phase`"),
        (ONE.format("A b", "battery_1", 0), "`phases.phase[0].name`"),
        (ONE.format("a", "battery_1", 0), "`finance` is missing"),
        (ONE.format("a", "battery_1", 0) * 2, "phase.name: 'a' is there twice"),
    ],
)
def test_phases_that_cannot_be_are_refused(table: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load_case(str(write_case(tmp_path, *HOURLY, add(f"\n{table}"))))
    assert said in "\n".join(caught.value.problems)
