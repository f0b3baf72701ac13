"""The cash flow of a storage investment, year by year and line by line, in yuan.

    revenue and energy (Operation) ──┐
    cost and financing (Finance) ────┴─▶ cash_flow() ─▶ CashFlow: lines by year, measures

Years count from 0, the first year of construction. Flows occur at the ends of years. Cost lines are positive;
flows are signed, positive is received. `cash_flow_lines.py` defines each line in words.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from parkdispatch.models.errors import InputError
from parkdispatch.models.finance.investment import Finance
from parkdispatch.models.units import KW_PER_MW, KWH_PER_MWH
from parkdispatch.results.finance.cash_flow_line import FLOWS, CashFlowLine
from parkdispatch.results.finance.cash_flow_lines import cash_flow_lines
from parkdispatch.results.finance.loan import LoanSchedule, loan_schedule
from parkdispatch.results.finance.operation import Operation, operation_problems
from parkdispatch.results.finance.returns import (
    DebtServiceCover,
    Returns,
    debt_service_cover,
    discount_factors,
    flow_signs,
    lcos_yuan_per_kwh,
    payback_crossings,
    returns,
)
from parkdispatch.results.finance.tax import (
    IncomeTaxLedger,
    VatLedger,
    holiday,
    income_tax,
    replacement_depreciation,
    replacement_write_off,
    straight_line,
    vat_ledger,
)

Array = NDArray[np.float64]


@dataclass(frozen=True)
class CashFlow:
    """Every line by year, and the appraisal measures of the four flows."""

    finance: Finance
    operation: Operation
    values: Mapping[str, Array]  # by the key of a line, each of shape (years,)
    returns: Mapping[str, Returns]  # by the key of a flow, appraised when asked for
    lcos_yuan_per_kwh: float | None  # without charging energy; None: no energy is discharged
    cover: DebtServiceCover

    @property
    def lines(self) -> list[CashFlowLine]:
        """Name and computation of each line, in the order of the table."""
        return cash_flow_lines(self.finance, self.operation.revenue_yuan)

    @property
    def table(self) -> pd.DataFrame:
        """One row per line: name, unit, computation in words, total, and one column per year."""
        rows = [
            {
                "line": line.key,
                "name": line.name,
                "unit": line.unit,
                "how": line.how,
                "total": float(np.nansum(self.values[line.key])) if line.summed else np.nan,
                **{f"year {year}": value for year, value in enumerate(self.values[line.key].tolist())},
            }
            for line in self.lines
        ]
        return pd.DataFrame(rows).set_index("line")


def cash_flow(finance: Finance, operation: Operation) -> CashFlow:
    """The cash flow of an investment. Raises InputError if the arrays of `operation` are unusable."""
    if problems := operation_problems(finance, operation):
        raise InputError(problems)
    values = time_lines(finance)
    values |= _given(finance, operation)
    values |= _revenue(finance, operation, values)
    values |= _investment(finance, values)
    values |= _costs(finance, operation, values)
    values |= _vat(finance, values)
    loan = loan_schedule(finance.loan, values["investment"], finance.construction_years)
    values |= _as_lines(loan)
    values |= _depreciation(finance, values)
    values |= _profit(finance, values)
    for taxpayer, base in (("project", "ebit"), ("equity", "profit")):
        values |= _tax(taxpayer, income_tax(finance.income_tax, values[base], values["operation"]))
    values |= _flows(values)
    due = (values["operation"] >= 1) & (values["operation"] <= finance.loan.years) & (finance.loan.share > 0)
    covered = covered_debt_service(values, due)
    values["dscr"] = covered.by_year
    return CashFlow(
        finance=finance,
        operation=operation,
        values=values | payback_lines_of(values),
        returns=FlowReturns(finance, values),
        lcos_yuan_per_kwh=levelised_cost(values),
        cover=covered,
    )


def time_lines(finance: Finance) -> dict[str, Array]:
    """Years, years of operation and discount factors, by the key of their line."""
    years = np.arange(finance.construction_years + finance.operation_years, dtype=float)
    first = discounted_from_start(finance)
    return {
        "year": years,
        "operation": np.maximum(0.0, years - finance.construction_years + 1),
        "discount_factor": discount_factors(finance.discount_rate, len(years), first),
        "equity_discount_factor": discount_factors(finance.equity_discount_rate, len(years), first),
    }


def covered_debt_service(values: Mapping[str, Array], due: NDArray[np.bool_]) -> DebtServiceCover:
    """Debt service cover in the years in which it is due, (years,)."""
    service = values["interest"] + values["principal"]
    return debt_service_cover(values["ebitda"] - values["equity_tax"], service, due)


def discounted_from_start(finance: Finance) -> bool:
    """Whether flows are discounted to the start of construction, the first year's thus by one year."""
    return finance.discounted_to == "start_of_construction"


def _given(finance: Finance, operation: Operation) -> dict[str, Array]:
    construction = np.zeros(finance.construction_years)
    lines = {f"gross_{name}": yuan for name, yuan in operation.revenue_yuan.items()}
    lines |= {"discharged_mwh": operation.discharged_mwh, "auxiliary_gross": operation.auxiliary_yuan}
    spending = np.concatenate([finance.spending, np.zeros(finance.operation_years)])
    lines["replacement_share"] = _replacement_shares(finance, operation)
    lines = {key: np.concatenate([construction, array]) for key, array in lines.items()}
    return lines | {"spending_share": spending}


def _replacement_shares(finance: Finance, operation: Operation) -> Array:
    """Share of the replacement's cost that is due at the end of each year of operation [-]."""
    if finance.replacement.follows_health and operation.replaced_shares is not None:
        return operation.replaced_shares
    fixed = () if finance.replacement.follows_health else finance.fixed_replacement_years
    return np.isin(np.arange(finance.operation_years) + 1, fixed).astype(float)


def _revenue(finance: Finance, operation: Operation, values: Mapping[str, Array]) -> dict[str, Array]:
    rate = finance.vat.rate
    net = {f"net_{name}": values[f"gross_{name}"] / (1.0 + rate) for name in operation.revenue_yuan}
    revenue = np.sum(list(net.values()), axis=0)
    return net | {"revenue": revenue, "output_vat": revenue * rate}


def _investment(finance: Finance, values: Mapping[str, Array]) -> dict[str, Array]:
    year, rate = values["operation"], finance.vat.rate
    investment = finance.investment_yuan * values["spending_share"]
    working = finance.working_capital_share * finance.investment_yuan
    price_yuan = finance.replacement.cost_yuan * (1.0 + finance.replacement.yearly_price_change) ** year
    replacement = values["replacement_share"] * price_yuan
    return {
        "investment": investment,
        "investment_vat": investment / (1.0 + rate) * rate,
        "working_capital": np.where(year == 1, working, 0.0),
        "working_capital_back": np.where(year == finance.operation_years, working, 0.0),
        "replacement": replacement,
        "replacement_vat": replacement / (1.0 + rate) * rate,
    }


def _costs(finance: Finance, operation: Operation, values: Mapping[str, Array]) -> dict[str, Array]:
    maintenance, operating = finance.operation_maintenance, values["operation"] > 0
    by_power = maintenance.yuan_per_kw_year * operation.power_mw * KW_PER_MW
    by_energy = maintenance.yuan_per_kwh_discharged * values["discharged_mwh"] * KWH_PER_MWH
    yearly = np.maximum(by_power, by_energy)
    if maintenance.basis == "investment":
        yearly = np.full_like(by_energy, maintenance.investment_share * finance.investment_yuan)
    change = (1.0 + maintenance.yearly_change) ** np.maximum(0.0, values["operation"] - 1.0)
    land = finance.land_yuan_per_kw_year * operation.power_mw * KW_PER_MW
    retired = finance.decommissioning_share * finance.investment_yuan
    auxiliary = values["auxiliary_gross"] / (1.0 + finance.vat.rate)
    return {
        "operation_maintenance": np.where(operating, yearly * change, 0.0),
        "insurance": np.where(operating, finance.insurance_share * finance.investment_yuan, 0.0),
        "land": np.where(operating, land, 0.0),
        "decommissioning": np.where(values["operation"] == finance.operation_years, retired, 0.0),
        "auxiliary": auxiliary,
        "auxiliary_vat": auxiliary * finance.vat.rate,
    }


def _vat(finance: Finance, values: Mapping[str, Array]) -> dict[str, Array]:
    input_vat = values["investment_vat"] + values["replacement_vat"] + values["auxiliary_vat"]
    ledger: VatLedger = vat_ledger(finance.vat, values["output_vat"], input_vat, values["operation"])
    return {
        "input_vat": input_vat,
        "credit_before": ledger.credit_before,
        "vat_paid": ledger.paid,
        "vat_refund": ledger.refund,
        "credit_after": ledger.credit_after,
        "surcharges": ledger.surcharges,
    }


def _as_lines(loan: LoanSchedule) -> dict[str, Array]:
    return {field.name: getattr(loan, field.name) for field in fields(loan)}


def _depreciation(finance: Finance, values: Mapping[str, Array]) -> dict[str, Array]:
    year, classes = values["operation"], finance.depreciation
    net = finance.investment_yuan / (1.0 + finance.vat.rate)
    by_class = {
        f"depreciation_{name}": straight_line(asset.share * net, asset, year)
        for name, asset in classes.items()
    }
    write_off = replacement_write_off(finance, values["replacement"], year)
    by_class["depreciation_of_replacement"] = replacement_depreciation(finance, write_off, year)
    total = np.sum(list(by_class.values()), axis=0)
    interest = float(values["construction_interest"].sum())
    without_residual = [asset.model_copy(update={"residual_share": 0.0}) for asset in classes.values()]
    of_interest = [straight_line(asset.share * interest, asset, year) for asset in without_residual]
    residual = net * sum(asset.share * asset.residual_share for asset in classes.values())
    bought = float(values["replacement"].sum()) / (1.0 + finance.vat.rate)
    residual += bought * finance.replacement.residual_share
    return by_class | {
        "replacement_write_off": write_off,
        "depreciation": total,
        "depreciation_of_interest": np.sum(of_interest, axis=0),
        "residual": np.where(year == finance.operation_years, residual, 0.0),
    }


def _profit(finance: Finance, values: Mapping[str, Array]) -> dict[str, Array]:
    costs = ("surcharges", "operation_maintenance", "insurance", "land", "decommissioning", "auxiliary")
    ebitda = values["revenue"] - np.sum([values[cost] for cost in costs], axis=0)
    ebit = ebitda - values["depreciation"]
    return {
        "ebitda": ebitda,
        "ebit": ebit,
        "profit": ebit - values["interest"] - values["depreciation_of_interest"],
        "holiday": holiday(finance.income_tax, values["operation"]),
    }


def _tax(taxpayer: str, ledger: IncomeTaxLedger) -> dict[str, Array]:
    lines = {f"{taxpayer}_loss_{age}": row for age, row in enumerate(ledger.losses, start=1)}
    lines |= {f"{taxpayer}_used_{age}": row for age, row in enumerate(ledger.used_by_age, start=1)}
    return lines | {
        f"{taxpayer}_losses_used": ledger.used,
        f"{taxpayer}_taxable": ledger.taxable,
        f"{taxpayer}_tax": ledger.tax,
    }


RECEIVED = ("revenue", "output_vat", "vat_refund", "residual", "working_capital_back")
PAID = (
    "investment", "working_capital", "replacement", "operation_maintenance", "insurance", "land",
    "decommissioning", "auxiliary", "auxiliary_vat", "vat_paid", "surcharges",
)  # fmt: skip


def _flows(values: Mapping[str, Array]) -> dict[str, Array]:
    received = np.sum([values[key] for key in RECEIVED], axis=0)
    before = received - np.sum([values[key] for key in PAID], axis=0)
    equity = before + values["draw"] - values["interest_paid"] - values["principal"]
    return {
        "project_before_tax": before,
        "project_after_tax": before - values["project_tax"],
        "equity_before_tax": equity,
        "equity_after_tax": equity - values["equity_tax"],
    }


def payback_lines_of(values: Mapping[str, Array]) -> dict[str, Array]:
    """Cumulative and discounted flows, their payback times, and changes of sign."""
    lines: dict[str, Array] = {}
    for key in FLOWS:
        factor = values["equity_discount_factor" if key.startswith("equity") else "discount_factor"]
        for side, flow in (("cumulative", values[key]), ("discounted", values[key] * factor)):
            lines[f"{side}_{key}"] = np.cumsum(flow)
            lines[f"{side}_crossing_{key}"] = payback_crossings(flow)
        lines[f"sign_{key}"], lines[f"turn_{key}"] = flow_signs(values[key])
    return lines


@dataclass(frozen=True)
class FlowReturns(Mapping[str, Returns]):
    """The measures of each flow, each appraised once, when it is asked for: a search asks for one or two."""

    finance: Finance
    lines: Mapping[str, Array]  # by the key of a line, each of shape (years,)
    _appraised: dict[str, Returns] = field(default_factory=dict, repr=False, compare=False)

    def __getitem__(self, key: str) -> Returns:
        if key not in FLOWS:
            raise KeyError(key)
        if key not in self._appraised:
            rate = self.finance.discount_rate
            if key.startswith("equity"):
                rate = self.finance.equity_discount_rate
            first = discounted_from_start(self.finance)
            self._appraised[key] = returns(self.lines[key], rate, self.finance.construction_years, first)
        return self._appraised[key]

    def __iter__(self) -> Iterator[str]:
        return iter(FLOWS)

    def __len__(self) -> int:
        return len(FLOWS)


STORAGE_COSTS = (
    "investment", "replacement", "operation_maintenance", "insurance", "land", "decommissioning", "auxiliary",
)  # fmt: skip
STORAGE_CREDITS = ("investment_vat", "replacement_vat", "residual")


def levelised_cost(values: Mapping[str, Array]) -> float | None:
    """Levelised cost of storage: net of VAT and residual value, before tax, without charging energy."""
    paid = np.sum([values[cost] for cost in STORAGE_COSTS], axis=0)
    net = paid - np.sum([values[credit] for credit in STORAGE_CREDITS], axis=0)
    return lcos_yuan_per_kwh(net, values["discharged_mwh"], values["discount_factor"])
