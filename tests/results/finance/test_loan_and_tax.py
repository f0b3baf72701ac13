"""The loan and the taxes against closed forms and against sums done by hand."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from parkdispatch.models.finance.investment import (
    AssetClass,
    Finance,
    IncomeTax,
    Loan,
    ValueAddedTax,
)
from parkdispatch.models.finance.replacement import Replacement
from parkdispatch.results.finance.loan import annuity_payment, loan_schedule
from parkdispatch.results.finance.tax import (
    holiday,
    income_tax,
    replacement_depreciation,
    replacement_write_off,
    straight_line,
    vat_ledger,
)


def operation(construction: int, years: int) -> np.ndarray:
    return np.maximum(0.0, np.arange(construction + years) - construction + 1.0)


def spent(*yuan: float, years: int) -> np.ndarray:
    return np.concatenate([np.array(yuan), np.zeros(years)])


# --- the loan


def test_annuity_closed_form() -> None:
    """1000 at 5 % over 4 years: 1000 x 0.05 x 1.21550625 / 0.21550625; a year early: 268.58."""
    assert annuity_payment(1000.0, 0.05, 4) == pytest.approx(282.0118326, abs=1e-7)
    assert annuity_payment(1000.0, 0.0, 4) == 250.0
    assert annuity_payment(1000.0, 1e-12, 4) == pytest.approx(250.0, rel=1e-9)


@pytest.mark.parametrize("rate", [0.0, 0.039, 0.5])
@pytest.mark.parametrize("years", [1, 7, 20])
def test_annuity_pays_equally_and_clears_the_debt(rate: float, years: int) -> None:
    plan = loan_schedule(Loan(share=0.8, rate=rate, years=years), spent(1000.0, years=20), 1)
    payment = (plan.interest + plan.principal)[1 : years + 1]
    np.testing.assert_allclose(payment, payment[0], rtol=1e-12)
    # the present value of the payments is what is owed when operation begins
    factors = (1.0 + rate) ** -np.arange(1, years + 1)
    assert factors @ payment == pytest.approx(plan.debt_after[0])
    assert plan.debt_after[years] == 0.0  # to the last bit: no interest on what rounding leaves
    assert (plan.principal[years + 1 :] == 0).all()


def test_equal_principal_by_hand() -> None:
    """800 and 20 of interest during construction over 4 years at 5 %: 205 a year; 41 of interest first."""
    plan = loan_schedule(
        Loan(share=0.8, rate=0.05, years=4, method="equal_principal"), spent(1000.0, years=5), 1
    )
    assert plan.construction_interest.tolist() == [20.0, 0, 0, 0, 0, 0]  # 800 / 2 x 0.05
    np.testing.assert_allclose(plan.debt_before, [0, 820, 615, 410, 205, 0])
    np.testing.assert_allclose(plan.interest, [0, 41, 30.75, 20.5, 10.25, 0])
    np.testing.assert_allclose(plan.principal, [0, 205, 205, 205, 205, 0])
    np.testing.assert_allclose(plan.interest_paid, plan.interest)


def test_interest_during_construction_paid_by_the_owners() -> None:
    loan = Loan(share=0.8, rate=0.05, years=4, method="equal_principal", construction_interest="paid")
    plan = loan_schedule(loan, spent(1000.0, years=4), 1)
    assert plan.interest_paid[0] == 20.0
    assert plan.debt_before[1] == 800.0
    assert plan.interest[0] == 0.0


def test_two_years_of_construction() -> None:
    """Draws 480 and 320 at 10 %: 240 x 0.1; then (504 + 160) x 0.1; if it was paid, (480 + 160) x 0.1."""
    capital = loan_schedule(Loan(share=0.8, rate=0.1, years=5), spent(600.0, 400.0, years=5), 2)
    np.testing.assert_allclose(capital.construction_interest[:2], [24.0, 66.4])
    assert capital.debt_after[1] == pytest.approx(800 + 90.4)
    loan = Loan(share=0.8, rate=0.1, years=5, construction_interest="paid")
    paid = loan_schedule(loan, spent(600.0, 400.0, years=5), 2)
    np.testing.assert_allclose(paid.construction_interest[:2], [24.0, 64.0])
    assert paid.debt_after[1] == 800.0


def test_no_loan() -> None:
    plan = loan_schedule(Loan(share=0.0), spent(1000.0, years=20), 1)
    assert not any(array.any() for array in vars(plan).values())


# --- depreciation


def test_straight_line_by_class() -> None:
    """1000 with 5 % left over 4 years: 237.5 a year, and nothing in the fifth."""
    depreciation = straight_line(1000.0, AssetClass(share=1, years=4, residual_share=0.05), operation(1, 5))
    assert depreciation.tolist() == [0, 237.5, 237.5, 237.5, 237.5, 0]


def test_a_replacement_is_written_off_over_what_is_left() -> None:
    """1130 with VAT is 1000; 5 % residual; bought in year 2 of 5 for ten: 950 / 3 in years 3 to 5."""
    bought = Replacement(year=2, cost_yuan=1130.0, depreciation_years=10)
    classes = {"all": AssetClass(share=1.0, years=5)}
    case = Finance(
        investment_yuan=1.0, operation_years=5, replacement=bought, depreciation=classes, loan=Loan(years=5)
    )
    depreciation = written_off(case, 2)
    np.testing.assert_allclose(depreciation, [0, 0, 0, 950 / 3, 950 / 3, 950 / 3])
    short = case.model_copy(update={"replacement": bought.model_copy(update={"depreciation_years": 2})})
    np.testing.assert_allclose(written_off(short, 2), [0, 0, 0, 475, 475, 0])
    np.testing.assert_allclose(written_off(short, 2, 3), [0, 0, 0, 475, 950, 475])


def written_off(case: Finance, *years: int) -> NDArray[np.float64]:
    """Depreciation of 1130 yuan bought at the end of each of these years of operation."""
    bought = np.where(np.isin(operation(1, 5), years), 1130.0, 0.0)
    return replacement_depreciation(
        case, replacement_write_off(case, bought, operation(1, 5)), operation(1, 5)
    )


# --- value-added tax


def test_a_credit_is_used_up_in_the_year_that_can_be_reckoned() -> None:
    """Credit 130, 39 owed a year: 91, 52, 13 are left; the fourth year pays 26, the fifth 39."""
    owed = np.array([0, 39, 39, 39, 39, 39.0])
    ledger = vat_ledger(ValueAddedTax(), owed, spent(130.0, years=5), operation(1, 5))
    assert ledger.credit_after.tolist() == [130, 91, 52, 13, 0, 0]
    assert ledger.paid.tolist() == [0, 0, 0, 0, 26, 39]
    np.testing.assert_allclose(
        ledger.surcharges, [0, 0, 0, 0, 3.12, 4.68]
    )  # 12 % of what is paid, not of what is owed
    assert not ledger.refund.any()


def test_a_refund_is_what_is_left_at_the_end_of_its_year() -> None:
    owed = np.array([0, 39, 39, 39.0])
    vat = ValueAddedTax(credit="refunded", refund_year=2)
    ledger = vat_ledger(vat, owed, spent(130.0, years=3), operation(1, 3))
    assert ledger.refund.tolist() == [0, 0, 52, 0]
    assert ledger.paid.tolist() == [0, 0, 0, 39]
    assert ledger.credit_after.tolist() == [130, 91, 0, 0]


def test_a_year_that_owes_less_than_nothing_adds_to_the_credit() -> None:
    ledger = vat_ledger(ValueAddedTax(), np.array([10.0, -5, 20]), np.zeros(3), operation(0, 3))
    assert ledger.paid.tolist() == [10, 0, 15]
    assert ledger.credit_after.tolist() == [0, 5, 0]


# --- income tax


def test_holiday() -> None:
    tax = IncomeTax(free_years=3, half_years=2)
    assert holiday(tax, operation(1, 7)).tolist() == [0, 0, 0, 0, 0.5, 0.5, 1, 1]
    paid = income_tax(tax, np.array([0, *[100.0] * 7]), operation(1, 7)).tax
    assert paid.tolist() == [0, 0, 0, 0, 12.5, 12.5, 25, 25]


def test_losses_are_set_off_the_oldest_first() -> None:
    """Losses 30 and 20; a profit of 40 uses the 30 and 10 of the 20; the next 40 has 10 left: tax 7.5."""
    taxed = income_tax(IncomeTax(), np.array([-30, -20, 40, 40, 40.0]), operation(0, 5))
    assert taxed.used.tolist() == [0, 0, 40, 10, 0]
    assert taxed.taxable.tolist() == [0, 0, 0, 30, 40]
    assert taxed.tax.tolist() == [0, 0, 0, 7.5, 10]
    assert taxed.losses[:, 2].tolist() == [20, 30, 0, 0, 0]


def test_the_oldest_first_is_what_saves_the_youngest() -> None:
    """Losses of 30 in year 0 and 20 in year 4: the 25 of year 5 take from the 30, year 6 has the 20."""
    taxed = income_tax(IncomeTax(), np.array([-30, 0, 0, 0, -20, 25, 20.0]), operation(0, 7))
    assert taxed.used.tolist() == [0, 0, 0, 0, 0, 25, 20]  # the youngest first would leave 20 taxable


@pytest.mark.parametrize(("gap", "used"), [(4, 100.0), (5, 0.0)])
def test_a_loss_expires_after_five_years(gap: int, used: float) -> None:
    """The fifth year after the loss may still use it, the sixth may not."""
    profit = np.array([-100.0, *[0.0] * gap, 150.0])
    taxed = income_tax(IncomeTax(), profit, operation(0, len(profit)))
    assert taxed.used[-1] == used
    assert taxed.tax[-1] == 0.25 * (150.0 - used)


@pytest.mark.parametrize("years", [0, 1])
def test_the_time_a_loss_is_carried_is_an_input(years: int) -> None:
    taxed = income_tax(IncomeTax(loss_years=years), np.array([-100.0, 60.0, 60.0]), operation(0, 3))
    assert taxed.used.tolist() == [0, 60.0 * years, 0]


def test_a_holiday_uses_losses_up() -> None:
    """Set off in the free year although nothing would be due: the year after has no loss left."""
    tax: dict[str, Any] = {"free_years": 2}
    taxed = income_tax(IncomeTax(**tax), np.array([-50.0, 50.0, 50.0]), operation(0, 3))
    assert taxed.tax.tolist() == [0, 0, 12.5]
