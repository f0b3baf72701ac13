"""NPV, IRR, MIRR, payback, LCOS and debt service cover against closed forms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parkdispatch.results.finance.returns import (
    debt_service_cover,
    discount_factors,
    irr,
    lcos_yuan_per_kwh,
    mirr,
    npv,
    payback,
    returns,
)


def flow(*yuan: float) -> np.ndarray:
    return np.array(yuan, dtype=float)


def test_npv_in_both_conventions() -> None:
    """-100 and 110 at 10 %: nothing. With 121 instead: 10 at the first year's end, 9.09 a year before."""
    assert npv(0.1, flow(-100, 121), first_year_discounted=False) == pytest.approx(10.0)
    assert npv(0.1, flow(-100, 121), first_year_discounted=True) == pytest.approx(10.0 / 1.1)
    factors = discount_factors(0.1, 3, first_year_discounted=False)
    assert factors.tolist() == pytest.approx([1, 1 / 1.1, 1 / 1.1**2])


def test_irr_of_a_constant_flow_is_the_root_of_its_polynomial() -> None:
    """-1000, then 100 for 20 years: 1000 = 100 x (v + ... + v^20), v the one real root between 0 and 1."""
    money = flow(-1000, *[100] * 20)
    roots = np.roots(money[::-1])  # highest power first, in v
    real = roots[(abs(roots.imag) < 1e-9) & (roots.real > 0)].real
    (v,) = real
    assert irr(money).value == pytest.approx(1 / v - 1, abs=1e-10)
    assert irr(money).value == pytest.approx(0.0775469, abs=1e-7)


def test_irr_that_is_known_and_scale() -> None:
    assert irr(flow(-100, 10, 110)).value == pytest.approx(0.1, abs=1e-12)
    assert irr(flow(-100e9, 10e9, 110e9)).value == pytest.approx(0.1, abs=1e-12)
    assert irr(flow(100, -10, -110)).value == pytest.approx(
        0.1, abs=1e-12
    )  # a loan: the sign does not matter
    assert irr(flow(-100, 40)).value == pytest.approx(-0.6, abs=1e-12)


@pytest.mark.parametrize(
    ("money", "words"),
    [
        (flow(-100, -1, -1), "only paid"),
        (flow(100, 1), "only received"),
        (flow(0, 0), "no money flows"),
        (flow(-100, 0.5), "at no rate between -0.99 and 10"),
        (flow(-1, 20), "at no rate between -0.99 and 10"),
        (flow(10, -20, 15), "at no rate"),  # two changes of sign, no real root
    ],
)
def test_no_irr_is_said_in_words(money: np.ndarray, words: str) -> None:
    rate = irr(money)
    assert rate.value is None
    assert rate.all == ()
    assert rate.words.startswith("no IRR")
    assert words in rate.words


def test_several_irrs_are_all_found_and_none_is_the_irr() -> None:
    """-100 (1 + r)^2 + 230 (1 + r) - 132 = -100 (x - 1.1)(x - 1.2): 10 % and 20 %."""
    rate = irr(flow(-100, 230, -132))
    assert rate.value is None
    assert rate.all == pytest.approx((0.1, 0.2), abs=1e-9)
    assert rate.sign_changes == 2
    assert rate.words == "2 IRRs, none of them the IRR: 0.1, 0.2"


def test_three_irrs() -> None:
    """(x - 1.1)(x - 1.2)(x - 1.5) = x^3 - 3.8 x^2 + 4.77 x - 1.98."""
    assert irr(flow(100, -380, 477, -198)).all == pytest.approx((0.1, 0.2, 0.5), abs=1e-9)


def test_a_rate_at_which_npv_only_touches_zero_is_found() -> None:
    """-100 (x - 1.1)^2: 10 % is the only zero, and the NPV is negative at every other rate."""
    rate = irr(flow(-100, 220, -121))
    assert (rate.value, rate.all) == (pytest.approx(0.1, abs=1e-7), (rate.value,))
    assert "NPV has the same sign below and above it" in rate.words
    assert irr(flow(-100, 220, -121.01)).all == ()  # lower by a cent: never zero


def test_a_touched_zero_is_listed_beside_others() -> None:
    """(x - 1.1)^2 (x - 1.5) = x^3 - 3.7 x^2 + 4.51 x - 1.815, and with two touched zeros, of 5 % and 30 %."""
    assert irr(flow(100, -370, 451, -181.5)).all == pytest.approx((0.1, 0.5), abs=1e-7)
    twice = np.polynomial.Polynomial.fromroots([1.05, 1.05, 1.3, 1.3]).coef[::-1]
    assert irr(twice).all == pytest.approx((0.05, 0.3), abs=1e-7)


@pytest.mark.parametrize("apart", [1e-3, 1e-5])
def test_two_irrs_closer_than_the_grid_are_both_found(apart: float) -> None:
    """The search grid has steps of 0.2 %."""
    money = np.polynomial.Polynomial.fromroots([1.08, 1.08 + apart]).coef[::-1]
    assert irr(-money).all == pytest.approx((0.08, 0.08 + apart), abs=1e-9)


@settings(max_examples=100)
@given(st.lists(st.integers(-4, 20), min_size=1, max_size=3, unique=True), st.integers(0, 7))
def test_irrs_of_polynomials_with_known_roots(fifths: list[int], touched: int) -> None:
    """Each root is found once; those of `touched` have multiplicity two, seen by its bits."""
    roots = [1.0 + fifth / 5 for fifth in fifths]
    doubled = [root for n, root in enumerate(roots) if touched >> n & 1]
    money = np.polynomial.Polynomial.fromroots([*roots, *doubled]).coef[::-1]
    assert irr(money).all == pytest.approx(tuple(sorted(root - 1.0 for root in roots)), abs=1e-5)


def test_several_changes_of_sign_with_one_irr() -> None:
    """A battery replaced in year three: three changes of sign, but one rate, reported with that remark."""
    rate = irr(flow(-1000, 400, 400, -100, 400, 400))
    assert rate.sign_changes == 3
    assert len(rate.all) == 1
    assert rate.value == rate.all[0]
    assert "changes 3 times" in rate.words


def test_zeros_are_no_change_of_sign() -> None:
    assert irr(flow(0, -100, 0, 60, 0, 60)).sign_changes == 1


def test_mirr_by_hand() -> None:
    """-100, 60, 60 at 5 %: received 60 x 1.05 + 60 = 123; (123 / 100)^(1/2) - 1."""
    assert mirr(flow(-100, 60, 60), 0.05) == pytest.approx(1.23**0.5 - 1)
    assert mirr(flow(-100, -1), 0.05) is None
    assert mirr(flow(100, 1), 0.05) is None


def test_payback_of_a_constant_flow() -> None:
    """1000 in one year, 160 a year from the next on: 1000 / 160 = 6.25 years of operation, 7.25 in all."""
    period = payback(flow(-1000, *[160] * 20), 1)
    assert period.from_construction_years == pytest.approx(7.25)
    assert period.from_operation_years == pytest.approx(6.25)


def test_payback_after_two_years_of_construction() -> None:
    period = payback(flow(-600, -400, *[160] * 20), 2)
    assert (period.from_construction_years, period.from_operation_years) == (
        pytest.approx(8.25),
        pytest.approx(6.25),
    )


def test_payback_to_the_year() -> None:
    """Paid back exactly at the end of year 4 of operation: 5 and 4, not a year later."""
    assert payback(flow(-400, 100, 100, 100, 100, 100), 1).from_construction_years == 5.0


def test_payback_never_and_at_once() -> None:
    assert payback(flow(-100, 20, 20), 1).from_construction_years is None
    assert payback(flow(-100, 20, 20), 1).from_operation_years is None
    assert payback(flow(0, 20, 20), 1).from_construction_years == 0.0


def test_payback_is_the_time_after_which_nothing_is_missing_again() -> None:
    """Positive after year 2, negative again with the replacement: not 1 + 100/150, but 3 + 50/100."""
    assert payback(flow(-100, 150, -100, 100), 1).from_construction_years == pytest.approx(3.5)
    never = payback(flow(-100, 60, 60, -200, 10, 40), 1)
    assert never.from_construction_years is None  # not 2.67, when it is positive for the first time
    assert never.first_positive_years == pytest.approx(2 + 40 / 60)
    # reaching zero is enough, and so is staying there
    assert payback(flow(-100, 100, 0, 5), 1).from_construction_years == 2.0
    assert payback(flow(-100, 150, -50, 5), 1).from_construction_years == pytest.approx(1 + 100 / 150)


def test_payback_after_a_late_replacement() -> None:
    """186 a year on 1,000: above zero for the first time after 1 + 1000 / 186 = 6.38 years. Cells for 1,172
    in the eighth year of operation take it below zero; for good after 1 + 2172 / 186 = 12.68."""
    money = np.array([-1000.0, *[186.0] * 20])
    money[8] -= 1172.0
    period = payback(money, 1)
    assert period.from_construction_years == pytest.approx(12.68, abs=5e-3)
    assert period.first_positive_years == pytest.approx(6.38, abs=5e-3)


def test_discounted_payback_is_the_last_time_too() -> None:
    """At 10 %: -100, 150/1.1, -100/1.21, 100/1.331 sum to 28.85 - 100/1.331 = -46.28 before the last year."""
    measures = returns(flow(-100, 150, -100, 100), 0.1, 1, first_year_discounted=False)
    missing = 100 - 150 / 1.1 + 100 / 1.21
    assert measures.discounted_payback.from_construction_years == pytest.approx(3 + missing / (100 / 1.331))
    assert returns(flow(-100, 150, -100, 60), 0.1, 1, False).discounted_payback.from_operation_years is None


def test_discounted_payback_is_longer() -> None:
    """-100, then 54.545 and 49.587: 1 + 1 + 45.455 / 49.587; discounting all a year more changes nothing."""
    for first in (False, True):
        measures = returns(flow(-100, 60, 60, 60), 0.1, 1, first)
        assert measures.discounted_payback.from_construction_years == pytest.approx(
            2.0 + 45.4545454 / 49.5867769
        )
        assert measures.static_payback.from_construction_years == pytest.approx(1 + 100 / 60)


def test_cover() -> None:
    cover = debt_service_cover(
        flow(0, 130, 120, 50), flow(0, 100, 100, 0), np.array([False, True, True, False])
    )
    assert (cover.least, cover.mean) == (pytest.approx(1.2), pytest.approx(1.25))
    assert np.isnan(cover.by_year[[0, 3]]).all()
    assert debt_service_cover(flow(1), flow(0), np.array([False])).least is None


def test_lcos() -> None:
    """1100 now and 55 in a year for 500 kWh in a year, at 10 %: (1100 + 50) / (500 / 1.1) yuan/kWh."""
    factors = discount_factors(0.1, 2, first_year_discounted=False)
    assert lcos_yuan_per_kwh(flow(1100, 55), flow(0, 0.5), factors) == pytest.approx(1150 / (500 / 1.1))
    assert lcos_yuan_per_kwh(flow(1100, 55), flow(0, 0), factors) is None


@settings(max_examples=60)
@given(
    st.floats(10.0, 1e9),
    st.lists(st.floats(-0.2, 1.0), min_size=1, max_size=30),
)
def test_npv_at_every_irr_is_zero(first: float, shares: list[float]) -> None:
    money = flow(-first, *(first * share for share in shares))
    for rate in irr(money).all:
        terms = money * (1.0 + rate) ** -np.arange(len(money))
        assert abs(terms.sum()) <= 1e-7 * np.abs(terms).sum()
