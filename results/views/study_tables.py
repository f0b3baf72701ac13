"""Tables of an economic study as text: returns, years, cash flow, and the steps of its waterfall."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from parkdispatch.models.finance.investment import DeclaredValue
from parkdispatch.models.units import MWH_PER_GWH, YUAN_PER_WAN
from parkdispatch.results.billing.demand_response import ResponseSummary
from parkdispatch.results.finance.cash_flow import CashFlow
from parkdispatch.results.finance.cash_flow_line import FLOWS, YUAN
from parkdispatch.results.finance.lifetime import storage_health_and_cycles
from parkdispatch.results.finance.operation import NOT_KEPT
from parkdispatch.results.finance.returns import Payback, Returns
from parkdispatch.results.wording.finance_words import FinanceWords
from parkdispatch.results.wording.payback_words import payback_text
from parkdispatch.results.wording.words import format_money, format_number

if TYPE_CHECKING:  # a study writes the page and the workbook that use these tables
    from parkdispatch.results.finance.storage_study import Study

Words = Mapping[str, Any]
STRONG = (*FLOWS, "revenue", "ebitda", "ebit", "profit")  # lines in bold
HIDDEN = ("year", "operation", "discount_factor", "equity_discount_factor")  # lines not on the page
# steps of the waterfall besides revenue, each the sum of these lines with these signs
STEPS: Mapping[str, Mapping[str, float]] = {
    "auxiliary": {"auxiliary": -1.0, "auxiliary_vat": -1.0},
    "operation_maintenance": {"operation_maintenance": -1.0},
    "insurance": {"insurance": -1.0},
    "land": {"land": -1.0},
    "decommissioning": {"decommissioning": -1.0},
    "vat": {"vat_paid": -1.0, "vat_refund": 1.0},
    "surcharges": {"surcharges": -1.0},
    "investment": {"investment": -1.0},
    "replacement": {"replacement": -1.0},
    "residual": {"residual": 1.0},
    "tax": {"project_tax": -1.0},
}


def irr_text(returns: Returns, words: Words, finance_words: FinanceWords) -> str:
    """The IRR in percent, or the word for none or several."""
    if returns.irr.value is not None:
        return f"{returns.irr.value:z.2%}"
    return str(words["study"]["several"]) if returns.irr.all else finance_words.text["none"]


def construction_years_text(payback: Payback, words: Words) -> str:
    """A payback from the start of construction, with the first time too where the flow relapses."""
    return payback_text(payback.from_construction_years, payback.relapsed_years, words)


def operation_years_text(payback: Payback, construction_years: int, words: Words) -> str:
    """A payback from the start of operation, with the first time too where the flow relapses."""
    first = payback.relapsed_years
    first_years = None if first is None else first - construction_years
    return payback_text(payback.from_operation_years, first_years, words)


def money_steps(cash: CashFlow) -> list[tuple[str, float]]:
    """Income and expenses over all years [yuan], VAT included; they sum to the project's flow after tax.

    Revenue streams by their names, then the keys of `STEPS`; zero steps are left out.
    """
    streams = {name: float(cash.values[f"gross_{name}"].sum()) for name in cash.operation.revenue_yuan}
    steps = {
        key: sum(sign * float(cash.values[line].sum()) for line, sign in lines.items())
        for key, lines in STEPS.items()
    }
    return [(key, yuan) for key, yuan in {**streams, **steps}.items() if yuan]


def returns_table(cash: CashFlow, words: Words, finance_words: FinanceWords) -> dict[str, Any]:
    """Every measure of the four flows, and a sentence on each IRR that is missing or might not be unique."""
    text, flows = words["study"], list(cash.returns.values())
    built = cash.finance.construction_years
    static, discounted = [flow.static_payback for flow in flows], [flow.discounted_payback for flow in flows]
    mirrs = (finance_words.text["none"] if flow.mirr is None else f"{flow.mirr:z.2%}" for flow in flows)
    rows = [
        [text["m_npv"], *(format_number(flow.npv_yuan / YUAN_PER_WAN) for flow in flows)],
        [text["m_irr"], *(irr_text(flow, words, finance_words) for flow in flows)],
        [text["m_mirr"], *mirrs],
    ]
    for kind, paybacks in (("static", static), ("discounted", discounted)):
        construction = (construction_years_text(payback, words) for payback in paybacks)
        operation = (operation_years_text(payback, built, words) for payback in paybacks)
        rows.append([text[f"m_{kind}_construction"], *construction])
        rows.append([text[f"m_{kind}_operation"], *operation])
    remarks = [
        text["irr_said"].format(flow=finance_words.thing(key), found=finance_words.irr(flow.irr))
        for key, flow in cash.returns.items()
        if flow.irr.value is None or flow.irr.sign_changes > 1
    ]
    heads = [text["measure"], *map(finance_words.thing, cash.returns)]
    return {"heads": heads, "rows": rows, "remarks": remarks}


def annual_table(study: "Study", words: Words, finance_words: FinanceWords) -> dict[str, Any]:
    """One row per year of operation; money in 10^4 yuan."""
    text, operation, rows = words["study"], study.cash.operation, []
    streams = operation.revenue_yuan
    heads = [text[key] for key in ("y_year", "y_health", "y_cycles", "y_out")]
    heads += [text["y_stream"].format(stream=finance_words.thing(name)) for name in streams]
    heads += [text[key] for key in ("y_auxiliary", "y_saved", "y_without", "y_with")]
    for index, year in enumerate(study.lifetime.years):
        health, cycles = storage_health_and_cycles(study.case, year)
        income = [float(yuan[index]) for yuan in streams.values()]
        auxiliary = float(operation.auxiliary_yuan[index])
        amounts = [*income, -auxiliary, sum(income) - auxiliary, year.bill_without_yuan, year.bill_yuan]
        name = f"{year.year}{'' if year.dispatched else ' ~'}"
        discharged = format_number(year.discharged_mwh / MWH_PER_GWH)
        rows.append([name, f"{health:z.1%}", format_number(cycles, 0), discharged, *_in_wan(amounts)])
    totals = [float(yuan.sum()) for yuan in (*streams.values(), -operation.auxiliary_yuan)]
    bills = [sum(getattr(y, key) for y in study.lifetime.years) for key in ("bill_without_yuan", "bill_yuan")]
    discharged = format_number(float(operation.discharged_mwh.sum()) / MWH_PER_GWH)
    total = [words["page"]["total"], "", "", discharged, *_in_wan([*totals, sum(totals), *bills])]
    interpolated = not all(year.dispatched for year in study.lifetime.years)
    return {"heads": heads, "rows": rows, "total": total, "interpolated": interpolated}


def as_operated_sentence(study: "Study", words: Words) -> str:
    """The share that is kept without perfect foresight, where it is from, and what it costs; else empty."""
    kept = study.as_operated
    if kept is None:
        return ""
    lost_yuan = -float(study.cash.operation.revenue_yuan[NOT_KEPT].sum())
    source = words["study"]["given_share"] if kept.source == "given" else kept.source
    return str(words["study"]["as_operated"]).format(
        share=f"{kept.share:z.1%}", source=source, lost=_money(lost_yuan, words)
    )


def response_sentence(study: "Study", words: Words) -> str:
    """The demand-response events of the first year: called, paid, and how old their baselines are."""
    year, response = study.lifetime.years[0], study.case.contracts.demand_response
    if not year.events or response is None:
        return ""
    summary = ResponseSummary.of(year.events)
    return str(words["study"]["response"]).format(
        year=year.year, asked=response.events_per_year, called=summary.called, paid=summary.paid,
        yuan=_money(summary.paid_yuan, words), unmoved=_money(summary.unmoved_yuan, words),
        least=summary.least_age_days, most=summary.most_age_days, median=f"{summary.median_age_days:g}",
    )  # fmt: skip


def end_of_life_sentence(study: "Study", words: Words) -> str:
    """When the cells reach their end of life, and whether a replacement is priced; empty if they do not."""
    end, finance, text = study.end_of_life, study.cash.finance, words["study"]
    if end is None:
        return ""
    replacement, paid = finance.replacement, study.cash.values["replacement"]
    years = study.cash.values["operation"][paid > 0]
    priced = str(text[f"priced_{replacement.mode}" if years.size else "not_priced"]).format(
        years=str(words["yearly"]["comma"]).join(f"{year:.0f}" for year in years),
        yuan=_money(float(paid.sum()), words),
    )
    return str(text["end_of_life"]).format(
        health=f"{replacement.end_of_life_health:.0%}", year=end.year, cycles=f"{end.full_cycles:,.0f}",
        priced=priced,
    )  # fmt: skip


def warranty_sentence(study: "Study", words: Words) -> str:
    """In which year more full cycles are dispatched than warranted, or that none is; empty: not known."""
    cycles, text = study.cash.finance.replacement.warranted_cycles, words["study"]
    if cycles is None:
        return ""
    year = study.lifetime.beyond_warranty(cycles)
    return str(text["within_warranty" if year is None else "beyond_warranty"]).format(
        cycles=f"{cycles:,.0f}", year=year
    )


def _money(yuan: float, words: Words) -> str:
    figure, unit, _ = format_money(yuan, words)
    return f"{figure} {unit}"


def cash_table(cash: CashFlow, words: Words, finance_words: FinanceWords) -> dict[str, Any]:
    """The lines in yuan that are not zero in every year, by section [10^4 yuan]."""
    text, sections = words["study"], dict[str, list[dict[str, Any]]]()
    for line in cash.lines:
        values = cash.values[line.key]
        if line.sheet != "years" or line.unit != YUAN or line.key in HIDDEN or not np.any(values):
            continue
        name, how = finance_words.line(line)
        total = format_number(float(values.sum()) / YUAN_PER_WAN) if line.summed else ""
        cells = [format_number(yuan / YUAN_PER_WAN) if yuan else "–" for yuan in values.tolist()]
        row = {"name": name, "how": how, "cells": [total, *cells], "strong": line.key in STRONG}
        sections.setdefault(finance_words.section(line.section), []).append(row)
    years = [finance_words.text["year"].format(year=int(year)) for year in cash.values["year"]]
    return {"heads": [text["c_line"], text["c_total"], *years], "sections": sections}


def parameter_row(parameter: DeclaredValue, finance_words: FinanceWords) -> list[str]:
    """Name, value, unit, meaning and source of a parameter."""
    term = finance_words.parameter(parameter)
    choice = isinstance(parameter.value, str)
    value = finance_words.choice(str(parameter.value)) if choice else f"{parameter.value:,.10g}"
    return [term.name.replace("_", " "), value, term.unit, term.sentence, term.source]


def _in_wan(yuan: Sequence[float]) -> list[str]:
    return [format_number(amount / YUAN_PER_WAN) for amount in yuan]
