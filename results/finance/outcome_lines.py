"""Definitions of the cash-flow lines from profit on: taxes, flows, debt service cover, payback."""

from collections.abc import Iterator

from parkdispatch.models.finance.investment import Finance
from parkdispatch.results.finance.cash_flow_line import FLOWS, CashFlowLine, total


def profit_lines() -> Iterator[CashFlowLine]:
    """Earnings and profit before tax, and the tax holiday."""
    yield CashFlowLine(
        "ebitda", "Earnings before interest, taxes and depreciation",
        "Revenue net of VAT - surcharges - upkeep - insurance - land - decommissioning - auxiliary energy",
        "{revenue}-{surcharges}-{operation_maintenance}-{insurance}-{land}-{decommissioning}-{auxiliary}",
    )  # fmt: skip
    yield CashFlowLine(
        "ebit", "Earnings before interest and taxes", "Less depreciation", "{ebitda}-{depreciation}"
    )
    yield CashFlowLine(
        "profit", "Profit before tax", "Less interest and the depreciation of interest during construction",
        "{ebit}-{interest}-{depreciation_of_interest}",
    )  # fmt: skip
    yield CashFlowLine(
        "holiday", "Share of the income tax charged", "0 in the free years, then 0.5, then 1",
        "IF({operation}<=income_tax_free_years,0,"
        "IF({operation}<=income_tax_free_years+income_tax_half_years,0.5,1))",
        unit="-", summed=False,
    )  # fmt: skip


def tax_lines(payer: str, base: str, finance: Finance) -> Iterator[CashFlowLine]:
    """Loss carry-forward by age, set-off, taxable income and tax on the profit line `base`."""
    ages = range(1, finance.income_tax.loss_years + 1)
    for age in ages:
        yield CashFlowLine(
            f"{payer}_loss_{age}", f"Loss {age} year{'s' if age > 1 else ''} old, not yet set off",
            "Loss of the year before" if age == 1 else "As old as it was, less what was set off",
            f"MAX(0,-{{{base}<}})"
            if age == 1
            else f"{{{payer}_loss_{age - 1}<}}-{{{payer}_used_{age - 1}<}}",
            summed=False, sheet="losses", kind="loss_first" if age == 1 else "loss_older", of=str(age),
        )  # fmt: skip
    for age in reversed(ages):
        older = "".join(f"-{{{payer}_used_{other}}}" for other in range(age + 1, ages.stop))
        yield CashFlowLine(
            f"{payer}_used_{age}", f"Of it set off, {age} year{'s' if age > 1 else ''} old", "Oldest first",
            f"MIN({{{payer}_loss_{age}}},MAX(0,{{{base}}}){older})", sheet="losses",
            kind="loss_used", of=str(age),
        )  # fmt: skip
    yield CashFlowLine(
        f"{payer}_losses_used", "Losses set off", "Of the last years, the oldest first: sheet Losses",
        total(f"{payer}_used_{age}" for age in ages), kind="losses_used",
    )  # fmt: skip
    yield CashFlowLine(
        f"{payer}_taxable", "Taxable income", "Profit, if above zero, less losses set off",
        f"MAX(0,MAX(0,{{{base}}})-{{{payer}_losses_used}})", kind="taxable",
    )  # fmt: skip
    yield CashFlowLine(
        f"{payer}_tax", "Income tax", "Taxable income x rate x share charged",
        f"{{{payer}_taxable}}*income_tax_rate*{{holiday}}", kind="tax",
    )  # fmt: skip


def flow_lines() -> Iterator[CashFlowLine]:
    """The four cash flows and the debt service cover."""
    formulas = {
        "project_before_tax": (
            "Revenue, its VAT, refund, residual value, working capital back; less what is paid, VAT included",
            "{revenue}+{output_vat}+{vat_refund}+{residual}+{working_capital_back}-{investment}-{working_capital}"
            "-{replacement}-{operation_maintenance}-{insurance}-{land}-{decommissioning}"
            "-{auxiliary}-{auxiliary_vat}-{vat_paid}-{surcharges}",
        ),
        "project_after_tax": ("Less the project's income tax", "{project_before_tax}-{project_tax}"),
        "equity_before_tax": (
            "Project flow before tax plus loan drawn less interest paid and principal",
            "{project_before_tax}+{draw}-{interest_paid}-{principal}",
        ),
        "equity_after_tax": ("Less the owners' income tax", "{equity_before_tax}-{equity_tax}"),
    }
    for key, (how, formula) in formulas.items():
        yield CashFlowLine(key, FLOWS[key], how, formula)
    yield CashFlowLine(
        "dscr", "Debt service cover", "(Earnings before depreciation - owners' tax) / (interest + principal)",
        'IF(AND(loan_share>0,{operation}>=1,{operation}<=loan_years),({ebitda}-{equity_tax})'
        '/({interest}+{principal}),"")', unit="-", summed=False,
    )  # fmt: skip


def payback_lines() -> Iterator[CashFlowLine]:
    """Cumulative and discounted flows, their payback times, and changes of sign."""
    for key, name in FLOWS.items():
        factor = "equity_discount_factor" if key.startswith("equity") else "discount_factor"
        sides = {"cumulative": f"{{{key}}}", "discounted": f"{{{key}}}*{{{factor}}}"}
        for side, flow in sides.items():
            line, words = f"{side}_{key}", "added up" if side == "cumulative" else "discounted and added up"
            yield CashFlowLine(
                line, f"{name}, {words}", "With all years before", f"{{{line}<}}+{flow}", summed=False,
                kind=f"{side}_flow", of=key,
            )  # fmt: skip
            yield CashFlowLine(
                f"{side}_crossing_{key}", f"{name}, {words}: years until it turns positive",
                "Years before + what was missing / flow of the year, where the sum turns from below zero",
                f'IF(AND({{{line}<}}<0,{{{line}}}>=0),{{year}}-{{{line}<}}/({flow}),"")',
                unit="years", summed=False, sheet="payback", kind=f"{side}_crossing", of=key,
            )  # fmt: skip
        yield CashFlowLine(
            f"sign_{key}", f"{name}, sign", "1: received, -1: paid; without a flow that of the year before",
            f"IF({{{key}}}=0,{{sign_{key}<}},SIGN({{{key}}}))", unit="", summed=False, sheet="payback",
            kind="sign", of=key,
        )  # fmt: skip
        yield CashFlowLine(
            f"turn_{key}", f"{name}, change of sign", "1 where the sign is not that of the year before",
            f"IF({{sign_{key}<}}*{{sign_{key}}}<0,1,0)", unit="", sheet="payback", kind="turn", of=key,
        )  # fmt: skip
