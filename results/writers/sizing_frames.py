"""Tables of a sizing study as its CSV files hold them: offers, surface, commissioning years, scenarios."""

import pandas as pd

from parkdispatch.results.finance.returns import Returns, years_or_never
from parkdispatch.results.sizing.build_steps import added_npv_yuan
from parkdispatch.results.sizing.decision import PROJECT
from parkdispatch.results.sizing.option_value import LATER
from parkdispatch.results.sizing.risk import uncertain_values
from parkdispatch.results.sizing.sizing_results import NEVER, SizeStudy
from parkdispatch.results.sizing.undecided import largest_gap_of_offer
from parkdispatch.results.views.sizing_tables import (
    OPERATING_FIGURES,
    first_and_last_income_yuan,
    operating_figures,
)

UNITS = {
    "power_mw": "MW", "duration_hours": "h", "energy_mwh": "MWh", "peak_cut_mw": "MW", "co2_cut_t": "t/year",
    "irr": "1", "payback_years": "years", "payback_first_years": "years",
    "gap": "1", "self_use": "1", "self_use_gain": "1", "frontier": "1",
    "dispatched": "1",
    "value_of_mw_yuan": "yuan/MW/year", "value_of_mwh_yuan": "yuan/MWh/year", "annual_net_yuan": "yuan/year",
    "saving_first_yuan": "yuan/year", "saving_last_yuan": "yuan/year", "saving_yuan": "yuan/year",
    "dispatch_yuan": "yuan/year", "bound_yuan": "yuan/year",
    "npv_yuan": "yuan", "npv_then_yuan": "yuan", "npv_wait_yuan": "yuan", "investment_yuan": "yuan",
}  # fmt: skip
UNIT_SUFFIXES = ("_yuan", "_mwh", "_mw", "_hours", "_years", "_t")


def offers_frame(study: SizeStudy) -> pd.DataFrame:
    """One row per choice: size, price, returns, and the operating figures of its size."""
    rows = []
    for offered in study.offers:
        choice, returns = offered.choice, offered.cash.returns[PROJECT] if offered.cash else None
        figures, income_yuan, gap = (
            operating_figures(study, offered),
            first_and_last_income_yuan(offered),
            largest_gap_of_offer(offered),
        )
        rows.append(
            {
                "choice": choice.key,
                "name": choice.name,
                "power [MW]": choice.power_mw,
                "energy [MWh]": choice.energy_mwh,
                "investment [yuan]": choice.investment_yuan,
                "price [yuan/Wh]": choice.yuan_per_wh,
                "npv [yuan]": returns.npv_yuan if returns else 0.0 if choice.key == NEVER else None,
                "irr [1]": returns.irr.value if returns else None,
                "payback [years]": _payback_years(returns),
                "payback_first [years]": returns.static_payback.relapsed_years if returns else None,
                "break_even_price [yuan/Wh]": offered.break_even_yuan_per_wh,
                "earned_first [yuan/year]": income_yuan[0] if income_yuan else None,
                "earned_last [yuan/year]": income_yuan[1] if income_yuan else None,
                **{_column(key): figures.get(key) for key in OPERATING_FIGURES},
                "gap [1]": None if gap is None else f"{gap:.1e}",
            }
        )
    return pd.DataFrame(rows).set_index("choice")


def steps_frame(study: SizeStudy) -> pd.DataFrame:
    """Two rows per choice: built all at once, and in the steps of the case."""
    rows = [
        {
            "choice": built.choice.key,
            "built": built.way,
            "year": built.year,
            "station [yuan]": built.station_yuan,
            "increment [yuan]": built.increment_yuan,
            "investment [yuan]": built.investment_yuan,
            "npv [yuan]": built.npv_yuan,
            "added_npv [yuan]": added_npv_yuan(study.steps, built),
            "irr [1]": built.cash.returns[PROJECT].irr.value,
            "gap [1]": f"{built.gap:.1e}",
        }
        for built in study.steps
    ]
    return pd.DataFrame(rows).set_index("choice")


def surface_frame(study: SizeStudy) -> pd.DataFrame:
    """One row per size of the surface."""
    assert study.surface is not None
    table = study.surface.to_dataframe().reset_index()
    first = ["power_mw", "duration_hours", "energy_mwh"]
    table = table[first + [name for name in table if name not in first]]
    if study.case.finance is not None and "payback_years" in table:
        table["payback_years"] = (
            table["payback_years"].astype(object).where(table["payback_years"].notna(), years_or_never(None))
        )
    table["frontier"] = table["frontier"].astype(int)
    table["gap"] = [f"{gap:.1e}" for gap in table["gap"]]
    return _with_units_in_header(table).set_index("power [MW]")


def when_frame(study: SizeStudy) -> pd.DataFrame:
    """One row per choice and year of commissioning."""
    assert study.when is not None
    table = study.when.to_dataframe().reset_index()
    table.insert(1, "calendar_year", study.case.calendar.year + table["year"])
    if "dispatched" in table:
        table["dispatched"] = table["dispatched"].astype(int)
    return _with_units_in_header(table).set_index("choice")


def scenarios_frame(study: SizeStudy) -> pd.DataFrame:
    """One row per scenario: its uncertain inputs, and the outcome of each choice."""
    risk = study.risk
    assert risk is not None
    inputs = {f"doubt.{name}": uncertain_values(risk, name) for name in map(str, risk["doubt"].to_numpy())}
    outcomes = {
        f"{choice}.{_column(name)}": risk[name].sel(choice=choice).to_numpy()
        for choice in map(str, risk["choice"].to_numpy())
        for name in ("npv_yuan", "irr", "saving_yuan", "investment_yuan", LATER)
        if name in risk
    }
    index = pd.Index(risk["scenario"].to_numpy(), name="scenario")
    return pd.DataFrame(inputs | outcomes, index=index)


def _payback_years(returns: Returns | None) -> float | str | None:
    """The payback from the start of construction, or that there is none; None without a cash flow."""
    return None if returns is None else years_or_never(returns.static_payback.from_construction_years)


def _column(name: str) -> str:
    """The header of a quantity with its unit: "npv [yuan]" for `npv_yuan`."""
    return f"{_without_unit(name)} [{UNITS[name]}]"


def _without_unit(name: str) -> str:
    """A quantity's name without the unit that it ends in."""
    for suffix in UNIT_SUFFIXES:
        if name.endswith(suffix):
            return name.removesuffix(suffix)
    return name


def _with_units_in_header(table: pd.DataFrame) -> pd.DataFrame:
    return table.rename(columns={str(name): _column(str(name)) for name in table if name in UNITS})
