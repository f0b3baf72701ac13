"""Optimal commissioning year of the increment: NPV by choice and year."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from parkdispatch.models.device import Array
from parkdispatch.models.finance.investment import Finance
from parkdispatch.models.finance.sizing_section import YearlyChanges
from parkdispatch.results.finance.operation import Operation
from parkdispatch.results.sizing.increment_value import PROJECT, Worth, increment_cash_flow
from parkdispatch.results.sizing.sizing_results import NEVER, Choice

NAN = float("nan")


@dataclass(frozen=True)
class BestYear:
    """The choice and commissioning year of the highest NPV; `NEVER` where no NPV is positive."""

    key: str  # of the choice; `NEVER`
    year: int  # after the case's year; 0 for `NEVER`
    npv_yuan: float  # discounted to the case's year
    npv_now_yuan: float  # of the same choice, commissioned in the case's year; NaN: not known


def commissioning_dataset(
    finance: Finance,
    paths: YearlyChanges,
    choices: Sequence[Choice],
    known: Mapping[int, Sequence[Worth | None]],
) -> xr.Dataset:
    """The dataset `SizeStudy.when`, for commissioning years 0 to the last one in `known`.

    `known` holds the value of each choice by commissioning year, None where it is not known. Between those
    years, the revenue of each operating year is interpolated linearly; the investment is that of the
    commissioning year. Before the first and after the last known year of a choice its figures are NaN.
    """
    years = range(max(known) + 1)
    rows = []
    for number in range(len(choices)):
        worths = {year: worth for year, row in known.items() if (worth := row[number]) is not None}
        rows.append([_commissioned(finance, paths, worths, year) for year in years])
    dims = ("choice", "year")

    def table(column: int) -> tuple[tuple[str, str], Array, dict[str, str]]:
        return dims, np.array([[figures[column] for figures in row] for row in rows]), {"units": "yuan"}

    when = xr.Dataset(
        {
            "npv_then_yuan": table(0),
            "investment_yuan": table(1),
            "saving_first_yuan": table(2),
            "saving_last_yuan": table(3),
            "dispatched": ("year", np.array([any(known.get(year, ())) for year in years])),
        },
        coords={
            "choice": [choice.key for choice in choices],
            "year": ("year", np.array(years), {"units": "years"}),
        },
    )
    when["npv_yuan"] = when["npv_then_yuan"] / (1.0 + finance.discount_rate) ** when["year"]
    when["npv_yuan"].attrs["units"] = "yuan"
    best = best_when(when)
    return when.assign_attrs(best_choice=best.key, best_year=best.year, best_npv_yuan=best.npv_yuan)


def best_when(when: xr.Dataset) -> BestYear:
    """The choice and year of the highest NPV; among equals the earliest year, then the first choice."""
    npv_yuan = np.nan_to_num(when["npv_yuan"].to_numpy(), nan=-np.inf)
    year, choice = divmod(int(npv_yuan.T.argmax()), len(npv_yuan))
    key, best_yuan = str(when["choice"].to_numpy()[choice]), float(npv_yuan[choice, year])
    if key == NEVER or best_yuan <= 0:
        return BestYear(NEVER, 0, 0.0, 0.0)
    return BestYear(key, year, best_yuan, float(when["npv_yuan"].to_numpy()[choice, 0]))


def first_that_pays(when: xr.Dataset, key: str) -> int | None:
    """The first commissioning year in which a choice has a positive NPV; None: in no year."""
    positive = np.flatnonzero(when["npv_yuan"].sel(choice=key).to_numpy() > 0)
    return int(positive[0]) if positive.size else None


def _commissioned(
    finance: Finance, paths: YearlyChanges, known: Mapping[int, Worth], year: int
) -> tuple[float, float, float, float]:
    """NPV in the commissioning year, investment, saving in the first and the last operating year [yuan].

    `known` holds the values of one choice by commissioning year.
    """
    if not min(known) <= year <= max(known):
        return NAN, NAN, NAN, NAN
    before = max(known_year for known_year in known if known_year <= year)
    after = min(known_year for known_year in known if known_year >= year)
    earlier, later = known[before], known[after]
    share = (year - before) / (after - before) if after > before else 0.0
    saving = (1.0 - share) * earlier.saving_yuan + share * later.saving_yuan
    if earlier.cash is None:
        return 0.0, 0.0, 0.0, 0.0
    investment = earlier.choice.investment_yuan * (1.0 + paths.battery_price) ** year
    cash = increment_cash_flow(finance, investment, _interpolated(earlier.operation, later.operation, share))
    return cash.returns[PROJECT].npv_yuan, investment, float(saving[0]), float(saving[-1])


def _interpolated(earlier: Operation, later: Operation, share: float) -> Operation:
    """Linear interpolation of two operations, year by year; `share` is the weight of the later one."""

    def line(first: Array, last: Array) -> Array:
        return (1.0 - share) * first + share * last

    return Operation(
        revenue_yuan={
            name: line(yuan, later.revenue_yuan[name]) for name, yuan in earlier.revenue_yuan.items()
        },
        discharged_mwh=line(earlier.discharged_mwh, later.discharged_mwh),
        auxiliary_yuan=line(earlier.auxiliary_yuan, later.auxiliary_yuan),
        power_mw=earlier.power_mw,
        replaced_shares=earlier.replaced_shares,
    )
