"""Loan schedule: drawn with the investment, repaid by annuity or in equal principal instalments.

Interest during construction accrues on the debt at the start of the year and on half of the year's drawing.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parkdispatch.models.finance.investment import Loan

Array = NDArray[np.float64]


@dataclass(frozen=True)
class LoanSchedule:
    """The lines of a loan schedule [yuan], each of shape (years,)."""

    draw: Array
    construction_interest: Array  # of the construction years, capitalised or paid
    debt_before: Array  # at the start of the year
    interest: Array  # of the operating years
    interest_paid: Array  # in cash: of operation, and of construction unless capitalised
    principal: Array
    debt_after: Array


def loan_schedule(loan: Loan, investment_yuan: Array, construction_years: int) -> LoanSchedule:
    """The schedule of a loan for an investment by year, construction years first."""
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
    construction = np.arange(len(draw)) < construction_years
    return LoanSchedule(
        draw=draw,
        construction_interest=np.where(construction, interest, 0.0),
        debt_before=before,
        interest=np.where(construction, 0.0, interest),
        interest_paid=np.where(construction & capitalised, 0.0, interest),
        principal=principal,
        debt_after=after,
    )


def _principal(loan: Loan, owed: float, interest: float) -> float:
    """Principal repaid in a year, except the last, which repays the remaining debt."""
    if loan.method == "annuity":
        return annuity_payment(owed, loan.rate, loan.years) - interest
    return owed / loan.years


def annuity_payment(owed: float, rate: float, years: int) -> float:
    """Constant yearly payment of an annuity loan: owed x rate / (1 - (1 + rate)^-years)."""
    if rate == 0.0:
        return owed / years
    return float(owed * rate / -np.expm1(-years * np.log1p(rate)))
