"""The bill with the storage beside the bill without it: line by line, by month, and as steps between them.

Money in yuan, plus is paid; what is saved is the bill without the storage less that with it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from parkdispatch.models.tariff.tariff_tables import PERIODS
from parkdispatch.results.billing.bill import Bill

ORDER = [*PERIODS, "all"]  # of the periods of a charge
LINE = ["charge", "period"]


@dataclass(frozen=True)
class BillStep:
    """What the storage saves in one line of the cost, or minus costs more [yuan]."""

    owner: str  # the connection or device
    charge: str  # of the bill, or the name of a cost of a device
    period: str  # "all" where the price does not depend on it
    saved_yuan: float
    billed: bool = True


@dataclass(frozen=True)
class BillSteps:
    """From the cost without storage to the cost with it; the steps add up to the difference."""

    without_yuan: float
    with_yuan: float
    steps: Sequence[BillStep]

    @property
    def saved_yuan(self) -> float:
        """What the storage saves in all."""
        return self.without_yuan - self.with_yuan


def line_table(made: Bill, without: Bill | None) -> pd.DataFrame:
    """Each charge and period over the horizon: `quantity`, `unit`, `price_yuan`, `yuan`.

    With `without` also the same of that bill, endings `_without`, and `saved_yuan`. A price that differs
    from month to month is the mean that the quantity pays; of nothing it is that of the months.
    """
    table = _sums(made)
    if without is None:
        return table
    other = _sums(without)
    both = table.join(other.add_suffix("_without"), how="outer").reindex(_ordered(table, other))
    both["unit"] = both["unit"].fillna(both["unit_without"])
    amounts = ["quantity", "yuan", "quantity_without", "yuan_without"]
    both[amounts] = both[amounts].fillna(0.0)
    for one, another in (("price_yuan", "price_yuan_without"), ("price_yuan_without", "price_yuan")):
        both[one] = both[one].fillna(both[another])
    both["saved_yuan"] = both["yuan_without"] - both["yuan"]
    return both.drop(columns="unit_without")


def month_table(made: Bill, without: Bill | None) -> pd.DataFrame:
    """Each month's bill: `yuan`; with `without` also `yuan_without`, `saved_yuan` and savings by charge."""
    table = pd.DataFrame({"yuan": made.by_charge_yuan.sum(axis=1)})
    if without is None:
        return table
    table["yuan_without"] = without.by_charge_yuan.sum(axis=1)
    table["saved_yuan"] = table["yuan_without"] - table["yuan"]
    charges = list(dict.fromkeys([*made.lines["charge"], *without.lines["charge"]]))
    saved = without.by_charge_yuan.reindex(columns=charges, fill_value=0.0) - made.by_charge_yuan.reindex(
        columns=charges, fill_value=0.0
    )
    return table.join(saved)


def bill_steps(
    made: Mapping[str, Bill],
    without: Mapping[str, Bill],
    costs_yuan: Mapping[str, float],
    saved_yuan: Mapping[str, float],
) -> BillSteps:
    """The saving line by line: of the bills, and of the named costs of whatever has no bill.

    `costs_yuan` are the named costs of the dispatch with storage, `saved_yuan` what is saved in each.
    """
    found = [
        BillStep(grid, charge, period, float(yuan))
        for grid in made
        for (charge, period), yuan in _saved(made[grid], without[grid])
    ]
    total = sum(bill.total_yuan for bill in made.values())
    total_without = sum(without[grid].total_yuan for grid in made)
    for name in dict.fromkeys([*costs_yuan, *saved_yuan]):
        owner, key = name.removesuffix("_yuan").split(".", 1)
        if owner not in made:
            found.append(BillStep(owner, key, "all", saved_yuan.get(name, 0.0), billed=False))
            total += costs_yuan.get(name, 0.0)
            total_without += costs_yuan.get(name, 0.0) + saved_yuan.get(name, 0.0)
    return BillSteps(total_without, total, found)


def _saved(made: Bill, without: Bill) -> Iterator[tuple[tuple[str, str], float]]:
    table = line_table(made, without)
    yield from zip(table.index.to_list(), table["saved_yuan"], strict=True)


def _sums(made: Bill) -> pd.DataFrame:
    """Quantity, unit, price and yuan by charge and period, in the order of the bill and of the periods."""
    groups = made.lines.groupby(LINE, sort=False)
    table = groups[["quantity", "yuan"]].sum()
    table.insert(1, "unit", groups["unit"].first())
    price = (table["yuan"] / table["quantity"]).where(table["quantity"] != 0)
    same = groups["price_yuan"].nunique() == 1  # then it stands as it is in the tariff, to the last digit
    table.insert(2, "price_yuan", price.mask(same | price.isna(), groups["price_yuan"].mean()))
    return table.reindex(_ordered(table))


def _ordered(*tables: pd.DataFrame) -> pd.MultiIndex:
    """The lines of all, charges as they come, periods as the tariff names them."""
    lines = list(dict.fromkeys(line for table in tables for line in table.index))
    charges = list(dict.fromkeys(charge for charge, _ in lines))
    lines.sort(key=lambda line: (charges.index(line[0]), ORDER.index(line[1])))
    return pd.MultiIndex.from_tuples(lines, names=LINE)
