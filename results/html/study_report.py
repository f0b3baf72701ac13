"""The page of a study: what the storage returns, what it is made of, its years, and its assumptions."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from parkdispatch.inputs.case import case_sources
from parkdispatch.models.finance.investment import parameters
from parkdispatch.results.finance.cash_flow import CashFlow
from parkdispatch.results.finance.cash_flow_line import FLOWS, YUAN
from parkdispatch.results.finance.lifetime import all_cells
from parkdispatch.results.finance.returns import Returns
from parkdispatch.results.html.page import Card, Lang, load_words, money, number, render, share
from parkdispatch.results.io.provenance import versions
from parkdispatch.results.units import MWH_PER_GWH, YUAN_PER_WAN
from parkdispatch.results.views import plain_charts as figures
from parkdispatch.results.views.finance_words import FinanceWords

if TYPE_CHECKING:  # a study writes this page
    from parkdispatch.results.finance.storage_study import Study
    from parkdispatch.results.html.reproduction_page import Reproduced

Words = Mapping[str, Any]
PROJECT, EQUITY = "project_after_tax", "equity_after_tax"
STRONG = (*FLOWS, "revenue", "ebitda", "ebit", "profit")
UNTOLD = ("year", "operation", "discount_factor", "equity_discount_factor")
# of the waterfall: what is paid or, in the end, comes back, each the sum of these lines with their signs
PAID: Mapping[str, Mapping[str, float]] = {
    "auxiliary": {"auxiliary": -1.0, "auxiliary_vat": -1.0},
    "operation_maintenance": {"operation_maintenance": -1.0},
    "insurance": {"insurance": -1.0},
    "vat": {"vat_paid": -1.0, "vat_refund": 1.0},
    "surcharges": {"surcharges": -1.0},
    "investment": {"investment": -1.0},
    "replacement": {"replacement": -1.0},
    "residual": {"residual": 1.0},
    "tax": {"project_tax": -1.0},
}
STREAM_COLOURS = (figures.BLUE, figures.GREEN, figures.ORANGE, figures.PINK)


def study_html(study: "Study", lang: Lang = "en", reproduced: "Reproduced | None" = None) -> str:
    """The whole page as text, with a table of published figures where one is given.

    The same study gives the same bytes but for the seconds it took.
    """
    words, told = load_words(lang, "study"), FinanceWords(lang)
    text, case, cash, years = words["study"], study.case, study.cash, study.life.years
    dispatched = [year.year for year in years if year.dispatched]
    fall = _waterfall(study, words, told)
    return render(
        "study.html.j2",
        words,
        data={"figures": [_cumulative(cash, words, told), fall["figure"], *_yearly(study, words, told)]},
        title=case.title or case.name,
        kind=text["kind"].format(years=len(years)),
        study=study,
        case=case,
        reproduced=reproduced,
        cards=_cards(cash, words, told),
        proofline=text["proofline"].format(gap=share(study.life.largest_gap), years=len(dispatched)),
        returns=_returns(cash, words, told),
        waterfall=fall,
        years=_years(study, words, told),
        cash=_cash(cash, words, told),
        dispatched=", ".join(map(str, dispatched)),
        gap=share(study.life.largest_gap),
        difference=text["yuan_a_year"].format(yuan=f"{study.life.largest_difference_yuan:.1e}"),
        parameters=[_parameter(one, told) for one in parameters(cash.finance)],
        sources=[
            words["page"]["owned"].format(
                device=words["page"]["tariff"], what=case.tariff.title or case.tariff.name
            ),
            *case.tariff.sources,
            *case_sources(case),
        ],
        versions=versions(),
    )


def _cards(cash: CashFlow, words: Words, told: FinanceWords) -> list[Card]:
    """IRR, payback, NPV, LCOS, debt service cover."""
    text, finance = words["study"], cash.finance
    project, equity = cash.returns[PROJECT], cash.returns[EQUITY]
    before = _irr(cash.returns["project_before_tax"], words, told)
    paid_back = project.static_payback
    figure, unit, _ = money(project.npv_yuan, words)
    cards = [
        Card(
            text["irr"],
            _irr(project, words, told),
            text["after_tax"],
            [text["before_tax"].format(irr=before), text["irr_equity"].format(irr=_irr(equity, words, told))],
        ),
        Card(
            text["payback"],
            _span(paid_back.from_construction_years, told),
            text["years"],
            [
                text["from_construction"],
                text["from_operation"].format(years=_span(paid_back.from_operation_years, told)),
                text["payback_equity"].format(
                    years=_span(equity.static_payback.from_construction_years, told)
                ),
            ],
        ),
        Card(
            text["npv"],
            figure,
            unit,
            [
                text["npv_at"].format(rate=f"{finance.discount_rate:.2%}"),
                text["npv_equity"].format(
                    rate=f"{finance.equity_discount_rate:.2%}",
                    npv=" ".join(money(equity.npv_yuan, words)[:2]),
                ),
            ],
        ),
    ]
    lcos, cover = cash.lcos_yuan_per_kwh, cash.cover
    if lcos is not None:
        cards.append(
            Card(text["lcos"], number(lcos, 4), words["script"]["yuan_per_kwh"], [text["lcos_note"]])
        )
    if cover.least is not None and cover.mean is not None:
        worst = int(np.nanargmin(cover.by_year)) - finance.construction_years + 1
        more = [text["cover_least"].format(year=worst), text["cover_mean"].format(mean=number(cover.mean))]
        more += [text["cover_short"]] if cover.least < 1 else []
        cards.append(Card(text["cover"], number(cover.least), "", more))
    return cards


def _irr(own: Returns, words: Words, told: FinanceWords) -> str:
    if own.irr.value is not None:
        return f"{own.irr.value:.2%}"
    return str(words["study"]["several"]) if own.irr.all else told.text["none"]


def _span(years: float | None, told: FinanceWords) -> str:
    return told.text["never"] if years is None else number(years)


def _returns(cash: CashFlow, words: Words, told: FinanceWords) -> dict[str, Any]:
    """Every measure of the four flows, and in words what is unusual about an IRR."""
    text, own = words["study"], list(cash.returns.values())
    static, discounted = ([getattr(o, f"{kind}_payback") for o in own] for kind in ("static", "discounted"))
    rows = [
        [text["m_npv"], *(number(o.npv_yuan / YUAN_PER_WAN) for o in own)],
        [text["m_irr"], *(_irr(o, words, told) for o in own)],
        [text["m_mirr"], *(told.text["none"] if o.mirr is None else f"{o.mirr:.2%}" for o in own)],
        [text["m_static_construction"], *(_span(p.from_construction_years, told) for p in static)],
        [text["m_static_operation"], *(_span(p.from_operation_years, told) for p in static)],
        [text["m_discounted_construction"], *(_span(p.from_construction_years, told) for p in discounted)],
        [text["m_discounted_operation"], *(_span(p.from_operation_years, told) for p in discounted)],
    ]
    unusual = [key for key, o in cash.returns.items() if o.irr.value is None or o.irr.sign_changes > 1]
    said = [
        text["irr_said"].format(flow=told.thing(key), found=told.irr(cash.returns[key].irr))
        for key in unusual
    ]
    return {"heads": [text["measure"], *map(told.thing, cash.returns)], "rows": rows, "said": said}


def _cumulative(cash: CashFlow, words: Words, told: FinanceWords) -> dict[str, Any]:
    """Both flows after tax, added up [10^4 yuan]."""
    flows = ((PROJECT, figures.BLUE), (EQUITY, figures.ORANGE))
    return figures.line_chart(
        "cumulative",
        cash.values["year"].tolist(),
        [(told.thing(k), _wan(cash.values[f"cumulative_{k}"]), colour) for k, colour in flows],
        words["page"]["wan"],
        2,
        words["study"]["year"],
    )


def money_steps(cash: CashFlow) -> list[tuple[str, float]]:
    """What comes in and what is paid over all years [yuan], VAT included; adds up to the project's flow.

    Streams of revenue by their names, then the keys of `PAID`; what is nothing is left out.
    """
    streams = {name: float(cash.values[f"gross_{name}"].sum()) for name in cash.operation.revenue_yuan}
    paid = {
        key: sum(sign * float(cash.values[line].sum()) for line, sign in parts.items())
        for key, parts in PAID.items()
    }
    return [(key, yuan) for key, yuan in {**streams, **paid}.items() if yuan]


def _waterfall(study: "Study", words: Words, told: FinanceWords) -> dict[str, Any]:
    text, cash, years = words["study"], study.cash, study.life.years
    steps = money_steps(cash)
    rows = [
        (told.thing(key) if key in cash.operation.revenue_yuan else text[f"w_{key}"], yuan / YUAN_PER_WAN)
        for key, yuan in steps
    ]

    def of_all(yuan: float) -> str:
        return " ".join(money(yuan, words)[:2])

    said = text["waterfall_said"].format(
        years=len(years),
        without=of_all(sum(year.bill_without_yuan for year in years)),
        with_=of_all(sum(year.bill_yuan for year in years)),
        earned=of_all(sum(yuan for key, yuan in steps if key in cash.operation.revenue_yuan)),
        left=of_all(sum(yuan for _, yuan in steps)),
    )
    legend = (text["received"], text["paid"], text["w_left"])
    figure = figures.step_chart("waterfall", rows, text["w_left"], legend, words["page"]["wan"], 0)
    return {"figure": figure, "said": said}


def _yearly(study: "Study", words: Words, told: FinanceWords) -> list[dict[str, Any]]:
    """Savings by stream, and the health of each battery, by year of operation."""
    years, streams = study.life.years, study.cash.operation.revenue_yuan
    text, numbers = words["study"], [year.year for year in years]
    saved = [
        (told.thing(name), _wan(yuan), STREAM_COLOURS[number % len(STREAM_COLOURS)])
        for number, (name, yuan) in enumerate(streams.items())
    ]
    paid = [-float(yuan) / YUAN_PER_WAN for yuan in study.cash.operation.auxiliary_yuan]
    bars = [*saved, (text["w_auxiliary"], paid, figures.RED)]
    health = [100.0 * all_cells(study.case, year)[0] for year in years]
    return [
        figures.bar_chart("saving", [str(n) for n in numbers], bars, words["page"]["wan"], 2, stacked=True),
        figures.line_chart(
            "health",
            [float(n) for n in numbers],
            [(text["y_health"], health, figures.BLUE)],
            text["health_axis"],
            1,
            text["y_year"],
        ),
    ]


def _years(study: "Study", words: Words, told: FinanceWords) -> dict[str, Any]:
    """A row a year of operation; money in 10^4 yuan."""
    text, operation, rows = words["study"], study.cash.operation, []
    streams = operation.revenue_yuan
    heads = [text[key] for key in ("y_year", "y_health", "y_cycles", "y_out")]
    heads += [text["y_stream"].format(stream=told.thing(name)) for name in streams]
    heads += [text[key] for key in ("y_auxiliary", "y_saved", "y_without", "y_with")]
    for at, year in enumerate(study.life.years):
        health, cycles = all_cells(study.case, year)
        earned = [float(yuan[at]) for yuan in streams.values()]
        spent = float(operation.auxiliary_yuan[at])
        sums = [*earned, -spent, sum(earned) - spent, year.bill_without_yuan, year.bill_yuan]
        name = f"{year.year}{'' if year.dispatched else ' ~'}"
        figure = [f"{health:.1%}", number(cycles, 0), number(year.discharged_mwh / MWH_PER_GWH)]
        rows.append([name, *figure, *_in_wan(sums)])
    totals = [float(yuan.sum()) for yuan in (*streams.values(), -operation.auxiliary_yuan)]
    bills = [sum(getattr(y, key) for y in study.life.years) for key in ("bill_without_yuan", "bill_yuan")]
    out = number(float(operation.discharged_mwh.sum()) / MWH_PER_GWH)
    total = [words["page"]["total"], "", "", out, *_in_wan([*totals, sum(totals), *bills])]
    interpolated = not all(year.dispatched for year in study.life.years)
    return {"heads": heads, "rows": rows, "total": total, "interpolated": interpolated}


def _cash(cash: CashFlow, words: Words, told: FinanceWords) -> dict[str, Any]:
    """The lines in yuan that are something in some year, under their sections [10^4 yuan]."""
    text, sections = words["study"], dict[str, list[dict[str, Any]]]()
    for line in cash.lines:
        values = cash.values[line.key]
        if line.sheet != "years" or line.unit != YUAN or line.key in UNTOLD or not np.any(values):
            continue
        name, how = told.line(line)
        total = number(float(values.sum()) / YUAN_PER_WAN) if line.summed else ""
        cells = [number(yuan / YUAN_PER_WAN) if yuan else "–" for yuan in values.tolist()]
        row = {"name": name, "how": how, "cells": [total, *cells], "strong": line.key in STRONG}
        sections.setdefault(told.section(line.section), []).append(row)
    years = [told.text["year"].format(year=int(year)) for year in cash.values["year"]]
    return {"heads": [text["c_line"], text["c_total"], *years], "sections": sections}


def _parameter(one: Any, told: FinanceWords) -> list[str]:
    said = told.parameter(one)
    value = one.value if isinstance(one.value, str) else f"{one.value:,.10g}"
    return [said.name.replace("_", " "), value, said.unit, said.sentence, said.source]


def _wan(yuan: Sequence[float] | Any) -> list[float]:
    return [float(one) / YUAN_PER_WAN for one in yuan]


def _in_wan(yuan: Sequence[float]) -> list[str]:
    return [number(one / YUAN_PER_WAN) for one in yuan]
