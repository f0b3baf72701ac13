"""Comparison of the elections of the basic charge for a given dispatch, and the saving of the cheapest.

A two-part customer elects demand or capacity as the basis; the election holds for several months (a
quarter), a contracted demand for one month. Every election is priced for the dispatch as it is. Under
another election another dispatch would be optimal, so the saving is a lower bound. The contracted demand is
the one of least cost in hindsight.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from parkdispatch.models.errors import InputError
from parkdispatch.models.tariff.demand_rules import ELECTIONS, Election
from parkdispatch.models.tariff.tariff import Tariff
from parkdispatch.models.units import KW_PER_MW
from parkdispatch.results.billing.bill_lines import Connection
from parkdispatch.results.billing.demand_charge import (
    Elected,
    adjustment,
    basic_charge_lines,
    best_contract_kw,
    election_in_month,
    fully_used,
)
from parkdispatch.results.billing.meter import Month

OWN = "own"  # the column of the case's own election
WHOLE_YEAR = 12  # months that an election holds where the tariff does not specify it


@dataclass(frozen=True)
class Elections:
    """The basic charge of each election period under every available election, adjustment included [yuan].

    `yuan` has one row per period ("2026-01 to 03"), one column per election, and `own` for the case's own.
    """

    own: Election
    yuan: pd.DataFrame
    best_contract_mw: Mapping[str, float]  # by month
    discounted: Sequence[str]  # months of full use, whose demand price is reduced

    @property
    def ways(self) -> list[str]:
        """The available elections."""
        return [election for election in self.yuan.columns if election != OWN]

    @property
    def cheapest(self) -> pd.Series:
        """The cheapest election of each period."""
        return self.yuan[self.ways].idxmin(axis=1)

    @property
    def cheapest_yuan(self) -> float:
        """Total cost of the cheapest election of each period [yuan]."""
        return float(self.yuan[self.ways].min(axis=1).sum())

    @property
    def saving_yuan(self) -> float:
        """Saving of the cheapest elections against the case's own [yuan]."""
        return float(self.yuan[OWN].sum()) - self.cheapest_yuan


def elections(months: Sequence[Month], tariff: Tariff, grid: Connection) -> Elections | None:
    """Compare the elections of the basic charge over these months.

    None where there is nothing to elect: a single-part tariff, a partly metered month, a single available
    election, or a demand charge whose terms the user gives as series.
    """
    if grid.scheme != "two_part" or not months or not all(month.whole for month in months):
        return None
    if any(month.given.has_demand for month in months):
        return None
    rules = tariff.demand_rules
    contract_kw = {month.name: best_contract_kw(month, rules, grid) for month in months} if rules else {}
    adjusted = 1.0 + adjustment(tariff, grid)

    def cost_yuan(month: Month, how: Elected) -> float:
        return adjusted * sum(line.yuan for line in basic_charge_lines(month, tariff, grid, how))

    table: dict[str, list[float]] = {}
    for election in ELECTIONS:
        try:
            table[election] = [cost_yuan(m, Elected(election, contract_kw.get(m.name))) for m in months]
        except InputError:  # the tariff has no such price, or the connection no transformers
            continue
    if len(table) < 2:
        return None
    table[OWN] = [cost_yuan(month, election_in_month(month, grid)) for month in months]
    return Elections(
        own=grid.demand_election,
        yuan=pd.DataFrame(table).groupby(_periods(months, tariff), sort=False).sum(),
        best_contract_mw={name: kw / KW_PER_MW for name, kw in contract_kw.items()},
        discounted=[month.name for month in months if fully_used(month, rules, grid)],
    )


def _periods(months: Sequence[Month], tariff: Tariff) -> list[str]:
    """The election period of each month, named by its first and last month within `months`."""
    length = WHOLE_YEAR if tariff.demand_rules is None else tariff.demand_rules.election_months
    periods = [(month.name[:4], (month.number - 1) // length) for month in months]
    names = []
    for period in periods:
        inside = [month.name for month, other in zip(months, periods, strict=True) if other == period]
        names.append(inside[0] if len(inside) == 1 else f"{inside[0]} to {inside[-1][5:]}")
    return names
