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
from parkdispatch.results.billing.demand_response import (
    Event,
    baseline_counts,
    choose_events,
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
    few = {"kind": "metered", "hours": 1.0, "events_per_year": 2, "baseline_days": 2, "bid_mw": 10.0}
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


@settings(max_examples=60, deadline=None, derandomize=True)
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
