"""Depreciation, value-added tax and income tax, year by year.

All arrays are yuan by year, the years of construction first; no tax is ever negative.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parkdispatch.models.finance.investment import AssetClass, Finance, IncomeTax, ValueAddedTax

Array = NDArray[np.float64]


def straight_line(value_yuan: float, asset: AssetClass, operation: Array) -> Array:
    """Value less residual in equal parts over the class's years. `operation`: year of operation, 0 before."""
    yearly = value_yuan * (1.0 - asset.residual_share) / asset.years
    return np.where((operation >= 1) & (operation <= asset.years), yearly, 0.0)


def replacement_depreciation(finance: Finance, operation: Array) -> Array:
    """The new battery, from the year after it was bought, over its years or as many as are left."""
    if not finance.replaced:
        return np.zeros_like(operation)
    bought = finance.replacement
    served = min(bought.depreciation_years, finance.operation_years - bought.year)
    net = bought.cost_yuan / (1.0 + finance.vat.rate)
    yearly = net * (1.0 - bought.residual_share) / served
    return np.where((operation > bought.year) & (operation <= bought.year + served), yearly, 0.0)


@dataclass(frozen=True)
class VatLedger:
    """Value-added tax by year [yuan], each of shape (years,)."""

    credit_before: Array  # input tax not yet offset, at the start of the year
    paid: Array
    refund: Array
    credit_after: Array
    surcharges: Array


def vat_ledger(vat: ValueAddedTax, output_yuan: Array, input_yuan: Array, operation: Array) -> VatLedger:
    """Output tax less input tax less credit, if that is above zero; what is below zero is the next credit.

    A refund is what is left of the credit at the end of its year. A credit left at the very end is lost.
    """
    before, paid, refund, after = (np.zeros_like(output_yuan) for _ in range(4))
    credit = 0.0
    for year, owed in enumerate(output_yuan - input_yuan):
        before[year] = credit
        paid[year] = max(0.0, owed - credit)
        credit = max(0.0, credit - owed)
        if vat.credit == "refunded" and operation[year] == vat.refund_year:
            refund[year], credit = credit, 0.0
        after[year] = credit
    return VatLedger(before, paid, refund, after, vat.surcharge_share * paid)


@dataclass(frozen=True)
class IncomeTaxLedger:
    """Income tax by year [yuan], and where losses went; arrays by age have shape (loss_years, years)."""

    losses: Array  # at the start of the year, by age: row 0 is last year's
    used_by_age: Array
    used: Array
    taxable: Array  # profit less losses used, before the holiday
    tax: Array


def holiday(tax: IncomeTax, operation: Array) -> Array:
    """Share of the rate that is charged [-]: 0 in the free years, then 0.5, then 1."""
    half = np.where(operation <= tax.free_years + tax.half_years, 0.5, 1.0)
    return np.where(operation <= tax.free_years, 0.0, half)


def income_tax(tax: IncomeTax, profit_yuan: Array, operation: Array) -> IncomeTaxLedger:
    """Tax on profit less earlier losses, the oldest used first; a loss is void after `loss_years` years.

    Losses are set off in years of the holiday too: the law asks for no tax then, not for no set-off.
    """
    years, ages = len(profit_yuan), tax.loss_years
    losses, used = np.zeros((ages, years)), np.zeros((ages, years))
    for year, profit in enumerate(profit_yuan):
        if year > 0 and ages > 0:
            losses[0, year] = max(0.0, -profit_yuan[year - 1])
            losses[1:, year] = losses[:-1, year - 1] - used[:-1, year - 1]
        left = max(0.0, profit)
        for age in reversed(range(ages)):
            used[age, year] = min(losses[age, year], left)
            left -= used[age, year]
    taxable = np.maximum(0.0, profit_yuan) - used.sum(axis=0)
    # what float subtraction leaves of a profit fully offset is not a profit
    taxable = np.maximum(0.0, taxable)
    return IncomeTaxLedger(
        losses=losses,
        used_by_age=used,
        used=used.sum(axis=0),
        taxable=taxable,
        tax=tax.rate * holiday(tax, operation) * taxable,
    )
