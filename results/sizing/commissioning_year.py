"""When the increment should come: its NPV by commissioning year, and the best year."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from parkdispatch.models.device import Array
from parkdispatch.models.finance.investment import Finance
from parkdispatch.models.finance.sizing_section import YearlyChanges
from parkdispatch.results.finance.operation import Operation
from parkdispatch.results.sizing.increment_value import PROJECT, Worth, cash_of
from parkdispatch.results.sizing.sizing_results import NEVER, Choice


@dataclass(frozen=True)
class BestYear:
    """The best of some choices and years; to build nothing, where none of them earns anything."""

    key: str  # of the choice; `NEVER`
    year: int  # after the case's; 0 of never
    npv_yuan: float  # in money of the case's year
    npv_now_yuan: float  # of the same choice, built at once


def when_of(
    finance: Finance, paths: YearlyChanges, choices: Sequence[Choice], known: Mapping[int, Sequence[Worth]]
) -> xr.Dataset:
    """What `SizeStudy.when` holds, for 0 to the last year in which the choices' worth is known.

    `known` has, by commissioning year, the worth of each choice, 0 included. Between those years, what the
    increment earns in each year of its operation lies on a line; its price is of the year itself.
    """
    years = range(max(known) + 1)
    rows = [[_at(finance, paths, at, known, year) for year in years] for at in range(len(choices))]
    dims = ("choice", "year")

    def table(column: int) -> tuple[tuple[str, str], Array, dict[str, str]]:
        return dims, np.array([[one[column] for one in row] for row in rows]), {"units": "yuan"}

    made = xr.Dataset(
        {
            "npv_then_yuan": table(0),
            "investment_yuan": table(1),
            "saving_first_yuan": table(2),
            "saving_last_yuan": table(3),
            "dispatched": ("year", np.array([year in known for year in years])),
        },
        coords={
            "choice": [one.key for one in choices],
            "year": ("year", np.array(years), {"units": "years"}),
        },
    )
    made["npv_yuan"] = made["npv_then_yuan"] / (1.0 + finance.discount_rate) ** made["year"]
    made["npv_yuan"].attrs["units"] = "yuan"
    best = best_when(made)
    return made.assign_attrs(best_choice=best.key, best_year=best.year, best_npv_yuan=best.npv_yuan)


def best_when(when: xr.Dataset) -> BestYear:
    """The choice and year of the highest NPV; of equal ones the earlier year, then the earlier choice."""
    npv = when["npv_yuan"].to_numpy()
    year, choice = divmod(int(npv.T.argmax()), len(npv))
    key, best = str(when["choice"].to_numpy()[choice]), float(npv[choice, year])
    if key == NEVER or best <= 0:
        return BestYear(NEVER, 0, 0.0, 0.0)
    return BestYear(key, year, best, float(npv[choice, 0]))


def first_that_pays(when: xr.Dataset, key: str) -> int | None:
    """The first year in which a choice has an NPV above zero; None: in none of them."""
    pays = np.flatnonzero(when["npv_yuan"].sel(choice=key).to_numpy() > 0)
    return int(pays[0]) if pays.size else None


def _at(
    finance: Finance, paths: YearlyChanges, choice: int, known: Mapping[int, Sequence[Worth]], year: int
) -> tuple[float, float, float, float]:
    """NPV then, investment, and saving in the first and the last year of operation [yuan]."""
    before = max(one for one in known if one <= year)
    after = min(one for one in known if one >= year)
    one, other = known[before][choice], known[after][choice]
    share = (year - before) / (after - before) if after > before else 0.0
    saving = (1.0 - share) * one.saving_yuan + share * other.saving_yuan
    if one.cash is None:
        return 0.0, 0.0, 0.0, 0.0
    investment = one.choice.investment_yuan * (1.0 + paths.battery_price) ** year
    cash = cash_of(finance, investment, _between(one.operation, other.operation, share))
    return cash.returns[PROJECT].npv_yuan, investment, float(saving[0]), float(saving[-1])


def _between(one: Operation, other: Operation, share: float) -> Operation:
    def line(first: Array, last: Array) -> Array:
        return (1.0 - share) * first + share * last

    return Operation(
        revenue_yuan={name: line(yuan, other.revenue_yuan[name]) for name, yuan in one.revenue_yuan.items()},
        discharged_mwh=line(one.discharged_mwh, other.discharged_mwh),
        auxiliary_yuan=line(one.auxiliary_yuan, other.auxiliary_yuan),
        power_mw=one.power_mw,
    )
