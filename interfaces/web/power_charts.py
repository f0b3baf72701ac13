"""The charts of powers over a day, from what the desk knows."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from parkdispatch.interfaces.web.charts.time_chart import (
    ChartBand,
    ChartLine,
    ChartMark,
    TimeChart,
    time_chart,
)
from parkdispatch.interfaces.web.park_page import Page
from parkdispatch.models.device import Array
from parkdispatch.operations.desk.day_power import DayPower
from parkdispatch.operations.desk.today_view import TodayView
from parkdispatch.operations.desk.tomorrow_view import TomorrowView
from parkdispatch.operations.ledger.forecast_bands import ForecastBand
from parkdispatch.operations.ledger.quantities import devices_with


def today_charts(page: Page, view: TodayView) -> list[TimeChart]:
    """Plan and meter of each power of today; import with the month's peak."""
    peaks = {peak.device: peak.peak_so_far_mw for peak in view.peaks}
    charts = []
    for power in view.powers:
        peak_mw = peaks.get(power.device) if power.kind == "import" else None
        marks = []
        if peak_mw is not None:
            marks = [ChartMark(page.say("today", "peak_mark"), peak_mw * page.scale.per_mw, "peak")]
        if not _is_flat_zero(power):
            charts.append(_chart(page, power, view.times, _lines(page, power), (), marks, view.now))
    return charts


def tomorrow_charts(page: Page, view: TomorrowView) -> tuple[list[TimeChart], list[TimeChart]]:
    """The charts of forecasts, with their bands where they were issued; and those of the plan."""
    forecasts, plans = [], []
    for power in view.powers:
        band = view.bands.get(power.kind)
        if power.kind in ("load", "pv", "wind"):
            forecasts.append(_forecast_chart(page, power, view.times, band))
        elif not _is_flat_zero(power):
            plans.append(_chart(page, power, view.times, _lines(page, power), (), (), None))
    shown = {power.kind for power in view.powers}
    for kind, band in view.bands.items():
        if kind not in shown:
            empty = np.full(len(view.times), np.nan)
            power = DayPower(kind, devices_with(page.desk.case, kind)[0], empty, empty)
            forecasts.append(_forecast_chart(page, power, view.times, band))
    return forecasts, plans


def compared_chart(
    page: Page,
    device: str,
    times: pd.DatetimeIndex,
    before_mw: Array,
    after_mw: Array,
    names: tuple[str, str],
) -> TimeChart:
    """The set points of a battery in two plans with these names."""
    per_mw = page.scale.per_mw
    lines = [
        ChartLine(names[0], before_mw * per_mw, "plan"),
        ChartLine(names[1], after_mw * per_mw, "actual"),
    ]
    title = page.say("common", "battery_power", device=page.device(device), unit=page.scale.power)
    digits = page.scale.digits()
    return time_chart(f"set-points-{device}", title, page.scale.power, times, lines, digits=digits)


def _is_flat_zero(power: DayPower) -> bool:
    both = np.concatenate([power.planned_mw, power.actual_mw])
    known = both[np.isfinite(both)]
    return power.kind == "export" and not (np.abs(known) > 1e-6).any()


def _lines(page: Page, power: DayPower) -> list[ChartLine]:
    per_mw = page.scale.per_mw
    return [
        ChartLine(page.say("common", "plan"), power.planned_mw * per_mw, "plan"),
        ChartLine(page.say("common", "actual"), power.actual_mw * per_mw, "actual"),
    ]


def _forecast_chart(
    page: Page, power: DayPower, times: pd.DatetimeIndex, band: ForecastBand | None
) -> TimeChart:
    per_mw = page.scale.per_mw
    lines = [ChartLine(page.say("tomorrow", "in_plan"), power.planned_mw * per_mw, "plan")]
    bands = []
    if band is not None:
        quantiles = band.quantiles_mw
        lines.append(ChartLine(page.say("tomorrow", "p50"), quantiles["p50"] * per_mw, "actual"))
        bands = [
            ChartBand(
                page.say("tomorrow", "band"), quantiles["p10"] * per_mw, quantiles["p90"] * per_mw, "band"
            )
        ]
    return _chart(page, power, times, lines, bands, (), None)


def _chart(
    page: Page,
    power: DayPower,
    times: pd.DatetimeIndex,
    lines: Sequence[ChartLine],
    bands: Sequence[ChartBand],
    marks: Sequence[ChartMark],
    now: pd.Timestamp | None,
) -> TimeChart:
    unit, key = page.scale.power, "battery_power" if power.kind == "battery" else "power_of"
    title = page.say("common", key, device=power_name(page, power.kind, power.device), unit=unit)
    name = f"{power.kind}-{power.device}"
    return time_chart(name, title, unit, times, lines, bands, marks, now, page.scale.digits())


def power_name(page: Page, kind: str, device: str) -> str:
    """A power as people call it: its kind, or its device where it is a battery or several have the kind."""
    if kind == "battery" or len(devices_with(page.desk.case, kind)) > 1:
        return page.device(device)
    return str(page.web["common"][kind])
