"""Park-wide rules by hand: own use, export, CO2, the peak of two connections, no reverse flow."""

from typing import Any

import numpy as np
import pandas as pd
import pydantic
import pytest

from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import day_times, prepare
from parkdispatch.inputs.variations.ageing import aged_prepared
from parkdispatch.models.device import Seen
from parkdispatch.models.errors import InfeasibleError
from parkdispatch.models.network.park_rules import ParkRules
from parkdispatch.optimizer.dataset import to_dataset
from parkdispatch.optimizer.solve import optimize, optimize_with_pyomo
from parkdispatch.results.audit import audit
from tests.support.small_parks import Plan, SmallPark


def hours(
    sun: list[float], load: list[float], *, binds: float = 1.0, sale: float = 300.0, **rules: Any
) -> Plan:
    """Hours of a park whose import costs 500 and whose export earns 300 yuan/MWh, under these rules."""
    park = SmallPark(len(sun)).grid(500.0, sale, export_limit=100.0).load(load).pv(sun)
    device = ParkRules(**rules)
    least_own_use = binds * (device.own_use_of_consumption or 0.0)
    plan = park.add("rules", device, binds=binds, least_own_use=least_own_use).solve()
    plain = optimize_with_pyomo(park.devices, park.times, park.hours, park.series, "appsi_highs")
    assert plan.cost == pytest.approx(plain.proof.objective_yuan, rel=1e-9)
    return plan


def test_export_is_a_share_of_what_the_sun_could_give() -> None:
    """40 MWh of sun, load 10 in each of two hours: of the surplus of 20 MWh a fifth of 40, 8, may be sold."""
    plan = hours([20.0, 20.0], [10.0, 10.0], export_of_renewables=0.2)
    assert plan.value("grid", "export_mw").sum() == pytest.approx(8.0)
    assert plan.cost == pytest.approx(-300 * 8)
    free = hours([20.0, 20.0], [10.0, 10.0], export_of_renewables=0.2, binds=0.0)
    assert free.value("grid", "export_mw").sum() == pytest.approx(20.0), "not in a part of a year"


def test_own_use_is_a_share_of_what_the_sun_could_give() -> None:
    """Of 40 MWh 60 % are 24: the load takes 20 at most, however little is sold: no dispatch. 50 % hold."""
    with pytest.raises(InfeasibleError, match="own_use_of_renewables"):
        hours([20.0, 20.0], [10.0, 10.0], own_use_of_renewables=0.6)
    assert hours([20.0, 20.0], [10.0, 10.0], own_use_of_renewables=0.5).cost == pytest.approx(-300 * 20)


def test_own_use_is_a_share_of_consumption() -> None:
    """Paid 600 for sun and 500 for what replaces it, selling all pays; a half of 20 MWh must be used."""
    plan = hours([20.0, 0.0], [10.0, 10.0], sale=600.0, own_use_of_consumption=0.5)
    assert plan.value("grid", "export_mw")[0] == pytest.approx(10.0)
    with pytest.raises(InfeasibleError, match="own_use_of_consumption"):
        hours([20.0, 0.0], [10.0, 10.0], own_use_of_consumption=0.51)


def test_own_use_of_consumption_rises_in_a_year_that_is_told() -> None:
    """30 % before 2030 and 35 % from then on, in years that lie wholly in the horizon; 0 in a part of 2031.

    Of 20 MWh of load 2 coincide with the sun, and selling at 600 pays more than storing for a load bought at
    500: 6 MWh are used for the rule, and then 7; by one share 2030 would use 6 too.
    """
    rules = ParkRules(own_use_of_consumption=0.3, own_use_of_consumption_from=((2030, 0.35),))
    times = pd.date_range("2029-01-01", "2031-02-01", freq="D", inclusive="left")
    series = rules.series(type("Times", (), {"times": times, "hours": 24.0})())  # type: ignore[arg-type]
    shares = pd.Series(series["least_own_use"], times).groupby(times.year)
    assert shares.min().to_dict() == shares.max().to_dict() == {2029: 0.3, 2030: 0.35, 2031: 0.0}
    for share, used_mwh in ((0.3, 6.0), (0.35, 7.0)):
        park = SmallPark(2).grid(500.0, 600.0, export_limit=100.0).load([2.0, 18.0]).pv([20.0, 0.0]).battery()
        plan = park.add("rules", rules, binds=1.0, least_own_use=share).solve()
        assert 20.0 - plan.value("grid", "export_mw").sum() == pytest.approx(used_mwh)
    with pytest.raises(pydantic.ValidationError, match="years must ascend"):
        ParkRules(own_use_of_consumption=0.3, own_use_of_consumption_from=((2030, 0.35), (2028, 0.3)))
    with pytest.raises(pydantic.ValidationError, match="must have `own_use_of_consumption` beside it"):
        ParkRules(own_use_of_consumption_from=((2030, 0.35),))


def test_the_share_of_2030_is_that_of_the_year_four_after_2026() -> None:
    """A study of several years dispatches the case's calendar year: its rules are those of the year it is."""
    case = load_case("gaoan")
    rules = ParkRules(own_use_of_consumption=0.3, own_use_of_consumption_from=((2030, 0.35),))
    year = pd.date_range("2026-01-01", "2027-01-01", freq="15min", inclusive="left")
    prepared = prepare(case.with_devices({"rules": rules}), year)
    for years, share in ((3, 0.3), (4, 0.35)):
        later = aged_prepared(prepared, {}, years)
        assert later.series["rules", "least_own_use"].tolist() == [share] * 35_040


def test_carbon_has_a_price_and_a_cap() -> None:
    """10 MWh bought are 5.836 t: at 100 yuan/t 583.6 yuan more; a cap of 5 t leaves no dispatch, 6 t do."""
    assert hours([0.0], [10.0], co2_price_yuan_per_t=100.0).cost == pytest.approx(5000 + 583.6)
    assert hours([0.0], [10.0], co2_cap_t=6.0).cost == pytest.approx(5000)
    with pytest.raises(InfeasibleError, match="co2_cap"):
        hours([0.0], [10.0], co2_cap_t=5.0)


def test_the_peak_of_two_connections_together() -> None:
    """Each may bring 10 MW, both together 12: the dearer source makes up for the other 4 of 16."""
    park = SmallPark(1).grid(500.0, import_limit=10.0).grid(510.0, import_limit=10.0, name="second")
    park.load(16.0).source(10.0, 800.0).add("rules", ParkRules(peak_import_mw=12.0), binds=0.0)
    plan = park.solve()
    assert plan.value("source", "power_mw") == pytest.approx([4.0])
    assert plan.cost == pytest.approx(10 * 500 + 2 * 510 + 4 * 800)


def test_no_reverse_flow() -> None:
    plan = hours([20.0], [15.0], peak_export_mw=0.0)
    assert plan.value("pv", "output_mw") == pytest.approx([15.0])


def test_a_rule_of_a_year_binds_where_the_year_is_whole() -> None:
    rules = ParkRules(co2_cap_t=1.0)

    def binds(first: str, last: str) -> Any:
        times = pd.date_range(first, last, freq="h", inclusive="left")
        return rules.series(type("Times", (), {"times": times, "hours": 1.0})())["binds"]  # type: ignore[arg-type]

    assert binds("2026-01-01", "2027-01-01").all()
    assert binds("2028-01-01", "2029-01-01").all(), "a leap year"
    assert not binds("2026-01-02", "2027-01-01").any()
    assert binds("2026-12-01", "2028-01-01").tolist() == [0.0] * 31 * 24 + [1.0] * 8760


def test_the_audit_adds_up_what_all_devices_have() -> None:
    """The built-in day with a carbon price: what its devices recompute adds up; a changed amount fails."""
    case = load_case("gaoan")
    case = case.with_devices({**case.devices, "rules": ParkRules(co2_price_yuan_per_t=80.0)})
    prepared = prepare(case, day_times(case, case.calendar.plan_date))
    optimum = optimize(case.devices, prepared.times, prepared.hours, prepared.series)
    solution = to_dataset(optimum, {})
    assert audit(solution, prepared).holds
    solution["rules.co2_t"][7] += 1.0
    assert "rules.co2_t_of_all" in audit(solution, prepared).failed


def test_broken_rules_are_seen() -> None:
    rules = ParkRules(peak_export_mw=1.0, co2_cap_t=3.0)
    times = pd.date_range("2026-01-01", periods=2, freq="h")
    values = {"export_mwh": np.array([1.0, 1.5]), "co2_t": np.array([2.0, 2.0]), "binds": np.ones(2)}
    residuals = rules.self_check(Seen(times, 1.0, values, {}, {}))
    assert residuals == {"peak_export_mw": pytest.approx(0.5), "co2_cap_t": pytest.approx(1.0)}


def test_rules_of_a_year_that_is_not_whole_have_rows_without_entries() -> None:
    """Two days across months, with a battery and a peak to pay: blocks by months meet such rows."""
    count = 48
    prices = np.tile([300.0] * 12 + [900.0] * 12, 2)
    park = SmallPark(count, start="2026-03-31").grid(prices, 100.0, demand=3000.0).load(10.0)
    park.battery(power_mw=3.0, energy_mwh=6.0).pv(
        np.tile(np.r_[np.zeros(8), np.full(8, 5.0), np.zeros(8)], 2)
    )
    plain = park.solve().cost
    rules = ParkRules(export_of_renewables=0.2, own_use_of_consumption=0.9)
    ruled = park.add("rules", rules, binds=0.0, least_own_use=0.0)
    assert ruled.solve().cost == pytest.approx(plain, rel=1e-9)
