"""Full use that the load alone decides: by hand, in the optimizer's price, and on the bill."""

from dataclasses import replace

import numpy as np
import pytest

from parkdispatch.inputs.prepare import Prepared
from parkdispatch.inputs.variations.ageing import aged_prepared, with_yearly_changes
from parkdispatch.models.device import Park
from parkdispatch.models.finance.sizing_section import YearlyChanges
from parkdispatch.models.network.full_use import least_import_mwh
from parkdispatch.models.site import Site
from parkdispatch.optimizer.dataset import to_dataset
from parkdispatch.optimizer.solve import optimize
from parkdispatch.results.audit import audit, bills
from tests.support.cases.round_tariff import ROUND, grid
from tests.support.parks.demand_election_parks import CONTRACT, case_of
from tests.support.small_parks import SmallPark, Well

FEBRUARY, HOURS = "2026-02-01 00:00", 28 * 24
PRICE = "demand_price_yuan_per_mw_month"


def park(
    load_mw: float = 5.0, kva: float = 10_000.0, hours: int = HOURS, begin: str = FEBRUARY, **way: object
) -> Prepared:
    """A load with one hour 1 MW higher, which a battery of 1 MWh can take off for 38,000 yuan of wear."""
    device = grid(**{"transformers": {"count": 1, "rating_mva": kva / 1000}} | way)
    built = SmallPark(hours, 60, begin)
    place = Park(built.times, 1.0, Site(latitude_deg=28, longitude_deg=115), ROUND, lambda: None)  # type: ignore[arg-type, return-value]
    built.add("grid", device, **{**device.series(place), "import_limit_mw": 100.0})
    demand_mw = np.full(hours, load_mw)
    demand_mw[10] += 1.0
    built.load(demand_mw).battery(power_mw=1.0, energy_mwh=1.0, wear_yuan_per_mwh=38_000.0)
    case = case_of(built)
    listed = {"grid": built.series["grid", PRICE]}
    made = Prepared(case, built.times, 1.0, built.series, listed_demand_price=listed)
    return made.with_certain_full_use()


def price(prepared: Prepared) -> float:
    (value,) = set(prepared.series["grid", PRICE])
    return float(value)


def test_the_least_import_is_demand_less_all_supply_and_all_that_is_stored() -> None:
    """10 MW of load less 4 MW of sun for 28 days, less a full battery of 6 MWh at 0.9: 4,026.6 MWh."""
    built = SmallPark(HOURS, 60, FEBRUARY).grid(0.5).load(10.0).pv(4.0)
    built.battery(energy_mwh=6.0, eta_discharge=0.9)

    def least() -> dict[str, float]:
        return least_import_mwh(built.devices, "grid", built.series, built.times, 1.0)

    assert least() == pytest.approx({"2026-02": 6 * 672 - 5.4})
    built.devices["well"] = Well(price_yuan_per_mwh=1.0)  # may supply anything
    assert least() == {}


def test_a_part_of_a_month_decides_nothing() -> None:
    built = SmallPark(HOURS + 24, 60, FEBRUARY).grid(0.5).load(10.0)
    assert list(least_import_mwh(built.devices, "grid", built.series, built.times, 1.0)) == ["2026-02"]
    assert price(park(hours=HOURS - 1)) == 40_000


def test_of_two_connections_neither_is_certain() -> None:
    built = SmallPark(HOURS, 60, FEBRUARY).grid(0.5).load(10.0)
    built.devices["second"] = built.devices["grid"]
    assert least_import_mwh(built.devices, "grid", built.series, built.times, 1.0) == {}


def test_the_optimizer_pays_90_per_cent_where_full_use_is_certain() -> None:
    """3,361 MWh are more than 2,600, 260 kWh for each kVA: at 36 yuan/kW the peak is not worth 38,000 yuan.

    Priced at 40 it would be cut to 5 MW, and the month would cost 2,000 yuan more.
    """
    prepared = park()
    assert price(prepared) == 36_000
    optimum = optimize(prepared.case.devices, prepared.times, 1.0, prepared.series)
    solution = to_dataset(optimum, {"case": "small"})
    assert float(solution["grid.peak_mw"][0]) == pytest.approx(6.0)
    assert audit(solution, prepared).holds
    (bill,) = bills(solution, prepared.case).values()
    assert bill.unseen_yuan.to_numpy().sum() == 0
    by_charge = bill.by_charge_yuan.loc["2026-02"]
    assert by_charge["demand"] == pytest.approx(240_000)
    assert by_charge["full_use_discount"] == pytest.approx(-24_000)
    assert optimum.proof.objective_yuan == pytest.approx(bill.total_yuan)


def test_where_the_dispatch_decides_the_price_is_the_full_one() -> None:
    """13,000 kVA need 3,380 MWh, and the load alone draws 3,361."""
    assert price(park(kva=13_000)) == 40_000


def test_only_the_excess_of_a_contract_is_priced_at_full_use() -> None:
    prepared = park(load_mw=12.0, **CONTRACT)
    assert price(prepared) == pytest.approx(72_000)  # twice the price, less a tenth
    optimum = optimize(prepared.case.devices, prepared.times, 1.0, prepared.series)
    solution = to_dataset(optimum, {"case": "small"})
    assert audit(solution, prepared).holds
    (bill,) = bills(solution, prepared.case).values()
    unseen = bill.unseen_yuan.loc["2026-02"].to_dict()
    assert unseen == pytest.approx({"contracted_demand": 400_000, "full_use_discount": -40_000})


def test_growth_of_the_load_makes_a_month_certain_and_a_larger_battery_uncertain() -> None:
    """3,361 MWh less 1 stored, against 3,360.5 of the transformers."""
    prepared = park(kva=3360.5 / 0.26)
    assert price(prepared) == 40_000
    assert price(with_yearly_changes(prepared, YearlyChanges(load=0.01).factors(1))) == 36_000
    assert price(with_yearly_changes(prepared, YearlyChanges(load=-0.01).factors(1))) == 40_000
    assert price(aged_prepared(prepared, {}, 0.0)) == 40_000
    certain = park(kva=3360.0 / 0.26)
    assert price(certain) == 36_000
    larger = certain.case.devices["battery"].model_copy(update={"energy_mwh": 2.0})
    case = certain.case.with_devices({**certain.case.devices, "battery": larger})
    assert price(replace(certain, case=case).with_certain_full_use()) == 40_000


def test_a_part_of_a_month_has_its_price_where_the_whole_month_is_certain() -> None:
    """At 40,000 the battery takes the one hour off, for 38,000; at 36,000 it is not worth that."""
    whole, part = park(), park(hours=24)
    assert whole.in_full_use == {"grid"}
    assert part.in_full_use == frozenset()
    for prepared, value, peak_mw in (
        (part, 40_000, 5.0),
        (part.with_full_use({"2026-02": whole.in_full_use}), 36_000, 6.0),
        (part.with_full_use({"2026-03": whole.in_full_use}), 40_000, 5.0),
    ):
        assert price(prepared) == value
        devices, series = prepared.case.devices, prepared.series
        dispatched = to_dataset(optimize(devices, prepared.times, 1.0, series), {})
        assert float(dispatched["grid.import_mw"].max()) == pytest.approx(peak_mw, abs=0.1)
