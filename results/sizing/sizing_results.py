"""What is known of the size of the increment, each part of it computed by a driver of its own.

All values are of the increment alone: the park with it, less the same park without it, which keeps what
stands. Money is yuan, VAT included; fractions, never percent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.models.finance.sizing_section import Sizing
from parkdispatch.results.finance.cash_flow import CashFlow
from parkdispatch.results.finance.lifetime import Lifetime

NEVER = "never"  # the key of the choice to build nothing
LEAST_MWH = 0.5  # a co-optimised size below is nothing anybody builds
PROVEN_SIZE_GAP = 1e-6  # of the year's cost, to which a size is proven: some hundred yuan a year


@dataclass(frozen=True)
class Choice:
    """A size at a price; `NEVER` has the size 0."""

    key: str  # "never", "offer_1", "offer_2_of_3" (modules), "best" (co-optimised), "best_by_npv"
    name: str
    name_zh: str
    power_mw: float
    energy_mwh: float
    investment_yuan: float  # with the price multiple

    @property
    def yuan_per_wh(self) -> float | None:
        """Its price; None of nothing."""
        return self.investment_yuan / (1e6 * self.energy_mwh) if self.energy_mwh > 0 else None


@dataclass(frozen=True)
class Marginal:
    """What a little more of either is worth in the first year, at one size, and when it pays."""

    power_mw: float
    energy_mwh: float
    value_of_mw_yuan: float  # [yuan/MW a year] what the year's cost falls by; below zero: it costs
    value_of_mwh_yuan: float  # [yuan/MWh a year]
    # the same by finite differences, one step less and one more: the duals lie between them, or at a kink
    difference_mw_yuan: tuple[float, float]
    difference_mwh_yuan: tuple[float, float]
    annuity_yuan_per_mw: float  # what a MW and a MWh cost a year at the case's prices
    annuity_yuan_per_mwh: float
    break_even_yuan_per_kwh: float  # price of energy at which the next MWh pays, at the case's price of power


@dataclass(frozen=True)
class Best:
    """The size that costs the park least in the first year, capital as an annuity, and its proof."""

    power_mw: float
    energy_mwh: float
    cost_yuan: float  # of the year: the dispatch and the annuity
    bound_yuan: float  # no size and no dispatch cost less
    dispatch_yuan: float  # of it the dispatch
    without_yuan: float  # the dispatch without the increment
    annuity_share: float  # [1/year] of the investment
    evaluated: int  # sizes whose year was dispatched
    boxes: int  # parts of the range of sizes that were shown to be no better
    # each size tried: power, energy, cost and bound; for the chart of how the search went, (tried, 4)
    tried: np.ndarray

    @property
    def is_nothing(self) -> bool:
        """Whether the best is to build nothing, or no more than rounding."""
        return self.power_mw <= 0 or self.energy_mwh < LEAST_MWH

    @property
    def gap(self) -> float:
        """(cost - bound) / max(1, |cost|), never below zero."""
        return max(0.0, self.cost_yuan - self.bound_yuan) / max(1.0, abs(self.cost_yuan))


@dataclass(frozen=True)
class Offered:
    """A choice with its years dispatched and its cash flow."""

    choice: Choice
    life: Lifetime | None  # of the park with it; None of never
    cash: CashFlow | None  # of the increment
    break_even_yuan_per_wh: float | None  # price of the whole at which its NPV is zero
    marginal: Marginal | None
    # as the surface has them: dispatch_yuan, bound_yuan, peak_cut_mw, self_use, self_use_gain, co2_cut_t of
    # its first year, gap of all
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class SizeStudy:
    """All that was asked; a part that was not asked for is None.

    `surface` has the dimensions power_mw and duration_hours and, for each size: npv_yuan, irr, payback_years,
    investment_yuan, energy_mwh, dispatch_yuan and bound_yuan (first year), gap (the largest of its years),
    saving_first_yuan, saving_last_yuan (bill without less bill with, a year), peak_cut_mw (mean over the
    months), self_use (share of PV used in the park), self_use_gain, co2_cut_t (a year), annual_net_yuan
    (what the first year's dispatch costs less with it, less the annuity), value_of_mw_yuan, value_of_mwh_yuan
    (duals), frontier (bool: no size has more NPV for less investment).

    `when` has the dimensions choice (keys) and year (0, 1, ...): npv_yuan in money of the case's year,
    npv_then_yuan, investment_yuan, saving_first_yuan, saving_last_yuan.

    `risk` has the dimensions scenario and choice: npv_yuan, irr, saving_yuan (mean over the years),
    investment_yuan; and over scenario and doubt `doubted`, the value, with the names of the doubts as
    coordinate. `results/sizing/risk.py` makes and reads it.
    """

    case: Case
    sizing: Sizing
    choices: tuple[Choice, ...]
    best: Best | None = None
    surface: xr.Dataset | None = None
    offers: tuple[Offered, ...] = ()
    when: xr.Dataset | None = None
    risk: xr.Dataset | None = None
    kept: Path | None = None  # where the scenarios are
    timings_s: Mapping[str, float] = field(default_factory=dict)
