"""Result types of a sizing study; each part is computed by its own driver.

All values are incremental: the park with the increment less the same park without it, which keeps its
existing batteries. Money is in yuan, VAT included; shares are fractions, never percent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.models.finance.sizing_section import Sizing
from parkdispatch.models.units import WH_PER_MWH
from parkdispatch.results.failed_tasks import FailedTask
from parkdispatch.results.finance.cash_flow import CashFlow
from parkdispatch.results.finance.lifetime import Lifetime
from parkdispatch.results.finance.phase_study import PhaseStudy

NEVER = "never"  # the key of the choice to build nothing
LEAST_MWH = 0.5  # a smaller co-optimised size counts as building nothing
PROVEN_SIZE_GAP = 1e-6  # relative to the year's cost, within which a size is proven: some hundred yuan a year


@dataclass(frozen=True)
class Choice:
    """A decision alternative: a size at a price. The alternative `NEVER` has the size 0."""

    key: str  # "never", "offer_1", "offer_2_of_3" (modules), "best" (co-optimised), "best_by_npv"
    name: str
    name_zh: str
    power_mw: float
    energy_mwh: float
    investment_yuan: float  # price multiple included

    @property
    def yuan_per_wh(self) -> float | None:
        """Specific price [yuan/Wh]; None where nothing is built."""
        return self.investment_yuan / (WH_PER_MWH * self.energy_mwh) if self.energy_mwh > 0 else None


@dataclass(frozen=True)
class Marginal:
    """Marginal values of power and energy in the first year at one size, and the break-even price."""

    power_mw: float
    energy_mwh: float
    value_of_mw_yuan: float  # [yuan/MW/year] decrease of the year's cost; negative: increase
    value_of_mwh_yuan: float  # [yuan/MWh/year]
    # the same by finite differences of one step down and one step up, between which the duals lie; None where
    # the gap that was asked for is more than a step is worth
    difference_mw_yuan: tuple[float, float] | None
    difference_mwh_yuan: tuple[float, float] | None
    annuity_yuan_per_mw: float  # annual capital cost at the case's prices [yuan/MW/year]
    annuity_yuan_per_mwh: float  # [yuan/MWh/year]
    break_even_yuan_per_kwh: float  # price of energy capacity at which the next MWh breaks even


@dataclass(frozen=True)
class Best:
    """The co-optimised size: least cost of the first year including the capital annuity, with its bound."""

    power_mw: float
    energy_mwh: float
    cost_yuan: float  # of the year: dispatch and annuity
    bound_yuan: float  # lower bound over all sizes and dispatches
    dispatch_yuan: float  # part of the cost due to the dispatch
    without_yuan: float  # dispatch without the increment
    annuity_share: float  # annuity over investment [1/year]
    evaluated: int  # sizes whose year was dispatched
    boxes: int  # regions of the size range that the parametric bound excluded
    # power, energy, cost and bound of each evaluated size, for the chart of the search, (sizes, 4)
    tried: np.ndarray

    @property
    def is_nothing(self) -> bool:
        """Whether it is best to build nothing, up to a negligible size."""
        return self.power_mw <= 0 or self.energy_mwh < LEAST_MWH

    @property
    def gap(self) -> float:
        """Relative optimality gap: (cost - bound) / max(1, |cost|), not negative."""
        difference = float(np.maximum(self.cost_yuan - self.bound_yuan, 0.0))  # keeps NaN
        return difference / max(1.0, abs(self.cost_yuan))


@dataclass(frozen=True)
class Offered:
    """A choice with its lifetime dispatch and cash flow."""

    choice: Choice
    lifetime: Lifetime | None  # of the park with the increment; None for `NEVER`
    cash: CashFlow | None  # of the increment
    break_even_yuan_per_wh: float | None  # specific price at which its NPV is zero
    marginal: Marginal | None
    # as in the surface: dispatch_yuan, bound_yuan, peak_cut_mw, self_use, self_use_gain, co2_cut_t of the
    # first year, and the largest gap of all years
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class BuiltStorage:
    """All batteries of a case with a choice of the increment, built in one way."""

    choice: Choice
    way: str  # "at_once" or "in_steps"
    year: int  # in which the increment is commissioned, after the first phase; 0 for building none
    station_yuan: float  # part of the first phase's investment that all share
    increment_yuan: float  # price of the increment in its year
    phases: tuple[PhaseStudy, ...]
    cash: CashFlow  # of all phases
    gap: float  # largest of the years that were dispatched

    @property
    def npv_yuan(self) -> float:
        """NPV of the whole storage, project after tax."""
        return self.cash.returns["project_after_tax"].npv_yuan

    @property
    def investment_yuan(self) -> float:
        """Investment in all phases, each at the prices of its year."""
        return self.cash.finance.investment_yuan


@dataclass(frozen=True)
class SizeStudy:
    """The parts of a sizing study; a part that was not requested is None or empty.

    `surface` has the dimensions power_mw and duration_hours and, for each size: npv_yuan, irr, payback_years,
    investment_yuan, energy_mwh, dispatch_yuan and bound_yuan (first year), gap (largest of its years),
    saving_first_yuan, saving_last_yuan (bill without less bill with, per year), peak_cut_mw (mean over the
    months), self_use (share of what sun and wind could give that is used in the park), self_use_gain,
    co2_cut_t (per year), annual_net_yuan (saving of the first year's dispatch less the annuity),
    value_of_mw_yuan, value_of_mwh_yuan (dual values), frontier (bool: Pareto-efficient).

    `when` has the dimensions choice (keys) and year (0, 1, ...): npv_yuan discounted to the case's year,
    npv_then_yuan, investment_yuan, saving_first_yuan, saving_last_yuan.

    `risk` has the dimensions scenario and choice: npv_yuan, irr, saving_yuan (mean over the years),
    investment_yuan; and `doubted`, the value of each uncertain input, over scenario and doubt (the names of
    the inputs). `results/sizing/risk.py` builds and reads it.

    Where tasks failed, `surface` and `when` have NaN, `offers` lack a choice, and `risk` lacks scenarios.
    """

    case: Case
    sizing: Sizing
    choices: tuple[Choice, ...]
    best: Best | None = None
    surface: xr.Dataset | None = None
    offers: tuple[Offered, ...] = ()
    when: xr.Dataset | None = None
    risk: xr.Dataset | None = None
    kept: Path | None = None  # folder of the stored scenarios
    asked: Mapping[str, int] = field(default_factory=dict)  # number of tasks by part
    failed: tuple[FailedTask, ...] = ()  # tasks without an answer: no figure counts them
    timings_s: Mapping[str, float] = field(default_factory=dict)
    asked_gap: float = 0.0  # relative gap at which each dispatch may end
    steps: tuple[BuiltStorage, ...] = ()  # each choice built all at once and in the steps of the case
    is_best_left_out: bool = False  # the search of a size needs one bus with exclusive pairs alone

    @property
    def scenarios_asked(self) -> int:
        """The number of scenarios, those that failed among them."""
        if self.risk is None:
            return 0
        return self.asked.get("scenarios", self.risk.sizes["scenario"])
