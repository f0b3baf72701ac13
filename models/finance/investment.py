"""What a storage investment costs, how it is paid for, and how it is taxed: Chinese feasibility practice.

Declarations only; `results/finance/cash_flow.py` computes. Prices are constant over the years,
as is usual there.
Years of operation count from 1. Every field carries its unit, a sentence, and where its default is from,
because the workbook shows all three beside the number.
"""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from parkdispatch.models.declaration import ASSUMED, GIVEN
from parkdispatch.models.declaration import declared as _field
from parkdispatch.models.device import Fraction, NonNegative, Positive

CODED = "as coded from DL/T 2919-2025 in a public repository, the standard itself not seen (second-hand)"
LAW = "income tax law as commonly quoted, text not checked (assumption)"
SHARES_TO = 1e-9  # [-] shares that add up to one within this do

Years = Annotated[int, Field(ge=1, le=60)]
YearsOrNone = Annotated[int, Field(ge=0, le=60)]
ClassName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ValueAddedTax(_Table):
    """Value-added tax: one rate for what is sold and what is bought, and what becomes of a credit."""

    rate: Fraction = _field("-", "Rate on revenue, on the investment and on energy bought", CODED, 0.13)
    credit: Literal["carried_forward", "refunded"] = _field(
        "", "Input tax not yet offset: carried forward until it is, or what is left refunded once", CODED,
        "carried_forward",
    )  # fmt: skip
    refund_year: Years = _field("year of operation", "Year at whose end the credit is refunded", ASSUMED, 1)
    surcharge_share: Fraction = _field(
        "- of tax paid", "Urban maintenance 7, education 3 and local education 2 per cent", CODED, 0.12
    )


class OperationMaintenance(_Table):
    """Operation and maintenance, net of VAT; no input tax is credited on it."""

    basis: Literal["power_or_energy", "investment"] = _field(
        "", "The larger of so much a kW and so much a kWh discharged, or a share of the investment", CODED,
        "power_or_energy",
    )  # fmt: skip
    yuan_per_kw_year: NonNegative = _field("yuan/kW a year", "Of rated power", CODED, 30.0)
    yuan_per_kwh_discharged: NonNegative = _field("yuan/kWh", "Of AC energy discharged", CODED, 0.05)
    investment_share: Fraction = _field(
        "- a year", "Of the investment, where that is the basis", ASSUMED, 0.03
    )


class Replacement(_Table):
    """New cells some day, paid from the project's own flow at the end of a year of operation."""

    year: Years = _field("year of operation", "Year at whose end the battery is replaced", CODED, 10)
    cost_yuan: NonNegative = _field("yuan", "What it costs, VAT included; 0: no replacement", ASSUMED, 0.0)
    depreciation_years: Years = _field("years", "Or what is left of the horizon, if that is less", CODED, 10)
    residual_share: Fraction = _field(
        "- of cost net of VAT", "Recovered at the end of the last year", CODED, 0.05
    )


class AssetClass(_Table):
    """A part of the investment that is written off evenly."""

    share: Fraction = _field("- of the investment", "All classes together make 1", CODED)
    years: Years = _field("years", "Straight line, from the first year of operation", CODED)
    residual_share: Fraction = _field(
        "- of value net of VAT", "Recovered at the end of the last year", CODED, 0.05
    )


class IncomeTax(_Table):
    """Enterprise income tax with its holiday and the carrying forward of losses."""

    rate: Fraction = _field("-", "Rate", CODED, 0.25)
    free_years: YearsOrNone = _field(
        "years", "Free from the first year of operation; 3 where eligible", ASSUMED, 0
    )
    half_years: YearsOrNone = _field("years", "Then at half the rate; 3 where eligible", ASSUMED, 0)
    loss_years: Annotated[int, Field(ge=0, le=10)] = _field(
        "years", "A loss may be set off against the profits of so many years after it", LAW, 5
    )


class Loan(_Table):
    """Borrowed money: drawn with the investment, repaid from the first year of operation."""

    share: Fraction = _field("- of the investment", "Borrowed; the rest is equity. 0: no loan", CODED, 0.8)
    rate: Fraction = _field("- a year", "Interest", CODED, 0.048)
    years: Years = _field("years", "Of repayment, counted in years of operation", ASSUMED, 15)
    method: Literal["annuity", "equal_principal"] = _field(
        "", "Equal payments, or equal principal and falling interest", ASSUMED, "annuity"
    )
    construction_interest: Literal["capitalised", "paid"] = _field(
        "", "Interest during construction: added to the debt, or paid by the owners as it falls due", ASSUMED,
        "capitalised",
    )  # fmt: skip


class Finance(_Table):
    """Everything the cash flow of a storage investment needs besides revenue and energy."""

    investment_yuan: Positive = _field(
        "yuan", "VAT included, without interest during construction and working capital", GIVEN
    )
    construction_years: Annotated[int, Field(ge=1, le=10)] = _field("years", "Before operation", CODED, 1)
    operation_years: Years = _field("years", "Of operation", CODED, 20)
    spending_shares: tuple[Fraction, ...] = _field(
        "- of the investment", "Spent in each year of construction; left out: the same in each", ASSUMED, ()
    )
    discount_rate: Fraction = _field("-", "Of the project, also for LCOS and MIRR", ASSUMED, 0.06)
    equity_discount_rate: Fraction = _field("-", "Of the owners, also for their MIRR", ASSUMED, 0.08)
    discounted_to: Literal["start_of_construction", "end_of_first_year"] = _field(
        "", "Flows fall at the ends of years; the first year's is discounted by a year, or not at all",
        "Methods and Parameters of Economic Evaluation, 3rd edition, as commonly applied (assumption)",
        "start_of_construction",
    )  # fmt: skip
    working_capital_share: Fraction = _field(
        "- of the investment",
        "Paid by the owners in the first year of operation, back in the last",
        CODED,
        0.01,
    )
    insurance_share: Fraction = _field(
        "- of the investment a year", "Insurance; 0.005 to 0.01 usual (second-hand)", "second-hand", 0.005
    )
    vat: ValueAddedTax = ValueAddedTax()
    operation_maintenance: OperationMaintenance = OperationMaintenance()
    replacement: Replacement = Replacement()
    depreciation: Annotated[dict[ClassName, AssetClass], Field(min_length=1)] = {
        "battery": AssetClass(share=0.6, years=10),
        "rest": AssetClass(share=0.4, years=15),
    }
    income_tax: IncomeTax = IncomeTax()
    loan: Loan = Loan()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        wrong = [*self._shares(), *self._lives()]
        if wrong:
            raise ValueError("\n".join(wrong))
        return self

    def _shares(self) -> Iterator[str]:
        total = sum(asset.share for asset in self.depreciation.values())
        if abs(total - 1.0) > SHARES_TO:
            listed = ", ".join(f"{name} {asset.share:g}" for name, asset in self.depreciation.items())
            yield f"depreciation = {listed}: shares add up to {total:g}, must add up to 1"
        if self.spending_shares:
            given, total = len(self.spending_shares), sum(self.spending_shares)
            shown = ", ".join(f"{share:g}" for share in self.spending_shares)
            if given != self.construction_years:
                yield (
                    f"spending_shares = [{shown}]: {given} given, must be one for each of"
                    f" construction_years = {self.construction_years}"
                )
            if abs(total - 1.0) > SHARES_TO:
                yield f"spending_shares = [{shown}]: add up to {total:g}, must add up to 1"

    def _lives(self) -> Iterator[str]:
        """Nothing may outlast the operation: what is left then would be neither paid back nor written off."""
        limit = f"must be at most operation_years = {self.operation_years}"
        if self.loan.share > 0 and self.loan.years > self.operation_years:
            yield f"loan.years = {self.loan.years}: the loan outlasts the operation, {limit}"
        for name, asset in self.depreciation.items():
            if asset.years > self.operation_years:
                yield f"depreciation.{name}.years = {asset.years}: outlasts the operation, {limit}"
        if self.vat.credit == "refunded" and self.vat.refund_year > self.operation_years:
            yield f"vat.refund_year = {self.vat.refund_year}: comes after the operation, {limit}"

    @property
    def spending(self) -> tuple[float, ...]:
        """Share of the investment spent in each year of construction."""
        return self.spending_shares or (1.0 / self.construction_years,) * self.construction_years

    @property
    def replaced(self) -> bool:
        """Whether the battery is replaced within the horizon."""
        return self.replacement.cost_yuan > 0 and self.replacement.year < self.operation_years

    @property
    def warnings(self) -> list[str]:
        """What was given but cannot matter, one sentence each."""
        found = []
        horizon = f"the {self.operation_years}-year horizon"
        if self.replacement.cost_yuan > 0 and not self.replaced:
            found.append(
                f"`finance.replacement.year` = {self.replacement.year}: lies at the end of {horizon}"
                " or beyond it, so there is no replacement"
            )
        if self.vat.credit == "carried_forward" and "refund_year" in self.vat.model_fields_set:
            found.append(
                f"`finance.vat.refund_year` = {self.vat.refund_year}: cannot matter, because the credit is"
                " carried forward"
            )
        basis, unused = self.operation_maintenance.basis, {"investment_share"}
        if basis == "investment":
            unused = {"yuan_per_kw_year", "yuan_per_kwh_discharged"}
        for name in sorted(unused & self.operation_maintenance.model_fields_set):
            found.append(
                f"`finance.operation_maintenance.{name}` = {getattr(self.operation_maintenance, name):g}:"
                f" cannot matter, because basis is {basis}"
            )
        if self.loan.share == 0 and self.loan.model_fields_set - {"share"}:
            found.append(
                "`finance.loan.share` = 0: nothing is borrowed, so nothing else in `finance.loan` matters"
            )
        return found


class Parameter(BaseModel):
    """One number or choice of a declaration, as a person would want to see it."""

    model_config = ConfigDict(frozen=True)

    name: str  # path with underscores: "loan_rate"
    value: float | int | str | bool
    unit: str
    sentence: str
    source: str
    choices: tuple[str, ...] = ()
    basis: str = ""  # where the default is from; "no default: must be given" where there is none
    default: str = ""  # the default, where another value was given; else nothing


def parameters(table: BaseModel) -> list[Parameter]:
    """Every single number or choice, nested tables opened; lists and what is left out are not in it."""
    return list(_parameters(table, ""))


def _parameters(table: BaseModel, prefix: str) -> Iterator[Parameter]:
    for name, field in type(table).model_fields.items():
        value = getattr(table, name)
        if isinstance(value, BaseModel):
            yield from _parameters(value, f"{prefix}{name}_")
        elif isinstance(value, dict):
            for key, part in value.items():
                yield from _parameters(part, f"{prefix}{name}_{key}_")
        elif value is not None and not isinstance(value, tuple):
            extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
            basis = source = str(extra.get("source", ""))
            default = ""
            if not field.is_required() and value != field.default:
                default = str(field.default)
                source = f"given; the default, {default}, is {source}"
            elif field.is_required():
                source = "given" if source == GIVEN else f"given, or {source}"
            yield Parameter(
                name=prefix + name,
                value=value,
                unit=str(extra.get("unit", "")),
                sentence=str(field.description or ""),
                source=source,
                choices=tuple(getattr(field.annotation, "__args__", ())) if isinstance(value, str) else (),
                basis=basis,
                default=default,
            )
