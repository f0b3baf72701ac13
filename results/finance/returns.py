"""Investment appraisal of a yearly cash flow: NPV, IRR, MIRR, payback, debt service cover, LCOS.

NPV, IRR and MIRR come from pyxirr. Existence and uniqueness of the IRR are examined here: the sign changes of
the flow are counted, and NPV is searched for every zero at rates in (-0.99, 10).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyxirr
from numpy.typing import NDArray
from scipy.optimize import brentq

from parkdispatch.models.units import KWH_PER_MWH

Array = NDArray[np.float64]

LEAST_RATE, GREATEST_RATE = -0.99, 10.0  # [-] range of rates searched for zeros of NPV
# growth factors 1 + rate of the search grid, evenly spaced in their logarithm: steps of 0.2 %
GROWTH = np.geomspace(1.0 + LEAST_RATE, 1.0 + GREATEST_RATE, 4001)
ZERO_VALUE = 1e-14  # [-] an extremum of NPV this small, relative to the sum of its terms' sizes, is rounding


@dataclass(frozen=True)
class Irr:
    """The internal rate of return [-]: `value` where it is unique, and the result of the search."""

    value: float | None
    all: tuple[float, ...]  # every zero of NPV in (-0.99, 10), ascending
    sign_changes: int
    # number of zeros, "touched": one, at which NPV keeps its sign; the last three: the flow has no change of
    # sign, hence no IRR
    found: Literal["one", "touched", "several", "none", "received", "paid", "nothing"]

    @property
    def words(self) -> str:
        """The result of the search in words."""
        limits = f"between {LEAST_RATE:g} and {GREATEST_RATE:g}"
        if self.found == "one":
            note = f"; the flow's sign changes {self.sign_changes} times" if self.sign_changes > 1 else ""
            return f"the only rate {limits} at which NPV is zero{note}"
        if self.found == "touched":
            return f"the only rate {limits} at which NPV is zero; NPV has the same sign below and above it"
        if self.found == "several":
            listed = ", ".join(f"{rate:.6g}" for rate in self.all)
            return f"{len(self.all)} IRRs, none of them the IRR: {listed}"
        reason = {
            "none": f"NPV is zero at no rate {limits}",
            "received": "money is only received",
            "paid": "money is only paid",
            "nothing": "no money flows",
        }
        return f"no IRR: {reason[self.found]}"


@dataclass(frozen=True)
class Payback:
    """Payback period [years], interpolated within the year; None where the investment is not paid back."""

    from_construction_years: float | None  # counted from the start of construction
    from_operation_years: float | None  # counted from the start of operation; negative: paid back before it
    # counted from the start of construction to the FIRST time the cumulative flow reaches zero, from which it
    # may fall again: the formula of China's "Economic evaluation methods and parameters of construction
    # projects", 3rd edition, by which feasibility studies count
    first_positive_years: float | None = None

    @property
    def relapses(self) -> bool:
        """Whether the cumulative flow, once at or above zero, falls below again."""
        lasting, first = self.from_construction_years, self.first_positive_years
        return first is not None and (lasting is None or first < lasting)

    @property
    def relapsed_years(self) -> float | None:
        """The first time from the start of construction, if the cumulative flow falls below zero again."""
        return self.first_positive_years if self.relapses else None


@dataclass(frozen=True)
class Returns:
    """Appraisal measures of one cash flow."""

    npv_yuan: float
    irr: Irr
    mirr: float | None
    static_payback: Payback
    discounted_payback: Payback


def returns(flow_yuan: Array, rate: float, construction_years: int, first_year_discounted: bool) -> Returns:
    """Appraise a yearly flow, construction years first, at the discount rate `rate` [-]."""
    discounted = payback(
        flow_yuan * discount_factors(rate, len(flow_yuan), first_year_discounted), construction_years
    )
    if discounted.from_construction_years is None:  # the NPV is negative: nothing is paid back at this rate
        discounted = Payback(None, None)
    return Returns(
        npv_yuan=npv(rate, flow_yuan, first_year_discounted),
        irr=irr(flow_yuan),
        mirr=mirr(flow_yuan, rate),
        static_payback=payback(flow_yuan, construction_years),
        discounted_payback=discounted,
    )


def discount_factors(rate: float, years: int, first_year_discounted: bool) -> Array:
    """Discount factors 1 / (1 + rate)^n, with n from 1 where the first year is discounted, else from 0."""
    return np.asarray((1.0 + rate) ** -(np.arange(years) + float(first_year_discounted)))


def npv(rate: float, flow_yuan: Array, first_year_discounted: bool) -> float:
    """Net present value [yuan]."""
    value = pyxirr.npv(rate, flow_yuan, start_from_zero=not first_year_discounted)
    return 0.0 if value is None else float(value)


def flow_signs(flow_yuan: Array) -> tuple[Array, Array]:
    """Sign of each year's flow (in a year of zero, the sign before it), and 1 in years where it changes."""
    signed, changes, previous = np.sign(flow_yuan), np.zeros_like(flow_yuan), 0.0
    for year, sign in enumerate(signed.tolist()):
        signed[year] = sign or previous
        changes[year] = float(previous * signed[year] < 0)
        previous = signed[year]
    return signed, changes


def irr(flow_yuan: Array) -> Irr:
    """The internal rate of return: every rate at which NPV is zero, and whether it is unique."""
    changes = int(flow_signs(flow_yuan)[1].sum())
    if changes == 0:
        received, paid = bool((flow_yuan > 0).any()), bool((flow_yuan < 0).any())
        return Irr(None, (), 0, "received" if received else "paid" if paid else "nothing")
    scaled = flow_yuan / np.abs(flow_yuan).max()
    rates, crossed = (_only_zero(scaled) if changes == 1 else None) or _npv_zeros(scaled)
    if len(rates) == 1:
        return Irr(rates[0], rates, changes, "one" if crossed[0] else "touched")
    return Irr(None, rates, changes, "several" if rates else "none")


def _only_zero(flow: Array) -> tuple[tuple[float, ...], list[bool]] | None:
    """The rate at which NPV of a flow that changes its sign once is zero, as `_npv_zeros` tells it.

    By Descartes' rule of signs there is one such rate and NPV changes its sign there, so that no extremum
    has to be looked for. None where rounding makes more than one of it, or it lies outside of the rates.
    """
    signs = np.sign(np.polynomial.polynomial.polyval(GROWTH, flow[::-1]))
    turns = np.flatnonzero(signs[1:] != signs[:-1])
    if len(turns) != 1 or not signs.all():
        return None
    low, high = GROWTH[turns[0]] - 1.0, GROWTH[turns[0] + 1] - 1.0
    return (_refined_zero(flow, low, high),), [True]


def _npv_zeros(scaled: Array) -> tuple[tuple[float, ...], list[bool]]:
    """Rates at which NPV is zero, ascending, and whether NPV changes its sign there.

    The search grid is refined by the extrema of NPV: a zero that NPV only touches is one of them, and two
    zeros between the same rates of the grid lie on either side of one. Solved by Brent's method, refined by
    pyxirr.
    """
    # the value at the end of the last year has the zeros of NPV and does not overflow at low rates
    value = np.polynomial.Polynomial(scaled[::-1])
    slope, sizes = value.deriv(), np.polynomial.Polynomial(np.abs(scaled[::-1]))
    slopes = slope(GROWTH)
    extrema = [
        float(brentq(slope, GROWTH[n], GROWTH[n + 1], xtol=1e-15))
        for n in np.flatnonzero(slopes[1:] * slopes[:-1] < 0.0)
    ]
    growth = np.unique([*GROWTH, *extrema])
    values = value(growth)
    negligible = (values == 0.0) | (np.isin(growth, extrema) & (np.abs(values) <= ZERO_VALUE * sizes(growth)))
    signs = np.where(negligible, 0.0, np.sign(values))
    signed = np.flatnonzero(signs)
    zeros, crossed = [], []
    # between two rates in sequence at which NPV is not zero: a zero of the refined grid, or a change of sign
    brackets = (np.diff(signed) > 1) | (np.diff(signs[signed]) != 0.0)
    for n in np.flatnonzero(brackets):
        last, first = signed[n], signed[n + 1]
        changes_sign, on_grid = bool(signs[last] != signs[first]), first > last + 1
        if on_grid:
            zeros.append(float(growth[last + 1 : first].mean()) - 1.0)
        else:
            zeros.append(_refined_zero(scaled, growth[last] - 1.0, growth[first] - 1.0))
        crossed.append(changes_sign)
    return tuple(zeros), crossed


def _refined_zero(flow: Array, low: float, high: float) -> float:
    """The rate between two at which NPV has opposite signs where it is zero."""
    guess = float(brentq(_terminal_value, low, high, args=(flow.tolist(),), xtol=1e-15))
    refined = pyxirr.irr(flow, guess=guess, silent=True)
    return float(refined) if refined is not None and low <= refined <= high else guess


def _terminal_value(rate: float, flow: Sequence[float]) -> float:
    """Value of the flow at the end of its last year, by Horner's scheme."""
    value, growth = 0.0, 1.0 + rate
    for paid in flow:
        value = value * growth + paid
    return value


def mirr(flow_yuan: Array, rate: float) -> float | None:
    """Modified IRR [-], financed and reinvested at `rate`; None unless the flow has both signs."""
    if not ((flow_yuan > 0).any() and (flow_yuan < 0).any()):
        return None
    value = pyxirr.mirr(flow_yuan, rate, rate, silent=True)
    return None if value is None else float(value)


def payback(flow_yuan: Array, construction_years: int) -> Payback:
    """Years after which the cumulative flow stays at or above zero.

    A cumulative flow that falls below zero again, as with a replacement, is paid back when it rises for the
    last time. One that is never negative is paid back at the start, one that ends negative never.
    """
    cumulative_yuan = np.cumsum(flow_yuan)
    if (cumulative_yuan >= 0.0).all():
        return Payback(0.0, -float(construction_years), 0.0)
    crossing_years = payback_crossings(flow_yuan)
    first = None if np.isnan(crossing_years).all() else float(np.nanmin(crossing_years))
    if cumulative_yuan[-1] < 0.0:
        return Payback(None, None, first)
    years = float(np.nanmax(crossing_years))
    return Payback(years, years - construction_years, first)


def years_or_never(years: float | None) -> float | str:
    """A payback as an entry of a table for programs, where an empty one means that there is no flow."""
    return "never" if years is None else years


def payback_crossings(flow_yuan: Array) -> Array:
    """Payback time in each year T in which the cumulative flow turns positive, NaN in the other years.

    It is T - 1 + |cumulative flow of T - 1| / flow of T [years], with T from 1 at the start of construction.
    """
    after = np.cumsum(flow_yuan)
    before = np.concatenate([[0.0], after[:-1]])
    turns = (before < 0.0) & (after >= 0.0)
    within = np.divide(-before, flow_yuan, out=np.full_like(after, np.nan), where=turns)
    return np.asarray(np.arange(len(after)) + within)


@dataclass(frozen=True)
class DebtServiceCover:
    """Debt service coverage ratio [-]; None where there is no debt service."""

    by_year: Array  # NaN in years without debt service
    least: float | None
    mean: float | None


def debt_service_cover(
    available_yuan: Array, service_yuan: Array, due: NDArray[np.bool_]
) -> DebtServiceCover:
    """Debt service coverage: `available_yuan` (EBITDA less income tax) over `service_yuan` where due."""
    by_year = np.divide(available_yuan, service_yuan, out=np.full_like(service_yuan, np.nan), where=due)
    if not due.any():
        return DebtServiceCover(by_year, None, None)
    return DebtServiceCover(by_year, float(by_year[due].min()), float(by_year[due].mean()))


def lcos_yuan_per_kwh(cost_yuan: Array, discharged_mwh: Array, factors: Array) -> float | None:
    """Levelised cost of storage: present value of cost over that of energy; None without energy."""
    energy_kwh = float(factors @ discharged_mwh) * KWH_PER_MWH
    return float(factors @ cost_yuan) / energy_kwh if energy_kwh > 0 else None
