"""Phases with years between lines, with a share as operated, and with owners: sums and flows in each year."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import Prepared, prepare
from parkdispatch.models.errors import SolverError
from parkdispatch.models.finance.investment import IncomeTax
from parkdispatch.models.finance.owners import NetworkOwner, Owners, PvOwner, StorageOwner
from parkdispatch.models.finance.replacement import Replacement
from parkdispatch.models.stores.battery import Battery
from parkdispatch.results.finance.operation import NOT_KEPT
from parkdispatch.results.finance.phase_study import cash_flow_of_phases
from parkdispatch.results.owners.owner_flows import OwnerStudy
from parkdispatch.results.owners.transfers import OWNERS, PARK
from parkdispatch.results.savings.as_operated import AsOperated
from parkdispatch.studies.lifetime.owner_runs import case_without_pv_company, study_owners_of_phases
from parkdispatch.studies.lifetime.phase_years import PhasedYear, PhaseSolver
from parkdispatch.studies.lifetime.phased_study import dispatch_phases
from parkdispatch.studies.solve_options import SolveContext
from tests.support.cases.lifetime_cases import ENERGY_ONLY, HOURLY, PLAIN, finance
from tests.support.cases.phased_parks import UNKEPT, park, phased
from tests.support.small_case import write_case

NEVER_WORN = {"fade_per_full_cycle": 0.0, "fade_per_year": 0.02}


def slowly_ageing(prepared: Prepared) -> Prepared:
    """The same park with cells that lose 0.02 a year whatever they do."""
    case = prepared.case
    devices = {
        name: device.model_copy(update=NEVER_WORN) if isinstance(device, Battery) else device
        for name, device in case.devices.items()
    }
    return prepared.of(case.with_devices(devices))


def test_a_quick_study_of_phases_dispatches_the_years_at_each_change(tmp_path: Path) -> None:
    """Two phases of eight years, the second from year 5: changes after years 4 and 8.

    Cells lose 0.02 of 40 and of 10 MWh a year, worth 652 yuan a MWh: the years between lie on the line, to
    the yuan, and so does each phase. A line from year 4 to year 8 would miss the second phase.
    """
    prepared = slowly_ageing(park(tmp_path, phased(0, 4), years=8))
    quick, (first, second) = dispatch_phases(prepared, SolveContext(), quick=True)
    assert [year.year for year in quick.years if year.dispatched] == [1, 2, 4, 5, 8, 9, 12]
    full, studies = dispatch_phases(prepared, SolveContext())
    for one, other in zip(quick.years, full.years, strict=True):
        assert one.saved_yuan["arbitrage"] == pytest.approx(other.saved_yuan["arbitrage"])
        assert one.state_of_health == pytest.approx(other.state_of_health)
    for phase, study, mwh in ((first, studies[0], 40.0), (second, studies[1], 10.0)):
        saved = [year.saved_yuan["arbitrage"] for year in phase.lifetime.years]
        assert saved == pytest.approx(652.0 * mwh * (1.0 - 0.02 * np.arange(8)))
        assert phase.npv_yuan == pytest.approx(study.npv_yuan)
    assert [year.year for year in second.lifetime.years if not year.dispatched] == [2, 3, 6, 7]


def test_nothing_is_estimated_across_a_replacement_of_a_phase(tmp_path: Path) -> None:
    """The first phase buys cells after its year 3, the second after its year 3, which is the whole's 7."""
    bought = Replacement(trigger="year", year=3, cost_yuan=9_000.0)
    prepared = slowly_ageing(park(tmp_path, phased(0, 4), years=8, replacement=bought))
    lifetime, (first, second) = dispatch_phases(prepared, SolveContext(), quick=True)
    assert [year.year for year in lifetime.years if not year.dispatched] == [6, 10, 11]
    assert first.lifetime.replaced_years == second.lifetime.replaced_years == (3,)
    saved = [year.saved_yuan["arbitrage"] for year in second.lifetime.years]
    assert saved == pytest.approx(6_520.0 * (1.0 - 0.02 * np.array([0, 1, 2, 0, 1, 2, 3, 4])))


def test_a_share_as_operated_is_taken_from_each_phase(tmp_path: Path) -> None:
    """A quarter of the saving is not kept, by either phase of its own; streams of the dispatch stay."""
    prepared = park(tmp_path, phased(0, 2))
    kept = AsOperated(0.75)
    lifetime, studies = dispatch_phases(prepared, SolveContext(), as_operated=kept)
    for phase in studies:
        lost = [-0.25 * year.net_saving_yuan for year in phase.lifetime.years]
        assert phase.cash.operation.revenue_yuan[NOT_KEPT].tolist() == pytest.approx(lost)
    whole = cash_flow_of_phases(studies)
    lost = [-0.25 * year.net_saving_yuan for year in lifetime.years]
    assert whole.operation.revenue_yuan[NOT_KEPT].tolist() == pytest.approx(lost)
    assert whole.operation.kept_share == 0.75
    assert whole.returns["project_after_tax"].npv_yuan == pytest.approx(
        sum(phase.npv_yuan for phase in studies)
    )


def owned_park(folder: Path, owners: Owners) -> Prepared:
    """The two days with PV, a phase of 10 MWh and one of 20 MWh two years later, and owners."""
    case = load_case(str(write_case(folder, *HOURLY, ENERGY_ONLY)))
    devices = {name: device for name, device in case.devices.items() if name != "battery_1"}
    for number, mwh in ((1, 10.0), (2, 20.0)):
        size = {"power_mw": mwh / 2, "energy_mwh": mwh}
        devices[f"battery_{number}"] = Battery.model_validate({**PLAIN, **size})
    money = finance(3, operation_maintenance=UNKEPT, income_tax=IncomeTax(free_years=1, half_years=1))
    case = replace(
        case.with_devices(devices), finance=money, phases=phased(0, 2, shared_station_yuan=9_000.0),
        owners=owners,
    )  # fmt: skip
    return prepare(case, pd.date_range("2026-07-15", periods=48, freq="h"))


def owners(**storage: float) -> Owners:
    pv = PvOwner(devices=("pv",), investment_yuan=8_000.0, base_price_yuan_per_kwh=0.6, discount=0.1)
    network = NetworkOwner(investment_yuan=500.0, fee_yuan_per_kwh=0.02, capacity_rent_yuan_per_kw_year=0.05)
    return Owners(pv=pv, storage=StorageOwner(**storage), network=network, discount_rate=0.06)


def studied(
    folder: Path, terms: Owners, as_operated: AsOperated | None = None
) -> tuple[OwnerStudy, np.ndarray]:
    """The owners of the park, and its project's flow after tax."""
    prepared = owned_park(folder, terms)
    case = prepared.case
    lifetime, phases = dispatch_phases(prepared, SolveContext(), as_operated=as_operated)
    without = dispatch_phases(prepared.of(case_without_pv_company(case)), SolveContext(), quick=True)
    cash = cash_flow_of_phases(phases)
    found = study_owners_of_phases(lifetime, phases, without, cash, as_operated)
    return found, cash.values["project_after_tax"]


@pytest.mark.parametrize("kept", [None, AsOperated(0.8)])
def test_the_owners_of_phases_add_up_to_the_park_in_each_year(
    kept: AsOperated | None, tmp_path: Path
) -> None:
    found, _ = studied(tmp_path, owners(saving_share=0.7, lease_yuan_per_kw_year=0.1), kept)
    for flows in (found.flows, found.after_tax):
        by_owner = {flow.owner: flow.yuan for flow in flows}
        total = np.sum([by_owner[owner] for owner in OWNERS], axis=0)
        np.testing.assert_allclose(total, by_owner[PARK], atol=1e-6)
    # lease and rent of the first phase's 5 MW in years 1 to 3, of the second's 10 MW in years 3 to 5
    paid = {transfer.key: transfer.yuan.tolist() for transfer in found.transfers}
    kw = np.array([0, 5_000, 5_000, 15_000, 10_000, 10_000])
    assert paid["lease"] == pytest.approx(0.1 * kw)
    assert paid["capacity_rent"] == pytest.approx(0.05 * kw)


@pytest.mark.parametrize("kept", [None, AsOperated(0.8)])
def test_a_storage_company_that_keeps_all_has_the_flow_of_its_phases(
    kept: AsOperated | None, tmp_path: Path
) -> None:
    """Each phase has its tax holiday in its own first year, and a loss of one is not set off in the other."""
    terms = owners(saving_share=1.0).model_copy(update={"network": NetworkOwner()})
    found, project = studied(tmp_path, terms, kept)
    flow = next(flow for flow in found.after_tax if flow.owner == "storage")
    np.testing.assert_allclose(flow.yuan, project, atol=1e-6)


def failing(prepared: Prepared, year: int, monkeypatch: pytest.MonkeyPatch) -> Prepared:
    """The same park, whose solve fails in that year of the whole."""
    solved = PhaseSolver.year

    def solve(solver: PhaseSolver, asked: int, *more: Any) -> PhasedYear:
        if asked == year:
            raise SolverError("out of time")
        return solved(solver, asked, *more)

    monkeypatch.setattr(PhaseSolver, "year", solve)
    return prepared


def test_a_later_year_that_fails_is_estimated_with_each_phase(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The third of eight, in which the first phase is alone and loses 0.02 of its health a year."""
    prepared = failing(slowly_ageing(park(tmp_path, phased(0, 4), years=8)), 3, monkeypatch)
    with pytest.raises(SolverError, match="out of time"):
        dispatch_phases(prepared, SolveContext())
    lifetime, (first, _) = dispatch_phases(prepared, SolveContext(), estimate=True)
    assert [year.year for year in lifetime.years if year.error] == [3]
    assert first.lifetime.years[2].saved_yuan["arbitrage"] == pytest.approx(652.0 * 40.0 * 0.96)


def test_the_first_year_of_a_phase_cannot_be_estimated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = failing(park(tmp_path, phased(0, 2)), 3, monkeypatch)
    with pytest.raises(SolverError, match="out of time"):
        dispatch_phases(prepared, SolveContext(), estimate=True)
