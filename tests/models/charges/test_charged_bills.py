"""Hand-solved bills with further charges: the optimizer's cost, the bill and the audit agree on them."""

from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import day_times, prepare
from parkdispatch.interfaces.translations.catalogue import translated_message
from parkdispatch.models.errors import InputError
from parkdispatch.optimizer.formulation.template_compiler import compile_template
from parkdispatch.results.billing.bill import bill
from parkdispatch.results.billing.bill_lines import Connection
from parkdispatch.results.savings.daily_saving import cost_by_day
from parkdispatch.results.wording.display_names import charge_label, cost_word
from parkdispatch.results.wording.words import load_words
from parkdispatch.studies.daily_replay import not_handed_over
from parkdispatch.studies.solve_case import audited_solution, solve_prepared
from parkdispatch.studies.solve_options import SolveContext, SolveOptions
from tests.support.cases.charged_park import by_hours, charged_case, one_price, solved_bill, two_part

JULY = pd.date_range("2026-07-01", "2026-08-01", freq="h", inclusive="left")
YEAR = pd.date_range("2026-01-01", "2027-01-01", freq="h", inclusive="left")
DAYTIME = {"night": (["00:00-12:00", "18:00-24:00"], 0.1), "on_peak": (["12:00-18:00"], 0.1)}
LOSSLESS = (
    '[device.battery]\nkind = "battery"\npower_mw = 0.05\nenergy_mwh = 0.2\nsoc_min = 0.0\nsoc_max = 1.0\n'
    "initial_soc = 0.5\neta_charge = 1.0\neta_discharge = 1.0\nself_discharge_per_hour = 0.0\n"
    "auxiliary_share = 0.0\n"
)


def by_charge(yuan: pd.DataFrame) -> dict[str, float]:
    return {str(name): float(value) for name, value in yuan.groupby("charge")["yuan"].sum().items()}


def test_tiers_charge_what_lies_above_each_threshold(tmp_path: Path) -> None:
    # 744 h x 100 kW = 74,400 kWh: 7,440 + 64,400 x 0.05 + 24,400 x 0.1 = 13,100; without tiers 7,440; were
    # the highest tier's price that of all energy, 18,600
    tiers = [
        {"above_kwh": 10_000, "added_yuan_per_kwh": 0.05},
        {"above_kwh": 50_000, "added_yuan_per_kwh": 0.1},
    ]
    file = charged_case(tmp_path, one_price(tiers=tiers), JULY, np.full(744, 100.0))
    cost, billed, _ = solved_bill(file, JULY)
    assert cost == pytest.approx(13_100)
    assert billed.total_yuan == pytest.approx(13_100)
    # a day has a thirty-first of the thresholds: 13,100 / 31, not 240 as if it were all of the month's energy
    day = JULY[:24]
    cost, billed, _ = solved_bill(file, day)
    assert cost == pytest.approx(13_100 / 31)
    assert billed.total_yuan == pytest.approx(13_100 / 31)


def test_demand_by_period_is_shaved_where_it_is_dear(tmp_path: Path) -> None:
    # 100 kW, 200 kW from 13 to 15 h and at 20 h: the battery takes 50 kW off both. On-peak 150 x 20 +
    # any-time 150 x 5 = 3,750 beside the energy; with any-time demand alone it would be 750, and with none
    # the battery would shave nothing
    load = 100.0 + 100.0 * np.isin(JULY.hour, (13, 14, 20))
    demand = [
        {"name": "on_peak", "price_yuan_per_kw_month": 20, "periods": ["on_peak"]},
        {"name": "any_time", "price_yuan_per_kw_month": 5},
    ]
    file = charged_case(tmp_path, by_hours(DAYTIME, demand=demand), JULY, load, battery=LOSSLESS)
    cost, billed, shared = solved_bill(file, JULY)
    lines = by_charge(billed.lines)
    assert lines["demand_on_peak"] == pytest.approx(3000)
    assert lines["demand_any_time"] == pytest.approx(750)
    assert cost == pytest.approx(0.1 * load.sum() + 3750)
    assert billed.total_yuan == pytest.approx(cost)
    assert shared["grid.charged_on_peak_mw"] == pytest.approx(0.15)


def test_demand_of_a_period_does_not_count_elsewhere(tmp_path: Path) -> None:
    # 300 kW at 20 h, 100 kW else: on-peak demand is 100 kW, 2,000 yuan; metered at any time 6,000
    load = 100.0 + 200.0 * (JULY.hour == 20)
    demand = [{"name": "on_peak", "price_yuan_per_kw_month": 20, "periods": ["on_peak"]}]
    file = charged_case(tmp_path, by_hours(DAYTIME, demand=demand), JULY, load)
    cost, billed, _ = solved_bill(file, JULY)
    assert by_charge(billed.lines)["demand_on_peak"] == pytest.approx(2000)
    assert cost == pytest.approx(0.1 * load.sum() + 2000)


def test_quarter_hour_average_is_billed_where_intervals_are_shorter(tmp_path: Path) -> None:
    # 5-minute intervals: 300 kW for five minutes in 100 kW is 166.7 kW over the quarter-hour, not 300
    times = pd.date_range("2026-07-01", periods=288, freq="5min")
    load = np.full(288, 100.0)
    load[160] = 300.0
    demand = [{"name": "on_peak", "price_yuan_per_kw_month": 30, "periods": ["on_peak"]}]
    tariff = by_hours(DAYTIME, demand=demand)
    file = charged_case(tmp_path, tariff, times, load, charged_peaks_mw={"on_peak": 0.12})
    cost, billed, _ = solved_bill(file, times)
    assert by_charge(billed.lines)["demand_on_peak"] == pytest.approx(500 / 3 * 30)
    assert cost == pytest.approx(billed.total_yuan)


def test_ratchet_bills_a_share_of_the_years_highest(tmp_path: Path) -> None:
    # 1 kW and once 100 kW in January: 100 + 11 x 35 kW at 10 yuan = 4,850; without the ratchet 1,110. The
    # dispatch of a year with a ratchet is among the published answers
    load = np.ones(8760)
    load[7] = 100.0
    demand = [{"name": "peak", "price_yuan_per_kw_month": 10, "ratchet_share": 0.35}]
    july = [{**demand[0], "ratchet_months": [7]}]  # a ratchet that looks at July only sees 1 kW there
    for charges, expected in ((demand, 4850), (july, 1110)):
        case = load_case(str(charged_case(tmp_path, one_price(demand=charges), YEAR, load)))
        grid = cast("Connection", case.devices["grid"])
        billed = bill(YEAR, load / 1000, np.zeros(8760), 1.0, case.tariff, grid)
        assert by_charge(billed.lines)["demand_peak"] == pytest.approx(expected)


def test_a_month_alone_takes_the_highest_of_those_before(tmp_path: Path) -> None:
    # 80 % of 200 kW before is 160 kW above the month's 100: 1,600 yuan, not 1,000
    demand = [{"name": "peak", "price_yuan_per_kw_month": 10, "ratchet_share": 0.8}]
    file = charged_case(
        tmp_path, one_price(demand=demand), JULY, np.full(744, 100.0), highest_before_mw={"peak": 0.2}
    )
    cost, billed, _ = solved_bill(file, JULY)
    assert by_charge(billed.lines)["demand_peak"] == pytest.approx(1600)
    assert cost == pytest.approx(7440 + 1600)


def test_minimum_and_fixed_charge(tmp_path: Path) -> None:
    # 74.4 of energy + 20 + 31 x 0.1 fixed = 97.5; the minimum lifts it to 100; without it 97.5
    tariff = one_price(fixed_yuan_per_month=20, fixed_yuan_per_day=0.1, minimum_yuan_per_month=100)
    file = charged_case(tmp_path, tariff, JULY, np.ones(744))
    cost, billed, _ = solved_bill(file, JULY)
    assert billed.total_yuan == pytest.approx(100)
    assert by_charge(billed.lines)["minimum"] == pytest.approx(2.5)
    assert cost == pytest.approx(100 - 23.1)  # fixed charges are on the bill, not in the objective


def test_below_the_minimum_a_battery_saves_nothing(tmp_path: Path) -> None:
    # 0.1 by night, 0.3 on-peak: 200 kWh moved each day save 40 yuan of 360; of a bill whose minimum is 30,000
    # they save nothing, and an optimizer that does not know it pays the wear in vain
    hours = {"night": (["00:00-12:00", "18:00-24:00"], 0.1), "on_peak": (["12:00-18:00"], 0.3)}
    battery = LOSSLESS + "wear_yuan_per_mwh = 10.0\n"
    for minimum, moved in ((0, True), (30_000, False)):
        tariff = by_hours(hours, minimum_yuan_per_month=minimum)
        file = charged_case(tmp_path, tariff, JULY, np.full(744, 100.0), battery=battery)
        cost, billed, _ = solved_bill(file, JULY)
        plain = 100 * 31 * (18 * 0.1 + 6 * 0.3)  # 11,160
        assert billed.total_yuan == pytest.approx(minimum or plain - 31 * 200 * 0.2)
        assert (cost > billed.total_yuan + 1) == moved  # with its wear


def test_net_metering_nets_each_period_of_the_month(tmp_path: Path) -> None:
    # a day: 1 kW all day, 4 kW of sun from 12 to 18 h. On-peak 6 bought... 24 - 6 = 18 kWh sold on-peak,
    # nothing bought there: 18 x 0.04 sold, 18 kWh bought at night for 0.1. Monthly netting by period credits
    # nothing on the first day; with 8 kW of load at 12 h, 4 kWh bought on-peak at 0.3 offset 4 of 15 sold
    hours = {"night": (["00:00-12:00", "18:00-24:00"], 0.1), "on_peak": (["12:00-18:00"], 0.3)}
    times = JULY[:24]
    load = np.ones(24)
    load[12] = 8.0
    sun = 4.0 * ((times.hour >= 12) & (times.hour < 18))
    tariff = by_hours(hours, net_metering={"within": "month"})
    file = charged_case(tmp_path, tariff, times, load, sun, sale_price_yuan_per_kwh=0.04)
    cost, billed, _ = solved_bill(file, times)
    # bought 18 at night and 4 on-peak, sold 15: 1.8 + 4 x 0.3 - 15 x 0.04 - 4 x (0.3 - 0.04) = 1.36; without
    # net metering 2.4; were all 15 credited at 0.3, it would be -1.5
    assert cost == pytest.approx(1.36)
    assert billed.total_yuan == pytest.approx(1.36)
    net = billed.lines[billed.lines["charge"] == "net_metering"]
    assert net[net["period"] == "on_peak"]["quantity"].sum() == pytest.approx(4)


def test_net_metering_within_the_year_carries_from_month_to_month(tmp_path: Path) -> None:
    # 1 kW in June and July, 1.5 kW of sun in July: 0.5 x 744 = 372 sold offset as many of the 720 bought
    # in June; within each month they would get the sale price of 0.02
    times = pd.date_range("2026-06-01", "2026-08-01", freq="h", inclusive="left")
    sun = 1.5 * (times.month == 7)
    for within, expected in (("year", 0.1 * (720 - 372)), ("month", 0.1 * 720 - 0.02 * 372)):
        tariff = one_price(net_metering={"within": within})
        load = np.ones(len(times))
        file = charged_case(tmp_path, tariff, times, load, sun, sale_price_yuan_per_kwh=0.02)
        cost, billed, _ = solved_bill(file, times)
        assert cost == pytest.approx(expected), within
        assert billed.total_yuan == pytest.approx(expected), within


@pytest.mark.parametrize("name", ["import", "export", "peak", "demand", "import_limit", "free", "price"])
def test_a_charge_may_have_any_name(name: str, tmp_path: Path) -> None:
    # 744 kWh at 0.1, 1 kW at 20 and at the tariff's own 40; were both called one, 40 or 20 would be missing
    file = charged_case(
        tmp_path, one_price(demand=[{"name": name, "price_yuan_per_kw_month": 20.0}]), JULY, np.ones(744)
    )
    cost, billed, _ = solved_bill(two_part(file, 40.0), JULY)
    assert cost == pytest.approx(74.4 + 20.0 + 40.0)
    assert billed.total_yuan == pytest.approx(cost)


@pytest.mark.parametrize(
    ("charges", "words"),
    [
        ({"tiers": [{"above_kwh": 9, "added_yuan_per_kwh": -0.1}]}, ["not convex"]),
        ({"tiers": [{"above_kwh": a, "added_yuan_per_kwh": 0.1} for a in (9, 5)]}, ["must rise", "9, 5"]),
        ({"demand": [{"name": "a", "price_yuan_per_kw_month": 1}] * 2}, ["name for each", "a"]),
        (
            {"demand": [{"name": "a", "price_yuan_per_kw_month": 1, "periods": ["noon"]}]},
            ["'noon'", "must be of the tariff"],
        ),
        (  # of an hour that the tariff does not have, it would never be metered
            {"demand": [{"name": "a", "price_yuan_per_kw_month": 1, "periods": ["sharp"]}]},
            ["'sharp'", "must be of the tariff: flat"],
        ),
        ({"demand": [{"name": "excess", "price_yuan_per_kw_month": 1}]}, ["'excess'", "another"]),
        (
            {
                "demand": [
                    {"name": "a", "price_yuan_per_kw_month": 1, "ratchet_share": 0.5},
                    {"name": "a_highest", "price_yuan_per_kw_month": 1},
                ]
            },
            ["'a_highest'", "another"],
        ),
        ({"demand": [{"name": "a", "price_yuan_per_kw_month": 1, "periods": []}]}, ["periods", "at least 1"]),
        ({"net_metering": {"periods": ["flat", "flat"]}}, ["net_metering.periods", "twice: flat"]),
        ({"net_metering": {}, "tiers": [{"above_kwh": 9, "added_yuan_per_kwh": 0.1}]}, ["net_metering"]),
        ({"net_metering": {"within": "year"}, "minimum_yuan_per_month": 5}, ["net_metering.within"]),
        ({"fixed_yuan_per_month": -5}, ["fixed_yuan_per_month", "-5"]),
    ],
)
def test_refused(charges: dict[str, Any], words: list[str], tmp_path: Path) -> None:
    file = charged_case(tmp_path, one_price(**charges), JULY[:24], np.ones(24))
    with pytest.raises(InputError) as caught:
        load_case(str(file))
    text = "\n".join(caught.value.problems)
    assert all(word in text for word in words), text


def test_part_of_a_month_asks_for_the_demand_that_is_paid_anyway(tmp_path: Path) -> None:
    demand = [{"name": "peak", "price_yuan_per_kw_month": 10}]
    file = charged_case(tmp_path, one_price(demand=demand), JULY[:24], np.full(24, 100.0))
    case = load_case(str(file))
    with pytest.raises(InputError, match="charged_peaks_mw.peak"):
        prepare(case, day_times(case, JULY[0].date()))
    text = file.read_text().replace("[device.load]", "charged_peaks_mw = {peak = 0.5}\n[device.load]")
    file.write_text(text)
    # 500 kW are paid for anyway, so the day's 100 kW cost no more: 5,000 + 240
    cost, billed, _ = solved_bill(file, JULY[:24])
    assert cost == pytest.approx(5240)
    assert billed.total_yuan == pytest.approx(5240)


def test_a_replay_says_what_no_day_knows(tmp_path: Path) -> None:
    demand = [{"name": "on_peak", "price_yuan_per_kw_month": 20, "periods": ["on_peak"]}]
    tiers = [{"above_kwh": 10_000, "added_yuan_per_kwh": 0.05}]
    file = charged_case(tmp_path, by_hours(DAYTIME, demand=demand, tiers=tiers), JULY, np.ones(744))
    prepared = prepare(load_case(str(file)), JULY)
    devices = prepared.case.devices
    problems = not_handed_over(compile_template(devices, 1.0), devices)
    assert [line for line in problems if translated_message(line, "zh") == line] == []
    text = "\n".join(problems)
    assert "`device.grid`: limits `tier_1` over more than a day" in text
    assert "`device.grid`: shares `charged_on_peak_mw` among all days of a month" in text


def test_charges_have_words_in_both_languages() -> None:
    # without them a Chinese page says "demand on peak"
    chinese, english = load_words("zh"), load_words("en")
    assert cost_word("demand_on_peak", chinese) == "需量电费（on peak）"
    assert cost_word("energy_tier_2", chinese) == "第2档加价电费"
    assert charge_label("demand_peak", "all", chinese) == "需量电费（高峰）"
    assert cost_word("demand_on_peak", english) == "demand charge on peak"
    for key in ("fixed_charge", "minimum", "net_metering"):
        assert chinese["charges"][key] != english["charges"][key]


def test_a_day_is_charged_for_what_it_adds_to_the_demand(tmp_path: Path) -> None:
    # 100 kW above 80 that are paid for anyway: 20 kW x 10 = 200 yuan are the day's, 240 its energy. Were the
    # month's 1,000 of every day, days could not be added up; a charge of the year must not be lost either
    demand = [{"name": "peak", "price_yuan_per_kw_month": 10}]
    tariff = one_price(demand=demand, net_metering={"within": "year"})
    file = charged_case(
        tmp_path, tariff, JULY[:24], np.full(24, 100.0), np.zeros(24), charged_peaks_mw={"peak": 0.08},
        sale_price_yuan_per_kwh=0.02,
    )  # fmt: skip
    prepared = prepare(load_case(str(file)), JULY[:24])
    optimum = solve_prepared(prepared, SolveContext(options=SolveOptions(threads=1)))
    solution, _ = audited_solution(prepared, optimum)
    (day,) = cost_by_day(solution, prepared.case)
    assert day.demand_yuan == pytest.approx(200)
    assert day.energy_yuan == pytest.approx(240)


@pytest.mark.parametrize(
    "charges",
    [
        {"demand": [{"name": "peak", "price_yuan_per_kw_month": 10, "ratchet_share": 0.5}]},
        {"tiers": [{"above_kwh": 10_000, "added_yuan_per_kwh": 0.05}], "minimum_yuan_per_month": 5000},
        {"net_metering": {"within": "month"}, "minimum_yuan_per_month": 4000},
    ],
    ids=["demand", "tiers", "net metering"],
)
def test_the_whole_model_has_the_same_answer(charges: dict[str, Any], tmp_path: Path) -> None:
    # a row that a decomposition loses, or writes otherwise, shows against the plain model of all intervals
    times = JULY[:48]
    sun = 300.0 * np.clip(np.cos((times.hour.to_numpy() - 12) * np.pi / 12), 0, 1)
    load = 100.0 + 60.0 * np.isin(times.hour, (13, 20))
    known = {"charged_peaks_mw": {"peak": 0.05}} if "demand" in charges else {}
    file = charged_case(
        tmp_path,
        by_hours(DAYTIME, **charges),
        times,
        load,
        sun,
        LOSSLESS,
        sale_price_yuan_per_kwh=0.02,
        **known,
    )
    prepared = prepare(load_case(str(file)), times)
    ours = solve_prepared(prepared, SolveContext(options=SolveOptions(threads=1)))
    plain = solve_prepared(prepared, SolveContext(options=SolveOptions(solver="pyomo:appsi_highs")))
    audited_solution(prepared, ours)
    assert ours.proof.objective_yuan == pytest.approx(plain.proof.objective_yuan, rel=1e-6)
