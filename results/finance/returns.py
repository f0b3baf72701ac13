"""What a flow of money by year is worth: NPV, IRR, MIRR, payback, and what a stored kilowatt-hour costs.

NPV, IRR and MIRR come from pyxirr. Whether an IRR exists, and whether it is the only one, is found here: a
flow whose sign changes once has one; every rate in (-0.99, 10) at which NPV crosses zero is looked for.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyxirr
from numpy.typing import NDArray
from scipy.optimize import brentq

from parkdispatch.models.units import KWH_PER_MWH

Array = NDArray[np.float64]

LEAST_RATE, GREATEST_RATE = -0.99, 10.0  # [-] rates beyond are of no use to anybody
GRID = 4001  # rates tried, evenly spaced in the logarithm of 1 + rate: steps of 0.2 %


@dataclass(frozen=True)
class Irr:
    """The internal rate of return [-]: `value` if there is exactly one, and in words what was found."""

    value: float | None
    all: tuple[float, ...]  # every one in (-0.99, 10), ascending
    sign_changes: int
    # how many were found; the last three: the sign never changes, so there is nothing to find
    found: Literal["one", "several", "none", "received", "paid", "nothing"]

    @property
    def words(self) -> str:
        """What was found, in words."""
        limits = f"between {LEAST_RATE:g} and {GREATEST_RATE:g}"
        if self.found == "one":
            more = f"; the flow's sign changes {self.sign_changes} times" if self.sign_changes > 1 else ""
            return f"the only rate {limits} at which NPV is zero{more}"
        if self.found == "several":
            listed = ", ".join(f"{rate:.6g}" for rate in self.all)
            return f"{len(self.all)} IRRs, none of them the IRR: {listed}"
        why = {
            "none": f"NPV is zero at no rate {limits}",
            "received": "money is only received",
            "paid": "money is only paid",
            "nothing": "no money flows",
        }
        return f"no IRR: {why[self.found]}"


@dataclass(frozen=True)
class Payback:
    """Years until the cumulative flow turns positive; None: it never does. Interpolated within the year."""

    from_construction_years: float | None  # counted from the start of construction
    from_operation_years: float | None  # counted from the start of operation; negative: before it


@dataclass(frozen=True)
class Returns:
    """The measures of one flow."""

    npv_yuan: float
    irr: Irr
    mirr: float | None
    static_payback: Payback
    discounted_payback: Payback


def returns(flow_yuan: Array, rate: float, construction_years: int, first_year_discounted: bool) -> Returns:
    """Measures of a flow by year, the years of construction first, discounted at `rate` [-]."""
    discounted = flow_yuan * discount_factors(rate, len(flow_yuan), first_year_discounted)
    return Returns(
        npv_yuan=npv(rate, flow_yuan, first_year_discounted),
        irr=irr(flow_yuan),
        mirr=mirr(flow_yuan, rate),
        static_payback=payback(flow_yuan, construction_years),
        discounted_payback=payback(discounted, construction_years),
    )


def discount_factors(rate: float, years: int, first_year_discounted: bool) -> Array:
    """1 / (1 + rate)^n, n from 1 where the first year's flow is discounted to its start, else from 0."""
    return np.asarray((1.0 + rate) ** -(np.arange(years) + float(first_year_discounted)))


def npv(rate: float, flow_yuan: Array, first_year_discounted: bool) -> float:
    """Net present value [yuan]."""
    value = pyxirr.npv(rate, flow_yuan, start_from_zero=not first_year_discounted)
    return 0.0 if value is None else float(value)


def signs(flow_yuan: Array) -> tuple[Array, Array]:
    """Sign of each year, that of the year before where nothing flows; and 1 where it has changed."""
    signed, turns, last = np.sign(flow_yuan), np.zeros_like(flow_yuan), 0.0
    for year, sign in enumerate(signed.tolist()):
        signed[year] = sign or last
        turns[year] = float(last * signed[year] < 0)
        last = signed[year]
    return signed, turns


def irr(flow_yuan: Array) -> Irr:
    """The rate at which NPV is zero, all of them where there are several."""
    changes = int(signs(flow_yuan)[1].sum())
    if changes == 0:
        earns, pays = bool((flow_yuan > 0).any()), bool((flow_yuan < 0).any())
        return Irr(None, (), 0, "received" if earns else "paid" if pays else "nothing")
    found = _zeros(flow_yuan)
    if len(found) == 1:
        return Irr(found[0], found, changes, "one")
    return Irr(None, found, changes, "several" if found else "none")


def _zeros(flow_yuan: Array) -> tuple[float, ...]:
    """Rates at which NPV crosses zero, each polished by the library."""
    scaled = flow_yuan / np.abs(flow_yuan).max()
    rates = np.geomspace(1.0 + LEAST_RATE, 1.0 + GREATEST_RATE, GRID) - 1.0
    # NPV at the last year's end has NPV's zeros and, at low rates, none of its overflow
    values = np.polynomial.polynomial.polyval(1.0 + rates, scaled[::-1])
    found = [float(rate) for rate in rates[values == 0.0]]
    for at in np.flatnonzero(values[1:] * values[:-1] < 0.0):
        guess = float(brentq(lambda rate: _terminal(rate, scaled), rates[at], rates[at + 1], xtol=1e-15))
        polished = pyxirr.irr(scaled, guess=guess, silent=True)
        near = polished is not None and rates[at] <= polished <= rates[at + 1]
        found.append(float(polished) if near and polished is not None else guess)
    return tuple(sorted(found))


def _terminal(rate: float, flow: Array) -> float:
    return float(np.polynomial.polynomial.polyval(1.0 + rate, flow[::-1]))


def mirr(flow_yuan: Array, rate: float) -> float | None:
    """Modified IRR [-], paying and reinvesting at `rate`; None where money only flows one way."""
    if not ((flow_yuan > 0).any() and (flow_yuan < 0).any()):
        return None
    value = pyxirr.mirr(flow_yuan, rate, rate, silent=True)
    return None if value is None else float(value)


def payback(flow_yuan: Array, construction_years: int) -> Payback:
    """Years until the cumulative flow turns positive for the first time, if it ever does.

    A flow whose sum is never below zero is paid back at once.
    """
    if (np.cumsum(flow_yuan) >= 0.0).all():
        return Payback(0.0, -float(construction_years))
    found = crossings(flow_yuan)
    if np.isnan(found).all():
        return Payback(None, None)
    years = float(np.nanmin(found))
    return Payback(years, years - construction_years)


def crossings(flow_yuan: Array) -> Array:
    """T - 1 + |cumulative at T - 1| / flow in T, where the cumulative flow turns positive in year T.

    T counts from 1 at the start of construction. Nan in every year in which it does not turn positive.
    """
    after = np.cumsum(flow_yuan)
    before = np.concatenate([[0.0], after[:-1]])
    turns = (before < 0.0) & (after >= 0.0)
    within = np.divide(-before, flow_yuan, out=np.full_like(after, np.nan), where=turns)
    return np.asarray(np.arange(len(after)) + within)


@dataclass(frozen=True)
class Cover:
    """Debt service cover [-]; None where no debt is ever due."""

    by_year: Array  # nan where nothing is due
    least: float | None
    mean: float | None


def cover(available_yuan: Array, service_yuan: Array, due: NDArray[np.bool_]) -> Cover:
    """What is there to pay, earnings before depreciation less income tax, over interest and principal."""
    by_year = np.divide(available_yuan, service_yuan, out=np.full_like(service_yuan, np.nan), where=due)
    if not due.any():
        return Cover(by_year, None, None)
    return Cover(by_year, float(by_year[due].min()), float(by_year[due].mean()))


def lcos_yuan_per_kwh(cost_yuan: Array, discharged_mwh: Array, factors: Array) -> float | None:
    """Levelised cost of storage: present cost over present energy; None where there is no energy."""
    energy_kwh = float(factors @ discharged_mwh) * KWH_PER_MWH
    return float(factors @ cost_yuan) / energy_kwh if energy_kwh > 0 else None
