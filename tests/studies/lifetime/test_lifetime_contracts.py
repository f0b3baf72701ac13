"""Income by contract over the years of a storage: each year earns what its own dispatch and health allow."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import Prepared
from parkdispatch.inputs.schema.case_file import SeriesFile
from parkdispatch.models.device import Park
from parkdispatch.models.finance.contracts import Contracts
from parkdispatch.models.finance.investment import AssetClass, Finance, Loan
from parkdispatch.results.finance.cash_flow import cash_flow
from parkdispatch.results.finance.lifetime import Lifetime, mean_health
from parkdispatch.studies.lifetime.lifetime_dispatch import dispatch_years
from parkdispatch.studies.solve_options import SolveContext
from tests.support.response_cases import FULL_MWH, TIMES, case, two_weeks
from tests.support.small_case import swap, write_case

SHARES = (1.0, 0.9, 0.8)
PV_READ = {("pv", "available_mw"): SeriesFile(file="pv.csv")}  # so that an aged year does not compute it


def fading(years: int = 3, **contracts: Any) -> Prepared:
    """The two weeks as if they were a year, again and again; the battery loses a tenth a year."""
    prepared = two_weeks(case())
    worn = prepared.case.devices["battery_1"].model_copy(
        update={"fade_per_year": 0.1, "fade_per_full_cycle": 0.0}
    )
    money = Finance(
        investment_yuan=50_000.0,
        operation_years=years,
        depreciation={"all": AssetClass(share=1.0, years=years)},
        loan=Loan(years=years),
    )
    changed = prepared.case.with_devices({**prepared.case.devices, "battery_1": worn})
    agreed = prepared.case.contracts if not contracts else Contracts.model_validate(contracts)
    changed = replace(changed, finance=money, contracts=agreed)
    return Prepared(changed, prepared.times, prepared.hours, prepared.series)


def lived(prepared: Prepared, only: list[int] | None = None) -> Lifetime:
    return dispatch_years(prepared, SolveContext(), only)


def test_metered_response_by_hand_and_what_it_costs_is_in_the_arbitrage() -> None:
    """Each year gives 15.04 MWh times its health to the event, 1 MW of which makes up for the day's load.

    15.04 MWh less in the sharp hour cost 80 yuan each, so much less is saved than without the contract.
    """
    prepared = fading()
    lifetime, plain = (
        lived(prepared),
        lived(replace(prepared, case=replace(prepared.case, contracts=Contracts()))),
    )
    for year, other, share in zip(lifetime.years, plain.years, SHARES, strict=True):
        assert year.state_of_health["battery_1"] == pytest.approx(share)
        assert year.contract_yuan == {"demand_response": pytest.approx(4000.0 * (FULL_MWH * share - 1.0))}
        (event,) = year.events
        assert event.settled.paid_mwh == pytest.approx(FULL_MWH * share - 1.0)
        less = other.saved_yuan["arbitrage"] - year.saved_yuan["arbitrage"]
        assert less == pytest.approx(80.0 * FULL_MWH * share, abs=0.01)
        assert year.response_cost_yuan == pytest.approx(less, abs=0.01)
        assert year.gap <= 1e-8
        assert other.contract_yuan == {}


def test_streams_reach_the_cash_flow() -> None:
    stated = {"kind": "stated", "energy_mwh_per_event": 10.0, "events_per_year": 3, "fades": True}
    prepared = fading(demand_response=stated, absorption={"kind": "stated", "energy_mwh_per_year": 100.0})
    lifetime = lived(prepared)
    operation = lifetime.operation()
    assert list(operation.revenue_yuan) == ["arbitrage", "demand", "demand_response", "absorption"]
    assert operation.revenue_yuan["demand_response"] == pytest.approx(120_000.0 * np.array(SHARES))
    assert operation.revenue_yuan["absorption"] == pytest.approx(np.full(3, 41_430.0))
    flow = cash_flow(lifetime.case.finance, operation)  # type: ignore[arg-type]
    assert flow.values["gross_demand_response"][1:] == pytest.approx(120_000.0 * np.array(SHARES))
    with pytest.raises(ValueError, match="stream of that name: demand_response"):
        lifetime.operation({"demand_response": np.zeros(3)})
    assert lifetime.years[0].events == ()


def test_metered_absorption_is_the_curtailment_that_the_storage_saves(tmp_path: Path) -> None:
    """40 MWh of sun more than the load takes and nothing may be fed back: what is stored of it is paid.

    Two hours of 20 MW fill the battery of 20 MWh from a tenth to nine tenths: 16 / 0.94 MWh each day.
    """
    calm = swap("export_limit_mw = 40.0", "export_limit_mw = 0.0")
    path = write_case(tmp_path, swap("minutes = 15", "minutes = 60"), calm)
    base, money = load_case(str(path)), fading().case
    devices = {
        **base.devices,
        "battery_1": money.devices["battery_1"].model_copy(update={"initial_soc": 0.1}),
    }
    metered = Contracts.model_validate({"absorption": {"kind": "metered"}})
    changed = replace(base.with_devices(devices), finance=money.finance, contracts=metered, series={})
    sun, load = np.zeros(24), np.full(24, 10.0)
    sun[11:13] = 30.0
    series_of = {("pv", "available_mw"): sun, ("load", "demand_mw"): load}
    grid = changed.devices["grid"].series(Park(TIMES[:24], 1.0, changed.site, changed.tariff, pd.DataFrame))
    series = {**{("grid", name): array for name, array in grid.items()}, **series_of}
    lifetime = lived(Prepared(replace(changed, series=PV_READ), TIMES[:24], 1.0, series))
    first = lifetime.years[0]
    assert first.curtailed_without_mwh == pytest.approx(40.0)
    assert first.curtailed_mwh == pytest.approx(40.0 - 16.0 / 0.94)
    assert first.contract_yuan == {"absorption": pytest.approx(16_000.0 / 0.94 * 0.4143)}
    assert lifetime.years[2].contract_yuan["absorption"] < first.contract_yuan["absorption"]


def test_a_year_between_has_no_events_of_its_own() -> None:
    lifetime = lived(fading(4), [])
    before, between, after = lifetime.years[1:]
    assert not between.dispatched
    assert between.events == ()
    first, last = before.contract_yuan["demand_response"], after.contract_yuan["demand_response"]
    assert between.contract_yuan["demand_response"] == pytest.approx((first + last) / 2)
    costs = before.response_cost_yuan + after.response_cost_yuan
    assert between.response_cost_yuan == pytest.approx(costs / 2)


def test_the_health_of_several_batteries_is_that_of_their_energy() -> None:
    """30 MWh at 0.9 and 10 at 0.5: 32 of 40 MWh are left."""
    battery = case().devices["battery_1"]
    both = {
        "a": battery.model_copy(update={"energy_mwh": 30.0, "state_of_health": 0.9}),
        "b": battery.model_copy(update={"energy_mwh": 10.0, "state_of_health": 0.5}),
    }
    assert mean_health(both) == pytest.approx(0.8)  # type: ignore[arg-type]
    assert mean_health({}) == 1.0
