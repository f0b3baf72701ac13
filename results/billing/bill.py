"""The electricity bill, computed a second time from the meter and the tariff's declared numbers.

An accountant's way, sharing no pricing code with the optimizer: energy is booked to quarter-hours, each
quarter-hour is classified here, energy is summed by month and period, and every part of the price makes
its own line. Plus is paid by the park, minus is received.

A further rule is one more function in `CHARGES`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from parkdispatch.models.errors import InputError
from parkdispatch.models.tariff.tariff import Tariff
from parkdispatch.results.billing.bill_lines import BillLine, Connection
from parkdispatch.results.billing.demand_charge import (
    BASIC,
    FIXED,
    FULL_USE,
    basic_charge,
    open_discount_yuan,
)
from parkdispatch.results.billing.meter import Month, months

UNSEEN = (*FIXED, FULL_USE)  # charges the optimizer does not price: fixed, or hanging on a whole month
NOT_ADJUSTED = ("government_funds", "sale")  # by the power factor


@dataclass(frozen=True)
class Bill:
    """Lines as columns of `BillLine`, in the order of months; plus is paid, minus is received."""

    lines: pd.DataFrame
    power_factor_share: float = 0.0  # [-] that the power factor adds to all but funds and sales
    open_discount_yuan: float = 0.0  # what more comes off if the months seen in part turn out fully used
    months: Sequence[Month] = ()  # what was metered

    @property
    def total_yuan(self) -> float:
        """What is to be paid, sales deducted [yuan]."""
        return float(self.lines["yuan"].sum())

    @property
    def basic_yuan(self) -> float:
        """The basic charge, for demand or capacity, with what the power factor adds to it [yuan]."""
        basic = self.lines["charge"].isin(BASIC)
        return float(self.lines.loc[basic, "yuan"].sum()) * (1.0 + self.power_factor_share)

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

    @property
    def unseen_yuan(self) -> pd.DataFrame:
        """What no dispatch changes, or no optimizer can see, by month (rows) and charge (columns).

        Each with what the power factor adds to it.
        """
        found = self.lines[self.lines["charge"].isin(UNSEEN)]
        table = found.pivot_table("yuan", "month", "charge", aggfunc="sum", fill_value=0.0, sort=False)
        return table.reindex(self.lines["month"].unique(), fill_value=0.0) * (1.0 + self.power_factor_share)

    @property
    def seen_by_month_yuan(self) -> pd.Series:
        """The part of each month's bill that the optimizer prices."""
        paid = self.lines.groupby("month", sort=False)["yuan"].sum()
        return paid - self.unseen_yuan.sum(axis=1)

    @property
    def seen_yuan(self) -> float:
        """The part of the bill that the optimizer prices."""
        return float(self.seen_by_month_yuan.sum())

    def _pivot(self, index: list[str]) -> pd.DataFrame:
        return self.lines.pivot_table("yuan", index, "charge", aggfunc="sum", fill_value=0.0, sort=False)


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
    the times, the voltage, the scheme or a rule.
    """
    metered = list(months(times, import_mw, export_mw, hours, tariff, grid.peak_so_far_mw))
    share = adjustment(tariff, grid)
    lines = []
    for month in metered:
        charged = [line for charge in CHARGES for line in charge(month, tariff, grid)]
        lines += [*charged, *_power_factor(month, charged, share)]
    possible = sum(open_discount_yuan(month, tariff, grid) for month in metered) * (1.0 + share)
    return Bill(pd.DataFrame(lines, columns=list(BillLine._fields)), share, possible, metered)


def adjustment(tariff: Tariff, grid: Connection) -> float:
    """What the power factor adds, read off the tariff's table: straight between its rows, at hundredths."""
    if grid.power_factor is None:
        return 0.0
    if tariff.power_factor is None:
        raise InputError(f"tariff {tariff.name}: no adjustment for a power factor of {grid.power_factor:g}")
    at, shares = zip(*reversed(tariff.power_factor.steps), strict=True)
    return float(np.interp(np.floor(100.0 * grid.power_factor + 0.5 + 1e-9) / 100.0, at, shares))


def _energy(month: Month, tariff: Tariff, grid: Connection) -> Iterator[BillLine]:
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
        yield BillLine(month.name, "purchased_energy", period, kwh, "kWh", price, kwh * price)
    kwh = month.bought_kwh
    for charge, price in (
        ("line_loss", tariff.line_loss_rate * flat_yuan),
        ("transmission", transmission),
        ("system_operation", tariff.system_operation_yuan_per_kwh[month.number - 1]),
        ("government_funds", tariff.government_funds_yuan_per_kwh[month.number - 1]),
    ):
        yield BillLine(month.name, charge, "all", kwh, "kWh", price, kwh * price)


def _power_factor(month: Month, charged: list[BillLine], share: float) -> Iterator[BillLine]:
    """What the power factor adds to the month, or takes off it."""
    if share:
        yuan = sum(line.yuan for line in charged if line.charge not in NOT_ADJUSTED)
        yield BillLine(month.name, "power_factor", "all", yuan, "yuan", share, yuan * share)


def _sale(month: Month, _: Tariff, grid: Connection) -> Iterator[BillLine]:
    """Surplus sold: a negative cost."""
    price = -grid.sale_price_yuan_per_kwh
    yield BillLine(month.name, "sale", "all", month.export_kwh, "kWh", price, month.export_kwh * price)


CHARGES: tuple[Callable[[Month, Tariff, Connection], Iterator[BillLine]], ...] = (
    _energy,
    basic_charge,
    _sale,
)
