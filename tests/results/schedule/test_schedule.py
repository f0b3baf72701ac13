"""The blocks of the schedule: one action, one tariff period, prices that occurred, and reasons that hold."""

from typing import Any

import numpy as np
import pytest

from parkdispatch.models.markets.spot_market import SpotMarket
from parkdispatch.results.schedule.schedule import ScheduleBlock, schedule_blocks
from parkdispatch.results.wording.sentences import block_line, block_row
from parkdispatch.results.wording.words import load_words
from tests.support.reports.dispatched_day import case_with, dispatched

EN, ZH = load_words("en"), load_words("zh")


def blocks(net_mw: dict[str, float], rated_mw: float = 50.0, **day: Any) -> list[ScheduleBlock]:
    return schedule_blocks(dispatched(net_mw, **day), case_with(rated_mw))


def during(first: str, last: str, power_mw: float, minutes: int = 15) -> dict[str, float]:
    """That power in each interval from the first to the one before the last."""
    begin, end = (60 * int(minute[:2]) + int(minute[3:]) for minute in (first, last))
    return {f"{minute // 60:02}:{minute % 60:02}": power_mw for minute in range(begin, end, minutes)}


def test_a_block_ends_where_the_price_changes() -> None:
    """0.32 and 0.85 yuan/kWh within one tariff period are two blocks, not one at 0.585."""
    price = np.where(np.arange(96) < 74, 320.0, 850.0)  # 18:30
    told = blocks(during("18:00", "19:00", 5.0), purchase_price_yuan_per_mwh=price)
    assert [(b.clock, b.price_range_yuan_per_kwh) for b in told] == [
        ("18:00-18:30", (0.32, 0.32)),
        ("18:30-19:00", (0.85, 0.85)),
    ]


def in_market(net_mw: dict[str, float], price: Any, **day: Any) -> list[ScheduleBlock]:
    """The blocks of a day at these day-ahead prices of a market [yuan/MWh], (96,)."""
    case, solution = case_with(50.0), dispatched(net_mw, **day)
    for key in ("day_ahead_price_yuan_per_mwh", "real_time_price_yuan_per_mwh"):
        attrs = {"kind": "series", "units": "yuan/MWh", "device": "spot", "key": key}
        solution[f"spot.{key}"] = ("time", price, attrs)
    return schedule_blocks(solution, case.with_devices({**case.devices, "spot": SpotMarket()}))


def test_a_market_whose_price_moves_does_not_end_a_block() -> None:
    """Eight quarter-hours in one tariff period at eight prices are one row from the lowest to the highest."""
    price = np.full(96, 300.0)
    price[72:80] = [310, 350, 330, 410, 450, 420, 380, 320]
    (block,) = in_market(during("18:00", "20:00", 5.0), price, purchase_price_yuan_per_mwh=np.full(96, 100.0))
    assert block.clock == "18:00-20:00"
    assert block.price_range_yuan_per_kwh == pytest.approx((0.41, 0.55))
    assert "0.410 to 0.550 yuan/kWh" in block_line(block, EN)


def test_a_market_block_ends_with_its_reason_and_its_period() -> None:
    """What is charged from 10:00 is surplus that would be sold, then bought: two rows, whatever prices do."""
    sun = np.where(np.arange(96) < 44, 160.0, 0.0)  # until 11:00
    told = in_market(during("10:00", "11:30", -5.0), 300.0 + np.arange(96), pv_mw=sun)
    assert [block.clock for block in told] == ["10:00-11:00", "11:00-11:30"]
    assert [block.purposes for block in told] == [{"unsold"}, {"purchase"}]


@pytest.mark.parametrize(
    ("position", "prices"), [("decided", (0.8, 1.0)), ("cleared", (0.9, 0.9))], ids=["day-ahead", "real-time"]
)
def test_the_price_of_a_market_is_part_of_the_price(position: Any, prices: tuple[float, float]) -> None:
    """Transmission of 0.6 yuan/kWh, and the energy at 0.2 and 0.4 day-ahead, or 0.3 in real time."""
    case = case_with(50.0)
    market = SpotMarket(position=position, cleared_mw=100.0 if position == "cleared" else None)
    solution = dispatched(during("18:00", "19:00", 5.0))
    after = np.where(np.arange(96) < 74, 200.0, 400.0)  # 18:30
    for key, price in (("day_ahead", after), ("real_time", np.full(96, 300.0))):
        key = f"{key}_price_yuan_per_mwh"
        attrs = {"kind": "series", "units": "yuan/MWh", "device": "spot", "key": key}
        solution[f"spot.{key}"] = ("time", price, attrs)
    told = schedule_blocks(solution, case.with_devices({**case.devices, "spot": market}))
    assert (told[0].price_range_yuan_per_kwh[0], told[-1].price_range_yuan_per_kwh[1]) == prices


def test_an_interval_in_two_periods_names_both() -> None:
    """Four hours from 12:00 are deep valley until 14:00 and valley or flat after it."""
    (block,) = blocks({"12:00": -5.0}, minutes=240)
    assert block.periods[0] == "deep_valley"
    assert len(block.periods) > 1
    for words in (EN, ZH):
        line = block_line(block, words)
        assert all(words["why"]["periods"][period] in line for period in block.periods)
    assert "(mean price)" in block_line(block, EN)


def test_charging_surplus_costs_the_sale_it_forgoes() -> None:
    """All of it would be sold at 0.4 yuan/kWh; nothing is bought at 0.6."""
    (block,) = blocks(during("12:00", "13:00", -5.0), pv_mw=120.0)
    assert block.price_range_yuan_per_kwh == (0.4, 0.4)
    assert "from surplus PV (otherwise sold), 0.400 yuan/kWh" in block_line(block, EN)
    assert "来自光伏余电（否则上网），0.400 元/kWh" in block_line(block, ZH)


def test_surplus_beside_energy_that_is_bought_has_both_prices() -> None:
    """3 MW of surplus and 2 MW that are bought."""
    (block,) = blocks(during("12:00", "13:00", -5.0), pv_mw=103.0)
    assert block.price_range_yuan_per_kwh == (0.4, 0.6)
    assert "surplus PV (otherwise sold) and deep valley, 0.400 to 0.600 yuan/kWh" in block_line(block, EN)


@pytest.mark.parametrize(
    ("series", "prices", "fate"),
    [
        ({"export_limit_mw": 0.0}, (0.0, 0.0), "otherwise curtailed"),
        ({"sale_price_yuan_per_mwh": -50.0}, (0.0, 0.0), "otherwise curtailed"),
        ({"export_limit_mw": 2.0}, (0.0, 0.4), "otherwise sold or otherwise curtailed"),
    ],
)
def test_surplus_that_cannot_be_sold_costs_nothing(
    series: dict[str, float], prices: tuple[float, float], fate: str
) -> None:
    """5 MW of surplus, of which the connection would take none or 2 MW."""
    (block,) = blocks(during("12:00", "13:00", -5.0), pv_mw=105.0, **series)
    assert block.price_range_yuan_per_kwh == prices
    assert f"surplus PV ({fate})" in block_line(block, EN)


def test_a_discharge_that_is_sold_counts_at_the_sale_price() -> None:
    """It replaces no purchase: the roofs alone export."""
    (block,) = blocks(during("12:00", "13:00", 5.0), pv_mw=110.0)
    assert block.price_range_yuan_per_kwh == (0.4, 0.4)


def test_a_discharge_that_is_sold_in_part_says_how_much() -> None:
    """5 MW, of which the park draws 2 MW in the second half."""
    net = during("12:00", "13:00", 5.0)
    (block,) = blocks(net, pv_mw=np.where(np.arange(96) < 50, 97.0, 110.0))
    assert block.price_range_yuan_per_kwh == (0.4, 0.6)
    line = block_line(block, EN)
    assert "up to 5.0 MW of it exported, sold at 0.400 yuan/kWh, 0.400 to 0.600 yuan/kWh" in line


def test_the_peak_is_the_mean_of_a_quarter_hour() -> None:
    """Minutes of 94 and 97 MW make quarter-hours of 95.2 MW, the month's peak: no minute is at it."""
    load = 100.0 + np.where(np.arange(288) % 3 == 0, 2.0, -1.0) + 0.2
    net = during("05:00", "05:30", 5.0, minutes=5)
    (block,) = blocks(net, minutes=5, load_mw=load, peak_mw=95.2)
    assert (block.held, block.held_mw) == ("peak", 95.2)
    assert "in flat hours, limiting the peak to 95.2 MW" in block_line(block, EN)


def test_a_contract_and_the_connection_are_reasons_too() -> None:
    """With a contracted demand there is no billed peak; the limit of the connection binds without either."""
    net = during("05:00", "06:00", 5.0)
    (contract,) = blocks(net, demand_free_mw=95.0, peak_mw=0.0)
    assert contract.held == "contract"
    assert "keeping the demand within the 95.0 MW that the contract covers" in block_line(contract, EN)
    (beyond,) = blocks(net, demand_free_mw=90.0, peak_mw=5.0)
    assert (beyond.held, beyond.held_mw) == ("peak", 95.0)
    (connection,) = blocks(net, import_limit_mw=95.0)
    assert connection.held == "connection"
    assert "并网点上限 95.0 MW" in block_line(connection, ZH)
    (neither,) = blocks(net)
    assert neither.held is None


def test_a_discharge_in_a_blackout_avoids_no_purchase() -> None:
    """Nothing can be bought from 18:30 on: no tariff period and no price, but the blackout is the reason."""
    open_mw = np.where((np.arange(96) >= 74) & (np.arange(96) < 76), 0.0, 1e3)  # 18:30 to 19:00
    load_mw = np.where(open_mw > 0, 100.0, 5.0)
    net_mw = during("18:00", "19:00", 5.0)
    before, out = blocks(net_mw, load_mw=load_mw, import_limit_mw=open_mw)
    assert (before.clock, before.price_range_yuan_per_kwh) == ("18:00-18:30", (0.6, 0.6))
    assert (out.clock, out.price_range_yuan_per_kwh) == ("18:30-19:00", None)
    assert block_line(out, EN) == "18:30-19:00 discharge 5.0 MW in blackout"
    assert block_line(out, ZH) == "18:30-19:00 放电 5.0 MW，停电时段"


def test_a_demand_without_a_price_is_no_reason() -> None:
    (block,) = blocks(during("05:00", "06:00", 5.0), peak_mw=95.0, demand_price_yuan_per_mw_month=0.0)
    assert block.held is None


def test_what_reads_as_zero_is_idle() -> None:
    """0.03 MW of 50 MW reads 0.0 MW: the block ends before it, and begins anew after it."""
    net = during("05:00", "07:00", 6.9) | during("05:45", "06:15", 0.03)
    told = blocks(net)
    assert [b.clock for b in told] == ["05:00-05:45", "06:15-07:00"]
    assert {block_row(b, EN).power for b in told} == {"6.9 MW"}


@pytest.mark.parametrize("words", [EN, ZH], ids=["en", "zh"])
def test_a_cabinet_is_told_in_kilowatts(words: Any) -> None:
    """0.1 MW beside a load of 0.3 MW."""
    net = during("05:00", "06:00", 0.0864) | {"06:00": -0.0009}
    told = blocks(net, rated_mw=0.1, load_mw=0.3, peak_mw=0.2136)
    assert [block_row(b, words).power for b in told] == ["86 kW", "1 kW"]
    assert "214 kW" in block_line(told[0], words)


def test_a_cabinet_in_a_large_park_has_the_digits_it_needs() -> None:
    (block,) = blocks(during("05:00", "06:00", 0.0864), rated_mw=0.1)
    assert block_row(block, EN).power == "0.086 MW"
