"""Depreciation, value-added tax and income tax by year.

Arrays are in yuan by year, construction years first. Taxes are never negative.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parkdispatch.models.finance.investment import AssetClass, Finance, IncomeTax, ValueAddedTax

Array = NDArray[np.float64]


def straight_line(value_yuan: float, asset: AssetClass, operation: Array) -> Array:
    """Straight-line depreciation of an asset class over its years; `operation`: operating year, 0 before."""
    yearly_yuan = value_yuan * (1.0 - asset.residual_share) / asset.years
    return np.where((operation >= 1) & (operation <= asset.years), yearly_yuan, 0.0)


def replacement_write_off(finance: Finance, replacement_yuan: Array, operation: Array) -> Array:
    """Yearly depreciation of what is bought at the end of each year, over the years left at most [yuan]."""
    replacement, left = finance.replacement, np.maximum(1.0, finance.operation_years - operation)
    net_yuan = replacement_yuan / (1.0 + finance.vat.rate)
    return net_yuan * (1.0 - replacement.residual_share) / np.minimum(replacement.depreciation_years, left)


def replacement_depreciation(finance: Finance, write_off_yuan: Array, operation: Array) -> Array:
    """Depreciation of all replacements [yuan], each from the year after its purchase."""
    age = operation[:, None] - operation[None, :]  # of a purchase (column) in a year (row)
    depreciated = (age >= 1) & (age <= finance.replacement.depreciation_years)
    return np.asarray(np.where(depreciated, write_off_yuan[None, :], 0.0).sum(axis=1))


@dataclass(frozen=True)
class VatLedger:
    """Value-added tax by year [yuan], each of shape (years,)."""

    credit_before: Array  # input VAT not yet credited, at the start of the year
    paid: Array
    refund: Array
    credit_after: Array
    surcharges: Array


def vat_ledger(vat: ValueAddedTax, output_yuan: Array, input_yuan: Array, operation: Array) -> VatLedger:
    """VAT payable: output less input VAT less credit if positive; a negative balance is carried forward.

    A refund pays out the credit at the end of its year. Credit left at the end of the last year is lost.
    """
    before, paid, refund, after = (np.zeros_like(output_yuan) for _ in range(4))
    credit = 0.0
    for year, balance in enumerate(output_yuan - input_yuan):
        before[year] = credit
        paid[year] = max(0.0, balance - credit)
        credit = max(0.0, credit - balance)
        if vat.credit == "refunded" and operation[year] == vat.refund_year:
            refund[year], credit = credit, 0.0
        after[year] = credit
    return VatLedger(before, paid, refund, after, vat.surcharge_share * paid)


@dataclass(frozen=True)
class IncomeTaxLedger:
    """Income tax and loss carry-forward by year [yuan]; arrays by age have the shape (loss_years, years)."""

    losses: Array  # available at the start of the year, by age: row 0 is the previous year's loss
    used_by_age: Array
    used: Array
    taxable: Array  # profit less losses set off
    tax: Array


def holiday(tax: IncomeTax, operation: Array) -> Array:
    """Tax holiday: share of the rate charged [-], 0 in the exempt years, then 0.5, then 1."""
    half = np.where(operation <= tax.free_years + tax.half_years, 0.5, 1.0)
    return np.where(operation <= tax.free_years, 0.0, half)


def income_tax(tax: IncomeTax, profit_yuan: Array, operation: Array) -> IncomeTaxLedger:
    """Income tax with loss carry-forward: oldest losses first, each expiring after `loss_years` years.

    Losses are set off during the tax holiday as well: the law waives the tax then, not the set-off.
    """
    years, ages = len(profit_yuan), tax.loss_years
    losses, used = np.zeros((ages, years)), np.zeros((ages, years))
    for year, profit in enumerate(profit_yuan):
        if year > 0 and ages > 0:
            losses[0, year] = max(0.0, -profit_yuan[year - 1])
            losses[1:, year] = losses[:-1, year - 1] - used[:-1, year - 1]
        remaining = max(0.0, profit)
        for age in reversed(range(ages)):
            used[age, year] = min(losses[age, year], remaining)
            remaining -= used[age, year]
    taxable = np.maximum(0.0, profit_yuan) - used.sum(axis=0)
    # remove the rounding error of a profit that is fully offset
    taxable = np.maximum(0.0, taxable)
    return IncomeTaxLedger(
        losses=losses,
        used_by_age=used,
        used=used.sum(axis=0),
        taxable=taxable,
        tax=tax.rate * holiday(tax, operation) * taxable,
    )
