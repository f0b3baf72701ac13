"""Taxes of each owner of a park on what it pays and receives, as payments to the outside.

A company pays value-added tax on what it sells less that on what it buys, surcharges on that tax, and income
tax on its profit, with the rules of the storage's cash flow (`results/finance/tax.py`) and no loan. The works
sell and earn elsewhere: a saving changes the taxes that they pay in the same year, and none is carried over.

Conventions, those of the storage's cash flow: prices between owners, bills and contracts include VAT at one
rate, as do investment and replacement; upkeep, insurance, land and decommissioning are net of VAT and give no
credit; working capital and residual values bear no tax. A company is depreciated over at most the years of
operation.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.models.finance.investment import AssetClass, Finance, IncomeTax
from parkdispatch.models.finance.owners import CompanyTax, Owners
from parkdispatch.results.finance.cash_flow import CashFlow
from parkdispatch.results.finance.tax import income_tax, straight_line, vat_ledger
from parkdispatch.results.owners.transfers import (
    NETWORK,
    OUTSIDE,
    PV,
    STORAGE,
    WORKS,
    Transfer,
    added_transfers,
)

INVESTED = ("investment", "replacement")  # VAT of which is credited
UPKEEP = ("operation_maintenance", "insurance", "land", "decommissioning")
UNTAXED = ("working_capital", "working_capital_back", "residual")
TAXES = ("vat", "surcharges", "income_tax")


class _Trade(NamedTuple):
    """What an owner buys and sells, invests and spends on upkeep by year, VAT included where it bears any."""

    sold: Array
    bought: Array
    invested: Array
    upkeep: Array


class ProjectTrade(NamedTuple):
    """What a project of the storage company pays and receives, by the years of its own cash flow."""

    begin: int  # years after the first project
    transfers: Sequence[Transfer]
    cash: CashFlow


def owner_taxes(
    transfers: Sequence[Transfer], owners: Owners, cash: CashFlow, storage: Sequence[ProjectTrade]
) -> Iterator[Transfer]:
    """The taxes of every owner that follow from these transfers, each paid to the outside; negative: back.

    Each project of the `storage` company is taxed on its own, as in its cash flow: with its own holiday and
    credit, a loss not set off against the profit of another.
    """
    finance, operation = cash.finance, cash.values["operation"]
    for owner, company in ((PV, owners.pv), (NETWORK, owners.network)):
        rules, depreciation = _company(company.tax, company.investment_yuan, company.residual_share, cash)
        trade = _trade(owner, transfers, len(operation))
        yield from _paid(owner, _company_taxes(trade, finance, rules, depreciation, operation))
    of_projects = [(project.begin, _paid(STORAGE, _project_taxes(project))) for project in storage]
    yield from added_transfers(of_projects, len(operation)).values()
    trade = _trade(WORKS, transfers, len(operation))
    yield from _paid(WORKS, _works_taxes(trade, finance, owners.works_income_tax_rate))


def _paid(owner: str, taxes: tuple[Array, Array, Array]) -> Iterator[Transfer]:
    """The taxes of an owner as payments."""
    for tax, yuan in zip(TAXES, taxes, strict=True):
        yield Transfer(f"{owner}_{tax}", owner, OUTSIDE, yuan)


def _project_taxes(project: ProjectTrade) -> tuple[Array, Array, Array]:
    """The taxes of one project of the storage company."""
    finance, values = project.cash.finance, project.cash.values
    trade = _trade(STORAGE, project.transfers, len(values["operation"]))
    return _company_taxes(trade, finance, finance.income_tax, values["depreciation"], values["operation"])


def _company(
    tax: CompanyTax, investment_yuan: float, residual_share: float, cash: CashFlow
) -> tuple[IncomeTax, Array]:
    """The income tax rules of a company, and its depreciation by year."""
    years = min(tax.depreciation_years, cash.finance.operation_years)
    asset = AssetClass(share=1.0, years=years, residual_share=residual_share)
    net_yuan = investment_yuan / (1.0 + cash.finance.vat.rate)
    return tax.income_tax, straight_line(net_yuan, asset, cash.values["operation"])


def _trade(owner: str, transfers: Iterable[Transfer], years: int) -> _Trade:
    trade = _Trade(*(np.zeros(years) for _ in range(4)))
    for transfer in transfers:
        kind = transfer.key.removeprefix(f"{owner}_")
        if kind in UNTAXED or owner not in (transfer.payer, transfer.payee):
            continue
        if kind in INVESTED:
            into = trade.invested
        elif kind in UPKEEP:
            into = trade.upkeep
        else:
            into = trade.sold if transfer.payee == owner else trade.bought
        into += transfer.yuan
    return trade


def _company_taxes(
    trade: _Trade, finance: Finance, rules: IncomeTax, depreciation: Array, operation: Array
) -> tuple[Array, Array, Array]:
    """VAT less refund, surcharges and income tax of a company by year [yuan]."""
    rate = finance.vat.rate
    contained = rate / (1.0 + rate)  # of an amount that includes it
    ledger = vat_ledger(
        finance.vat, trade.sold * contained, (trade.bought + trade.invested) * contained, operation
    )
    margin = (trade.sold - trade.bought) / (1.0 + rate)
    profit = margin - trade.upkeep - ledger.surcharges - depreciation
    return ledger.paid - ledger.refund, ledger.surcharges, income_tax(rules, profit, operation).tax


def _works_taxes(trade: _Trade, finance: Finance, income_tax_rate: float) -> tuple[Array, Array, Array]:
    """What VAT, surcharges and income tax of the works change by in each year [yuan]."""
    rate = finance.vat.rate
    net = (trade.sold - trade.bought) / (1.0 + rate)
    vat = net * rate
    surcharges = finance.vat.surcharge_share * vat
    return vat, surcharges, income_tax_rate * (net - surcharges)
