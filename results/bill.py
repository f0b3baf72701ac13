"""The electricity bill, computed a second time from the meter and the tariff's declared numbers.

An accountant's way, sharing no pricing code with the optimizer: energy is booked to quarter-hours, each
quarter-hour is classified here, energy is summed by month and period, and every part of the price makes
its own line. Plus is paid by the park, minus is received.

A further rule (power-factor adjustment, contracted demand, the 90 % rule) is one more function in `CHARGES`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.errors import InputError
from models.tariff import Scheme, Tariff

KW_PER_MW = 1000.0
QUARTER = pd.Timedelta(minutes=15)
QUARTER_HOURS = 0.25


class Connection(Protocol):
    """What the bill needs to know of a grid connection; `models.grid.Grid` is one."""

    @property
    def voltage_kv_level(self) -> str:
        """Key of the tariff's `voltages`."""

    @property
    def scheme(self) -> Scheme:
        """Two-part or single-part."""

    @property
    def sale_price_yuan_per_kwh(self) -> float:
        """Price of surplus sold."""

    @property
    def peak_so_far_mw(self) -> float:
        """Highest 15-minute average import of the first month before the horizon [MW]."""


class Line(NamedTuple):
    """One line of a bill: `yuan` is quantity x price."""

    month: str  # "2026-03"
    charge: str  # what for: "purchased_energy", "demand", ...
    period: str  # "peak", ...; "all" where the price does not depend on it
    quantity: float
    unit: str  # of the quantity
    price_yuan: float  # per unit
    yuan: float


@dataclass(frozen=True)
class Bill:
    """Lines as columns of `Line`, in the order of months; plus is paid, minus is received."""

    lines: pd.DataFrame

    @property
    def total_yuan(self) -> float:
        """What is to be paid, sales deducted [yuan]."""
        return float(self.lines["yuan"].sum())

    @property
    def by_charge_yuan(self) -> pd.DataFrame:
        """Yuan by month (rows) and charge (columns)."""
        return self._pivot(["month"])

    @property
    def by_period_yuan(self) -> pd.DataFrame:
        """Yuan by month and period (rows) and charge (columns)."""
        return self._pivot(["month", "period"])

    @property
    def energy_kwh(self) -> pd.DataFrame:
        """Energy bought by month (rows) and period (columns) [kWh]."""
        bought = self.lines[self.lines["charge"] == "purchased_energy"]
        return bought.pivot_table("quantity", "month", "period", aggfunc="sum", fill_value=0.0)

    def _pivot(self, index: list[str]) -> pd.DataFrame:
        return self.lines.pivot_table("yuan", index, "charge", aggfunc="sum", fill_value=0.0, sort=False)


@dataclass(frozen=True)
class Month:
    """One month of the meter: its quarter-hours' energy by period, and its highest demand."""

    name: str
    number: int  # 1 is January
    import_kwh: dict[str, float]  # by period
    export_kwh: float
    peak_kw: float  # highest 15-minute average of import


def bill(
    times: pd.DatetimeIndex,
    import_mw: NDArray[np.float64],
    export_mw: NDArray[np.float64],
    hours: float,
    tariff: Tariff,
    grid: Connection,
) -> Bill:
    """Bill for import and export [MW], each of shape (intervals,), in intervals of `hours` from `times`.

    Demand is the month's highest 15-minute average: shorter intervals are averaged up to it, in longer ones
    power counts as constant. Raises InputError if an interval straddles quarter-hours or the tariff lacks
    the times, the voltage or the scheme.
    """
    lines = [
        line
        for month in _months(times, import_mw, export_mw, hours, tariff, grid)
        for charge in CHARGES
        for line in charge(month, tariff, grid)
    ]
    return Bill(pd.DataFrame(lines, columns=list(Line._fields)))


def _months(
    times: pd.DatetimeIndex,
    import_mw: NDArray[np.float64],
    export_mw: NDArray[np.float64],
    hours: float,
    tariff: Tariff,
    grid: Connection,
) -> Iterator[Month]:
    meter = _meter(times, import_mw * KW_PER_MW * hours, export_mw * KW_PER_MW * hours, hours)
    meter["period"] = _periods(pd.DatetimeIndex(meter.index), tariff)
    earlier_kw = grid.peak_so_far_mw * KW_PER_MW
    for number, (name, month) in enumerate(meter.groupby(pd.DatetimeIndex(meter.index).strftime("%Y-%m"))):
        peak_kw = month["import_kwh"].max() / QUARTER_HOURS
        yield Month(
            name=str(name),
            number=int(str(name)[5:]),
            import_kwh={str(p): float(kwh) for p, kwh in month.groupby("period")["import_kwh"].sum().items()},
            export_kwh=float(month["export_kwh"].sum()),
            peak_kw=float(max(peak_kw, earlier_kw) if number == 0 else peak_kw),
        )


def _meter(
    times: pd.DatetimeIndex, import_kwh: NDArray[np.float64], export_kwh: NDArray[np.float64], hours: float
) -> pd.DataFrame:
    """Energy of every quarter-hour touched [kWh], indexed by its start."""
    length = pd.Timedelta(hours=hours)
    starts, ends = times, times + length
    parts = max(1, round(length / QUARTER))
    inside = (starts.floor(QUARTER) == starts) & (ends.floor(QUARTER) == ends)
    if hours < QUARTER_HOURS:
        inside = ends <= starts.floor(QUARTER) + QUARTER
    if not inside.all():
        raise InputError(
            f"interval of {hours:g} h from {times[int((~inside).argmax())]}: must not straddle quarter-hours"
        )
    booked = [
        pd.DataFrame(
            {"import_kwh": import_kwh / parts, "export_kwh": export_kwh / parts},
            index=(starts + part * QUARTER).floor(QUARTER),
        )
        for part in range(parts)
    ]
    return pd.concat(booked).groupby(level=0).sum()


def _periods(quarters: pd.DatetimeIndex, tariff: Tariff) -> list[str]:
    """Period of each quarter-hour, looked up day by day as the tariff's tables are written."""
    days = quarters.normalize()
    classified: dict[tuple[int, str], list[str]] = {}
    names: list[str] = []
    for day, count in zip(*np.unique(days, return_counts=True), strict=True):
        today = pd.Timestamp(day).date()
        if not tariff.valid_from <= today <= tariff.valid_to:
            raise InputError(
                f"tariff {tariff.name}: no price on {today}, valid {tariff.valid_from} to {tariff.valid_to}"
            )
        key = (today.month, _holiday(today, tariff))
        if key not in classified:
            clocks = [f"{hour:02}:{minute:02}" for hour in range(24) for minute in (0, 15, 30, 45)]
            classified[key] = [_period(*key, clock, tariff) for clock in clocks]
        first = len(names)
        of_day = quarters[first : first + int(count)]
        names += [classified[key][4 * time.hour + time.minute // 15] for time in of_day]
    return names


def _holiday(today: date, tariff: Tariff) -> str:
    return next((day.name for day in tariff.holidays if day.first <= today <= day.last), "")


def _period(month: int, holiday: str, clock: str, tariff: Tariff) -> str:
    """The period at "HH:MM" of a day in `month`; a holiday's own table goes before the month's."""
    if holiday:
        for special in tariff.holiday_day:
            if (holiday in special.holidays or not special.holidays) and _within(clock, special.hours):
                return special.period
    for table in tariff.day:
        if month in table.months and _within(clock, table.hours):
            return table.period
    return tariff.otherwise


def _within(clock: str, spans: tuple[str, ...]) -> bool:
    for text in spans:
        begin, end = (part.strip().zfill(5) for part in text.split("-"))
        if begin <= clock < end:  # "09:00" to "24:00": clock times sort as text
            return True
    return False


def _energy(month: Month, tariff: Tariff, grid: Connection) -> Iterator[Line]:
    """Each part of the price of a kilowatt-hour on its own line; purchased energy by period."""
    level = tariff.voltages.get(grid.voltage_kv_level)
    transmission = None
    if level is not None:
        two_part = grid.scheme == "two_part"
        transmission = level.two_part_yuan_per_kwh if two_part else level.single_part_yuan_per_kwh
    if transmission is None:
        raise InputError(f"tariff {tariff.name}: no {grid.scheme} price at '{grid.voltage_kv_level}'")
    flat_yuan = tariff.purchase_price_yuan_per_kwh[month.number - 1]
    for period, kwh in month.import_kwh.items():
        ratio = next(ratio for name, ratio in tariff.ratios.items() if name == period)
        price = flat_yuan * ratio
        yield Line(month.name, "purchased_energy", period, kwh, "kWh", price, kwh * price)
    kwh = sum(month.import_kwh.values())
    for charge, price in (
        ("line_loss", tariff.line_loss_rate * flat_yuan),
        ("transmission", transmission),
        ("system_operation", tariff.system_operation_yuan_per_kwh[month.number - 1]),
        ("government_funds", tariff.government_funds_yuan_per_kwh[month.number - 1]),
    ):
        yield Line(month.name, charge, "all", kwh, "kWh", price, kwh * price)


def _demand(month: Month, tariff: Tariff, grid: Connection) -> Iterator[Line]:
    """The month's highest 15-minute average import, under a two-part tariff."""
    if grid.scheme == "two_part":
        price = tariff.voltages[grid.voltage_kv_level].demand_price_yuan_per_kw_month
        if price is None:
            raise InputError(f"tariff {tariff.name}: no demand price at '{grid.voltage_kv_level}'")
        yield Line(month.name, "demand", "all", month.peak_kw, "kW", price, month.peak_kw * price)


def _sale(month: Month, tariff: Tariff, grid: Connection) -> Iterator[Line]:
    """Surplus sold: a negative cost."""
    price = -grid.sale_price_yuan_per_kwh
    yield Line(month.name, "sale", "all", month.export_kwh, "kWh", price, month.export_kwh * price)


CHARGES: tuple[Callable[[Month, Tariff, Connection], Iterator[Line]], ...] = (_energy, _demand, _sale)
