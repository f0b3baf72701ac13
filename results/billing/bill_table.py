"""The bill with storage against the bill of the base case: by line, by month, and as a waterfall.

Money in yuan, positive is paid; a saving is the bill without the storage less the bill with it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from parkdispatch.models.tariff.tariff_tables import PERIODS
from parkdispatch.results.billing.bill import Bill
from parkdispatch.results.solution import QuantityName

LINE = ["charge", "period"]


@dataclass(frozen=True)
class BillStep:
    """The saving of the storage in one line of the cost [yuan]; negative: it costs more."""

    owner: str  # the connection or device
    charge: str  # of the bill, or the name of a device's cost
    period: str  # "all" where the price does not depend on the period
    saved_yuan: float
    billed: bool = True


@dataclass(frozen=True)
class BillSteps:
    """The waterfall from the cost without storage to the cost with it; the steps add up to the saving."""

    without_yuan: float
    with_yuan: float
    steps: Sequence[BillStep]

    @property
    def saved_yuan(self) -> float:
        """Total saving of the storage [yuan]."""
        return self.without_yuan - self.with_yuan


def line_table(with_storage: Bill, without: Bill | None) -> pd.DataFrame:
    """Charges and periods over the horizon (rows): `quantity`, `unit`, `price_yuan`, `yuan`.

    With `without` also that bill's columns with the suffix `_without`, and `saved_yuan`. A price that varies
    by month is the quantity-weighted mean, or the mean of the months where the quantity is zero.
    """
    table = _sums(with_storage)
    if without is None:
        return table
    base = _sums(without)
    both = table.join(base.add_suffix("_without"), how="outer").reindex(_ordered(table, base))
    both["unit"] = both["unit"].fillna(both["unit_without"])
    amounts = ["quantity", "yuan", "quantity_without", "yuan_without"]
    both[amounts] = both[amounts].fillna(0.0)
    for price, other_price in (("price_yuan", "price_yuan_without"), ("price_yuan_without", "price_yuan")):
        both[price] = both[price].fillna(both[other_price])
    both["saved_yuan"] = both["yuan_without"] - both["yuan"]
    return both.drop(columns="unit_without")


def month_table(with_storage: Bill, without: Bill | None) -> pd.DataFrame:
    """Months (rows): `yuan`; with `without` also `yuan_without`, `saved_yuan` and the saving by charge."""
    by_charge = with_storage.by_charge_yuan
    table = pd.DataFrame({"yuan": by_charge.sum(axis=1)})
    if without is None:
        return table
    table["yuan_without"] = without.by_charge_yuan.sum(axis=1)
    table["saved_yuan"] = table["yuan_without"] - table["yuan"]
    charges = list(dict.fromkeys([*with_storage.lines["charge"], *without.lines["charge"]]))
    base_by_charge = without.by_charge_yuan.reindex(columns=charges, fill_value=0.0)
    return table.join(base_by_charge - by_charge.reindex(columns=charges, fill_value=0.0))


def bill_steps(
    with_storage: Mapping[str, Bill],
    without: Mapping[str, Bill],
    costs_yuan: Mapping[QuantityName, float],
    saved_yuan: Mapping[QuantityName, float],
) -> BillSteps:
    """The saving by line of the bills, and by named cost of devices without a bill.

    `costs_yuan` are the named costs of the dispatch with storage, `saved_yuan` the saving in each.
    """
    steps = [
        BillStep(grid, charge, period, float(yuan))
        for grid in with_storage
        for (charge, period), yuan in _saved(with_storage[grid], without[grid])
    ]
    total = sum(bill.total_yuan for bill in with_storage.values())
    total_without = sum(without[grid].total_yuan for grid in with_storage)
    for name in dict.fromkeys([*costs_yuan, *saved_yuan]):
        if name.device not in with_storage:
            steps.append(BillStep(name.device, name.key, "all", saved_yuan.get(name, 0.0), billed=False))
            total += costs_yuan.get(name, 0.0)
            total_without += costs_yuan.get(name, 0.0) + saved_yuan.get(name, 0.0)
    return BillSteps(total_without, total, steps)


def _saved(with_storage: Bill, without: Bill) -> Iterator[tuple[tuple[str, str], float]]:
    """Charge and period of each line, and its saving [yuan]."""
    table = line_table(with_storage, without)
    yield from zip(table.index.to_list(), table["saved_yuan"], strict=True)


def _sums(bill: Bill) -> pd.DataFrame:
    """Quantity, unit, price and amount by charge and period, in the order of the bill and of the periods."""
    groups = bill.lines.groupby(LINE, sort=False)
    table = groups[["quantity", "yuan"]].sum()
    table.insert(1, "unit", groups["unit"].first())
    price = (table["yuan"] / table["quantity"]).where(table["quantity"] != 0)
    constant = groups["price_yuan"].nunique() == 1  # then the tariff's price, exact to the last digit
    table.insert(2, "price_yuan", price.mask(constant | price.isna(), groups["price_yuan"].mean()))
    return table.reindex(_ordered(table))


def _ordered(*tables: pd.DataFrame) -> pd.MultiIndex:
    """The lines of all tables: charges in order of appearance, periods in the tariff's order."""
    lines = list(dict.fromkeys(line for table in tables for line in table.index))
    charges = list(dict.fromkeys(charge for charge, _ in lines))
    named_by_tariff = sorted({period for _, period in lines} - {*PERIODS, "all"})
    order = [*PERIODS, *named_by_tariff, "all"]  # of periods within a charge
    lines.sort(key=lambda line: (charges.index(line[0]), order.index(line[1])))
    return pd.MultiIndex.from_tuples(lines, names=LINE)
