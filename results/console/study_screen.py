"""Print an economic study: years of operation, returns and proof. Rounding is done here."""

from collections.abc import Iterator, Sequence

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from parkdispatch.models.finance.contracts import MeteredResponse
from parkdispatch.models.units import YUAN_PER_WAN
from parkdispatch.results.audit import PROVEN_GAP
from parkdispatch.results.billing.demand_response import ResponseSummary
from parkdispatch.results.console.screen_language import SCREEN_LANG
from parkdispatch.results.console.screen_parts import (
    SCREEN_COLUMNS,
    dense_table,
    failed_lines,
    heading,
    money,
    tables_within,
)
from parkdispatch.results.finance.cash_flow import CashFlow
from parkdispatch.results.finance.cash_flow_line import FLOWS
from parkdispatch.results.finance.cash_flow_line import words as stream_words
from parkdispatch.results.finance.lifetime import storage_health_and_cycles
from parkdispatch.results.finance.returns import Returns
from parkdispatch.results.finance.storage_study import Study
from parkdispatch.results.owners.owner_flows import OwnerFlow, OwnerStudy
from parkdispatch.results.owners.transfers import OWNERS
from parkdispatch.results.views.study_tables import (
    as_operated_sentence,
    construction_years_text,
    end_of_life_sentence,
    operation_years_text,
    warranty_sentence,
)
from parkdispatch.results.wording.indicator_sentence import indicator_sentence
from parkdispatch.results.wording.owner_words import owner_rows
from parkdispatch.results.wording.phase_words import phase_rows
from parkdispatch.results.wording.words import load_words
from parkdispatch.results.wording.yearly_words import yearly_sentence

NONE = "none"
MOST_STREAMS_BESIDE_BILLS = 2  # with more streams the bills do not fit eighty columns


def show_study(console: Console, study: Study) -> None:
    """Print the years of operation, the returns and the proof."""
    case, finance = study.case, study.cash.finance
    title = f"{case.titled(SCREEN_LANG.get())}: the storage in {finance.operation_years} years of operation"
    console.print(heading(title, case), soft_wrap=True)
    for table in _years_tables(study, max(SCREEN_COLUMNS, console.width)):
        console.print(table)
    for line in (*_notes(study), *failed_lines(study.failed, study.asked, case.calendar.year)):
        console.print(Text(line), soft_wrap=True)
    console.print(_returns_table(study.cash))
    if study.phases:
        console.print(_phases_table(study))
    if study.owners:
        show_owners(console, study.owners)
    for line in (*_irr_lines(study.cash), *_investment_lines(study.cash), _proof(study), *_not_proven(study)):
        console.print(Text(line), soft_wrap=True)


def _years_tables(study: Study, width: int) -> Iterator[Table]:
    """One row per year, money in 10^4 yuan; income of contracts replaces the bills if columns are short.

    With many streams there is more than one table.
    """
    streams = study.cash.operation.revenue_yuan
    heads = ["health", "cycles", "GWh\nout", *(stream_words(stream).replace(" ", "\n") for stream in streams)]
    bills = ["bill\nwithout", "bill\nwith"] if len(streams) <= MOST_STREAMS_BESIDE_BILLS else []
    auxiliary = "auxiliary" if bills else "aux.\nenergy"
    rows = []
    for index, year in enumerate(study.lifetime.years):
        health, cycles = storage_health_and_cycles(study.case, year)
        yuan = [*(array[index] for array in streams.values()), -year.auxiliary_yuan]
        yuan += [year.bill_without_yuan, year.bill_yuan] if bills else []
        rows.append(
            [
                f"{year.year}{'' if year.dispatched else ' ~'}",
                f"{health:z.1%}",
                f"{cycles:z,.0f}",
                f"{year.discharged_mwh / 1000:z,.1f}",
                *(f"{amount / YUAN_PER_WAN:z,.0f}" for amount in yuan),
            ]
        )
    sums = [*(array.sum() for array in streams.values()), -study.cash.operation.auxiliary_yuan.sum()]
    discharged_gwh = study.cash.operation.discharged_mwh.sum() / 1000
    in_wan = [f"{amount / YUAN_PER_WAN:z,.0f}" for amount in sums]
    rows.append(["all", "", "", f"{discharged_gwh:z,.1f}", *in_wan, *("" for _ in bills)])
    return tables_within("Year by year, 万元", ["year", *heads, auxiliary, *bills], rows, width)


def _notes(study: Study) -> Iterator[str]:
    if not all(year.dispatched for year in study.lifetime.years):
        yield "~ not dispatched: estimated from dispatched years."
    yield (
        "Health: usable over rated energy at the start of the year. Each year is dispatched with perfect"
        " foresight, an upper bound for daily plans; `parkdispatch replay` computes the difference."
    )
    words = load_words(SCREEN_LANG.get())
    if changes := yearly_sentence(study.case.yearly_changes, len(study.lifetime.years), words):
        yield changes
    if kept := as_operated_sentence(study, load_words(SCREEN_LANG.get(), "study")):
        yield kept
    yield from _response_lines(study)
    if end := end_of_life_sentence(study, load_words(SCREEN_LANG.get(), "study")):
        yield end
    if warranty := warranty_sentence(study, load_words(SCREEN_LANG.get(), "study")):
        yield warranty
    yield indicator_sentence(study.park, load_words(SCREEN_LANG.get()), len(study.lifetime.years))


def _response_lines(study: Study) -> Iterator[str]:
    """A sentence on the demand-response events of the first year."""
    year = study.lifetime.years[0]
    if not year.events:
        return
    response, summary = study.case.contracts.demand_response, ResponseSummary.of(year.events)
    asked = response.events_per_year if response else 0
    called = f"{summary.called} events called"
    if summary.called < asked:
        called = f"{summary.called} of {asked} events called, because more do not fit the contract's limits"
    yield (
        f"Demand response in year {year.year}: {called}; {summary.paid} paid"
        f" {money(summary.paid_yuan)} for {summary.paid_mwh:z,.0f} MWh; responding adds"
        f" {money(year.response_cost_yuan)} to the bill, already deducted from arbitrage and demand. The"
        f" oldest day of a baseline is {summary.least_age_days} to {summary.most_age_days} days old, in"
        f" the median {summary.median_age_days:g}. Baseline error: without any response"
        f" {money(summary.unmoved_yuan)}"
        " would have been paid. Years with events are optimal for a purchase price raised during the events,"
        f" which does not prove the best response; among dispatches of equal cost the one with the"
        f" {_baselines(study)} baselines is used."
    )


def _baselines(study: Study) -> str:
    """The choice of baselines of a metered contract: "highest" or "lowest"."""
    response = study.case.contracts.demand_response
    return response.baselines if isinstance(response, MeteredResponse) else ""


def _phases_table(study: Study) -> Table:
    """Years of service, investment and returns of each phase."""
    npv_yuan = study.cash.returns["project_after_tax"].npv_yuan
    table = phase_rows(study.phases, npv_yuan, load_words(SCREEN_LANG.get(), "study"))
    heads = ("in service", "invest-\nment", "NPV", "IRR", "pay-\nback", "cells\nafter")
    printed = dense_table("Phases, each a project of its own, 万元", "", *heads)
    for row in (*table["rows"], table["total"]):
        printed.add_row(*row)
    return printed


def show_owners(console: Console, owners: OwnerStudy) -> None:
    """Print what each owner has and loses if another leaves, after tax and before."""
    for title, flows in (
        ("Owners after tax, and what each loses if another leaves, 万元", owners.after_tax),
        ("Owners before tax, and what each loses if another leaves, 万元", owners.flows),
    ):
        console.print(_owners_table(title, flows))


def _owners_table(title: str, flows: Sequence[OwnerFlow]) -> Table:
    """NPV, IRR and payback of each owner, and its loss if another leaves."""
    table = owner_rows(flows, load_words(SCREEN_LANG.get(), "study"))
    heads = ["NPV,\n万元", "IRR", "pay-\nback", *(f"if\n{key}\nleaves" for key in OWNERS)]
    printed = dense_table(title, "", *heads)
    for row in table["rows"]:
        printed.add_row(*row)
    return printed


def _returns_table(cash: CashFlow) -> Table:
    """NPV, IRR, MIRR and paybacks of the four flows."""
    table = dense_table("Returns on the investment", "", *(_flow_head(key) for key in FLOWS))
    flows, built, words = list(cash.returns.values()), cash.finance.construction_years, load_words("en")
    table.add_row("NPV, 万元", *(f"{flow.npv_yuan / YUAN_PER_WAN:z,.2f}" for flow in flows))
    table.add_row("IRR", *map(_irr_text, flows))
    table.add_row("MIRR", *(NONE if flow.mirr is None else f"{flow.mirr:z.2%}" for flow in flows))
    for name, paybacks in (
        ("payback", [flow.static_payback for flow in flows]),
        ("discounted", [flow.discounted_payback for flow in flows]),
    ):
        construction = (construction_years_text(payback, words) for payback in paybacks)
        table.add_row(f"{name} from construction", *construction)
        operation = (operation_years_text(payback, built, words) for payback in paybacks)
        table.add_row(f"{name} from operation", *operation)
    return table


def _flow_head(flow: str) -> str:
    """The column head of a flow: "project_before_tax" is "project", "before tax"."""
    owner, before_or_after, _ = flow.split("_")
    return f"{owner}\n{before_or_after} tax"


def _irr_text(flow: Returns) -> str:
    if flow.irr.value is not None:
        return f"{flow.irr.value:z.2%}"
    return f"{len(flow.irr.all)} values" if flow.irr.all else NONE


def _irr_lines(cash: CashFlow) -> Iterator[str]:
    """A sentence on each IRR that is missing or might not be unique."""
    for key, flow in cash.returns.items():
        if flow.irr.value is None or flow.irr.sign_changes > 1:
            yield f"IRR of the {FLOWS[key][:1].lower()}{FLOWS[key][1:]}: {flow.irr.words}."


def _investment_lines(cash: CashFlow) -> Iterator[str]:
    """Sentences on investment, discount rates, replacement, LCOS and debt service."""
    finance, loan = cash.finance, cash.finance.loan
    yield "Payback: years from the start of construction or operation until the cumulative flow is positive."
    borrowed = f", of which a loan of {loan.share:z.0%} at {loan.rate:z.2%}" if loan.share > 0 else ""
    yield (
        f"Investment {money(finance.investment_yuan)}, VAT included{borrowed}; discount rate"
        f" {finance.discount_rate:z.2%} for the project, {finance.equity_discount_rate:z.2%} for equity."
    )
    bought = {int(cash.values["operation"][n]): cash.values["replacement"][n] for n in
              np.flatnonzero(cash.values["replacement"])}  # fmt: skip
    for year, yuan in bought.items():
        if finance.replacement.mode == "augmentation":
            yield f"Cells added at the end of year {year} of operation: {money(yuan)}."
        else:
            yield f"New cells at the end of year {year} of operation: {money(yuan)}."
    if cash.lcos_yuan_per_kwh is not None:
        yield (
            f"Levelised cost of storage {cash.lcos_yuan_per_kwh:z.4f} yuan/kWh discharged, excluding VAT"
            " and charging energy."
        )
    if cash.cover.least is not None and cash.cover.mean is not None:
        worst_year = int(np.nanargmin(cash.cover.by_year)) - finance.construction_years + 1
        yield (
            f"Debt service coverage ratio: minimum {cash.cover.least:z.2f} in year {worst_year} of operation,"
            f" mean {cash.cover.mean:.2f}{'' if cash.cover.least >= 1 else '; below 1 equity must be added'}."
        )


def _not_proven(study: Study) -> Iterator[str]:
    """A sentence on what of the demand price no proof covers, where full use lowers it."""
    if study.has_full_use:
        yield (
            "The 90 % demand price of full use is in the proof of months that reach it whatever is"
            " dispatched; in other months it depends on the dispatch, and no proof covers it."
        )


def _proof(study: Study) -> str:
    """A sentence on optimality and on the check of savings against bills."""
    lifetime = study.lifetime
    dispatched = [year for year in lifetime.years if year.dispatched]
    open_years = [str(year.year) for year in dispatched if year.gap > PROVEN_GAP]
    proven = f"not proven optimal: {', '.join(open_years)}" if open_years else "each proven optimal"
    return (
        f"{len(dispatched)} years dispatched with and without the storage, {proven}, largest gap"
        f" {lifetime.largest_gap:.1e}, each audited. Savings by arbitrage and demand less auxiliary energy"
        f" equal the difference of the bills to within {lifetime.largest_difference_yuan:.1e} yuan a year."
    )
