"""Charts by hand: where a value lies, where a line is interrupted, and round numbers at the axes."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from parkdispatch.interfaces.web.charts.axes import step_path, value_axis
from parkdispatch.interfaces.web.charts.day_bars import day_bars
from parkdispatch.interfaces.web.charts.time_chart import ChartLine, time_chart
from parkdispatch.interfaces.web.charts.year_charts import duration_curve, heat_map
from parkdispatch.interfaces.web.day_pages import _shared


def test_an_axis_has_zero_and_round_numbers() -> None:
    axis = value_axis([np.array([-24.0, 41.0, np.nan])])
    assert (axis.low, axis.high, axis.step) == (-40.0, 60.0, 20.0)
    assert [tick.text for tick in axis.ticks] == ["−40", "−20", "0", "20", "40", "60"]
    assert axis.percent(0.0) == 40.0
    assert [tick.text for tick in value_axis([np.array([0.003])]).ticks][-1] == "0.003"
    empty = value_axis([np.array([np.nan])])
    assert (empty.low, empty.high) == (0.0, 1.0)


def test_a_line_is_interrupted_where_nothing_is_known() -> None:
    axis = value_axis([np.array([0.0, 100.0])])
    path = step_path(axis, np.array([0.0, np.nan, 100.0, 50.0]))
    assert path == "M0.0 400.0H250.0M500.0 0.0H750.0V200.0H1000.0"


def test_now_lies_where_the_clock_says() -> None:
    times = pd.date_range("2026-07-15", periods=96, freq="15min")
    line = ChartLine("plan", np.full(96, 5.0), "plan")
    chart = time_chart("x", "X", "MW", times, [line], now=pd.Timestamp("2026-07-15 06:00"))
    assert chart.now == 25.0
    assert [tick.text for tick in chart.xs if not tick.minor] == ["00:00", "06:00", "12:00", "18:00", "24:00"]
    later = time_chart("x", "X", "MW", times, [line], now=pd.Timestamp("2026-07-16 06:00"))
    assert later.now is None


def test_a_part_of_a_day_has_the_clock_below_it() -> None:
    times = pd.date_range("2026-07-15 10:30", "2026-07-16 00:00", freq="15min", inclusive="left")
    chart = time_chart("x", "X", "MW", times, [ChartLine("plan", np.ones(len(times)), "plan")])
    assert [tick.text for tick in chart.xs] == ["12:00", "15:00", "18:00", "21:00", "24:00"]
    assert chart.xs[0].percent == 11.11  # one hour and a half of 13.5
    assert chart.xs[-1].percent == 100.0


def test_a_heat_map_has_each_known_hour_once() -> None:
    hourly = np.full((365, 24), np.nan)
    hourly[0, :3], hourly[1, 5] = 10.0, 79.0
    made = heat_map(hourly, 2026, [f"{month}" for month in range(1, 13)])
    assert made is not None
    paths = dict(made.shades)
    assert paths[min(paths)] == "M0 0h1v3h-1z"
    assert paths[max(paths)] == "M1 5h1v1h-1z"
    assert made.legend[0][1] == "0–10"
    assert heat_map(np.full((365, 24), np.nan), 2026, [""] * 12) is None


def test_a_duration_curve_falls() -> None:
    curve = duration_curve(np.array([1.0, 2.0]), np.array([30.0, 10.0]))
    assert curve is not None
    assert curve.path == "M500.0 0.0L1000.0 266.7"
    assert duration_curve(np.array([1.0]), np.array([3.0])) is None


def test_bars_are_stacked_on_both_sides_of_zero() -> None:
    series = [("a", np.array([2.0, -1.0]), "of-a"), ("b", np.array([2.0, np.nan]), "of-b")]
    bars = day_bars("x", "X", "yuan", ["1", "2"], series)
    assert [tick.text for tick in bars.ys] == ["−1", "0", "1", "2", "3", "4"]
    (_, of_a), (_, of_b) = bars.bars
    assert of_a == [(62.5, 160.0, 375.0, 160.0), (562.5, 320.0, 375.0, 80.0)]
    assert of_b == [(62.5, 0.0, 375.0, 160.0)]
    assert bars.zero == 20.0


def test_batteries_that_do_the_same_share_their_rows() -> None:
    page: Any = SimpleNamespace(web={"common": {"comma": ", "}})
    rows = [{"device": name, "power": power} for name, powers in
            {"a": "12", "b": "12", "c": "13"}.items() for power in powers]  # fmt: skip
    assert [(row["device"], row["power"]) for row in _shared(page, rows)] == [
        ("a, b", "1"), ("a, b", "2"), ("c", "1"), ("c", "3"),
    ]  # fmt: skip
