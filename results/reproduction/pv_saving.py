"""PV against the plan: its yield here, and the coal and CO2 that saves at the plan's factor and today's."""

from collections.abc import Iterator

from parkdispatch.inputs.published.published_figures import Published
from parkdispatch.results.pv_yield import PvYield
from parkdispatch.results.reproduction.comparison import ComparisonRow

NEAR = 0.05  # [-] weather differs by that from year to year, so no yield is told nearer
CO2_FACTORS = ("jiangxi_2023", "national_2023", "fossil_2023")


def pv_saving(plan: Published, factors: Published, found: PvYield) -> list[ComparisonRow]:
    """Yields of the roofs and of both plants, then coal and CO2 from the plan's energy and from ours."""
    return [*_yields(plan, found), *_savings(plan, factors, found)]


def _yields(plan: Published, found: PvYield) -> Iterator[ComparisonRow]:
    rated = plan["pv_modules"] * plan["pv_module_wp"] / 1e6
    first, mean = (gwh / found.rated_mwp for gwh in (found.first_year_gwh, found.lifetime_mean_gwh))
    for key, figure, mwp in (("roofs", "pv_energy", rated), ("both", "both_energy", plan["both_power"])):
        for when, per_mwp in (("first", first), ("mean", mean)):
            yield _compared(
                f"yield_{key}_{when}", figure, plan[figure], mwp * per_mwp, "gwh", mwp=mwp,
                hours=per_mwp * 1e3, years=found.years,
            )  # fmt: skip


def _savings(plan: Published, factors: Published, found: PvYield) -> Iterator[ComparisonRow]:
    ours = found.first_year_gwh / found.rated_mwp * plan["both_power"]
    for key, gwh in (("plan", plan["both_energy"]), ("ours", ours)):
        if key == "ours":
            yield _compared(
                "coal_ours_plan_factor", "coal_saved", plan["coal_saved"], gwh * plan["coal_factor"], "t",
                gwh=gwh, factor=plan["coal_factor"],
            )  # fmt: skip
        today = factors["coal_today"]
        yield _compared(
            f"coal_{key}_today", "coal_saved", plan["coal_saved"], gwh * today, "t", gwh=gwh, factor=today
        )
        for factor in CO2_FACTORS:
            yield _compared(
                f"co2_{key}_{factor}", "co2_saved", plan["co2_saved"], gwh * factors[factor] * 1e3, "t",
                gwh=gwh, factor=factors[factor],
            )  # fmt: skip


def _compared(
    key: str, figure: str, published: float, computed: float, unit: str, **numbers: float
) -> ComparisonRow:
    near = abs(computed / published - 1.0) <= NEAR
    return ComparisonRow(
        view="pv", key=key, unit="gwh" if unit == "gwh" else "t", published=published, computed=computed,
        verdict="near" if near else "far", numbers=numbers, figures=(figure,),
    )  # fmt: skip
