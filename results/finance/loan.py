"""A loan, year by year: drawn with the investment, repaid by annuity or in equal parts of the principal.

Interest during construction: half of what a year draws, and all that is owed from before, bears interest.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parkdispatch.models.finance.investment import Loan

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Schedule:
    """A loan's lines [yuan], each of shape (years,)."""

    draw: Array
    construction_interest: Array  # of the years of construction, whoever bears it
    debt_before: Array  # at the start of the year
    interest: Array  # of the years of operation
    interest_paid: Array  # in cash: that of operation, and that of construction if it is not capitalised
    principal: Array
    debt_after: Array


def schedule(loan: Loan, investment_yuan: Array, construction_years: int) -> Schedule:
    """The loan for that investment by year, the years of construction first."""
    draw = loan.share * investment_yuan
    interest, principal, before, after = (np.zeros_like(draw) for _ in range(4))
    capitalised = loan.construction_interest == "capitalised"
    debt = 0.0
    for year in range(construction_years):
        before[year] = debt
        interest[year] = (debt + draw[year] / 2.0) * loan.rate
        debt += draw[year] + (interest[year] if capitalised else 0.0)
        after[year] = debt
    owed = debt
    for year in range(construction_years, len(draw)):
        before[year] = debt
        interest[year] = debt * loan.rate
        if year < construction_years + loan.years:
            last = year == construction_years + loan.years - 1
            principal[year] = debt if last else _principal(loan, owed, interest[year])
        debt -= principal[year]
        after[year] = debt
    building = np.arange(len(draw)) < construction_years
    return Schedule(
        draw=draw,
        construction_interest=np.where(building, interest, 0.0),
        debt_before=before,
        interest=np.where(building, 0.0, interest),
        interest_paid=np.where(building & capitalised, 0.0, interest),
        principal=principal,
        debt_after=after,
    )


def _principal(loan: Loan, owed: float, interest: float) -> float:
    """Part of a year's payment that repays, but in the last: all payments equal, or all repayments."""
    if loan.method == "annuity":
        return annuity_payment(owed, loan.rate, loan.years) - interest
    return owed / loan.years


def annuity_payment(owed: float, rate: float, years: int) -> float:
    """Equal yearly payment that clears a debt: owed x rate / (1 - (1 + rate)^-years)."""
    if rate == 0.0:
        return owed / years
    return float(owed * rate / -np.expm1(-years * np.log1p(rate)))
