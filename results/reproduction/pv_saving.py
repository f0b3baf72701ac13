"""PV compared with the plan: yield, and savings of coal and CO2 at the plan's and at current factors."""

from collections.abc import Iterator

from parkdispatch.inputs.published.published_figures import Published
from parkdispatch.models.units import MWH_PER_GWH, T_PER_GWH_PER_KG_PER_KWH, W_PER_MW
from parkdispatch.results.pv_yield import PvYield
from parkdispatch.results.reproduction.comparison import ComparisonRow

NEAR = 0.05  # [-] deviation up to which a figure counts as near: the variation between weather years
CO2_FACTORS = ("jiangxi_2023", "national_2023", "fossil_2023")


def pv_saving(plan: Published, factors: Published, computed: PvYield) -> list[ComparisonRow]:
    """Rows of the yields, then of coal and CO2 saved by the published and by the computed energy."""
    return [*_yields(plan, computed), *_savings(plan, factors, computed)]


def _yields(plan: Published, computed: PvYield) -> Iterator[ComparisonRow]:
    """Yields of the roofs and of both plants, in the first year and over the lifetime."""
    rated = plan["pv_modules"] * plan["pv_module_wp"] / W_PER_MW
    first, mean = (gwh / computed.rated_mwp for gwh in (computed.first_year_gwh, computed.lifetime_mean_gwh))
    for key, figure, mwp in (("roofs", "pv_energy", rated), ("both", "both_energy", plan["both_power"])):
        for when, per_mwp in (("first", first), ("mean", mean)):
            yield _compared(
                f"yield_{key}_{when}", figure, plan[figure], mwp * per_mwp, "gwh", mwp=mwp,
                hours=per_mwp * MWH_PER_GWH, years=computed.years,
            )  # fmt: skip


def _savings(plan: Published, factors: Published, computed: PvYield) -> Iterator[ComparisonRow]:
    """Coal and CO2 saved, by source of the energy and by emission factor."""
    ours = computed.first_year_gwh / computed.rated_mwp * plan["both_power"]
    for key, gwh in (("plan", plan["both_energy"]), ("ours", ours)):
        if key == "ours":
            yield _compared(
                "coal_ours_plan_factor", "coal_saved", plan["coal_saved"], gwh * plan["coal_factor"], "t",
                gwh=gwh, factor=plan["coal_factor"],
            )  # fmt: skip
        current_factor = factors["coal_today"]
        yield _compared(
            f"coal_{key}_today",
            "coal_saved",
            plan["coal_saved"],
            gwh * current_factor,
            "t",
            gwh=gwh,
            factor=current_factor,
        )
        for factor in CO2_FACTORS:
            yield _compared(
                f"co2_{key}_{factor}", "co2_saved", plan["co2_saved"],
                gwh * factors[factor] * T_PER_GWH_PER_KG_PER_KWH, "t", gwh=gwh, factor=factors[factor],
            )  # fmt: skip


def _compared(
    key: str, figure: str, published: float, computed: float, unit: str, **numbers: float
) -> ComparisonRow:
    near = abs(computed / published - 1.0) <= NEAR
    return ComparisonRow(
        view="pv", key=key, unit="gwh" if unit == "gwh" else "t", published=published, computed=computed,
        verdict="near" if near else "far", numbers=numbers, figures=(figure,),
    )  # fmt: skip
