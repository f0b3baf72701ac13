"""Consistency check of a published plan: which of its figures follow from its other figures.

Nothing is dispatched or calibrated here: the checks are sums, specific values, and conversions at stated
factors.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from parkdispatch.inputs.published.published_figures import Published, Unit
from parkdispatch.models.units import (
    KWH_PER_GWH,
    KWH_PER_MWH,
    MWH_PER_GWH,
    T_PER_GWH_PER_G_PER_KWH,
    T_PER_GWH_PER_KG_PER_KWH,
    W_PER_MW,
    YUAN_PER_WAN,
)
from parkdispatch.results.finance.returns import irr
from parkdispatch.results.reproduction.comparison import ComparisonRow, Verdict

KWH_PER_MJ = 1.0 / 3.6
DAYS = 365
VAT_RATE, RESIDUAL_SHARE = 0.13, 0.05  # [-] coded standard (DL/T 2919-2025, second-hand)
ROUNDING = 1e-3  # [-] deviation explained by rounding in the plan; beyond it, a figure does not follow


@dataclass(frozen=True)
class ResponseReading:
    """One interpretation of the plan's demand response: events of one phase, their price and energy."""

    events: float  # per year
    yuan_per_kwh: float
    mwh: float  # per event
    rated_mwh: float  # rated energy of the phase
    depth: float  # depth of discharge [-]
    efficiency: float  # discharge efficiency, cells to AC [-]

    def wan(self, years: int) -> float:
        """Revenue over a number of years [10^4 yuan]."""
        return years * self.events * self.yuan_per_kwh * self.mwh * KWH_PER_MWH / YUAN_PER_WAN


def _row(
    key: str, unit: Unit, computed: float, figures: tuple[str, ...], *, published: float | None = None,
    verdict: Verdict | None = None, **numbers: Any,
) -> ComparisonRow:  # fmt: skip
    """A row; unless a verdict is given, the deviation decides whether the published figure follows."""
    if verdict is None:
        verdict = "implied"
        if published:
            verdict = "follows" if abs(computed / published - 1.0) <= ROUNDING else "does_not_follow"
    return ComparisonRow("own_arithmetic", key, unit, published, computed, verdict, numbers, figures)


def own_arithmetic(
    plan: Published, factors: Published, reading: ResponseReading, years: int
) -> list[ComparisonRow]:
    """Every row of the view. `reading` is the demand response of one phase, `years` the period of revenue."""
    return [
        *_revenue(plan, factors, reading, years),
        *_storage(plan),
        *_ceilings(plan, years),
        *_pv_plant(plan),
        *_pv_total(plan),
        *_full_load_hours(plan),
        *_saved(plan, factors),
        *_park(plan, factors),
    ]


def _revenue(
    plan: Published, factors: Published, reading: ResponseReading, years: int
) -> Iterator[ComparisonRow]:
    """The sum of the revenue streams, and what each stream implies."""
    arbitrage, response, absorption = (plan[key] for key in ("arbitrage", "demand_response", "absorption"))
    total = arbitrage + response + absorption
    yield _row(
        "revenue_sum", "wan", total, ("revenue", "arbitrage", "demand_response", "absorption"),
        published=plan["revenue"], arbitrage=arbitrage, response=response, absorption=absorption,
        missing=total - plan["revenue"],
    )  # fmt: skip
    yield _row(
        "response_one", "wan", reading.wan(years), ("demand_response",), published=response, years=years,
        events=reading.events, price=reading.yuan_per_kwh, mwh=reading.mwh,
        rated=reading.rated_mwh, depth=reading.depth, efficiency=reading.efficiency,
    )  # fmt: skip
    both = replace(reading, events=reading.events / 2, mwh=reading.mwh * 2)
    yield _row(
        "response_two", "wan", both.wan(years), ("demand_response",), published=response, years=years,
        events=both.events, price=both.yuan_per_kwh, mwh=both.mwh,
    )  # fmt: skip
    price = factors["coal_benchmark"]
    absorbed_gwh = absorption / years * YUAN_PER_WAN / price / KWH_PER_GWH
    yield _row(
        "absorbed", "gwh", absorbed_gwh, ("absorption",), absorption=absorption, years=years, price=price,
        share=absorbed_gwh / plan["both_energy"], pv=plan["both_energy"],
    )  # fmt: skip
    yearly = arbitrage / years
    yield _row(
        "arbitrage_per_kwh", "yuan_per_kwh", yearly * YUAN_PER_WAN / (DAYS * reading.mwh * KWH_PER_MWH),
        ("arbitrage",), arbitrage=arbitrage, years=years, yearly=yearly, mwh=reading.mwh, days=DAYS,
    )  # fmt: skip


def _storage(plan: Published) -> Iterator[ComparisonRow]:
    """Sums and specific costs of the storage phases."""
    cost, power, energy = plan["storage_investment"], plan["storage_power"], plan["storage_energy"]
    yield _row(
        "phases_power", "mw", 2 * plan["phase_power"], ("storage_power", "phase_power"), published=power,
        phase=plan["phase_power"],
    )  # fmt: skip
    yield _row(
        "phases_energy", "mwh", 2 * plan["phase_energy"], ("storage_energy", "phase_energy"),
        published=energy, phase=plan["phase_energy"],
    )  # fmt: skip
    yield _row(
        "investment_per_kwh", "yuan_per_kwh_rated", cost * YUAN_PER_WAN / (energy * KWH_PER_MWH),
        ("storage_investment",), cost=cost, mwh=energy,
    )  # fmt: skip
    yield _row(
        "investment_per_w", "yuan_per_w", cost * YUAN_PER_WAN / (power * W_PER_MW), ("storage_investment",),
        cost=cost, mw=power,
    )  # fmt: skip
    for quantity, unit in (("power", "mw"), ("energy", "mwh")):
        first, second = plan[f"large_first_{quantity}"], plan[f"large_second_{quantity}"]
        figures = (f"large_{quantity}", f"large_first_{quantity}", f"large_second_{quantity}")
        yield _row(
            f"large_{quantity}", "mw" if unit == "mw" else "mwh", first + second, figures,
            published=plan[f"large_{quantity}"], first=first, second=second,
        )  # fmt: skip
    yield _row(
        "transformer", "share", power / plan["transformer"], ("transformer",), mw=power,
        mva=plan["transformer"], large=plan["large_first_power"] + plan["large_second_power"],
        large_share=(plan["large_first_power"] + plan["large_second_power"]) / plan["transformer"],
    )  # fmt: skip


def _ceilings(plan: Published, years: int) -> Iterator[ComparisonRow]:
    """Upper bounds of the return: the three revenues without any cost other than the investment."""
    yearly = sum(plan[key] for key in ("arbitrage", "demand_response", "absorption")) / years
    for part, share in (("whole", 1.0), ("half", 0.5)):
        cost = share * plan["storage_investment"]
        rate = irr(np.array([-cost, *[yearly] * years])).value
        # a bound below the published return rules that out; a higher one leaves room for cost and tax
        verdict: Verdict = "does_not_follow" if (rate or 0.0) < plan["project_irr"] else "implied"
        numbers = {"yearly": yearly, "cost": cost, "years": years}
        numbers["credited"] = 1.0 + cost / (1.0 + VAT_RATE) / yearly  # payback with the input tax refunded
        yield _row(
            f"irr_{part}", "share", rate if rate is not None else float("nan"), ("project_irr",),
            published=plan["project_irr"], verdict=verdict, **numbers,
        )  # fmt: skip
        yield _row(
            f"payback_{part}", "years", 1.0 + cost / yearly, ("project_payback",),
            published=plan["project_payback"], verdict=verdict, **numbers,
        )  # fmt: skip
    yield _credited_ceiling(plan, yearly, years)


def _credited_ceiling(plan: Published, yearly: float, years: int) -> ComparisonRow:
    """The return of the whole investment if its input VAT is refunded and a residual value is recovered.

    The refund comes at the end of the first year of operation, the residual of the net value in the last.
    """
    cost = plan["storage_investment"]
    net = cost / (1.0 + VAT_RATE)
    refund, residual = cost - net, RESIDUAL_SHARE * net
    flow = np.array([-cost, *[yearly] * years])
    flow[1] += refund
    refunded = irr(flow).value
    flow[-1] += residual
    rate = irr(flow).value
    return _row(
        "irr_whole_credited", "share", rate if rate is not None else float("nan"), ("project_irr",),
        published=plan["project_irr"],
        verdict="does_not_follow" if (rate or 0.0) < plan["project_irr"] else "implied",
        cost=cost, yearly=yearly, refund=refund, residual=residual, refunded=refunded,
        rate=VAT_RATE, residual_share=RESIDUAL_SHARE,
    )  # fmt: skip


def _pv_plant(plan: Published) -> Iterator[ComparisonRow]:
    """Irradiation, rated power, strings, unit power and specific cost of the rooftop plant."""
    yield _row(
        "irradiation", "kwh_per_m2", _irradiation_kwh_per_m2(plan), ("irradiation",), mj=plan["irradiation"]
    )
    modules, wp, rated = plan["pv_modules"], plan["pv_module_wp"], _rated_mwp(plan)
    phases = plan["pv_phase_one"] + plan["pv_phases_two_three"]
    yield _row(
        "pv_rated", "mwp", rated, ("pv_modules", "pv_module_wp", "pv_phase_one", "pv_phases_two_three"),
        published=phases, modules=modules, wp=wp, one=plan["pv_phase_one"], two=plan["pv_phases_two_three"],
    )  # fmt: skip
    yield _row(
        "strings",
        "pieces",
        modules / plan["pv_string"],
        ("pv_string",),
        modules=modules,
        string=plan["pv_string"],
    )
    yield _row(
        "unit_power", "mwp", rated / plan["pv_units"], ("pv_units", "pv_areas"), rated=rated,
        units=plan["pv_units"], areas=plan["pv_areas"], per_area=plan["pv_units"] / plan["pv_areas"],
    )  # fmt: skip
    yield _row(
        "pv_investment", "yuan_per_w", plan["pv_investment"] * YUAN_PER_WAN / (rated * W_PER_MW),
        ("pv_investment",), cost=plan["pv_investment"], rated=rated,
    )  # fmt: skip


def _pv_total(plan: Published) -> Iterator[ComparisonRow]:
    """Power of the second plant, and of both plants together."""
    rated = _rated_mwp(plan)
    yield _row(
        "roof", "mwp", plan["roof_first"] + plan["roof_second"], ("roof", "roof_first", "roof_second"),
        published=plan["roof"], first=plan["roof_first"], second=plan["roof_second"],
    )  # fmt: skip
    yield _row(
        "both_power", "mwp", rated + plan["roof"], ("both_power",), published=plan["both_power"],
        rated=rated, roof=plan["roof"],
    )  # fmt: skip


def _full_load_hours(plan: Published) -> Iterator[ComparisonRow]:
    """Full-load hours of the plants against the irradiation, and of the PV and wind targets."""
    sun = _irradiation_kwh_per_m2(plan)
    energies = (
        ("pv_hours", _rated_mwp(plan), plan["pv_energy"], "pv_energy"),
        ("both_hours", plan["both_power"], plan["both_energy"], "both_energy"),
        ("roof_hours", plan["roof"], plan["both_energy"] - plan["pv_energy"], "both_energy"),
    )
    for key, mwp, gwh, figure in energies:
        hours = gwh * MWH_PER_GWH / mwp
        yield _row(
            key,
            "hours",
            hours,
            (figure,),
            gwh=gwh,
            mwp=mwp,
            ratio=hours / sun,
            sun=sun,
            first=plan["pv_energy"],
            both=plan["both_energy"],
        )
    for key in ("park_pv", "wind"):
        mw, gwh = plan[f"{key}_power"], plan[f"{key}_energy"]
        yield _row(
            f"{key}_hours",
            "hours",
            gwh * MWH_PER_GWH / mw,
            (f"{key}_energy", f"{key}_power"),
            gwh=gwh,
            mw=mw,
        )


def _irradiation_kwh_per_m2(plan: Published) -> float:
    return plan["irradiation"] * KWH_PER_MJ


def _rated_mwp(plan: Published) -> float:
    """Rated power of the rooftop plant, from its modules."""
    return plan["pv_modules"] * plan["pv_module_wp"] / W_PER_MW


def _saved(plan: Published, factors: Published) -> Iterator[ComparisonRow]:
    """Coal and CO2 saved by PV at the plan's own factors."""
    gwh, coal, co2 = plan["both_energy"], plan["coal_saved"], plan["co2_saved"]
    yield _row(
        "coal_saved", "t", gwh * plan["coal_factor"] * T_PER_GWH_PER_G_PER_KWH, ("coal_saved", "coal_factor"),
        published=coal, gwh=gwh, factor=plan["coal_factor"],
    )  # fmt: skip
    per_kwh, per_coal = co2 / gwh / T_PER_GWH_PER_KG_PER_KWH, co2 / coal
    highest = factors["fossil_2023"]
    yield _row(
        "co2_per_kwh", "kg_per_kwh", per_kwh, ("co2_saved",), verdict="does_not_follow", co2=co2, gwh=gwh,
        highest=highest, central=factors["central_china_margin"],
    )  # fmt: skip
    central = factors["central_china_margin"]
    yield _row(
        "co2_central", "t", gwh * central * T_PER_GWH_PER_KG_PER_KWH, ("co2_saved",), published=co2,
        verdict="near", gwh=gwh, factor=central,
    )  # fmt: skip
    yield _row(
        "co2_per_coal", "t_per_tce", per_coal, ("co2_saved", "coal_saved"), verdict="does_not_follow",
        co2=co2, coal=coal,
    )  # fmt: skip
    yield _row(
        "pv_coal", "t", plan["pv_energy"] * plan["coal_factor"], ("pv_energy",), gwh=plan["pv_energy"],
        factor=plan["coal_factor"],
    )  # fmt: skip
    yield _row(
        "pv_co2",
        "t",
        plan["pv_energy"] * per_kwh * T_PER_GWH_PER_KG_PER_KWH,
        ("pv_energy",),
        gwh=plan["pv_energy"],
        per_kwh=per_kwh,
    )


def _park(plan: Published, factors: Published) -> Iterator[ComparisonRow]:
    """The park's electricity: share of energy, conversion to kWh, stated CO2, and capacity targets."""
    tce, co2 = plan["electricity"], plan["co2_electricity"]
    share, co2_share = tce / plan["energy_all"], co2 / plan["co2_all"]
    yield _row(
        "electricity_share", "share", share, ("electricity", "energy_all"), tce=tce, total=plan["energy_all"]
    )
    yield _row(
        "electricity_growth", "share", (tce / plan["electricity_2015"]) ** (1 / 7) - 1,
        ("electricity_2015",), before=plan["electricity_2015"], tce=tce,
    )  # fmt: skip
    grid = factors["national_2022"]
    for key, g_per_kwh in (("supply", factors["coal_2020"]), ("calorific", factors["calorific"])):
        gwh = tce / g_per_kwh
        yield _row(
            f"electricity_{key}", "gwh", gwh, ("electricity",), tce=tce, factor=g_per_kwh,
            mean_mw=gwh * MWH_PER_GWH / (DAYS * 24),
        )  # fmt: skip
        yield _row(
            f"co2_{key}", "t", gwh * grid * T_PER_GWH_PER_KG_PER_KWH, ("co2_electricity",), published=co2,
            gwh=gwh, grid=grid, implied=co2 / gwh / T_PER_GWH_PER_KG_PER_KWH,
        )  # fmt: skip
    yield _row(
        "co2_share",
        "share",
        co2_share,
        ("co2_all", "co2_electricity"),
        co2=co2,
        total=plan["co2_all"],
        share=share,
    )
    yield _row(
        "target_2025", "mw", plan["both_power"], ("target_2025",), published=plan["target_2025"],
        there=plan["park_pv_power"],
    )  # fmt: skip
    yield _row(
        "target_2030", "mw", plan["target_2030"] - plan["both_power"], ("target_2030",),
        target=plan["target_2030"], both=plan["both_power"],
    )  # fmt: skip
