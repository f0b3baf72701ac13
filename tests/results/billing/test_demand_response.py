"""Events, baselines and payments of demand response, worked by hand on two weeks of hours."""

from collections.abc import Mapping
from datetime import date
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parkdispatch.models.device import Array
from parkdispatch.models.errors import InputError
from parkdispatch.models.finance.contracts import MeteredResponse
from parkdispatch.models.tariff.tariff import Tariff
from parkdispatch.results.billing.baseline import Event
from parkdispatch.results.billing.demand_response import (
    SettledEvent,
    baseline_counts,
    choose_events,
    event_price_yuan_per_kwh,
    paid_mw,
    settle_events,
)

# July 2026: Wednesday 1, Saturday 4, Monday 6, Saturday 11; Tuesday 7 is made a holiday
FIRST, DAYS = "2026-07-01", 14
WORKING = (1, 2, 3, 6, 8, 9, 10, 13, 14)


def tariff(**changes: Any) -> Tariff:
    every = tuple(range(1, 13))
    given = {
        "name": "own",
        "valid_from": date(2026, 1, 1),
        "valid_to": date(2026, 12, 31),
        "purchase_price_yuan_per_kwh": 0.4,
        "ratios": {"sharp": 1.8, "peak": 1.6, "flat": 1.0},
        "otherwise": "flat",
        "voltages": {"1": {"two_part_yuan_per_kwh": 0.1}},
        "day": [
            {"months": every, "period": "peak", "hours": ["10:00-11:00", "17:00-18:00", "20:00-21:00"]},
            {"months": every, "period": "sharp", "hours": ["18:00-20:00"]},
        ],
        "holidays": [{"name": "fair", "first": date(2026, 7, 7), "last": date(2026, 7, 7)}],
    }
    return Tariff.model_validate(given | changes)


def contract(**changes: Any) -> MeteredResponse:
    few = {
        "kind": "metered", "hours": 1.0, "events_per_year": 2, "baseline_days": 2, "bid_mw": 10.0,
        "events_per_week": 7,
    }  # fmt: skip
    return MeteredResponse.model_validate(few | changes)


def hourly(base: float = 10.0, changed_mw: Mapping[tuple[int, int], float] = {}, days: int = DAYS) -> Array:
    """Power by the hour: `base`, but for (day of July, hour)."""
    power = np.full(24 * days, base)
    for (day, hour), mw in changed_mw.items():
        power[24 * (day - 1) + hour] = mw
    return power


TIMES = pd.date_range(FIRST, periods=24 * DAYS, freq="h")


def chosen(need_mw: Array, **changes: Any) -> list[str]:
    events = choose_events(contract(**changes), tariff(), TIMES, 1.0, need_mw)
    return [f"{event.begins:%d %H:%M}-{event.ends:%H:%M}" for event in events]


def event(day: int, hour: int, hours: float = 1.0) -> Event:
    begins = pd.Timestamp(f"2026-07-{day:02} {hour:02}:00")
    return Event(begins, begins + pd.Timedelta(hours=hours))


# --- which events are called


def test_the_days_that_need_most_are_called_at_their_best_hour() -> None:
    """The 9th needs 30 at 19:00, the 13th 25 at 10:00; noon of the 10th needs 90 and is flat."""
    need = hourly(changed_mw={(9, 19): 30, (13, 10): 25, (14, 18): 20, (10, 12): 90})
    assert chosen(need) == ["09 19:00-20:00", "13 10:00-11:00"]
    assert chosen(need, events_per_year=1) == ["09 19:00-20:00"]
    assert chosen(need, events_per_year=0) == []


def test_a_window_is_judged_by_its_mean_and_lies_inside_the_periods() -> None:
    """Two hours: 17-19 means 20, 18-20 means 22, 19-21 means 19, though 17:00 needs more than 18:00."""
    need = hourly(changed_mw={(9, 17): 33, (9, 18): 7, (9, 19): 37, (9, 20): 1})
    assert chosen(need, hours=2.0, events_per_year=1) == ["09 18:00-20:00"]
    assert chosen(need, hours=2.0, events_per_year=1, periods=["peak"]) == []  # no two hours of it on end
    need = hourly(changed_mw={(9, 20): 50, (9, 21): 99})
    assert chosen(need, hours=2.0, events_per_year=1) == ["09 19:00-21:00"]
    assert chosen(need, hours=4.0, events_per_year=1) == ["09 17:00-21:00"]
    assert chosen(need, hours=5.0, events_per_year=1) == []


def test_weekends_holidays_and_other_months_have_no_events() -> None:
    need = hourly(changed_mw={(4, 19): 99, (5, 19): 98, (7, 19): 97, (9, 19): 30})
    assert chosen(need, events_per_year=1) == ["09 19:00-20:00"]
    assert chosen(need, months=[8, 12]) == []


def test_at_most_one_event_a_day() -> None:
    need = hourly(changed_mw={(9, 19): 30, (9, 17): 29, (10, 17): 12})
    assert chosen(need) == ["09 19:00-20:00", "10 17:00-18:00"]


def test_the_first_days_have_no_baseline() -> None:
    """Two working days must lie before: the 3rd is the first that may be called."""
    need = hourly(changed_mw={(1, 19): 90, (2, 19): 80, (3, 19): 70})
    assert chosen(need, events_per_year=1) == ["03 19:00-20:00"]
    assert chosen(need, events_per_year=1, baseline_days=3, periods=["sharp"]) == [
        "06 18:00-20:00"[:3] + "18:00-19:00"
    ]
    assert len(chosen(need, events_per_year=99)) == len(WORKING) - 2
    assert chosen(need, baseline_days=9) == []


def test_equal_needs_take_the_earlier_day_and_hour() -> None:
    assert chosen(hourly()) == ["03 10:00-11:00", "06 10:00-11:00"]


def test_quarter_hours_and_longer_intervals() -> None:
    """The half hour from 18:15 needs most; in half-hour intervals only 18:00 or 18:30 may begin one."""
    times = pd.date_range(FIRST, periods=96 * DAYS, freq="15min")
    need = np.repeat(hourly(), 4)
    need[96 * 8 + 73 : 96 * 8 + 75] = 40.0
    half_hour = contract(hours=0.5, events_per_year=1)
    (chosen,) = choose_events(half_hour, tariff(), times, 0.25, need)
    assert str(chosen.begins) == "2026-07-09 18:15:00"
    halves = need.reshape(-1, 2).mean(axis=1)
    (chosen,) = choose_events(half_hour, tariff(), times[::2], 0.5, halves)
    assert str(chosen.begins) == "2026-07-09 18:00:00"
    fives = pd.date_range(FIRST, periods=288 * DAYS, freq="5min")
    (chosen,) = choose_events(half_hour, tariff(), fives, 1 / 12, np.repeat(need, 3))
    assert str(chosen.begins) == "2026-07-09 18:15:00"
    assert chosen.intervals(fives).sum() == 6


def test_an_event_begins_with_an_interval() -> None:
    """Peak from 10:15 to 11:15: in half-hour intervals the first event begins at 10:30."""
    every = tuple(range(1, 13))
    quarter_tariff = tariff(day=[{"months": every, "period": "peak", "hours": ["10:15-11:15"]}])
    half = contract(hours=0.5, events_per_year=1)
    for minutes, clock in ((30, "10:30"), (15, "10:15")):
        times = pd.date_range(FIRST, periods=24 * DAYS * 60 // minutes, freq=f"{minutes}min")
        (called,) = choose_events(half, quarter_tariff, times, minutes / 60, np.full(len(times), 10.0))
        assert f"{called.begins:%H:%M}" == clock


@settings(max_examples=60, derandomize=True)
@given(
    st.lists(st.integers(0, 9), min_size=9, max_size=9),
    st.integers(1, 4),
    st.integers(1, 4),
)
def test_no_other_choice_of_events_needs_more(needs: list[int], most: int, days: int) -> None:
    """Against all choices there are: each event with enough working days without one before it."""
    need = hourly(0.0, {(day, 19): float(mw) for day, mw in zip(WORKING, needs, strict=True)})
    offered = contract(events_per_year=most, baseline_days=days)
    chosen = choose_events(offered, tariff(), TIMES, 1.0, need)
    best = 0.0
    for count in range(most + 1):
        for choice in combinations(range(9), count):
            if all(day_number - before >= days for before, day_number in enumerate(choice)):
                best = max(best, float(sum(needs[day_number] for day_number in choice)))
    assert sum(need[called.begins == TIMES][0] for called in chosen) == best


# --- how they are settled


def settled(import_mw: Array, *events: Event, **changes: Any) -> list[tuple[float, float, float, float]]:
    """Baseline, import, paid energy and yuan of each event."""
    settlements = settle_events(contract(**changes), tariff(), TIMES, 1.0, import_mw, events)
    return [
        (settlement.baseline_mw, settlement.import_mw, settlement.paid_mwh, settlement.yuan)
        for settlement in settlements
    ]


def test_the_baseline_is_of_the_last_working_days_without_an_event() -> None:
    """Event on Wednesday 8th: Tuesday is a holiday, so Monday 6th and Friday 3rd: (20 + 30) / 2 = 25.

    Response 25 - 14 = 11 MW for an hour at 4 yuan/kWh: 44,000 yuan.
    """
    bought = hourly(changed_mw={(2, 18): 90, (3, 18): 30, (4, 18): 99, (6, 18): 20, (7, 18): 99, (8, 18): 14})
    assert settled(bought, event(8, 18)) == [(25.0, 14.0, 11.0, 44_000.0)]
    # Monday called too: Thursday 2nd steps in for it, (90 + 30) / 2 = 60; Monday's own is the same
    first, second = settled(bought, event(6, 18), event(8, 18))
    assert first[:2] == (60.0, 20.0)
    assert second[:2] == (60.0, 14.0)


def test_the_intervals_of_a_baseline() -> None:
    """18:00 of the 3rd and 6th for the event of the 8th and, at 18:00 and 19:00, for that of the 9th."""
    counts = baseline_counts(contract(), tariff(), TIMES, 1.0, [event(8, 18), event(9, 18, 2.0)])
    assert {f"{time:%d %H}": count for time, count in zip(TIMES, counts, strict=True) if count} == {
        "03 18": 2,
        "03 19": 1,
        "06 18": 2,
        "06 19": 1,
    }


# --- how old a baseline may be, and which days it takes


def settled_events(import_mw: Array, *events: Event, **changes: Any) -> list[SettledEvent]:
    return settle_events(contract(**changes), tariff(), TIMES, 1.0, import_mw, events)


def test_a_baseline_tells_its_days_and_their_age() -> None:
    """Event of Wednesday 8th on Friday 3rd and Monday 6th: the older is five days old."""
    (only,) = settled_events(hourly(), event(8, 18))
    assert only.baseline.days == (date(2026, 7, 3), date(2026, 7, 6))
    assert only.baseline_age_days == 5


def test_events_on_every_day_run_out_of_recent_days() -> None:
    """Two of at most five days: the 3rd and the 6th take the 1st and 2nd, for which the 8th comes too late.

    The 9th has the 8th alone; the 10th and the 13th take the 8th and 9th, and the 14th has the 9th alone.
    """
    need = hourly()
    assert [text[:2] for text in chosen(need, events_per_year=99, baseline_max_age_days=5)] == [
        "03", "06", "10", "13",
    ]  # fmt: skip
    assert len(chosen(need, events_per_year=99)) == 7  # without that limit all rest on the first two days


def test_no_more_events_a_week_than_allowed_and_none_too_near() -> None:
    need = hourly(changed_mw={(3, 19): 20, (6, 19): 26, (8, 19): 28, (9, 19): 29, (10, 19): 30, (13, 19): 27})
    assert [text[:2] for text in chosen(need, events_per_year=9, events_per_week=2)] == [
        "03", "09", "10", "13", "14",
    ]  # fmt: skip
    assert [text[:2] for text in chosen(need, events_per_year=9, days_between_events=3)] == [
        "03", "06", "10", "13",
    ]  # fmt: skip


def test_the_highest_of_several_days_are_the_baseline() -> None:
    """Of 20, 50, 30 and 40 MW the highest two: 45; those in the middle: 35; the last two: 35."""
    bought = hourly(changed_mw={(1, 18): 20, (2, 18): 50, (3, 18): 30, (6, 18): 40, (8, 18): 10})
    (highest,) = settled_events(bought, event(8, 18), baseline_of_days=4)
    assert (highest.baseline_mw, highest.baseline.days) == (45.0, (date(2026, 7, 2), date(2026, 7, 6)))
    (middle,) = settled_events(bought, event(8, 18), baseline_of_days=4, baseline_pick="middle")
    assert (middle.baseline_mw, middle.baseline.days) == (35.0, (date(2026, 7, 3), date(2026, 7, 6)))
    (last,) = settled_events(bought, event(8, 18))
    assert last.baseline_mw == 35.0


@pytest.mark.parametrize(
    ("before", "factor"), [(10.0, 1.0), (11.0, 1.1), (8.5, 0.85), (19.0, 1.2), (2.0, 0.8)]
)
def test_the_same_day_adjustment(before: float, factor: float) -> None:
    """14:00 to 16:00 before an event at 18:00, against 10 MW at those hours of its baseline days."""
    bought = hourly(changed_mw={(8, 14): before, (8, 15): before, (8, 16): 99, (8, 18): 5.0})
    (adjusted,) = settled_events(bought, event(8, 18), same_day_adjustment=True)
    assert adjusted.baseline.adjustment == pytest.approx(factor)
    assert adjusted.baseline_mw == pytest.approx(10.0 * factor)
    (plain,) = settled_events(bought, event(8, 18))
    assert plain.baseline_mw == 10.0


def test_nothing_is_adjusted_where_nothing_can_be_compared() -> None:
    """At 01:00 no hours lie before; and days that import nothing in those hours have no ratio."""
    (early,) = settled_events(hourly(), event(8, 1), same_day_adjustment=True)
    assert early.baseline.adjustment == 1.0
    idle = hourly(changed_mw={(day, hour): 0.0 for day in (3, 6) for hour in (14, 15)})
    (unchanged,) = settled_events(idle, event(8, 18), same_day_adjustment=True)
    assert unchanged.baseline.adjustment == 1.0


def test_a_capacity_price_is_shared_among_the_events_of_a_month() -> None:
    """12 yuan/kW in July: 10 MW and 8 MW in two events pay (10 + 8) / 2 x 12,000 beside their energy."""
    bought = hourly(20.0, {(8, 18): 10.0, (9, 18): 12.0})
    first, second = settled_events(bought, event(8, 18), event(9, 18), capacity_price_yuan_per_kw_month=12.0)
    assert (first.capacity_yuan, second.capacity_yuan) == (60_000.0, 48_000.0)
    assert (first.yuan, second.yuan) == (100_000.0, 80_000.0)
    offered = contract(capacity_price_yuan_per_kw_month=12.0)
    assert event_price_yuan_per_kwh(offered, [event(8, 18), event(9, 18)]) == [10.0, 10.0]  # 4 + 12 / 2 / 1 h


def test_weekends_worked_for_a_holiday_are_working_days() -> None:
    """Saturday 10 October 2026 is worked for National Day."""
    times = pd.date_range("2026-10-05", periods=24 * 8, freq="h")
    events = choose_events(contract(months=[10]), tariff(), times, 1.0, np.full(len(times), 10.0))
    assert [called.day for called in events] == [date(2026, 10, 10), date(2026, 10, 12)]


def test_the_same_quarter_hours_are_compared() -> None:
    """Two hours: baseline (10 + 30) / 2, import (10 + 0) / 2: a response of 15 over 2 h."""
    import_at = {(day, 19): 30.0 for day in (3, 6)}
    bought = hourly(changed_mw=import_at | {(8, 19): 0.0})
    assert settled(bought, event(8, 18, 2.0), hours=2.0, bid_mw=15.0) == [(20.0, 5.0, 30.0, 120_000.0)]


@pytest.mark.parametrize(
    ("response", "paid"),
    [(-3.0, 0.0), (0.0, 0.0), (7.9, 0.0), (8.0, 8.0), (10.0, 10.0), (12.0, 12.0), (14.0, 12.0)],
)
def test_paid_from_80_to_120_per_cent_of_the_bid(response: float, paid: float) -> None:
    bought = hourly(20.0, {(8, 18): 20.0 - response})
    ((_, _, mwh, yuan),) = settled(bought, event(8, 18))
    assert (mwh, yuan) == (pytest.approx(paid), pytest.approx(4000.0 * paid))


def test_rounding_does_not_cost_the_least_response() -> None:
    """0.1 + 0.7 is a hair below 0.8: at the limit, not under it."""
    assert paid_mw(contract(bid_mw=1.0), 0.1 + 0.7, 1.0) == pytest.approx(0.8)
    assert paid_mw(contract(bid_mw=1.0), 0.7999, 1.0) == 0.0


def test_without_a_bid_what_is_delivered_is_paid() -> None:
    for response, paid in ((-3.0, 0.0), (0.5, 0.5), (40.0, 40.0)):
        bought = hourly(50.0, {(8, 18): 50.0 - response})
        ((_, _, mwh, _),) = settled(bought, event(8, 18), bid_mw=None)
        assert mwh == pytest.approx(paid)


def test_what_does_not_change_the_import_pays_nothing() -> None:
    """A battery that discharges 8 MW every evening has it in its baseline."""
    every = {(day, 18): 2.0 for day in range(1, DAYS + 1)}
    assert settled(hourly(changed_mw=every), event(8, 18), bid_mw=None) == [(2.0, 2.0, 0.0, 0.0)]


def test_a_day_seen_in_part_is_no_working_day() -> None:
    """From 1 July 12:00 the first baseline of two days is that of Monday 6th."""
    late = TIMES[12:]
    chosen = choose_events(contract(events_per_year=1), tariff(), late, 1.0, hourly()[12:])
    assert [called.day for called in chosen] == [date(2026, 7, 6)]
    assert choose_events(contract(), tariff(), TIMES[:12], 1.0, hourly()[:12]) == []


def test_an_event_without_a_baseline_is_a_fault() -> None:
    with pytest.raises(ValueError, match="2026-07-02: 1 earlier working days"):
        settled(hourly(), event(2, 18))


def test_a_tariff_that_does_not_price_the_days_is_said() -> None:
    short = tariff(valid_from=date(2026, 7, 10), holidays=[])
    with pytest.raises(InputError, match="no price on 2026-07-01"):
        choose_events(contract(), short, TIMES, 1.0, hourly())
