"""A study of a storage: the years of its life and the cash flow they make, and the files both leave.

All files of a study are made in `write_study`; a further page or workbook is one more stage there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from parkdispatch.inputs.case import Case
from parkdispatch.results.audit import PROVEN_GAP
from parkdispatch.results.excel.cash_flow_workbook import write_cashflow_xlsx
from parkdispatch.results.excel.study_workbook import write_study_xlsx
from parkdispatch.results.finance.cash_flow import CashFlow
from parkdispatch.results.finance.lifetime import Lifetime, OperationYear
from parkdispatch.results.finance.returns import Payback, Returns
from parkdispatch.results.html.page import Lang, load_words
from parkdispatch.results.html.study_report import study_html
from parkdispatch.results.io.files import output_folder, peak_memory_mb, write_csv, write_json
from parkdispatch.results.io.provenance import versions

FIGURES = {  # of a year, with their units, as years.csv has them
    "charged_mwh": "MWh",
    "discharged_mwh": "MWh",
    "auxiliary_mwh": "MWh",
    "auxiliary_yuan": "yuan",
    "bill_without_yuan": "yuan",
    "bill_yuan": "yuan",
    "net_saving_yuan": "yuan",
    "curtailed_without_mwh": "MWh",
    "curtailed_mwh": "MWh",
}


@dataclass(frozen=True)
class Study:
    """The years of a case's storage, their cash flow, and the seconds they took."""

    life: Lifetime
    cash: CashFlow
    timings_s: Mapping[str, float]

    @property
    def case(self) -> Case:
        """The case that was studied."""
        return self.life.case

    @property
    def proven(self) -> bool:
        """Whether every year that was dispatched is proven optimal."""
        return self.life.largest_gap <= PROVEN_GAP


def write_study(study: Study, out: Path, lang: Lang = "en") -> dict[str, Path]:
    """Write the files of a study, those for people in the language; all or none. Returns where they lie."""
    title = str(load_words(lang, "study")["study"]["title_cash"]).format(
        title=study.case.title or study.case.name
    )
    with output_folder(out) as stage:
        paths = {
            "cashflow.xlsx": stage(
                "cashflow.xlsx", lambda path: write_cashflow_xlsx(path, study.cash, title, lang)
            ),
            "cashflow.csv": stage("cashflow.csv", lambda path: write_csv(path, study.cash.table)),
            "report.html": stage(
                "report.html", lambda path: path.write_text(study_html(study, lang), encoding="utf-8")
            ),
            "report.xlsx": stage("report.xlsx", lambda path: write_study_xlsx(path, study, lang)),
            "years.csv": stage("years.csv", lambda path: write_csv(path, years_table(study))),
            "summary.json": stage("summary.json", lambda path: write_json(path, study_json(study))),
        }
        events = events_table(study.life)
        if len(events):
            paths["events.csv"] = stage("events.csv", lambda path: write_csv(path, events))
        return paths


def years_table(study: Study) -> pd.DataFrame:
    """One row a year of operation: health and cycles by battery, revenue by stream, energy, bills, gap."""
    years = study.life.years
    columns: dict[str, Any] = {"dispatched [1]": [int(year.dispatched) for year in years]}
    for quantity in ("state_of_health", "full_cycles"):
        for name in getattr(years[0], quantity):
            columns[f"{name}.{quantity} [1]"] = [getattr(year, quantity)[name] for year in years]
    for stream, yuan in study.cash.operation.revenue_yuan.items():
        columns[f"saved.{stream}_yuan [yuan]"] = yuan
    for figure, unit in FIGURES.items():
        columns[f"{figure} [{unit}]"] = [getattr(year, figure) for year in years]
    columns["gap [1]"] = [f"{year.gap:.1e}" for year in years]
    return pd.DataFrame(columns, index=pd.Index([year.year for year in years], name="year"))


def events_table(life: Lifetime) -> pd.DataFrame:
    """One row an event of demand response, of every dispatched year."""
    rows = [
        {
            "year": year.year,
            "begins": f"{one.settled.event.begins:%Y-%m-%d %H:%M}",
            "ends": f"{one.settled.event.ends:%Y-%m-%d %H:%M}",
            "bid [MW]": one.settled.bid_mw,
            "baseline [MW]": one.settled.baseline_mw,
            "import [MW]": one.settled.import_mw,
            "response [MW]": one.settled.response_mw,
            "response without moving [MW]": one.unmoved_mw,
            "paid [MWh]": one.settled.paid_mwh,
            "paid [yuan]": one.settled.yuan,
            "paid without moving [yuan]": one.unmoved_yuan,
            "energy cost until the next event [yuan]": one.energy_cost_yuan,
        }
        for year in life.years
        for one in year.events
    ]
    return pd.DataFrame(rows).set_index("year") if rows else pd.DataFrame()


def _response_json(year: OperationYear) -> dict[str, float]:
    """What the events of a year came to."""
    return {
        "called": len(year.events),
        "bid_for": sum(one.bid for one in year.events),
        "paid": sum(one.settled.yuan > 0 for one in year.events),
        "paid_mwh": sum(one.settled.paid_mwh for one in year.events),
        "paid_yuan": sum(one.settled.yuan for one in year.events),
        "paid_without_moving_yuan": sum(one.unmoved_yuan for one in year.events),
        "added_to_bill_yuan": year.response_cost_yuan,
    }


def study_json(study: Study) -> dict[str, Any]:
    """Everything a program wants to know of a study; money in yuan, rates as fractions."""
    life, cash, case = study.life, study.cash, study.case
    return {
        "status": "optimal" if study.proven else "feasible",
        "case": case.name,
        "variant": case.variant or None,
        "investment_yuan": cash.finance.investment_yuan,
        "construction_years": cash.finance.construction_years,
        "operation_years": cash.finance.operation_years,
        "returns": {key: _returns_json(own) for key, own in cash.returns.items()},
        "lcos_yuan_per_kwh": cash.lcos_yuan_per_kwh,
        "debt_service_cover": {"least": cash.cover.least, "mean": cash.cover.mean},
        "revenue_yuan": {name: float(np.sum(yuan)) for name, yuan in cash.operation.revenue_yuan.items()},
        "demand_response_by_year": {
            str(year.year): _response_json(year) for year in life.years if year.events
        },
        "auxiliary_yuan": float(np.sum(cash.operation.auxiliary_yuan)),
        "discharged_mwh": float(np.sum(cash.operation.discharged_mwh)),
        "years_dispatched": [year.year for year in life.years if year.dispatched],
        "largest_gap": life.largest_gap,
        "gap_by_year": {str(year.year): year.gap for year in life.years if year.dispatched},
        "largest_difference_of_streams_and_bills_yuan": life.largest_difference_yuan,
        "warnings": case.warnings,
        "timings_s": dict(study.timings_s),
        "peak_memory_mb": peak_memory_mb(),
        "versions": versions(),
        "case_sha256": case.sha256,
    }


def _returns_json(own: Returns) -> dict[str, Any]:
    def payback(one: Payback) -> dict[str, float | None]:
        return {
            "from_start_of_construction": one.from_construction_years,
            "from_start_of_operation": one.from_operation_years,
        }

    return {
        "npv_yuan": own.npv_yuan,
        "irr": own.irr.value,
        "irr_in_words": own.irr.words,
        "every_irr": list(own.irr.all),
        "mirr": own.mirr,
        "static_payback_years": payback(own.static_payback),
        "discounted_payback_years": payback(own.discounted_payback),
    }
