"""Which way of paying for demand would have cost least, and what it saves.

A two-part customer elects between demand and capacity; the election holds for some months (a quarter), a
contracted demand for one. All ways are reckoned for the dispatch as it is: with another election another
dispatch would be best, so what is told here is the least that changing is worth. The contract is taken at
the value that, in hindsight, costs least.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from parkdispatch.models.errors import InputError
from parkdispatch.models.tariff.demand_rules import ELECTIONS, Election
from parkdispatch.models.tariff.tariff import Tariff
from parkdispatch.models.units import KW_PER_MW
from parkdispatch.results.billing.bill import adjustment
from parkdispatch.results.billing.bill_lines import Connection
from parkdispatch.results.billing.demand_charge import Elected, best_contract_kw, charged, elected, fully_used
from parkdispatch.results.billing.meter import Month

OWN = "own"  # the column of what the case elected
WHOLE_YEAR = 12  # months an election holds where the tariff does not say


@dataclass(frozen=True)
class Elections:
    """The basic charge of each election period in every way that is open, with its adjustment [yuan].

    `yuan` has a row a period ("2026-01 to 03") and a column a way, and `own` for what the case elected.
    """

    own: Election
    yuan: pd.DataFrame
    best_contract_mw: Mapping[str, float]  # by month
    discounted: Sequence[str]  # months whose demand price is lower for full use

    @property
    def ways(self) -> list[str]:
        """The ways that are open."""
        return [way for way in self.yuan.columns if way != OWN]

    @property
    def cheapest(self) -> pd.Series:
        """The cheapest way of each period."""
        return self.yuan[self.ways].idxmin(axis=1)

    @property
    def cheapest_yuan(self) -> float:
        """What the cheapest way of each period costs over all."""
        return float(self.yuan[self.ways].min(axis=1).sum())

    @property
    def saving_yuan(self) -> float:
        """What the cheapest ways save against what the case elected."""
        return float(self.yuan[OWN].sum()) - self.cheapest_yuan


def elections(months: Sequence[Month], tariff: Tariff, grid: Connection) -> Elections | None:
    """Compare every way of paying for the demand of these months.

    None where there is nothing to elect: a single-part tariff, a month that was not metered whole, or only
    one way that is open.
    """
    if grid.scheme != "two_part" or not months or not all(month.whole for month in months):
        return None
    rules = tariff.demand_rules
    contract_kw = {m.name: best_contract_kw(m, rules, grid) for m in months} if rules else {}
    factor = 1.0 + adjustment(tariff, grid)

    def cost_yuan(month: Month, how: Elected) -> float:
        return factor * sum(line.yuan for line in charged(month, tariff, grid, how))

    table: dict[str, list[float]] = {}
    for way in ELECTIONS:
        try:
            table[way] = [cost_yuan(m, Elected(way, contract_kw.get(m.name))) for m in months]
        except InputError:  # the tariff has no such price, or the connection no transformers
            continue
    if len(table) < 2:
        return None
    table[OWN] = [cost_yuan(month, elected(month, grid)) for month in months]
    return Elections(
        own=grid.demand_election,
        yuan=pd.DataFrame(table).groupby(_periods(months, tariff), sort=False).sum(),
        best_contract_mw={name: kw / KW_PER_MW for name, kw in contract_kw.items()},
        discounted=[month.name for month in months if fully_used(month, rules, grid)],
    )


def _periods(months: Sequence[Month], tariff: Tariff) -> list[str]:
    """The election period each month belongs to, by its first and last month here."""
    length = WHOLE_YEAR if tariff.demand_rules is None else tariff.demand_rules.election_months
    number = [(month.name[:4], (month.number - 1) // length) for month in months]
    names = []
    for own in number:
        inside = [month.name for month, other in zip(months, number, strict=True) if other == own]
        names.append(inside[0] if len(inside) == 1 else f"{inside[0]} to {inside[-1][5:]}")
    return names
