"""The optimizer prices what the bill charges, however demand is paid for; what it cannot see is named."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pydantic
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.messages.problem_sentences import problem_sentences
from parkdispatch.inputs.prepare import Prepared, prepare
from parkdispatch.models.device import Park, Seen
from parkdispatch.models.errors import InputError
from parkdispatch.models.network.grid import Grid
from parkdispatch.models.site import Site
from parkdispatch.optimizer.solve import optimize
from parkdispatch.results.audit import bills
from parkdispatch.results.solution import cost_yuan
from parkdispatch.results.summary import all_elections, compare, unseen_yuan
from parkdispatch.studies.daily_replay import assemble_year, replay_year
from parkdispatch.studies.day_ahead_plans import plan_days
from parkdispatch.studies.demand_peak import paying_grids
from parkdispatch.studies.solve_options import SolveContext
from tests.support.audited import audit_of
from tests.support.cases.round_tariff import ROUND, grid
from tests.support.parks.demand_election_parks import CONTRACT, MVA_20, full_month, park_of, solved
from tests.support.parks.reference_model import assert_tiled_is_reference
from tests.support.small_case import add, swap, write_case
from tests.support.small_parks import SmallPark

CAPACITY = {"demand_election": "capacity", "transformers": MVA_20}
WAYS: list[dict[str, Any]] = [
    {},
    {"scheme": "single_part"},
    CONTRACT,
    CONTRACT | {"contracted_demand_mw": [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14], "peak_so_far_mw": 11},
    CONTRACT | {"transformers": {"count": 2, "rating_mva": 0.01}},  # a month of full use
    CAPACITY,
    {"transformers": {"count": 1, "rating_mva": 0.05}, "peak_so_far_mw": 9.0},
]


# --- agreement


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("factor", [None, 0.8, 0.97])
@pytest.mark.parametrize("minutes", [5, 15, 60])
def test_optimizer_and_bill_agree(way: dict[str, Any], factor: float | None, minutes: int) -> None:
    built = park_of(grid(power_factor=factor, **way), 48 if minutes < 60 else 24, minutes)
    solution, case = solved(built)
    audited = audit_of(solution, case)
    assert audited.holds, audited.failed
    (bill,) = bills(solution, case).values()
    named = sum(yuan for name, yuan in cost_yuan(solution).items() if name.startswith("grid."))
    turnover = sum(abs(yuan) for yuan in cost_yuan(solution).values())
    assert bill.seen_yuan == pytest.approx(named, abs=1e-9 * turnover)
    assert bill.total_yuan == pytest.approx(named + bill.unseen_yuan.to_numpy().sum(), abs=1e-9 * turnover)


@settings(max_examples=15, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 2**16),
    contract_mw=st.floats(0, 15),
    before_mw=st.floats(0, 20),
    factor=st.sampled_from([None, 0.7]),
)
def test_optimizer_and_bill_agree_on_any_contract(
    seed: int, contract_mw: float, before_mw: float, factor: float | None
) -> None:
    way = {"demand_election": "contracted", "contracted_demand_mw": contract_mw}
    built = park_of(grid(power_factor=factor, peak_so_far_mw=before_mw, **way), 40, seed=seed)
    solution, case = solved(built)
    assert audit_of(solution, case).holds
    (bill,) = bills(solution, case).values()
    excess = bill.lines[bill.lines["charge"] == "demand_excess"]["quantity"]
    assert list(excess / 1000) == pytest.approx(list(solution["grid.excess_mw"].to_numpy()), abs=1e-6)


def test_a_wrong_bill_fails_the_audit() -> None:
    """Else the agreement above would prove nothing: the same dispatch, billed under another contract."""
    solution, case = solved(park_of(grid(**CONTRACT | {"contracted_demand_mw": 5}), 24))
    other = case.with_devices({**case.devices, "grid": grid(**CONTRACT | {"contracted_demand_mw": 4})})
    assert "grid.bill_against_costs_yuan" in audit_of(solution, other).failed
    poorer = case.with_devices(
        {**case.devices, "grid": case.devices["grid"].model_copy(update={"power_factor": 0.8})}
    )
    assert "grid.bill_against_costs_yuan" in audit_of(solution, poorer).failed


# --- what the optimizer does under each election


def dispatched(
    load_mw: list[float], device: Grid, price: float = 100.0, free: float = 0.0, **more: Any
) -> Any:
    """Two hours, energy free, a perfect battery with 1 MWh in it that must be there at the end."""
    built = SmallPark(len(load_mw), 60)
    zero = np.zeros(len(load_mw))
    built.add(
        "grid",
        device,
        purchase_price_yuan_per_mwh=zero,
        sale_price_yuan_per_mwh=zero,
        demand_price_yuan_per_mw_month=zero + price,
        peak_floor_mw=zero + more.pop("floor", 0.0),
        demand_free_mw=zero + free,
        import_limit_mw=zero + 100,
        export_limit_mw=zero,
        quarter_continues=zero,
    )
    return built.load(load_mw).battery(power_mw=10.0, energy_mwh=10.0, **more)


def test_a_contract_is_no_reason_to_shave_below_its_tolerance() -> None:
    # wear 10 a MWh drawn; load 8 then 12, free are 10.5: 1.5 MWh are moved, 15. By the highest it would level
    # both to 10 and pay 1,000 and 2 MWh of wear
    wear = {"wear_yuan_per_mwh": 10.0}
    plan = dispatched([8, 12], grid(**CONTRACT), free=10.5, **wear).solve()
    assert plan.cost == pytest.approx(15, abs=1e-6)
    assert plan.value("grid", "excess_mw") == pytest.approx([0], abs=1e-6)
    assert plan.value("grid", "import_mw") == pytest.approx([9.5, 10.5], abs=1e-6)
    level = dispatched([8, 12], grid(), **wear).solve()
    assert level.cost == pytest.approx(1000 + 20, abs=1e-6)


def test_an_excess_that_cannot_be_avoided_is_paid_at_the_margin() -> None:
    # 12 and 14 level to 13: 2.5 above 10.5 at 100 a MW and 1 MWh of wear
    plan = dispatched([12, 14], grid(**CONTRACT), free=10.5, wear_yuan_per_mwh=10.0).solve()
    assert plan.cost == pytest.approx(250 + 10, abs=1e-6)
    assert plan.value("grid", "excess_mw") == pytest.approx([2.5], abs=1e-6)


def test_what_was_exceeded_before_need_not_be_shaved() -> None:
    # 3 above were metered earlier: 13.5 is free now, and 14 shaved by 0.5: 300 + 5. Without them, 260
    plan = dispatched([12, 14], grid(**CONTRACT), free=10.5, floor=3.0, wear_yuan_per_mwh=10.0).solve()
    assert plan.cost == pytest.approx(305, abs=1e-6)


def test_with_a_capacity_charge_nothing_is_shaved() -> None:
    plan = dispatched([8, 12], grid(**CAPACITY), wear_yuan_per_mwh=10.0).solve()
    assert plan.cost == pytest.approx(0, abs=1e-6)
    assert plan.optimum.tiled.template.shared == []  # no peak is decided


def test_five_minutes_count_by_their_quarter_hour() -> None:
    # 30, 0, 3 MW average 11 in a quarter-hour: 0.5 above 10.5; by the highest 5 minutes 19.5
    built = SmallPark(3, 5).load([30, 0, 3])
    case = Park(built.times, 1 / 12, Site(latitude_deg=28, longitude_deg=115), ROUND, pd.DataFrame)
    device = grid(**CONTRACT)
    plan = built.add("grid", device, **device.series(case)).solve()
    assert plan.value("grid", "excess_mw") == pytest.approx([0.5], abs=1e-6)


def test_series_of_a_contract() -> None:
    device = grid(
        **CONTRACT | {"contracted_demand_mw": [10, 20, *[30] * 10]}, peak_so_far_mw=13, power_factor=0.85
    )
    times = pd.date_range("2026-01-31 23:45", periods=2, freq="15min")
    series = device.series(Park(times, 0.25, Site(latitude_deg=28, longitude_deg=115), ROUND, pd.DataFrame))
    assert series["demand_free_mw"] == pytest.approx([10.5, 21])
    assert series["peak_floor_mw"] == pytest.approx([2.5, 0])  # 13 - 10.5; nothing is known of February
    # twice 40 yuan/kW with 2.5 % for the power factor
    assert series["demand_price_yuan_per_mw_month"] == pytest.approx([82_000, 82_000])
    # 0.5 + 0.02 + 0.1 + 0.02 = 0.64 with 2.5 %, and the funds without: 0.686. All of it adjusted, 0.68675
    assert series["purchase_price_yuan_per_mwh"] == pytest.approx([686, 686])


def test_at_the_standard_nothing_is_added() -> None:
    times = pd.date_range("2026-01-05", periods=96, freq="15min")
    case = Park(times, 0.25, Site(latitude_deg=28, longitude_deg=115), ROUND, pd.DataFrame)
    plain, standard = grid().series(case), grid(power_factor=0.9).series(case)
    for name, array in plain.items():
        np.testing.assert_array_equal(array, standard[name])


def test_self_check_sees_an_excess_that_is_not_paid() -> None:
    device = grid(**CONTRACT)
    times = pd.date_range("2026-01-05", periods=2, freq="15min")
    series = device.series(Park(times, 0.25, Site(latitude_deg=28, longitude_deg=115), ROUND, pd.DataFrame))
    bought = np.array([9.0, 13.0])

    def check(excess: float) -> dict[str, float]:
        seen = Seen(
            times,
            0.25,
            {**series, "import_mw": bought, "export_mw": 0 * bought},
            {"excess_mw": np.full(2, excess)},
            {"ac": bought},
        )
        return dict(device.self_check(seen))

    assert check(2.5) == pytest.approx(dict.fromkeys(check(2.5), 0.0))
    assert check(1.0)["import_within_peak_mw"] == pytest.approx(1.5)
    assert check(3.0)["peak_is_highest_mw"] == pytest.approx(0.5)


@pytest.mark.parametrize("minutes", [5, 60])
def test_tiled_is_reference_under_a_contract(minutes: int) -> None:
    assert_tiled_is_reference(park_of(grid(**CONTRACT, peak_so_far_mw=11), 26, minutes, "2026-03-31 22:00"))


def test_days_one_after_another_under_a_contract() -> None:
    """Free are 3, shaving costs 10 a MWh, an excess 100: day one halves 10 to 5, day two stops at 5 too.

    18 MWh x 1 + 200 + 10 x (5 + 3) = 298. A day two that forgot the 5 would shave to 4 for nothing: 308.
    """
    built = SmallPark(4, 60, "2026-07-15 22:00").load([0, 10, 0, 8]).battery(wear_yuan_per_mwh=10.0)
    built.grid(1, demand=100)
    built.add("grid", grid(**CONTRACT), demand_free_mw=3)  # its other series as they were
    plans = plan_days(built.devices, built.horizon, built.series, {}, lambda *a: optimize(*a, threads=1))
    year = built.tiled()
    x = assemble_year(year, plans)
    assert year.program.objective(x) == pytest.approx(298, abs=1e-6)
    assert x[-1] == pytest.approx(2, abs=1e-6)
    assert [plan.day_end.peak_mw["grid"] for plan in plans] == pytest.approx([5, 5], abs=1e-6)


def test_a_replay_under_a_contract_agrees_with_its_bill_month_by_month(tmp_path: Path) -> None:
    """Two days across a month's end, each month with its own contract; the comparison reconciles them."""
    rules = rules_text()
    contract = "demand_election = 'contracted'\ncontracted_demand_mw = [9,9,9,9,9,9,70,80,9,9,9,9]\n"
    path = write_case(
        tmp_path,
        swap('scheme = "two_part"\n', f'scheme = "two_part"\n{contract}'),
        swap("minutes = 15", "minutes = 60"),
        add(rules, "own.toml"),
    )
    case = load_case(str(path))
    times = pd.date_range("2026-07-31", periods=48, freq="1h")
    grid_ = case.devices["grid"].series(Park(times, 1.0, case.site, case.tariff, pd.DataFrame))
    series = {("grid", name): array for name, array in grid_.items()}
    series["load", "demand_mw"] = 90 + 30 * np.cos((np.arange(48) - 20) * np.pi / 12)
    series["pv", "available_mw"] = np.zeros(48)
    prepared = Prepared(case, times, 1.0, series)
    run, told = replay_year(prepared, SolveContext(), 0.0)
    assert list(told.months) == ["2026-07", "2026-08"]
    bill = run.summary.bills["grid"]
    assert list(bill.unseen_yuan["contracted_demand"]) == pytest.approx([39_100 * 70, 39_100 * 80])
    excess = bill.lines[bill.lines["charge"] == "demand_excess"]["quantity"]
    assert list(excess / 1000) == pytest.approx(list(run.solution["grid.excess_mw"].to_numpy()))
    assert (excess > 0).all()
    assert [day.peak_mw["grid"] for day in told.days] == pytest.approx([*(excess / 1000 + [73.5, 84])])


def test_who_pays_for_demand() -> None:
    for way, pays in (({}, True), (CONTRACT, True), (CAPACITY, False), ({"scheme": "single_part"}, False)):
        assert bool(paying_grids({"grid": grid(**way)})) is pays


# --- what is told


def test_the_summary_names_the_unseen_and_what_the_storage_saves_in_it() -> None:
    summary, solution, without, case = full_month({"transformers": {"count": 1, "rating_mva": 1}})
    peaks = [float(dispatch["grid.peak_mw"][0]) for dispatch in (solution, without)]
    # a tenth of the demand charge comes off in either, so the storage saves a tenth less of the peak it cuts
    assert summary.unseen_yuan == pytest.approx({"grid.full_use_discount": -4000 * peaks[0]}, rel=1e-6)
    assert peaks[1] > peaks[0] + 0.1
    assert summary.without_storage is not None
    told = summary.without_storage.unseen_saving_yuan
    assert told == pytest.approx({"grid.full_use_discount": -4000 * (peaks[1] - peaks[0])}, rel=1e-6)
    bill = bills(solution, case)["grid"], bills(without, case.without_storage())["grid"]
    both = summary.without_storage.saving_yuan + sum(told.values())
    assert both == pytest.approx(bill[1].total_yuan - bill[0].total_yuan, rel=1e-6)
    assert list(summary.elections) == ["grid"]
    assert summary.elections["grid"].discounted == ["2026-02"]


def test_fixed_charges_save_nothing() -> None:
    summary, _, without, case = full_month(CAPACITY)
    assert summary.unseen_yuan == pytest.approx({"grid.capacity": 500_000})
    assert summary.without_storage is not None
    assert summary.without_storage.unseen_saving_yuan == pytest.approx({"grid.capacity": 0})
    assert unseen_yuan(bills(without, case)) == pytest.approx(summary.unseen_yuan)
    again = compare(without, without, case, summary.unseen_yuan)
    assert sum(again.unseen_saving_yuan.values()) == pytest.approx(0)


def test_a_day_has_no_elections() -> None:
    solution, case = solved(park_of(grid(transformers=MVA_20), 96, start="2026-03-02"))
    assert all_elections(bills(solution, case), case) == {}
    assert bills(solution, case)["grid"].open_discount_yuan < 0


# --- bad input


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"demand_election": "maximum"}, ["`grid.demand_election` = 'maximum'", "'highest'", "'capacity'"]),
        (
            {"demand_election": "contracted"},
            ["demand_election` = 'contracted'", "must have `contracted_demand_mw`"],
        ),
        ({"contracted_demand_mw": 5}, ["`grid.contracted_demand_mw` = 5", "left out", "is highest"]),
        ({"demand_election": "capacity"}, ["'capacity'", "must have `transformers`"]),
        (CONTRACT | {"contracted_demand_mw": -1}, ["contracted_demand_mw", "-1", "must be in [0,"]),
        (CONTRACT | {"contracted_demand_mw": [1, 2]}, ["contracted_demand_mw", "12 numbers", "month 3, 4"]),
        (CONTRACT | {"scheme": "single_part"}, ["'contracted'", "must be left out", "single_part"]),
        ({"power_factor": 95}, ["`grid.power_factor` = 95", "0.95?"]),
        ({"power_factor": 0}, ["`grid.power_factor` = 0"]),
    ],
)
def test_refused(changes: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(pydantic.ValidationError) as caught:
        grid(**changes)
    text = "\n".join(problem_sentences(caught.value, "grid", Grid))
    assert all(word in text for word in words), text


def test_what_the_tariff_lacks_is_told_beforehand() -> None:
    bare = ROUND.model_copy(update={"demand_rules": None, "power_factor": None})
    (line,) = grid(**CONTRACT).tariff_problems(bare)
    assert "`demand_rules`" in line
    (line,) = grid(power_factor=0.8).tariff_problems(bare)
    assert line.startswith("`power_factor` = 0.8")
    (line,) = grid(**CONTRACT, transformers={"count": 2, "rating_mva": 20}).tariff_problems(ROUND)
    assert line.startswith("`contracted_demand_mw` = 10: must be 16 or more, 0.4 of")
    level = ROUND.voltages["10kV"].model_copy(update={"capacity_price_yuan_per_kva_month": None})
    (line,) = grid(**CAPACITY).tariff_problems(ROUND.model_copy(update={"voltages": {"10kV": level}}))
    assert "`capacity_price_yuan_per_kva_month`" in line
    for way in (CONTRACT, CAPACITY, {"power_factor": 0.8}):
        assert grid(**way).tariff_problems(ROUND) == []


def test_a_case_file_tells_all_at_once(tmp_path: Path) -> None:
    election = 'demand_election = "contracted"\ncontracted_demand_mw = 100.0\npower_factor = 0.95\n'
    path = write_case(
        tmp_path,
        swap('scheme = "two_part"\n', f'scheme = "two_part"\n{election}'),
        swap("year = 2026", "year = 2027"),
        swap("plan_date = 2026-07-15", "plan_date = 2027-07-15"),
    )
    with pytest.raises(InputError) as caught:
        load_case(str(path))
    text = "\n".join(caught.value.problems)
    assert len(caught.value.problems) == 3
    assert "tariff own expired on 2026-12-31" in text
    assert "`device.grid`: `power_factor` = 0.95: tariff own must have a table for it" in text
    assert (
        "`device.grid`: `demand_election` = 'contracted': tariff own must have `demand_rules` for it" in text
    )


def test_a_case_file_with_a_contract(tmp_path: Path) -> None:
    rules = rules_text()
    monthly = "[100, 90, 90, 90, 90, 90, 80, 80, 9, 9, 9, 9]"
    election = f'demand_election = "contracted"\ncontracted_demand_mw = {monthly}\n'
    path = write_case(
        tmp_path, swap('scheme = "two_part"\n', f'scheme = "two_part"\n{election}'), add(rules, "own.toml")
    )
    case = load_case(str(path))
    prepared = prepare(case, pd.date_range("2026-07-15", periods=96, freq="15min"))
    assert (prepared.series["grid", "demand_free_mw"] == 84).all()  # 1.05 x 80 in July


def rules_text() -> str:
    """The rules as a tariff file has them."""
    assert ROUND.demand_rules is not None
    lines = [f"{name} = {value}\n" for name, value in ROUND.demand_rules.model_dump().items()]
    return "".join(["\n[demand_rules]\n", *lines])
