"""The report: one page that opens anywhere, without a network: what, how much, why and how proven."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from inputs.case import Case
from models.device import Array
from models.grid import Grid
from results.audit import Audit
from results.charts import chart_data, curtailed, injections, label, month_starts
from results.election import Elections
from results.page import YUAN_PER_WAN, Card, days, load_words, money, render, share
from results.replay import Replayed
from results.solution import cost_yuan, of_kind, times_of, values
from results.summary import Comparison, cost_by_month_yuan

PROVEN_GAP = 1e-8  # below it objective and bound differ by rounding only


class BlockRow(NamedTuple):
    """A stretch of the plan: "12:00" to "14:00", "charge" or "discharge", power and reason in words."""

    start: str
    end: str
    what: str
    power: str
    why: str
    price_yuan_per_kwh: float


@dataclass(frozen=True)
class ReportFacts:
    """What report and workbook say beyond the solution itself; money in yuan, plus is paid."""

    title: str
    kind: Literal["day", "year", "replay"]
    cost_yuan: float
    without_storage: Comparison | None  # none: there is no storage, or the park cannot run without it
    full_cycles: Mapping[str, float]  # by device
    peak_mw: Mapping[str, float]  # by month, "2026-03"
    energy_mwh: Mapping[str, float]  # by quantity, "pv.output_mwh"
    blocks: Sequence[BlockRow] = ()  # none for a year
    timings_s: Mapping[str, float] = field(default_factory=dict)
    model: Mapping[str, int] = field(default_factory=dict)  # columns, rows, ...
    versions: Mapping[str, str] = field(default_factory=dict)
    certificate: Mapping[str, str] = field(default_factory=dict)  # what was checked, and what was found
    assumptions: Sequence[str] = ()
    replayed: Replayed | None = None  # of a year of day-ahead plans
    unseen_yuan: Mapping[str, float] = field(default_factory=dict)  # billed, not seen by the optimizer
    open_discount_yuan: float = 0.0  # of demand, should months seen in part turn out fully used
    elections: Mapping[str, Elections] = field(default_factory=dict)  # by connection


def report_html(solution: xr.Dataset, case: Case, audit: Audit, facts: ReportFacts, lang: str = "en") -> str:
    """The whole page as text. The same input gives the same bytes; figures are rounded only here."""
    words = load_words(lang)
    page = words["page"]
    times, other = times_of(solution), facts.without_storage
    gap = float(solution.attrs["gap"])
    proven, verdict = gap <= PROVEN_GAP, "optimal" if gap <= PROVEN_GAP else "not_optimal"
    if facts.replayed:  # no optimum of the year, and not meant to be one
        proven = facts.replayed.largest_gap <= PROVEN_GAP
        verdict = "days_optimal" if proven else "days_not_optimal"
    return render(
        "report.html.j2",
        words,
        data=chart_data(solution, case, words, facts.peak_mw, other.peak_mw if other else {}),
        scripts=["report.js"],
        facts=facts,
        when=days(times, words),
        count=f"{len(times):,}",
        minutes=f"{float(solution.attrs['hours']) * 60:g}",
        many_days=times[-1] - times[0] > pd.Timedelta(days=2),
        first_day=f"{times[0]:%Y-%m-%d}",
        last_day=f"{times[-1]:%Y-%m-%d}",
        cards=_cards(facts, words),
        sound=proven and audit.holds,
        verdict=page[verdict],
        gap_word=page["gap_foresight" if facts.replayed else "gap"],
        gap=share(gap),
        bound=f"{float(solution.attrs['bound_yuan']):,.2f} {page['yuan']}",
        objective=f"{float(solution.attrs['objective_yuan']):,.2f}",
        how=solution.attrs["proof"],
        audit_line=page["audit_holds" if audit.holds else "audit_fails"].format(
            all=len(audit.residuals), failed=len(audit.failed), names=", ".join(audit.failed)
        ),
        months=_months(solution, case, facts, page) if facts.kind != "day" else None,
        monthly_cost=any("month" in solution[name].dims for name in of_kind(solution, "cost")),
        costs=_costs(solution, facts),
        cost_label=cost_label,
        label=label,
        case=case,
        energies=[_energy(name, mwh, page) for name, mwh in facts.energy_mwh.items()],
        checks=_checks(audit),
    )


def _cards(facts: ReportFacts, words: Mapping[str, Any]) -> list[Card]:
    """The headline: cost, saving, peak, cycles."""
    page, other = words["page"], facts.without_storage
    figure, unit, more = money(facts.cost_yuan, words)
    if other:
        more = [*more, f"{page['instead_of']} {' '.join(money(other.cost_yuan, words)[:2])}"]
    cards = [Card(page["cost"], figure, unit, more)]
    if other:
        figure, unit, more = money(other.saving_yuan, words)
        if other.cost_yuan > 0:
            more = [*more, f"{other.saving_yuan / other.cost_yuan:.2%} {page['of_cost']}"]
        cards.append(Card(page["saved"], figure, unit, more))
    if facts.replayed and (kept := facts.replayed.total.kept) is not None:
        possible = " ".join(money(facts.replayed.total.foresight_saved_yuan or 0.0, words)[:2])
        cards.append(Card(page["kept"], f"{kept:.1%}", "", [page["kept_of"].format(possible=possible)]))
    if facts.peak_mw:
        month, peak = max(facts.peak_mw.items(), key=lambda item: item[1])
        more = [month] if len(facts.peak_mw) > 1 else []
        if other and other.peak_mw:
            before = max(other.peak_mw.values())
            more.append(f"{page['instead_of']} {before:,.1f} MW {page['without_storage_short']}")
        name = page["peak_year"] if len(facts.peak_mw) > 1 else page["peak"]
        cards.append(Card(name, f"{peak:,.1f}", "MW", more))
    if facts.full_cycles:
        mean = sum(facts.full_cycles.values()) / len(facts.full_cycles)
        unit = page["mean"] if len(facts.full_cycles) > 1 else ""
        each = [f"{label(name)}: {cycles:,.2f}" for name, cycles in facts.full_cycles.items()]
        cards.append(Card(page["cycles"], f"{mean:,.2f}" if mean < 100 else f"{mean:,.0f}", unit, each))
    return cards


def _months(solution: xr.Dataset, case: Case, facts: ReportFacts, page: Mapping[str, Any]) -> dict[str, Any]:
    """Energy, peaks and cost by month, as text."""
    hours = float(solution.attrs["hours"])
    starts = month_starts(times_of(solution))

    def monthly(power_mw: Array) -> Array:
        return np.asarray(np.add.reduceat(power_mw, list(starts.values())) * hours)

    zero: Array = np.zeros(solution.sizes["time"])
    grids = [name for name, device in case.devices.items() if isinstance(device, Grid)]
    spilled, other = curtailed(solution), facts.without_storage
    used = [power for name, power in injections(solution).items() if name.split(" (")[0] in spilled]
    energies = {
        "m_bought": sum((values(solution, f"{g}.import_mw") for g in grids), zero),
        "m_used": sum(used, zero) if used else None,
        "m_sold": sum((values(solution, f"{g}.export_mw") for g in grids), zero),
        "m_curtailed": sum(spilled.values(), zero) if spilled else None,
    }
    columns = {key: monthly(power) for key, power in energies.items() if power is not None}
    peaks = {"m_peak": facts.peak_mw} | ({"m_peak_without": other.peak_mw} if other else {})
    costs = {"m_cost": cost_by_month_yuan(solution)}
    if facts.replayed:
        months = facts.replayed.months
        peaks["m_peak_foresight"] = {month: three.foresight_peak_mw for month, three in months.items()}
        costs["m_cost_foresight"] = {month: three.foresight_yuan for month, three in months.items()}
        if other:
            costs["m_cost_without"] = {month: three.without_yuan or 0.0 for month, three in months.items()}
    rows = [
        [month]
        + [f"{column[k]:,.0f}" for column in columns.values()]
        + [f"{peak[month]:,.1f}" if month in peak else "" for peak in peaks.values()]
        + [f"{cost[month] / YUAN_PER_WAN:,.2f}" for cost in costs.values()]
        for k, month in enumerate(starts)
    ]
    total = [page["total"], *(f"{column.sum():,.0f}" for column in columns.values())]
    total += [f"{page['highest']} {max(peak.values()):,.1f}" if peak else "" for peak in peaks.values()]
    return {
        "heads": [page["m_month"], *(page[key] for key in (*columns, *peaks, *costs))],
        "rows": rows,
        "total": [*total, *(f"{sum(cost.values()) / YUAN_PER_WAN:,.2f}" for cost in costs.values())],
        "horizon_costs": any("horizon" in solution[name].dims for name in of_kind(solution, "cost")),
    }


def cost_label(name: str, words: Mapping[str, Any]) -> str:
    """A named cost as people read it; "grid.purchase_yuan" is `grid: energy bought`."""
    device, key = name.removesuffix("_yuan").split(".", 1)
    return f"{label(device)}: {words['costs'].get(key, label(key))}"


def _costs(solution: xr.Dataset, facts: ReportFacts) -> dict[str, tuple[float, float | None, float | None]]:
    """Each named cost [yuan]: with the storage, without it, and saved; None where the facts do not say."""
    paid, other = cost_yuan(solution), facts.without_storage
    saved = other.saving_by_cost_yuan if other else {}
    names = list(dict.fromkeys([*paid, *saved]))
    return {
        name: (
            paid.get(name, 0.0),
            paid.get(name, 0.0) + saved[name] if name in saved else None,
            saved.get(name),
        )
        for name in names
    }


UNIT_ENDINGS = {"_mwh": "MWh", "_mw": "MW", "_yuan": "yuan"}


def _quantity(name: str) -> str:
    """A quantity as people read it; "pv.output_mwh" is `pv output`."""
    for ending in UNIT_ENDINGS:
        name = name.removesuffix(ending)
    return label(name.replace(".", " "))


def _energy(name: str, mwh: float, page: Mapping[str, Any]) -> tuple[str, str]:
    """A total [MWh] as text; what a device merely puts into its bus is called drawn or given."""
    device, key = name.split(".", 1)
    if key.startswith("injection_"):
        return f"{label(device)} {page['drawn' if mwh < 0 else 'given']}", f"{abs(mwh):,.1f}"
    return _quantity(name), f"{mwh:,.1f}"


def _checks(audit: Audit) -> list[dict[str, Any]]:
    """The audit table; units come from the ending of a check's name."""
    rows = []
    for name, found in audit.residuals.items():
        unit = next((unit for ending, unit in UNIT_ENDINGS.items() if name.endswith(ending)), "")
        allowed = audit.allowed[name]
        rows.append(
            {
                "name": _quantity(name.replace(".", ": ", 1)),
                "found": f"{found:.1e} {unit}" if found else f"0 {unit}",
                "allowed": f"{allowed:.1e} {unit}",
                "holds": found <= allowed,
            }
        )
    return rows
