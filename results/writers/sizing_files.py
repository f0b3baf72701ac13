"""The files of a study of a size: the page and the workbook for people; NetCDF, CSV and JSON for programs."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from parkdispatch.models.errors import InputError
from parkdispatch.results.audit import PROVEN_GAP
from parkdispatch.results.excel.sizing_workbook import write_size_xlsx
from parkdispatch.results.html.page import LANGS, Lang, load_words
from parkdispatch.results.html.sizing_report import size_html
from parkdispatch.results.io.files import output_folder, peak_memory_mb, write_csv, write_json
from parkdispatch.results.io.provenance import versions
from parkdispatch.results.sizing.decision import PROJECT, best_offer, gap_of, largest_gap, risked, verdict
from parkdispatch.results.sizing.decision_words import paragraph
from parkdispatch.results.sizing.loss_regions import loss_regions
from parkdispatch.results.sizing.risk import chosen, distribution, doubted, drivers
from parkdispatch.results.sizing.sizing_results import NEVER, Choice, SizeStudy
from parkdispatch.results.views.sizing_tables import FACTS, earned_yuan, figures_of

UNITS = {
    "power_mw": "MW", "duration_hours": "h", "energy_mwh": "MWh", "peak_cut_mw": "MW", "co2_cut_t": "t/year",
    "irr": "1", "payback_years": "years", "gap": "1", "self_use": "1", "self_use_gain": "1", "frontier": "1",
    "dispatched": "1",
    "value_of_mw_yuan": "yuan/MW/year", "value_of_mwh_yuan": "yuan/MWh/year", "annual_net_yuan": "yuan/year",
    "saving_first_yuan": "yuan/year", "saving_last_yuan": "yuan/year", "saving_yuan": "yuan/year",
    "dispatch_yuan": "yuan/year", "bound_yuan": "yuan/year",
    "npv_yuan": "yuan", "npv_then_yuan": "yuan", "investment_yuan": "yuan",
}  # fmt: skip
GROUPS = ("surface", "when", "risk")  # of size.nc


def write_size_study(study: SizeStudy, out: Path, lang: Lang = "en") -> dict[str, Path]:
    """Write the files of a study, those for people in the language; all or none. Returns where they lie.

    A part that was not computed has no file. Raises InputError where the folder cannot be written.
    """
    page = size_html(study, lang)
    wanted: dict[str, Callable[[Path], object]] = {
        "report.html": lambda path: path.write_text(page, encoding="utf-8"),
        "report.xlsx": lambda path: write_size_xlsx(path, study, lang),
        "summary.json": lambda path: write_json(path, size_json(study)),
    }
    if study.offers:
        wanted["offers.csv"] = lambda path: write_csv(path, offers_frame(study))
    if study.surface is not None:
        wanted["surface.nc"] = lambda path: save_groups({"/": told(study.surface)}, path)
        wanted["surface.csv"] = lambda path: write_csv(path, surface_frame(study))
    if study.when is not None:
        wanted["when.csv"] = lambda path: write_csv(path, when_frame(study))
    if study.risk is not None:
        wanted["scenarios.csv"] = lambda path: write_csv(path, scenarios_frame(study))
    parts = {name: told(part) for name in GROUPS if (part := getattr(study, name)) is not None}
    if parts:
        wanted["size.nc"] = lambda path: save_groups(parts, path)
    with output_folder(out) as stage:
        return {name: stage(name, write) for name, write in wanted.items()}


# ---- NetCDF -------------------------------------------------------------------------------------------


def told(dataset: xr.Dataset | None) -> xr.Dataset:
    """The dataset with the unit of each number and what it is, as a file that stands alone needs it."""
    assert dataset is not None
    names = load_words("en", "size")["size_measures"]
    found = dataset.copy()
    for name in map(str, found.variables):
        if name in UNITS:
            found[name].attrs["units"] = UNITS[name]
        if name in names:
            found[name].attrs.setdefault("long_name", str(names[name]).rpartition(", ")[0] or names[name])
        if found[name].dtype == np.bool_:
            found[name] = found[name].astype(np.int8).assign_attrs(found[name].attrs)
    return found


def save_groups(groups: Mapping[str, xr.Dataset], path: Path) -> None:
    """Write datasets as the groups of one NetCDF file; "/" is its root."""
    for at, (group, dataset) in enumerate(groups.items()):
        several = [str(name) for name, one in dataset.data_vars.items() if one.size > 1]
        dataset.to_netcdf(
            path,
            mode="a" if at else "w",
            engine="h5netcdf",
            encoding={name: {"zlib": True, "complevel": 1} for name in several},
            group=None if group == "/" else group,
        )


def read_group(path: Path, group: str) -> xr.Dataset:
    """A part of size.nc: "surface", "when" or "risk". Raises InputError if it is not there."""
    try:
        with xr.open_dataset(path, engine="h5netcdf", group=group) as found:
            return found.load()
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path}: holds no `{group}` this program wrote: {error}") from error


# ---- tables -------------------------------------------------------------------------------------------


def offers_frame(study: SizeStudy) -> pd.DataFrame:
    """One row a choice: size, price, returns, and what the surface knows of its size."""
    rows = []
    for one in study.offers:
        choice, own = one.choice, one.cash.returns[PROJECT] if one.cash else None
        cell, earned = figures_of(study, one), earned_yuan(one)
        rows.append(
            {
                "choice": choice.key,
                "name": choice.name,
                "power [MW]": choice.power_mw,
                "energy [MWh]": choice.energy_mwh,
                "investment [yuan]": choice.investment_yuan,
                "price [yuan/Wh]": choice.yuan_per_wh,
                "npv [yuan]": own.npv_yuan if own else 0.0 if choice.key == NEVER else None,
                "irr [1]": own.irr.value if own else None,
                "payback [years]": own.static_payback.from_construction_years if own else None,
                "break_even_price [yuan/Wh]": one.break_even_yuan_per_wh,
                "earned_first [yuan/year]": earned[0] if earned else None,
                "earned_last [yuan/year]": earned[1] if earned else None,
                **{f"{_bare(key)} [{UNITS[key]}]": cell.get(key) for key in FACTS},
                "gap [1]": None if (gap := gap_of(one)) is None else f"{gap:.1e}",
            }
        )
    return pd.DataFrame(rows).set_index("choice")


def surface_frame(study: SizeStudy) -> pd.DataFrame:
    """One row a size of the surface."""
    assert study.surface is not None
    table = study.surface.to_dataframe().reset_index()
    first = ["power_mw", "duration_hours", "energy_mwh"]
    table = table[first + [name for name in table if name not in first]]
    table["frontier"] = table["frontier"].astype(int)
    table["gap"] = [f"{gap:.1e}" for gap in table["gap"]]
    return _titled(table).set_index("power [MW]")


def when_frame(study: SizeStudy) -> pd.DataFrame:
    """One row a choice and year of commissioning."""
    assert study.when is not None
    table = study.when.to_dataframe().reset_index()
    table.insert(1, "calendar_year", study.case.calendar.year + table["year"])
    if "dispatched" in table:
        table["dispatched"] = table["dispatched"].astype(int)
    return _titled(table).set_index("choice")


def scenarios_frame(study: SizeStudy) -> pd.DataFrame:
    """One row a scenario: its doubts, and what becomes of each choice."""
    risk = study.risk
    assert risk is not None
    doubts = {f"doubt.{name}": doubted(risk, name) for name in map(str, risk["doubt"].to_numpy())}
    outcomes = {
        f"{choice}.{_bare(name)} [{UNITS[name]}]": risk[name].sel(choice=choice).to_numpy()
        for choice in map(str, risk["choice"].to_numpy())
        for name in ("npv_yuan", "irr", "saving_yuan", "investment_yuan")
        if name in risk
    }
    index = pd.Index(risk["scenario"].to_numpy(), name="scenario")
    return pd.DataFrame(doubts | outcomes, index=index)


def _bare(name: str) -> str:
    """A quantity less the unit that its name ends in."""
    for ending in ("_yuan", "_mwh", "_mw", "_hours", "_years", "_t"):
        if name.endswith(ending):
            return name.removesuffix(ending)
    return name


def _titled(table: pd.DataFrame) -> pd.DataFrame:
    """Columns with their units: "npv [yuan]"."""
    names = {str(name): _bare(str(name)) for name in table if name in UNITS}
    called = {name: f"{bare} [{UNITS[name]}]" for name, bare in names.items()}
    return table.rename(columns=called)


# ---- JSON ---------------------------------------------------------------------------------------------


def size_json(study: SizeStudy) -> dict[str, Any]:
    """Everything a program wants to know of a study: yuan, fractions, null for what was not asked."""
    found, gap, best, case = verdict(study), largest_gap(study), study.best, study.case
    proven = (gap is None or gap <= PROVEN_GAP) and (best is None or best.gap <= PROVEN_GAP)
    return {
        "status": "optimal" if proven else "feasible",
        "case": case.name,
        "variant": case.variant or None,
        "device": study.sizing.device,
        "decision": {lang: paragraph(study, load_words(lang, "size")) for lang in LANGS},
        "verdict": found
        and {
            "build": found.build,
            "choice": _choice(found.choice),
            "year": case.calendar.year + found.year,
            "npv_yuan": found.npv_yuan,
        },
        "best_now": (best_now := best_offer(study))
        and {"choice": best_now[0].choice.key, "npv_yuan": best_now[1]},
        "co_optimised": best
        and {
            "power_mw": best.power_mw,
            "energy_mwh": best.energy_mwh,
            "cost_yuan": best.cost_yuan,
            "bound_yuan": best.bound_yuan,
            "gap": best.gap,
            "dispatch_yuan": best.dispatch_yuan,
            "without_yuan": best.without_yuan,
            "annuity_share": best.annuity_share,
            "sizes_dispatched": best.evaluated,
            "boxes": best.boxes,
        },
        "offers": _rows(offers_frame(study)) if study.offers else None,
        "marginal": {one.choice.key: vars(one.marginal) for one in study.offers if one.marginal} or None,
        "surface_sizes": None if study.surface is None else int(study.surface["npv_yuan"].size),
        "when": None if study.when is None else _when(study.when, case.calendar.year),
        "risk": _risk(study),
        "largest_gap": gap,
        "warnings": case.warnings,
        "timings_s": dict(study.timings_s),
        "peak_memory_mb": peak_memory_mb(),
        "versions": versions(),
        "case_sha256": case.sha256,
    }


def _choice(choice: Choice) -> dict[str, Any]:
    return {**vars(choice), "yuan_per_wh": choice.yuan_per_wh}


def _rows(table: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """A frame as objects by its index, none where there is no number."""
    return {
        str(key): {str(name): None if pd.isna(value) else value for name, value in row.items()}
        for key, row in table.astype(object).to_dict("index").items()
    }


def _when(when: xr.Dataset, first: int) -> dict[str, dict[str, float]]:
    """NPV by year of commissioning, by choice."""
    years = [str(first + int(year)) for year in when["year"].to_numpy()]
    return {
        str(key): dict(zip(years, when["npv_yuan"].sel(choice=key).to_numpy().tolist(), strict=True))
        for key in when["choice"].to_numpy()
    }


def _risk(study: SizeStudy) -> dict[str, Any] | None:
    """What the scenarios say of each choice."""
    risk = study.risk
    if risk is None:
        return None
    of = risked(study)
    return {
        "scenarios": risk.sizes["scenario"],
        "tail": study.sizing.tail,
        "chosen": chosen(risk, study.sizing.tail),
        "by_choice": _rows(distribution(risk, study.sizing.tail)),
        "drivers_of": of and of.key,
        "drivers": [vars(one) for one in drivers(risk, of.key)] if of else [],
        "losses_lie_where": [vars(one) for one in loss_regions(risk, of.key)] if of else [],
    }
