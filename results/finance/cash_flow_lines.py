"""Definitions of the cash-flow lines up to the loan, and the complete list in the order of the table.

The values come from `results/finance/cash_flow.py`; a test evaluates the formulas and compares.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from parkdispatch.models.finance.investment import Finance
from parkdispatch.results.finance.cash_flow_line import MWH, CashFlowLine, total, words
from parkdispatch.results.finance.operation import NOT_KEPT
from parkdispatch.results.finance.outcome_lines import flow_lines, payback_lines, profit_lines, tax_lines

REPLACED_IN_FIXED_YEARS = (
    "IF(AND({operation}>=1,{operation}<operation_years,replacement_cost_yuan>0,OR({operation}=replacement_year,"
    'AND(replacement_recurrence="every",MOD({operation},replacement_year)=0))),1,0)'
)


def cash_flow_lines(finance: Finance, streams: Iterable[str]) -> list[CashFlowLine]:
    """Every line of the cash flow, in the order of the table."""
    names, classes = list(streams), list(finance.depreciation)
    lines: list[CashFlowLine] = []
    for section, section_lines in (
        ("Time", _time()),
        ("Given", _given(names, finance)),
        ("Revenue", _revenue(names)),
        ("Investment", _investment()),
        ("Operation", _operation()),
        ("Value-added tax", _vat()),
        ("Depreciation", _depreciation(classes)),
        ("Loan", _loan()),
        ("Profit", profit_lines()),
        ("Income tax of the project, as if it had no loan", tax_lines("project", "ebit", finance)),
        ("Income tax of the owners, interest deducted", tax_lines("equity", "profit", finance)),
        ("Flows", flow_lines()),
        ("Payback", payback_lines()),
    ):
        lines += [replace(line, section=section) for line in section_lines]
    return lines


def _time() -> Iterator[CashFlowLine]:
    yield CashFlowLine(
        "year", "Year", "Counted from 0, the first year of construction", unit="", summed=False
    )
    yield CashFlowLine(
        "operation", "Year of operation", "0 during construction",
        "MAX(0,{year}-construction_years+1)", unit="", summed=False,
    )  # fmt: skip
    for party, prefix in (("project", ""), ("owners", "equity_")):
        yield CashFlowLine(
            f"{prefix}discount_factor", f"Discount factor of the {party}",
            "1 / (1 + rate) ^ years; the first year counts as 1 if flows are discounted to its start, else 0",
            f'1/(1+{prefix}discount_rate)^({{year}}+IF(discounted_to="start_of_construction",1,0))',
            unit="", summed=False,
        )  # fmt: skip


def _given(streams: list[str], finance: Finance) -> Iterator[CashFlowLine]:
    for stream in streams:
        if stream == NOT_KEPT:
            yield CashFlowLine(
                f"gross_{NOT_KEPT}", f"Revenue, {words(NOT_KEPT)}",
                "-(1 - kept share) x (arbitrage + demand - auxiliary energy), VAT included",
                "-(1-kept_share)*({gross_arbitrage}+{gross_demand}-{auxiliary_gross})", of=stream,
            )  # fmt: skip
            continue
        yield CashFlowLine(
            f"gross_{stream}", f"Revenue, {words(stream)}", "Given, VAT included", given=True,
            kind="gross", of=stream,
        )  # fmt: skip
    yield CashFlowLine("discharged_mwh", "Energy discharged", "Given, AC", unit=MWH, given=True)
    yield CashFlowLine("auxiliary_gross", "Auxiliary energy", "Given, VAT included", given=True)
    follows_health = finance.replacement.follows_health
    yield CashFlowLine(
        "replacement_share", "Share of the replacement's cost that is due",
        "As the cells' health asks for it" if follows_health else "1 in the year of the replacement",
        "" if follows_health else REPLACED_IN_FIXED_YEARS, unit="-", given=follows_health,
        kind="replaced_by_health" if follows_health else "",
    )  # fmt: skip
    yield CashFlowLine(
        "spending_share", "Share of the investment spent", "Given", unit="-", where="construction", given=True
    )


def _revenue(streams: list[str]) -> Iterator[CashFlowLine]:
    for stream in streams:
        yield CashFlowLine(
            f"net_{stream}", f"Revenue net of VAT, {words(stream)}", "Revenue / (1 + VAT rate)",
            f"{{gross_{stream}}}/(1+vat_rate)", kind="net", of=stream,
        )  # fmt: skip
    yield CashFlowLine(
        "revenue", "Revenue net of VAT", "Sum of the streams", total(f"net_{s}" for s in streams)
    )
    yield CashFlowLine("output_vat", "Output VAT", "Revenue net of VAT x VAT rate", "{revenue}*vat_rate")


def _investment() -> Iterator[CashFlowLine]:
    yield CashFlowLine(
        "investment", "Investment", "Investment x share of the year, VAT included",
        "investment_yuan*{spending_share}", where="construction",
    )  # fmt: skip
    yield CashFlowLine(
        "investment_vat", "Input VAT of the investment", "Investment / (1 + VAT rate) x VAT rate",
        "{investment}/(1+vat_rate)*vat_rate",
    )  # fmt: skip
    yield CashFlowLine(
        "working_capital", "Working capital paid in", "Share x investment, in the first year of operation",
        "IF({operation}=1,working_capital_share*investment_yuan,0)",
    )  # fmt: skip
    yield CashFlowLine(
        "working_capital_back", "Working capital recovered", "All of it, in the last year",
        "IF({operation}=operation_years,working_capital_share*investment_yuan,0)",
    )  # fmt: skip
    yield CashFlowLine(
        "replacement", "Battery replacement", "Share x cost at the price of its year, at its end, with VAT",
        "{replacement_share}*replacement_cost_yuan*(1+replacement_yearly_price_change)^{operation}",
    )  # fmt: skip
    yield CashFlowLine(
        "replacement_vat", "Input VAT of the replacement", "Replacement / (1 + VAT rate) x VAT rate",
        "{replacement}/(1+vat_rate)*vat_rate",
    )  # fmt: skip


def _operation() -> Iterator[CashFlowLine]:
    yield CashFlowLine(
        "operation_maintenance", "Operation and maintenance",
        "The larger of yuan/kW x power and yuan/kWh x energy discharged, or share x investment; by year",
        "IF({operation}=0,0,(1+operation_maintenance_yearly_change)^({operation}-1)*"
        'IF(operation_maintenance_basis="investment",'
        "operation_maintenance_investment_share*investment_yuan,"
        "MAX(operation_maintenance_yuan_per_kw_year*power_mw,"
        "operation_maintenance_yuan_per_kwh_discharged*{discharged_mwh})*1000))",
    )  # fmt: skip
    yield CashFlowLine(
        "insurance", "Insurance", "Share x investment", "IF({operation}=0,0,insurance_share*investment_yuan)"
    )
    yield CashFlowLine(
        "land", "Land", "yuan/kW x power", "IF({operation}=0,0,land_yuan_per_kw_year*power_mw*1000)"
    )
    yield CashFlowLine(
        "decommissioning", "Decommissioning", "Share x investment, in the last year",
        "IF({operation}=operation_years,decommissioning_share*investment_yuan,0)",
    )  # fmt: skip
    yield CashFlowLine(
        "auxiliary", "Auxiliary energy net of VAT", "Cost / (1 + VAT rate)", "{auxiliary_gross}/(1+vat_rate)"
    )
    yield CashFlowLine(
        "auxiliary_vat", "Input VAT of auxiliary energy", "Net cost x VAT rate", "{auxiliary}*vat_rate"
    )


def _vat() -> Iterator[CashFlowLine]:
    yield CashFlowLine(
        "input_vat", "Input VAT", "Of investment, replacement and auxiliary energy",
        "{investment_vat}+{replacement_vat}+{auxiliary_vat}",
    )  # fmt: skip
    yield CashFlowLine(
        "credit_before", "Credit at the start", "Credit at the end of the year before",
        "{credit_after<}", summed=False,
    )  # fmt: skip
    yield CashFlowLine(
        "vat_paid", "VAT paid", "Output VAT less input VAT less credit, if above zero",
        "MAX(0,{output_vat}-{input_vat}-{credit_before})",
    )  # fmt: skip
    yield CashFlowLine(
        "vat_refund", "VAT refunded", "What is left of the credit, in the year of the refund if there is one",
        'IF(AND(vat_credit="refunded",{operation}=vat_refund_year),'
        "MAX(0,{credit_before}+{input_vat}-{output_vat}),0)",
    )  # fmt: skip
    yield CashFlowLine(
        "credit_after", "Credit at the end", "Credit + input VAT - output VAT, if above zero, less refund",
        "MAX(0,{credit_before}+{input_vat}-{output_vat})-{vat_refund}", summed=False,
    )  # fmt: skip
    yield CashFlowLine(
        "surcharges", "Surcharges", "Share x VAT actually paid", "vat_surcharge_share*{vat_paid}"
    )


def _depreciation(classes: list[str]) -> Iterator[CashFlowLine]:
    for name in classes:
        key = f"depreciation_{name}"
        yield CashFlowLine(
            key, f"Depreciation, {words(name)}",
            "Share x investment net of VAT x (1 - residual) / years, over its years",
            f"IF(AND({{operation}}>=1,{{operation}}<={key}_years),investment_yuan/(1+vat_rate)*{key}_share"
            f"*(1-{key}_residual_share)/{key}_years,0)", kind="depreciation_of", of=name,
        )  # fmt: skip
    yield CashFlowLine(
        "replacement_write_off", "Depreciation a year of what is replaced in this year",
        "Cost net of VAT x (1 - residual) / years; or the years left, if fewer",
        "{replacement}/(1+vat_rate)*(1-replacement_residual_share)"
        "/MIN(replacement_depreciation_years,MAX(1,operation_years-{operation}))", summed=False,
    )  # fmt: skip
    yield CashFlowLine(
        "depreciation_of_replacement", "Depreciation, replacement",
        "Of all replacements, each from the year after it",
        "SUMPRODUCT(({operation:}<{operation})*({operation:}>={operation}-replacement_depreciation_years)"
        "*{replacement_write_off:})",
    )  # fmt: skip
    yield CashFlowLine(
        "depreciation", "Depreciation", "Sum of the classes, interest during construction not in it",
        total([*(f"depreciation_{name}" for name in classes), "depreciation_of_replacement"]),
    )  # fmt: skip
    yearly_share = "+".join(
        f"IF(AND({{operation}}>=1,{{operation}}<=depreciation_{n}_years),"
        f"depreciation_{n}_share/depreciation_{n}_years,0)"
        for n in classes
    )
    yield CashFlowLine(
        "depreciation_of_interest", "Depreciation of interest during construction",
        "Interest during construction, shared among the classes, over their years, without residual",
        f"SUM({{construction_interest:built}})*({yearly_share})",
    )  # fmt: skip
    residual = "+".join(f"depreciation_{n}_share*depreciation_{n}_residual_share" for n in classes)
    yield CashFlowLine(
        "residual", "Residual value", "Residual shares x values net of VAT, in the last year",
        f"IF({{operation}}=operation_years,(investment_yuan*({residual})"
        "+SUM({replacement:})*replacement_residual_share)/(1+vat_rate),0)",
    )  # fmt: skip


def _loan() -> Iterator[CashFlowLine]:
    yield CashFlowLine("draw", "Loan drawn", "Share x investment of the year", "loan_share*{investment}")
    yield CashFlowLine(
        "debt_before",
        "Debt at the start",
        "Debt at the end of the year before",
        "{debt_after<}",
        summed=False,
    )
    yield CashFlowLine(
        "construction_interest", "Interest during construction", "(Debt at the start + drawn / 2) x rate",
        "({debt_before}+{draw}/2)*loan_rate", where="construction",
    )  # fmt: skip
    yield CashFlowLine(
        "interest", "Interest", "Debt at the start x rate, in operation",
        "IF({operation}=0,0,{debt_before}*loan_rate)",
    )  # fmt: skip
    yield CashFlowLine(
        "interest_paid", "Interest paid in cash", "Of operation; of construction if not capitalised",
        '{interest}+IF(loan_construction_interest="paid",{construction_interest},0)',
    )  # fmt: skip
    capitalised = 'IF(loan_construction_interest="capitalised",'
    owed = f"(SUM({{draw:built}})+{capitalised}SUM({{construction_interest:built}}),0))"
    yield CashFlowLine(
        "principal", "Principal repaid", "Annuity less interest, or equal parts; last of all what is left",
        "IF(OR({operation}=0,{operation}>loan_years),0,IF({operation}=loan_years,{debt_before},"
        f'IF(loan_method="annuity",PMT(loan_rate,loan_years,-{owed})-{{interest}},{owed}/loan_years)))',
    )  # fmt: skip
    yield CashFlowLine(
        "debt_after", "Debt at the end", "Start + drawn + interest capitalised - principal",
        f"{{debt_before}}+{{draw}}+{capitalised}{{construction_interest}},0)-{{principal}}",
        summed=False,
    )  # fmt: skip
