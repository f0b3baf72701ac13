"""The page of an economic study: returns, cash flow, years of operation, proof, and assumptions."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from parkdispatch.models.finance.investment import declared_values
from parkdispatch.models.units import YUAN_PER_WAN
from parkdispatch.results.finance.cash_flow import CashFlow
from parkdispatch.results.finance.lifetime import storage_health_and_cycles
from parkdispatch.results.html.page import render
from parkdispatch.results.io.provenance import versions
from parkdispatch.results.views import plain_charts
from parkdispatch.results.views.study_tables import (
    annual_table,
    as_operated_sentence,
    cash_table,
    construction_years_text,
    end_of_life_sentence,
    irr_text,
    money_steps,
    operation_years_text,
    parameter_row,
    response_sentence,
    returns_table,
    warranty_sentence,
)
from parkdispatch.results.wording.finance_words import FinanceWords
from parkdispatch.results.wording.indicator_sentence import indicator_sentence
from parkdispatch.results.wording.languages import Lang
from parkdispatch.results.wording.owner_words import owner_rows
from parkdispatch.results.wording.phase_words import phase_rows
from parkdispatch.results.wording.sentences import failed_sentences, source_lines
from parkdispatch.results.wording.verdict_lines import (
    brief_cash_table,
    savings_reconciled,
    storage_text,
    study_verdict,
)
from parkdispatch.results.wording.words import Card, format_money, format_number, format_share, load_words
from parkdispatch.results.wording.yearly_words import yearly_sentence

if TYPE_CHECKING:  # a study writes this page
    from parkdispatch.results.finance.storage_study import Study
    from parkdispatch.results.views.reproduction_tables import Reproduced

Words = Mapping[str, Any]
PROJECT, EQUITY = "project_after_tax", "equity_after_tax"
STREAM_COLOURS = (plain_charts.BLUE, plain_charts.GREEN, plain_charts.ORANGE, plain_charts.PINK)


def study_html(study: "Study", lang: Lang = "en", reproduced: "Reproduced | None" = None) -> str:
    """Render the page, with a table of published figures if one is given.

    The same study gives the same bytes except for the run times shown.
    """
    words, finance_words = load_words(lang, "study", devices=study.case.devices), FinanceWords(lang)
    text, case, cash, years = words["study"], study.case, study.cash, study.lifetime.years
    dispatched = [year.year for year in years if year.dispatched]
    waterfall = _waterfall(study, words, finance_words)
    charts = [
        _cumulative(cash, words, finance_words),
        waterfall["figure"],
        *_yearly(study, words, finance_words),
    ]
    return render(
        "study.html.j2",
        words,
        data={"figures": charts},
        title=case.titled(lang),
        kind=text["kind"].format(years=len(years)),
        study=study,
        case=case,
        reproduced=reproduced,
        cards=_cards(cash, words, finance_words),
        proofline=text["proofline"].format(
            gap=format_share(study.lifetime.largest_gap), years=len(dispatched)
        ),
        returns=returns_table(cash, words, finance_words),
        waterfall=waterfall,
        years=annual_table(study, words, finance_words),
        as_operated=as_operated_sentence(study, words),
        response=response_sentence(study, words),
        end_of_life=" ".join(
            filter(None, (end_of_life_sentence(study, words), warranty_sentence(study, words)))
        ),
        owners=owner_rows(study.owners.after_tax, words) if study.owners else None,
        owners_before_tax=owner_rows(study.owners.flows, words) if study.owners else None,
        yearly=yearly_sentence(case.yearly_changes, len(years), words),
        storage=storage_text(case, words),
        verdict=study_verdict(study, words),
        reconciled=savings_reconciled(study, words),
        brief=brief_cash_table(cash, words),
        phases=phase_rows(study.phases, cash.returns[PROJECT].npv_yuan, words) if study.phases else None,
        indicators=indicator_sentence(study.park, words, len(study.lifetime.years)),
        cash=cash_table(cash, words, finance_words),
        dispatched=", ".join(map(str, dispatched)),
        gap=format_share(study.lifetime.largest_gap),
        difference=text["yuan_a_year"].format(yuan=f"{study.lifetime.largest_difference_yuan:.1e}"),
        parameters=[parameter_row(parameter, finance_words) for parameter in declared_values(cash.finance)],
        sources=[
            words["page"]["owned"].format(
                device=words["page"]["tariff"], what=case.tariff.title or case.tariff.name
            ),
            *case.tariff.sources,
            *source_lines(case, words),
        ],
        failed=failed_sentences(study.failed, study.asked, case.calendar.year, words),
        versions=versions(),
    )


def _cards(cash: CashFlow, words: Words, finance_words: FinanceWords) -> list[Card]:
    """Headline figures: IRR, payback, NPV, LCOS and debt service cover."""
    text, finance = words["study"], cash.finance
    project, equity = cash.returns[PROJECT], cash.returns[EQUITY]
    before_tax = irr_text(cash.returns["project_before_tax"], words, finance_words)
    equity_irr = irr_text(equity, words, finance_words)
    payback, equity_payback = project.static_payback, equity.static_payback
    from_operation = operation_years_text(payback, finance.construction_years, words)
    equity_years = construction_years_text(equity_payback, words)
    figure, unit, _ = format_money(project.npv_yuan, words)
    equity_npv = " ".join(format_money(equity.npv_yuan, words)[:2])
    equity_rate = f"{finance.equity_discount_rate:z.2%}"
    cards = [
        Card(
            text["irr"],
            irr_text(project, words, finance_words),
            text["after_tax"],
            [text["before_tax"].format(irr=before_tax), text["irr_equity"].format(irr=equity_irr)],
        ),
        Card(
            text["payback"],
            construction_years_text(payback, words),
            text["years"],
            [
                text["from_construction"],
                text["from_operation"].format(years=from_operation),
                text["payback_equity"].format(years=equity_years),
            ],
        ),
        Card(
            text["npv"],
            figure,
            unit,
            [
                text["npv_at"].format(rate=f"{finance.discount_rate:z.2%}"),
                text["npv_equity"].format(rate=equity_rate, npv=equity_npv),
            ],
        ),
    ]
    lcos, cover = cash.lcos_yuan_per_kwh, cash.cover
    if lcos is not None:
        unit = words["script"]["yuan_per_kwh"]
        cards.append(Card(text["lcos"], format_number(lcos, 4), unit, [text["lcos_note"]]))
    if cover.least is not None and cover.mean is not None:
        worst_year = int(np.nanargmin(cover.by_year)) - finance.construction_years + 1
        more = [
            text["cover_least"].format(year=worst_year),
            text["cover_mean"].format(mean=format_number(cover.mean)),
        ]
        more += [text["cover_short"]] if cover.least < 1 else []
        cards.append(Card(text["cover"], format_number(cover.least), "", more))
    return cards


def _cumulative(cash: CashFlow, words: Words, finance_words: FinanceWords) -> dict[str, Any]:
    """Chart of the cumulative project and equity flows after tax [10^4 yuan]."""
    series = [
        (finance_words.thing(key), _in_wan(cash.values[f"cumulative_{key}"]), colour)
        for key, colour in ((PROJECT, plain_charts.BLUE), (EQUITY, plain_charts.ORANGE))
    ]
    return plain_charts.line_chart(
        "cumulative",
        cash.values["year"].tolist(),
        series,
        words["page"]["wan"],
        2,
        words["study"]["year"],
    )


def _waterfall(study: "Study", words: Words, finance_words: FinanceWords) -> dict[str, Any]:
    """The waterfall chart from revenue to the net cash flow, and the sentence with its totals."""
    text, cash, years = words["study"], study.cash, study.lifetime.years
    steps, streams = money_steps(cash), cash.operation.revenue_yuan
    rows = [
        (finance_words.thing(key) if key in streams else text[f"w_{key}"], yuan / YUAN_PER_WAN)
        for key, yuan in steps
    ]

    def money_text(yuan: float) -> str:
        return " ".join(format_money(yuan, words)[:2])

    sentence = text["waterfall_said"].format(
        years=len(years),
        without=money_text(sum(year.bill_without_yuan for year in years)),
        with_=money_text(sum(year.bill_yuan for year in years)),
        earned=money_text(sum(yuan for key, yuan in steps if key in streams)),
        left=money_text(sum(yuan for _, yuan in steps)),
    )
    legend = (text["received"], text["paid"], text["w_left"])
    figure = plain_charts.step_chart("waterfall", rows, text["w_left"], legend, words["page"]["wan"], 0)
    return {"figure": figure, "sentence": sentence}


def _yearly(study: "Study", words: Words, finance_words: FinanceWords) -> list[dict[str, Any]]:
    """Charts of income by stream and of the state of health, by year of operation."""
    years, streams = study.lifetime.years, study.cash.operation.revenue_yuan
    text, wan, numbers = words["study"], words["page"]["wan"], [year.year for year in years]
    income = [
        (finance_words.thing(name), _in_wan(yuan), STREAM_COLOURS[index % len(STREAM_COLOURS)])
        for index, (name, yuan) in enumerate(streams.items())
    ]
    auxiliary = [-float(yuan) / YUAN_PER_WAN for yuan in study.cash.operation.auxiliary_yuan]
    bars = [*income, (text["w_auxiliary"], auxiliary, plain_charts.RED)]
    health = [100.0 * storage_health_and_cycles(study.case, year)[0] for year in years]
    return [
        plain_charts.bar_chart("saving", list(map(str, numbers)), bars, wan, 2, stacked=True),
        plain_charts.line_chart(
            "health",
            [float(number) for number in numbers],
            [(text["y_health"], health, plain_charts.BLUE)],
            text["health_axis"],
            1,
            text["y_year"],
        ),
    ]


def _in_wan(yuan: Sequence[float] | Any) -> list[float]:
    return [float(amount) / YUAN_PER_WAN for amount in yuan]
