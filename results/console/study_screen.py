"""What `study` prints: the years of the storage, what the investment returns, and the proof. Rounded here."""

from collections.abc import Iterator

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from parkdispatch.models.finance.contracts import MeteredResponse
from parkdispatch.results.audit import PROVEN_GAP
from parkdispatch.results.console.screen_parts import heading, money, plain_table
from parkdispatch.results.finance.cash_flow import CashFlow
from parkdispatch.results.finance.cash_flow_line import FLOWS, words
from parkdispatch.results.finance.lifetime import all_cells
from parkdispatch.results.finance.returns import Returns
from parkdispatch.results.finance.storage_study import Study
from parkdispatch.results.units import YUAN_PER_WAN

NEVER, NONE = "never", "none"
MOST_STREAMS_BESIDE_BILLS = 2  # more columns are cut off where a page has 80


def show_study(console: Console, study: Study) -> None:
    """The years, the money and the proof."""
    case, finance = study.case, study.cash.finance
    title = f"{case.title or case.name}: the storage in {finance.operation_years} years of operation"
    console.print(heading(title, case), soft_wrap=True)
    console.print(_years(study))
    for line in _notes(study):
        console.print(Text(line), soft_wrap=True)
    console.print(_money(study.cash))
    for line in (*_irrs(study.cash), *_whole(study.cash), _proof(study)):
        console.print(Text(line), soft_wrap=True)


def _years(study: Study) -> Table:
    """A row a year; money in 10^4 yuan. What contracts pay stands in the place of the bills."""
    streams = study.cash.operation.revenue_yuan
    heads = ["health", "cycles", "GWh\nout", *(words(stream).replace(" ", "\n") for stream in streams)]
    bills = ["bill\nwithout", "bill\nwith"] if len(streams) <= MOST_STREAMS_BESIDE_BILLS else []
    auxiliary = "auxiliary" if bills else "aux.\nenergy"
    table = _dense("Year by year, 万元", "year", *heads, auxiliary, *bills)
    for number, year in enumerate(study.life.years):
        health, cycles = all_cells(study.case, year)
        yuan = [*(array[number] for array in streams.values()), -year.auxiliary_yuan]
        yuan += [year.bill_without_yuan, year.bill_yuan] if bills else []
        table.add_row(
            f"{year.year}{'' if year.dispatched else ' ~'}",
            f"{health:.1%}",
            f"{cycles:,.0f}",
            f"{year.discharged_mwh / 1000:,.1f}",
            *(f"{one / YUAN_PER_WAN:,.0f}" for one in yuan),
        )
    sums = [*(array.sum() for array in streams.values()), -study.cash.operation.auxiliary_yuan.sum()]
    out = study.cash.operation.discharged_mwh.sum() / 1000
    table.add_row(
        "all",
        "",
        "",
        f"{out:,.1f}",
        *(f"{one / YUAN_PER_WAN:,.0f}" for one in sums),
        *("" for _ in bills),
        style="bold",
    )
    return table


def _dense(title: str, *columns: str) -> Table:
    """A table with many columns, which still fits where nothing says how wide the page is."""
    table = plain_table(title, *columns)
    table.padding = (0, 1, 0, 0)
    return table


def _notes(study: Study) -> Iterator[str]:
    if not all(year.dispatched for year in study.life.years):
        yield "~ not dispatched: interpolated between the years that were."
    yield (
        "Health: full energy over rated energy at the start of the year. Years are dispatched with perfect"
        " foresight, which daily plans fall short of: `parkdispatch replay` tells by how much."
    )
    yield from _responses(study)


def _responses(study: Study) -> Iterator[str]:
    """What the events of demand response came to in the first year."""
    year = study.life.years[0]
    if not year.events:
        return
    paid = [one for one in year.events if one.settled.yuan > 0]
    yuan = sum(one.settled.yuan for one in year.events)
    unmoved = sum(one.unmoved_yuan for one in year.events)
    yield (
        f"Demand response in year {year.year}: {len(year.events)} events called, {len(paid)} paid"
        f" {money(yuan)} for {sum(one.settled.paid_mwh for one in paid):,.0f} MWh; answering them adds"
        f" {money(year.response_cost_yuan)} to the bill, which arbitrage and demand have off. Baselines err:"
        f" without any answer {money(unmoved)} would have been paid. Years with events are optimal for a"
        " price raised in the events, which is no proof of the best bid; of dispatches that cost the same"
        f" those with the {_baselines(study)} baselines are taken."
    )


def _baselines(study: Study) -> str:
    response = study.case.contracts.demand_response
    return response.baselines if isinstance(response, MeteredResponse) else ""


def _money(cash: CashFlow) -> Table:
    table = _dense("What the investment returns", "", *(_short(key) for key in FLOWS))
    own = list(cash.returns.values())
    table.add_row("NPV, 万元", *(f"{one.npv_yuan / YUAN_PER_WAN:,.2f}" for one in own))
    table.add_row("IRR", *map(_irr, own))
    table.add_row("MIRR", *(NONE if one.mirr is None else f"{one.mirr:.2%}" for one in own))
    for name, found in (
        ("payback", [one.static_payback for one in own]),
        ("discounted", [one.discounted_payback for one in own]),
    ):
        construction = (_years_or_never(one.from_construction_years) for one in found)
        table.add_row(f"{name} from construction", *construction)
        table.add_row(f"{name} from operation", *(_years_or_never(one.from_operation_years) for one in found))
    return table


def _short(flow: str) -> str:
    who, when, _ = flow.split("_")
    return f"{who}\n{when} tax"


def _years_or_never(years: float | None) -> str:
    return NEVER if years is None else f"{years:.2f}"


def _irr(own: Returns) -> str:
    if own.irr.value is not None:
        return f"{own.irr.value:.2%}"
    return f"{len(own.irr.all)} of them" if own.irr.all else NONE


def _irrs(cash: CashFlow) -> Iterator[str]:
    """In words what was found where there is no IRR, or not only one, or where it might not be."""
    for key, own in cash.returns.items():
        if own.irr.value is None or own.irr.sign_changes > 1:
            yield f"IRR of the {FLOWS[key][:1].lower()}{FLOWS[key][1:]}: {own.irr.words}."


def _whole(cash: CashFlow) -> Iterator[str]:
    finance, loan = cash.finance, cash.finance.loan
    yield "Payback: years from the start of construction, or of operation, until what is paid is earned back."
    borrowed = f", of it {loan.share:.0%} borrowed at {loan.rate:.2%}" if loan.share > 0 else ""
    yield (
        f"Investment {money(finance.investment_yuan)}, VAT included{borrowed}; NPV at"
        f" {finance.discount_rate:.2%}, of the owners' flows at {finance.equity_discount_rate:.2%}."
    )
    if finance.replaced:
        bought = finance.replacement
        yield f"New cells at the end of year {bought.year} of operation: {money(bought.cost_yuan)}."
    if cash.lcos_yuan_per_kwh is not None:
        yield (
            f"Levelised cost of storage {cash.lcos_yuan_per_kwh:.4f} yuan/kWh discharged, net of VAT, without"
            " the energy charged."
        )
    if cash.cover.least is not None and cash.cover.mean is not None:
        worst = int(np.nanargmin(cash.cover.by_year)) - finance.construction_years + 1
        yield (
            f"Debt service cover: least {cash.cover.least:.2f} in year {worst} of operation,"
            f" mean {cash.cover.mean:.2f}{'' if cash.cover.least >= 1 else '; below 1 the owners add money'}."
        )


def _proof(study: Study) -> str:
    life = study.life
    done = [year for year in life.years if year.dispatched]
    open_years = [str(year.year) for year in done if year.gap > PROVEN_GAP]
    proven = f"not proven optimal: {', '.join(open_years)}" if open_years else "each proven optimal"
    return (
        f"{len(done)} years dispatched with and without the storage, {proven}, the largest gap"
        f" {life.largest_gap:.1e}, each audited. What arbitrage and demand save, auxiliary energy paid, is"
        f" what the bills differ by, to {life.largest_difference_yuan:.1e} yuan a year."
    )
