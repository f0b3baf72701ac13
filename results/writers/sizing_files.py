"""The output files of a sizing study: report and workbook for people; NetCDF, CSV and JSON for programs."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from parkdispatch.results.audit import PROVEN_GAP
from parkdispatch.results.excel.sizing_workbook import write_size_xlsx
from parkdispatch.results.html.sizing_report import size_html
from parkdispatch.results.io.files import peak_memory_mb, write_csv, write_json
from parkdispatch.results.io.provenance import versions
from parkdispatch.results.sizing.build_steps import added_npv_yuan
from parkdispatch.results.sizing.decision import PROJECT, best_offer, reported_choice, verdict
from parkdispatch.results.sizing.decision_words import paragraph
from parkdispatch.results.sizing.doubt_words import doubts_json
from parkdispatch.results.sizing.loss_regions import loss_regions
from parkdispatch.results.sizing.option_value import option_value
from parkdispatch.results.sizing.present_price import present_npv_yuan
from parkdispatch.results.sizing.risk import choice_by_rule, distribution, drivers
from parkdispatch.results.sizing.sizing_results import NEVER, Choice, SizeStudy
from parkdispatch.results.sizing.undecided import largest_gap, undecided
from parkdispatch.results.wording.languages import LANGS, Lang
from parkdispatch.results.wording.words import load_words
from parkdispatch.results.writers.outputs import Output, write_outputs
from parkdispatch.results.writers.sizing_frames import (
    offers_frame,
    scenarios_frame,
    steps_frame,
    surface_frame,
    when_frame,
)
from parkdispatch.results.writers.sizing_netcdf import save_groups, study_groups, with_units


def write_size_study(study: SizeStudy, out: Path, lang: Lang = "en") -> dict[str, Path]:
    """Write the files of a sizing study, texts for people in the language; all files or none.

    A part that was not computed has no file. Returns the paths by name. Raises InputError where the folder
    cannot be written.
    """
    return write_outputs(SIZING_OUTPUTS, study, out, lang)


def _write_report_html(path: Path, study: SizeStudy, lang: Lang) -> None:
    path.write_text(size_html(study, lang), encoding="utf-8")


def _write_report_xlsx(path: Path, study: SizeStudy, lang: Lang) -> None:
    write_size_xlsx(path, study, lang)


def _write_summary(path: Path, study: SizeStudy, lang: Lang) -> None:
    write_json(path, size_json(study))


def _write_offers_csv(path: Path, study: SizeStudy, lang: Lang) -> None:
    write_csv(path, offers_frame(study))


def _write_surface_nc(path: Path, study: SizeStudy, lang: Lang) -> None:
    save_groups({"/": with_units(study.surface)}, path)


def _write_surface_csv(path: Path, study: SizeStudy, lang: Lang) -> None:
    write_csv(path, surface_frame(study))


def _write_steps_csv(path: Path, study: SizeStudy, lang: Lang) -> None:
    write_csv(path, steps_frame(study))


def _write_when_csv(path: Path, study: SizeStudy, lang: Lang) -> None:
    write_csv(path, when_frame(study))


def _write_scenarios_csv(path: Path, study: SizeStudy, lang: Lang) -> None:
    write_csv(path, scenarios_frame(study))


def _write_size_nc(path: Path, study: SizeStudy, lang: Lang) -> None:
    save_groups(study_groups(study), path)


def _has_offers(study: SizeStudy) -> bool:
    return bool(study.offers)


def _has_surface(study: SizeStudy) -> bool:
    return study.surface is not None


def _has_steps(study: SizeStudy) -> bool:
    return bool(study.steps)


def _has_when(study: SizeStudy) -> bool:
    return study.when is not None


def _has_risk(study: SizeStudy) -> bool:
    return study.risk is not None


def _has_dataset(study: SizeStudy) -> bool:
    return _has_surface(study) or _has_when(study) or _has_risk(study)


SIZING_OUTPUTS: tuple[Output[SizeStudy], ...] = (
    Output("report.html", _write_report_html),
    Output("report.xlsx", _write_report_xlsx),
    Output("summary.json", _write_summary),
    Output("offers.csv", _write_offers_csv, _has_offers),
    Output("surface.nc", _write_surface_nc, _has_surface),
    Output("surface.csv", _write_surface_csv, _has_surface),
    Output("steps.csv", _write_steps_csv, _has_steps),
    Output("when.csv", _write_when_csv, _has_when),
    Output("scenarios.csv", _write_scenarios_csv, _has_risk),
    Output("size.nc", _write_size_nc, _has_dataset),
)


# ---- summary.json -------------------------------------------------------------------------------------


def size_json(study: SizeStudy) -> dict[str, Any]:
    """The content of `summary.json` for a sizing study: money in yuan, fractions; null for missing parts."""
    gap, best, case = largest_gap(study), study.best, study.case
    proven = (gap is None or gap <= PROVEN_GAP) and (best is None or best.gap <= PROVEN_GAP)
    offer = best_offer(study)
    return {
        "status": "partial" if study.failed else "optimal" if proven else "feasible",
        "case": case.name,
        "variant": case.variant or None,
        "device": study.sizing.device,
        "decision": {lang: paragraph(study, load_words(lang, "size")) for lang in LANGS},
        "verdict": _verdict_json(study),
        "best_now": offer and {"choice": offer[0].choice.key, "npv_yuan": offer[1]},
        "present": _present_json(study),
        "co_optimised": _best_json(study),
        "offers": _rows_json(offers_frame(study)) if study.offers else None,
        "marginal": {
            offered.choice.key: vars(offered.marginal) for offered in study.offers if offered.marginal
        }
        or None,
        "surface_sizes": None if study.surface is None else int(study.surface["npv_yuan"].size),
        "steps": _steps_json(study),
        "when": None if study.when is None else _when_json(study.when, case.calendar.year),
        "risk": _risk_json(study),
        "tasks": dict(study.asked),
        "failed": [vars(task) for task in study.failed],
        "largest_gap": gap,
        "asked_gap": study.asked_gap,
        "undecided": None if (doubt := undecided(study)) is None else vars(doubt),
        "warnings": case.warnings,
        "timings_s": dict(study.timings_s),
        "peak_memory_mb": peak_memory_mb(),
        "versions": versions(),
        "case_sha256": case.sha256,
    }


def _verdict_json(study: SizeStudy) -> dict[str, Any] | None:
    recommended = verdict(study)
    if recommended is None:
        return None
    return {
        "build": recommended.build,
        "choice": _choice_json(recommended.choice),
        "year": study.case.calendar.year + recommended.year,
        "npv_yuan": recommended.npv_yuan,
        # the NPV still rises there: such a year is no recommendation
        "is_last_year_examined": study.when is not None
        and recommended.year > 0
        and recommended.year == int(study.when["year"].max()),
    }


def _present_json(study: SizeStudy) -> dict[str, Any] | None:
    """The present price with its date and source, and the NPV of each offer at it."""
    present = study.sizing.present_price
    return None if present is None else {**present.model_dump(), "npv_yuan": present_npv_yuan(study)}


def _choice_json(choice: Choice) -> dict[str, Any]:
    return {**vars(choice), "yuan_per_wh": choice.yuan_per_wh}


def _best_json(study: SizeStudy) -> dict[str, Any] | None:
    best = study.best
    if best is None:
        return None
    return {
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
    }


def _rows_json(table: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """The rows of a table by index; missing values become null."""
    return {
        str(key): {str(name): None if pd.isna(value) else value for name, value in row.items()}
        for key, row in table.astype(object).to_dict("index").items()
    }


def _when_json(when: xr.Dataset, base_year: int) -> dict[str, dict[str, float | None]]:
    """NPV by choice and calendar year of commissioning [yuan]; None where it is not known."""
    years = [str(base_year + int(year)) for year in when["year"].to_numpy()]
    return {
        str(key): {
            year: float(npv) if np.isfinite(npv) else None
            for year, npv in zip(years, when["npv_yuan"].sel(choice=key).to_numpy(), strict=True)
        }
        for key in when["choice"].to_numpy()
    }


def _steps_json(study: SizeStudy) -> dict[str, dict[str, Any]] | None:
    """By choice and way of building, the columns of `steps.csv`; None where nothing is built in steps."""
    if not study.steps:
        return None
    by_choice: dict[str, dict[str, Any]] = {}
    for built in study.steps:
        by_choice.setdefault(built.choice.key, {})[built.way] = {
            "year": built.year,
            "station_yuan": built.station_yuan,
            "increment_yuan": built.increment_yuan,
            "investment_yuan": built.investment_yuan,
            "npv_yuan": built.npv_yuan,
            "added_npv_yuan": added_npv_yuan(study.steps, built),
            "irr": built.cash.returns[PROJECT].irr.value,
            "largest_gap": built.gap,
        }
    return by_choice


def _waiting_json(study: SizeStudy, risk: xr.Dataset) -> dict[str, Any] | None:
    """The value of waiting of each choice; None where the case has no later decision."""
    if study.sizing.wait is None:
        return None
    keys = [key for key in map(str, risk["choice"].to_numpy()) if key != NEVER]
    values = {key: option_value(risk, study.sizing.wait, key) for key in keys}
    return {
        key: {**vars(value), "right_yuan": value.right_yuan, "best": value.best}
        for key, value in values.items()
        if value is not None
    }


def _risk_json(study: SizeStudy) -> dict[str, Any] | None:
    """Choice by decision rule, distribution of NPV by choice, and its drivers."""
    risk, tail = study.risk, study.sizing.tail
    if risk is None:
        return None
    choice = reported_choice(study)
    return {
        "scenarios": risk.sizes["scenario"],
        "scenarios_asked": study.scenarios_asked,
        "tail": tail,
        **doubts_json(study.sizing),
        "chosen": choice_by_rule(risk, tail),
        "by_choice": _rows_json(distribution(risk, tail)),
        "waiting": _waiting_json(study, risk),
        "drivers_of": choice and choice.key,
        "drivers": [vars(driver) for driver in drivers(risk, choice.key)] if choice else [],
        "losses_lie_where": [vars(region) for region in loss_regions(risk, choice.key)] if choice else [],
    }
