"""The output files of a storage study: cash flow, reports, yearly table, events, summary."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from parkdispatch.models.finance.contracts import Contracts
from parkdispatch.results.billing.demand_response import ResponseSummary
from parkdispatch.results.excel.cash_flow_workbook import write_cashflow_xlsx
from parkdispatch.results.excel.study_workbook import write_study_xlsx
from parkdispatch.results.finance.lifetime import Lifetime, OperationYear
from parkdispatch.results.finance.phase_study import PhaseStudy
from parkdispatch.results.finance.returns import Payback, Returns, years_or_never
from parkdispatch.results.finance.storage_study import Study
from parkdispatch.results.html.study_report import study_html
from parkdispatch.results.io.files import peak_memory_mb, write_csv, write_json
from parkdispatch.results.io.provenance import versions
from parkdispatch.results.park_indicators import ParkIndicators
from parkdispatch.results.wording.languages import Lang
from parkdispatch.results.wording.phase_words import phase_name
from parkdispatch.results.wording.words import load_words
from parkdispatch.results.writers.outputs import Output, write_outputs
from parkdispatch.results.writers.owner_tables import owner_flows_table, owners_json, owners_table

PROJECT, EQUITY = "project_after_tax", "equity_after_tax"
YEAR_UNITS = {  # unit of each yearly quantity of `OperationYear` in years.csv
    "charged_mwh": "MWh",
    "discharged_mwh": "MWh",
    "auxiliary_mwh": "MWh",
    "auxiliary_yuan": "yuan",
    "bill_without_yuan": "yuan",
    "bill_yuan": "yuan",
    "net_saving_yuan": "yuan",
    "exported_without_mwh": "MWh",
    "exported_mwh": "MWh",
    "surplus_absorbed_mwh": "MWh",
    "curtailed_without_mwh": "MWh",
    "curtailed_mwh": "MWh",
}


def write_study(study: Study, out: Path, lang: Lang = "en") -> dict[str, Path]:
    """Write the files of a storage study, texts for people in the language; all files or none.

    Returns their paths by name. Raises InputError where the folder cannot be written.
    """
    return write_outputs((*STUDY_OUTPUTS, *_phase_outputs(study)), study, out, lang)


def _phase_outputs(study: Study) -> Iterator[Output[Study]]:
    """The table of phases, and the cash flow of each."""
    if study.phases:
        yield Output("phases.csv", lambda path, study, _: write_csv(path, phases_table(study)))
    for phase in study.phases:
        yield Output(f"cashflow_{phase.phase.name}.xlsx", partial(_write_phase_xlsx, phase))


def _write_phase_xlsx(phase: PhaseStudy, path: Path, study: Study, lang: Lang) -> None:
    words = load_words(lang, "study")
    name = f"{study.case.titled(lang)} · {phase_name(phase.phase, words)}"
    write_cashflow_xlsx(path, phase.cash, str(words["study"]["title_cash"]).format(title=name), lang)


def _write_cashflow_xlsx(path: Path, study: Study, lang: Lang) -> None:
    name = study.case.titled(lang)
    title = str(load_words(lang, "study")["study"]["title_cash"]).format(title=name)
    write_cashflow_xlsx(path, study.cash, title, lang)


def _is_one_project(study: Study) -> bool:
    return not study.phases  # the formulas of a workbook are those of one project


def _write_cashflow_csv(path: Path, study: Study, lang: Lang) -> None:
    write_csv(path, study.cash.table)


def _write_report_html(path: Path, study: Study, lang: Lang) -> None:
    path.write_text(study_html(study, lang), encoding="utf-8")


def _write_report_xlsx(path: Path, study: Study, lang: Lang) -> None:
    write_study_xlsx(path, study, lang)


def _write_years_csv(path: Path, study: Study, lang: Lang) -> None:
    write_csv(path, years_table(study))


def _write_summary(path: Path, study: Study, lang: Lang) -> None:
    write_json(path, study_json(study))


def _write_owners_csv(path: Path, study: Study, lang: Lang) -> None:
    assert study.owners is not None
    write_csv(path, owners_table(study.owners))


def _write_owner_flows_csv(path: Path, study: Study, lang: Lang) -> None:
    assert study.owners is not None
    write_csv(path, owner_flows_table(study.owners))


def _has_owners(study: Study) -> bool:
    return study.owners is not None


def _write_events_csv(path: Path, study: Study, lang: Lang) -> None:
    write_csv(path, events_table(study.lifetime))


def _has_events(study: Study) -> bool:
    return any(year.events for year in study.lifetime.years)


STUDY_OUTPUTS: tuple[Output[Study], ...] = (
    Output("cashflow.xlsx", _write_cashflow_xlsx, _is_one_project),
    Output("cashflow.csv", _write_cashflow_csv),
    Output("report.html", _write_report_html),
    Output("report.xlsx", _write_report_xlsx),
    Output("years.csv", _write_years_csv),
    Output("summary.json", _write_summary),
    Output("owners.csv", _write_owners_csv, _has_owners),
    Output("owner_flows.csv", _write_owner_flows_csv, _has_owners),
    Output("events.csv", _write_events_csv, _has_events),
)


# ---- tables -------------------------------------------------------------------------------------------


def years_table(study: Study) -> pd.DataFrame:
    """One row per operating year: health and cycles by battery, revenue by stream, energy, bills and gap."""
    years = study.lifetime.years
    columns: dict[str, Any] = {"dispatched [1]": [int(year.dispatched) for year in years]}
    changes = study.case.yearly_changes
    for name, _ in changes.given:
        columns[f"{name}_factor [1]"] = [getattr(changes.factors(year.year - 1), name) for year in years]
    for quantity in ("state_of_health", "full_cycles"):
        for name in study.case.batteries:  # empty in years in which a phase is not in service
            columns[f"{name}.{quantity} [1]"] = [getattr(year, quantity).get(name) for year in years]
    for stream, yuan in study.cash.operation.revenue_yuan.items():
        columns[f"saved.{stream}_yuan [yuan]"] = yuan
    for quantity, unit in YEAR_UNITS.items():
        columns[f"{quantity} [{unit}]"] = [getattr(year, quantity) for year in years]
    for key in ("self_use_share", "green_share", "curtailed_share"):
        columns[f"{key} [1]"] = [_park(year).json[key] for year in years]
    columns["emissions_t_co2 [t]"] = [_park(year).emissions_t_co2 for year in years]
    columns["gap [1]"] = [f"{year.gap:.1e}" for year in years]
    columns["above_bound_yuan [yuan]"] = [year.open_yuan for year in years]
    return pd.DataFrame(columns, index=pd.Index([year.year for year in years], name="year"))


def events_table(lifetime: Lifetime) -> pd.DataFrame:
    """One row per demand-response event of every dispatched year; an empty table where there is none."""
    rows = [
        {
            "year": year.year,
            "begins": f"{answer.settled.event.begins:%Y-%m-%d %H:%M}",
            "ends": f"{answer.settled.event.ends:%Y-%m-%d %H:%M}",
            "bid [MW]": answer.settled.bid_mw,
            "baseline [MW]": answer.settled.baseline_mw,
            "oldest baseline day": f"{answer.settled.baseline.days[0]:%Y-%m-%d}",
            "latest baseline day": f"{answer.settled.baseline.days[-1]:%Y-%m-%d}",
            "baseline age [days]": answer.settled.baseline_age_days,
            "same-day adjustment [1]": answer.settled.baseline.adjustment,
            "import [MW]": answer.settled.import_mw,
            "response [MW]": answer.settled.response_mw,
            "response without moving [MW]": answer.unmoved_mw,
            "paid [MWh]": answer.settled.paid_mwh,
            "paid [yuan]": answer.settled.yuan,
            "of it for capacity [yuan]": answer.settled.capacity_yuan,
            "paid without moving [yuan]": answer.unmoved_yuan,
            "energy cost until the next event [yuan]": answer.energy_cost_yuan,
        }
        for year in lifetime.years
        for answer in year.events
    ]
    return pd.DataFrame(rows).set_index("year") if rows else pd.DataFrame()


def phases_table(study: Study) -> pd.DataFrame:
    """One row per phase: years of service, investment, NPV, IRRs, payback, years of replacement.

    `npv_yuan` is discounted to the start of the whole, so that the column adds up; years of service count
    from the first phase's first, payback from the start of the phase's own construction.
    """
    rows = [{"phase": phase.phase.name, **_phase_measures(phase)} for phase in study.phases]
    return pd.DataFrame(rows).set_index("phase")


def _phase_measures(phase: PhaseStudy) -> dict[str, Any]:
    project, equity = phase.cash.returns[PROJECT], phase.cash.returns[EQUITY]
    return {
        "devices": " ".join(phase.phase.devices),
        "first_year": phase.phase.commissioned + 1,
        "last_year": phase.last_year,
        "investment_yuan": phase.cash.finance.investment_yuan,
        "npv_yuan": phase.npv_yuan,
        "irr": project.irr.value,
        "equity_irr": equity.irr.value,
        "payback_years": years_or_never(project.static_payback.from_construction_years),
        "saving_yuan": sum(year.net_saving_yuan for year in phase.lifetime.years),
        "replaced_after_years": " ".join(map(str, phase.lifetime.replaced_years)),
    }


# ---- summary.json -------------------------------------------------------------------------------------


def study_json(study: Study) -> dict[str, Any]:
    """The content of `summary.json` for a storage study; money in yuan, rates as fractions."""
    lifetime, cash, case = study.lifetime, study.cash, study.case
    return {
        "status": "partial" if study.failed else "optimal" if study.proven else "feasible",
        "case": case.name,
        "variant": case.variant or None,
        "investment_yuan": cash.finance.investment_yuan,
        "construction_years": cash.finance.construction_years,
        "operation_years": cash.finance.operation_years,
        "returns": {key: _returns_json(returns) for key, returns in cash.returns.items()},
        "lcos_yuan_per_kwh": cash.lcos_yuan_per_kwh,
        "debt_service_cover": {"least": cash.cover.least, "mean": cash.cover.mean},
        "revenue_yuan": {name: float(np.sum(yuan)) for name, yuan in cash.operation.revenue_yuan.items()},
        "as_operated": study.as_operated and vars(study.as_operated),
        "demand_response_by_year": {
            str(year.year): _response_json(year, case.contracts) for year in lifetime.years if year.events
        },
        "indicators": study.park.json,
        "indicators_by_year": {str(year.year): _park(year).json for year in lifetime.years},
        "yearly_changes": {name: list(by_year) for name, by_year in case.yearly_changes.given},
        "end_of_life": study.end_of_life and vars(study.end_of_life),
        "phases": phases_json(study) or None,
        "owners": study.owners and owners_json(study.owners),
        "auxiliary_yuan": float(np.sum(cash.operation.auxiliary_yuan)),
        "discharged_mwh": float(np.sum(cash.operation.discharged_mwh)),
        "years_dispatched": [year.year for year in lifetime.years if year.dispatched],
        "tasks": dict(study.asked),
        "failed": [vars(task) for task in study.failed],
        "largest_gap": lifetime.largest_gap,
        "gap_by_year": {str(year.year): year.gap for year in lifetime.years if year.dispatched},
        "largest_difference_of_streams_and_bills_yuan": lifetime.largest_difference_yuan,
        "warnings": case.warnings,
        "timings_s": dict(study.timings_s),
        "peak_memory_mb": peak_memory_mb(),
        "versions": versions(),
        "case_sha256": case.sha256,
    }


def _park(year: OperationYear) -> ParkIndicators:
    return ParkIndicators(year.park_amounts)


def _response_json(year: OperationYear, contracts: Contracts) -> dict[str, Any]:
    """Demand response of one year: events asked for, called, bid for and paid; payments; baselines' ages."""
    summary, contract = ResponseSummary.of(year.events), contracts.demand_response
    return {
        "asked": contract.events_per_year if contract else None,
        "called": summary.called,
        "bid_for": summary.bid_for,
        "paid": summary.paid,
        "paid_mwh": summary.paid_mwh,
        "paid_yuan": summary.paid_yuan,
        "paid_for_capacity_yuan": summary.capacity_yuan,
        "paid_without_moving_yuan": summary.unmoved_yuan,
        "added_to_bill_yuan": year.response_cost_yuan,
        "baseline_age_days": {
            "least": summary.least_age_days,
            "median": summary.median_age_days,
            "most": summary.most_age_days,
        },
    }


def _returns_json(returns: Returns) -> dict[str, Any]:
    return {
        "npv_yuan": returns.npv_yuan,
        "irr": returns.irr.value,
        "irr_in_words": returns.irr.words,
        "every_irr": list(returns.irr.all),
        "mirr": returns.mirr,
        "static_payback_years": _payback_json(returns.static_payback),
        "discounted_payback_years": _payback_json(returns.discounted_payback),
    }


def _payback_json(payback: Payback) -> dict[str, float | None]:
    """Years; null: never. The first time is given where the cumulative flow falls below zero again."""
    return {
        "from_start_of_construction": payback.from_construction_years,
        "from_start_of_operation": payback.from_operation_years,
        "first_from_start_of_construction": payback.relapsed_years,
    }


def phases_json(study: Study) -> dict[str, Any]:
    """The same by name; null where a measure does not exist."""
    return {
        phase.phase.name: {
            **_phase_measures(phase),
            "devices": list(phase.phase.devices),
            "payback_years": phase.cash.returns[PROJECT].static_payback.from_construction_years,
            "replaced_after_years": list(phase.lifetime.replaced_years),
        }
        for phase in study.phases
    }
