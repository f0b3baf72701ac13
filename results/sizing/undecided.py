"""What the gap of the dispatches leaves open in a sizing study, in yuan.

A year's cost lies between its bound and what its dispatch costs. The year without the increment is the same
for all sizes, so two sizes may be told apart only by more than the gap of a year with the increment, and a
size from building nothing by no less.
"""

from dataclasses import dataclass

import numpy as np

from parkdispatch.results.audit import PROVEN_GAP
from parkdispatch.results.sizing.sizing_results import Offered, SizeStudy


@dataclass(frozen=True)
class Undecided:
    """Differences up to which the gap decides nothing between two sizes, or a size and none.

    `npv_yuan` is `year_yuan` in each year of operation, discounted from the first year on and before tax: no
    NPV after tax and construction moves by more.
    """

    gap: float
    year_yuan: float
    npv_yuan: float


def undecided(study: SizeStudy) -> Undecided | None:
    """What the largest gap of the dispatched years leaves open; None where all are proven, or unknown."""
    gap, costs_yuan, finance = largest_gap(study), _costs_yuan(study), study.case.finance
    if gap is None or gap <= PROVEN_GAP or not costs_yuan or finance is None:
        return None
    year_yuan = gap * max(costs_yuan)
    years = np.arange(1, finance.operation_years + 1)
    discounted_years = float(np.sum((1.0 + finance.discount_rate) ** -years))
    return Undecided(gap, year_yuan, discounted_years * year_yuan)


def largest_gap_of_offer(offered: Offered) -> float | None:
    """The largest optimality gap of a choice's years; None where none was dispatched."""
    return offered.figures.get("gap", offered.lifetime.largest_gap if offered.lifetime else None)


def largest_gap(study: SizeStudy) -> float | None:
    """The largest optimality gap of a year dispatched for offers, surface or steps; None without any."""
    gaps = [gap for offered in study.offers if (gap := largest_gap_of_offer(offered)) is not None]
    if study.surface is not None:
        gaps.append(float(study.surface["gap"].max()))
    gaps += [built.gap for built in study.steps]
    return max(gaps, default=None)


def _costs_yuan(study: SizeStudy) -> list[float]:
    """Costs of dispatched first years, as far as they are known."""
    key = "dispatch_yuan"
    costs = [abs(offered.figures[key]) for offered in study.offers if key in offered.figures]
    if study.surface is not None:
        costs.append(float(np.nanmax(np.abs(study.surface[key].to_numpy()))))
    return costs
