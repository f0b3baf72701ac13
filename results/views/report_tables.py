"""Tables and headline figures of the dispatch report, as text. Figures are rounded only here."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.models.device import Array
from parkdispatch.models.units import YUAN_PER_WAN
from parkdispatch.results.audit import Audit
from parkdispatch.results.billing.bill import Bill
from parkdispatch.results.billing.bill_table import BillStep, BillSteps, line_table, month_table
from parkdispatch.results.power_scale import PowerScale, scale_of
from parkdispatch.results.savings.daily_saving import saving_of_days
from parkdispatch.results.solution import QuantityName, cost_yuan, of_kind, shown_power_mw, times_of
from parkdispatch.results.summary import cost_by_month_yuan
from parkdispatch.results.views.device_charts import month_starts
from parkdispatch.results.views.device_powers import curtailed, injections
from parkdispatch.results.views.plain_charts import step_chart
from parkdispatch.results.views.plan_columns import energy_parts, plan_columns
from parkdispatch.results.views.report_facts import ReportFacts
from parkdispatch.results.wording.display_names import (
    charge_label,
    check_label,
    check_unit,
    cost_label,
    cost_of_device_label,
    device_label,
    owned,
    quantity_label,
)
from parkdispatch.results.wording.words import LARGE_YUAN, Card, format_money, format_number

Words = Mapping[str, Any]
LEAST_YUAN = 0.005  # less reads as zero
Table = dict[str, Any]  # arguments of `parts.table`: heads, rows, total, texts


def cards(facts: ReportFacts, words: Words, scale: PowerScale) -> list[Card]:
    """The headline figures: cost, saving, peak, full cycles."""
    page, other = words["page"], facts.without_storage
    of_day = facts.kind == "day" and bool(facts.day_costs)  # not the whole month's demand charge on one day
    cost_yuan = sum(day.total_yuan for day in facts.day_costs) if of_day else facts.cost_yuan
    saved_yuan = 0.0 if other is None else other.saving_yuan
    if of_day and facts.days:
        saved_yuan = saving_of_days(facts.days).total_yuan
    base_yuan = 0.0 if other is None else cost_yuan + saved_yuan if of_day else other.cost_yuan
    figure, unit, more = format_money(cost_yuan, words, base_yuan)
    if other:
        more = [*more, f"{page['instead_of']} {' '.join(format_money(base_yuan, words, cost_yuan)[:2])}"]
    headline = [Card(page["cost"], figure, unit, more)]
    if other:
        figure, unit, more = format_money(saved_yuan, words)
        if other.cost_yuan > 0 and not of_day:
            more = [*more, page["of_cost"].format(share=f"{other.saving_yuan / other.cost_yuan:z.2%}")]
        headline.append(Card(page["saved"], figure, unit, more))
    if facts.replayed and (kept := facts.replayed.total.kept) is not None:
        possible = " ".join(format_money(facts.replayed.total.foresight_saved_yuan or 0.0, words)[:2])
        headline.append(Card(page["kept"], f"{kept:z.1%}", "", [page["kept_of"].format(possible=possible)]))
    if facts.peak_mw:
        month, peak = max(facts.peak_mw.items(), key=lambda item: item[1])
        more = [month] if len(facts.peak_mw) > 1 else []
        if other and other.peak_mw:
            before = max(other.peak_mw.values())
            more.append(f"{page['instead_of']} {scale.text(before)} {page['without_storage_short']}".strip())
        name = page["peak_year"] if len(facts.peak_mw) > 1 else page["peak"]
        headline.append(Card(name, scale.number(peak), scale.power, more))
    if facts.full_cycles:
        mean = sum(facts.full_cycles.values()) / len(facts.full_cycles)
        unit = page["mean"] if len(facts.full_cycles) > 1 else ""
        each = [f"{device_label(name, words)}: {cycles:z,.2f}" for name, cycles in facts.full_cycles.items()]
        headline.append(Card(page["cycles"], f"{mean:z,.2f}" if mean < 100 else f"{mean:z,.0f}", unit, each))
    return headline


def months_table(solution: xr.Dataset, case: Case, facts: ReportFacts, words: Words) -> dict[str, Any]:
    """Energy, peak import and cost by month."""
    page, scale = words["page"], scale_of(solution)
    hours = float(solution.attrs["hours"])
    starts = month_starts(times_of(solution))

    def monthly(power_mw: Array) -> Array:
        return np.asarray(np.add.reduceat(power_mw, list(starts.values())) * hours * scale.per_mw)

    zero: Array = np.zeros(solution.sizes["time"])
    grids = case.of_role("grid")
    curtailed_mw, other = curtailed(solution), facts.without_storage
    used = [power for name, power in injections(solution).items() if name.device in curtailed_mw]
    energies = {
        "m_bought": sum((shown_power_mw(solution, case, g, "import") for g in grids), zero),
        "m_used": sum(used, zero) if used else None,
        "m_sold": sum((shown_power_mw(solution, case, g, "export") for g in grids), zero),
        "m_curtailed": sum(curtailed_mw.values(), zero) if curtailed_mw else None,
    }
    columns = {key: monthly(power) for key, power in energies.items() if power is not None}
    peaks = {"m_peak": facts.peak_mw} | ({"m_peak_without": other.peak_mw} if other else {})
    paid = {"m_cost": cost_by_month_yuan(solution)}
    if facts.replayed:
        months = facts.replayed.months
        peaks["m_peak_foresight"] = {
            month: comparison.foresight_peak_mw for month, comparison in months.items()
        }
        paid["m_cost_foresight"] = {month: comparison.foresight_yuan for month, comparison in months.items()}
        if other:
            paid["m_cost_without"] = {
                month: comparison.without_yuan or 0.0 for month, comparison in months.items()
            }
    rows = [
        [month]
        + [f"{column[k]:z,.0f}" for column in columns.values()]
        + [scale.number(peak[month]) if month in peak else "" for peak in peaks.values()]
        + [f"{cost[month] / YUAN_PER_WAN:z,.2f}" for cost in paid.values()]
        for k, month in enumerate(starts)
    ]
    total = [page["total"], *(f"{column.sum():z,.0f}" for column in columns.values())]
    total += [
        f"{page['highest']} {scale.number(max(peak.values()))}" if peak else "" for peak in peaks.values()
    ]
    return {
        "heads": [page["m_month"], *(page[key] for key in (*columns, *peaks, *paid))],
        "rows": rows,
        "total": [*total, *(f"{sum(cost.values()) / YUAN_PER_WAN:z,.2f}" for cost in paid.values())],
        "horizon_costs": any("horizon" in solution[name].dims for name in of_kind(solution, "cost")),
    }


def costs(
    solution: xr.Dataset, facts: ReportFacts
) -> dict[QuantityName, tuple[float, float | None, float | None]]:
    """Each named cost [yuan]: with the storage, without it, and saved; None where there is no comparison."""
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


def cost_table(solution: xr.Dataset, facts: ReportFacts, words: Words) -> Table:
    """Each named cost [yuan] as text, beside the one without storage and what is saved if there is one."""
    page, other = words["page"], facts.without_storage
    heads = ["c_name", *(("c_with", "c_without", "c_saved") if other else ("c_plain",))]
    totals = (facts.cost_yuan, other.cost_yuan, other.saving_yuan) if other else (facts.cost_yuan,)
    return {
        "heads": [page[key] for key in heads],
        "rows": [
            [cost_label(name, words), *map(format_number, yuan[: len(totals)])]
            for name, yuan in costs(solution, facts).items()
            if any(abs(amount or 0.0) >= LEAST_YUAN for amount in yuan)
        ],
        "total": [page["total"], *map(format_number, totals)],
    }


def energies(
    solution: xr.Dataset, case: Case, energy_mwh: Mapping[QuantityName, float], words: Words
) -> dict[str, list[tuple[str, float]]]:
    """By carrier, label and energy of what devices show, in the scale's unit; without zeros.

    Electricity also has the exports by origin, which are among `energy_mwh`.
    """
    hours, scale = float(solution.attrs["hours"]), scale_of(solution)
    signed = {
        0: lambda power: float(power.sum()),
        1: lambda power: float(power.clip(min=0).sum()),
        -1: lambda power: -float(power.clip(max=0).sum()),
    }
    rows: dict[str, list[tuple[str, float]]] = {"electricity": []}
    for column in plan_columns(solution, case, words):
        for label, sign in energy_parts(column, words):
            rows.setdefault(column.carrier, []).append((label, hours * signed[sign](column.numbers)))
    exported = {name: mwh for name, mwh in energy_mwh.items() if name.kind == "energy"}
    rows["electricity"] += [
        (quantity_label(name, words), mwh * scale.per_mw) for name, mwh in exported.items()
    ]
    return {
        carrier: [(label, mwh) for label, mwh in labelled if mwh != 0.0] for carrier, labelled in rows.items()
    }


def checks(audit: Audit, words: Words) -> list[dict[str, Any]]:
    """The rows of the audit table; the unit follows from the ending of a check's name."""
    rows = []
    for check in audit.checks:
        unit, residual, allowed = check_unit(check, words), check.residual, check.allowed
        rows.append(
            {
                "name": check_label(check, words),
                "residual": f"{residual:.1e} {unit}" if residual else f"0 {unit}",
                "allowed": f"{allowed:.1e} {unit}" if allowed else f"0 {unit}",
                "holds": check.holds,
            }
        )
    return rows


def bill_lines(bill: Bill, without: Bill | None, words: Words) -> Table:
    """The bill line by line, beside the bill without storage if there is one."""
    page, table = words["page"], line_table(bill, without)
    single_month = bill.by_charge_yuan.shape[0] == 1  # quantities in kW are not summed over months
    columns = {"yuan": "l_yuan"}
    detail_columns = {"quantity": "l_quantity", "price_yuan": "l_price"}
    if without is not None:
        columns = {"yuan_without": "l_yuan_without", "yuan": "l_yuan_with", "saved_yuan": "l_saved"}
        detail_columns = {"quantity_without": "l_quantity_without", "quantity": "l_quantity_with"}
        detail_columns |= {"price_yuan_without": "l_price_without", "price_yuan": "l_price_with"}
        if np.allclose(table["price_yuan_without"], table["price_yuan"], rtol=1e-9, atol=0.0):
            detail_columns = {**dict(list(detail_columns.items())[:2]), "price_yuan": "l_price"}
    rows = []
    for (charge, period), (_, line) in zip(table.index.to_list(), table.iterrows(), strict=True):
        unit = (
            line["unit"] if single_month and line["unit"] != "yuan" else words["units"].get(line["unit"], "")
        )
        sums = [format_number(float(line[name])) for name in columns]
        parts = [format_number(float(line[name]), 4 if "price" in name else 0) for name in detail_columns]
        rows.append([charge_label(charge, period, words), *sums, *parts, unit])
    totals = [format_number(float(table[name].sum())) for name in columns]
    return {
        "heads": [page[key] for key in ("l_charge", *columns.values(), *detail_columns.values(), "l_unit")],
        "rows": rows,
        "total": [page["total"], *totals, *[""] * (1 + len(detail_columns))],
        "texts": (0, 1 + len(columns) + len(detail_columns)),
    }


def bill_months(bill: Bill, without: Bill | None, words: Words) -> Table:
    """The bill of each month [10^4 yuan] and the saving in each charge."""
    page, table = words["page"], month_table(bill, without)
    heads = [page["l_yuan"]]
    if without is not None:
        charges = table.columns[3:]
        table = table[["yuan_without", "yuan", "saved_yuan", *charges]]
        heads = [page[f"{key}_short"] for key in ("without", "with", "saved")]
        heads += [charge_label(charge, "all", words) for charge in charges]
    wan = table / YUAN_PER_WAN
    return {
        "heads": [page["m_month"], *heads],
        "rows": [
            [str(month), *(format_number(yuan) for yuan in row)]
            for month, row in zip(wan.index, wan.to_numpy(), strict=True)
        ],
        "total": [page["total"], *(format_number(float(yuan)) for yuan in wan.sum())],
    }


def step_label(step: BillStep, words: Words, several: bool = False) -> str:
    """The label of a waterfall step, with its owner for a device's cost or if `several` owners are billed."""
    if not step.billed:
        return cost_of_device_label(step.owner, step.charge, words)
    text = charge_label(step.charge, step.period, words)
    return owned(step.owner, text, words) if several else text


def waterfall(bill_steps: BillSteps, words: Words) -> dict[str, Any]:
    """The waterfall chart of the saving, and the sentence with its totals."""
    page, several = words["page"], len({step.owner for step in bill_steps.steps if step.billed}) > 1
    large = (
        max(abs(bill_steps.saved_yuan), *(abs(step.saved_yuan) for step in bill_steps.steps), 0.0)
        >= LARGE_YUAN
    )
    scale, unit, digits = (YUAN_PER_WAN, page["wan"], 2) if large else (1.0, page["yuan"], 0)
    rows = [
        (step_label(step, words, several), step.saved_yuan / scale)
        for step in bill_steps.steps
        if abs(step.saved_yuan) / scale >= 0.5 * 10.0**-digits  # less is a bar of no length, labelled zero
    ]
    sentence = page["steps_said" if bill_steps.saved_yuan >= 0 else "steps_more"].format(
        without=" ".join(format_money(bill_steps.without_yuan, words)[:2]),
        with_=" ".join(format_money(bill_steps.with_yuan, words)[:2]),
        saved=" ".join(format_money(abs(bill_steps.saved_yuan), words)[:2]),
        share=f"{abs(bill_steps.saved_yuan / bill_steps.without_yuan):z.2%}"
        if bill_steps.without_yuan
        else "–",
    )
    legend = (page["saves"], page["costs_more"], page["in_all"])
    return {
        "figure": step_chart("steps", rows, page["steps_total"], legend, unit, digits),
        "sentence": sentence,
    }
