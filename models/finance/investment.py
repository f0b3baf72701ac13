"""Project finance of a storage investment: cost, funding and taxes, as in Chinese feasibility studies.

Declarations only; `results/finance/cash_flow.py` computes. Prices are constant over the years, as is usual
in such studies, unless a yearly change is given. Years of operation count from 1.
"""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from parkdispatch.models.declaration import ASSUMED, GIVEN, NO_UNIT, Declaration, declared
from parkdispatch.models.device import Fraction
from parkdispatch.models.finance.finance_terms import CODED, LAW, YearlyChange, Years, YearsOrNone
from parkdispatch.models.finance.replacement import Replacement
from parkdispatch.models.limits import Number, PositiveMoney, Price, UnitCost
from parkdispatch.models.tariff.tariff_tables import Name

SHARES_TOLERANCE = 1e-9  # [-] of shares that must add up to one
ClassName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")]


class ValueAddedTax(Declaration):
    """Value-added tax (VAT): one rate for sales and purchases, and the treatment of a credit."""

    rate: Fraction = declared("-", "Rate on revenue, on the investment and on energy bought", CODED, 0.13)
    credit: Literal["carried_forward", "refunded"] = declared(
        NO_UNIT, "Input tax not yet offset: carried forward until it is, or the rest refunded once",
        CODED, "carried_forward",
    )  # fmt: skip
    refund_year: Years = declared("year of operation", "Year at whose end the credit is refunded", ASSUMED, 1)
    surcharge_share: Fraction = declared(
        "- of tax paid", "Urban maintenance 7, education 3 and local education 2 per cent", CODED, 0.12
    )


class OperationMaintenance(Declaration):
    """Cost of operation and maintenance, net of VAT; no input tax is credited on it."""

    basis: Literal["power_or_energy", "investment"] = declared(
        NO_UNIT, "The larger of the cost by power and by energy discharged, or a share of the investment",
        CODED, "power_or_energy",
    )  # fmt: skip
    yuan_per_kw_year: UnitCost = declared("yuan/kW a year", "Cost per rated power", CODED, 30.0)
    yuan_per_kwh_discharged: Price = declared("yuan/kWh", "Cost per AC energy discharged", CODED, 0.05)
    investment_share: Fraction = declared(
        "- a year", "Cost as a share of the investment, if that is the basis", ASSUMED, 0.03
    )
    yearly_change: YearlyChange = declared(
        "1/year", "Yearly change of the cost from the first year of operation on", ASSUMED, 0.0
    )


class AssetClass(Declaration):
    """Part of the investment with straight-line depreciation."""

    share: Fraction = declared(
        "- of the investment", "Share of this class; the shares of all classes add up to 1", CODED
    )
    years: Years = declared("years", "Straight-line depreciation from the first year of operation", CODED)
    residual_share: Fraction = declared(
        "- of value net of VAT", "Recovered at the end of the last year", CODED, 0.05
    )


class IncomeTax(Declaration):
    """Enterprise income tax with tax holiday and loss carry-forward."""

    rate: Fraction = declared("-", "Tax rate", CODED, 0.25)
    free_years: YearsOrNone = declared(
        "years", "Tax-free years from the first year of operation; 3 if eligible", ASSUMED, 0
    )
    half_years: YearsOrNone = declared(
        "years", "Years at half the rate after the tax-free years; 3 if eligible", ASSUMED, 0
    )
    loss_years: Annotated[int, Field(ge=0, le=10)] = declared(
        "years", "Years after a loss in which it may be set off against profits", LAW, 5
    )


class Loan(Declaration):
    """Loan: drawn with the investment, repaid from the first year of operation."""

    share: Fraction = declared(
        "- of the investment", "Borrowed share; the rest is equity. 0: no loan", CODED, 0.8
    )
    rate: Fraction = declared("- a year", "Interest rate", CODED, 0.048)
    years: Years = declared("years", "Years of repayment, from the first year of operation", ASSUMED, 15)
    method: Literal["annuity", "equal_principal"] = declared(
        NO_UNIT, "Equal payments, or equal principal and falling interest", ASSUMED, "annuity"
    )
    construction_interest: Literal["capitalised", "paid"] = declared(
        NO_UNIT, "Interest during construction: added to the debt, or paid by the owners as it falls due",
        ASSUMED, "capitalised",
    )  # fmt: skip


class Finance(Declaration):
    """Inputs of the cash flow of a storage investment besides revenue and energy."""

    investment_yuan: PositiveMoney = declared(
        "yuan", "Investment, VAT included, without interest during construction and working capital", GIVEN
    )
    construction_years: Annotated[int, Field(ge=1, le=10)] = declared(
        "years", "Years of construction, before operation", CODED, 1
    )
    operation_years: Years = declared("years", "Years of operation", CODED, 20)
    spending_shares: tuple[Fraction, ...] = declared(
        "- of the investment",
        "Share of the investment spent in each year of construction; left out: equal shares",
        ASSUMED,
        (),
    )
    discount_rate: Fraction = declared(
        "-", "Discount rate of the project, also for LCOS and MIRR", ASSUMED, 0.06
    )
    equity_discount_rate: Fraction = declared(
        "-", "Discount rate of the owners, also for their MIRR", ASSUMED, 0.08
    )
    discounted_to: Literal["start_of_construction", "end_of_first_year"] = declared(
        NO_UNIT, "Reference date of discounting: cash flows fall at the ends of years; that of the first year"
        " is discounted by a year, or not",
        "Methods and Parameters of Economic Evaluation, 3rd edition, as commonly applied (assumption)",
        "start_of_construction",
    )  # fmt: skip
    working_capital_share: Fraction = declared(
        "- of the investment",
        "Working capital, paid by the owners in the first year of operation and recovered in the last",
        CODED,
        0.01,
    )
    insurance_share: Fraction = declared(
        "- of the investment a year", "Insurance; 0.005 to 0.01 usual (second-hand)", "second-hand", 0.005
    )
    land_yuan_per_kw_year: UnitCost = declared(
        "yuan/kW a year",
        "Rent of the land per rated power, net of VAT, in each year of operation",
        ASSUMED,
        0.0,
    )
    instead: dict[Name, Number] = declared(
        "unit of the field", "Numbers of devices, by path, in the park without the investment: a device with"
        " a 0 is left out; not given: the park without its storage", default={},
    )  # fmt: skip
    decommissioning_share: Fraction = declared(
        "- of the investment", "Decommissioning and recycling, net of VAT, at the end of the last year",
        ASSUMED, 0.0,
    )  # fmt: skip
    vat: ValueAddedTax = declared(NO_UNIT, "Value-added tax", default=ValueAddedTax())
    operation_maintenance: OperationMaintenance = declared(
        NO_UNIT, "Cost of operation and maintenance", default=OperationMaintenance()
    )
    replacement: Replacement = declared(NO_UNIT, "Replacement of the battery", default=Replacement())
    depreciation: Annotated[dict[ClassName, AssetClass], Field(min_length=1)] = declared(
        NO_UNIT, "Asset classes, each a share of the investment with its own depreciation", CODED,
        {"battery": AssetClass(share=0.6, years=10), "rest": AssetClass(share=0.4, years=15)},
    )  # fmt: skip
    income_tax: IncomeTax = declared(NO_UNIT, "Enterprise income tax", default=IncomeTax())
    loan: Loan = declared(NO_UNIT, "Loan", default=Loan())

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = [*self._share_problems(), *self._duration_problems()]
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def _share_problems(self) -> Iterator[str]:
        """Problems where shares of depreciation or spending do not add up to one."""
        total = sum(asset.share for asset in self.depreciation.values())
        if abs(total - 1.0) > SHARES_TOLERANCE:
            listed = ", ".join(f"{name} {asset.share:.15g}" for name, asset in self.depreciation.items())
            yield f"depreciation = {listed}: shares add up to {total:.15g}, must add up to 1"
        if self.spending_shares:
            given, total = len(self.spending_shares), sum(self.spending_shares)
            shown = ", ".join(f"{share:.15g}" for share in self.spending_shares)
            if given != self.construction_years:
                yield (
                    f"spending_shares = [{shown}]: {given} given, must be one for each of"
                    f" construction_years = {self.construction_years}"
                )
            if abs(total - 1.0) > SHARES_TOLERANCE:
                yield f"spending_shares = [{shown}]: add up to {total:.15g}, must add up to 1"

    def _duration_problems(self) -> Iterator[str]:
        """Problems where loan, depreciation or refund extend beyond the years of operation."""
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
    def replaced_at_end_of_life(self) -> bool:
        """Whether the cells are replaced when they reach their end of life, whichever year that is."""
        return self.replacement.cost_yuan > 0 and self.replacement.trigger == "end_of_life"

    @property
    def fixed_replacement_years(self) -> tuple[int, ...]:
        """The years of operation at whose ends cells are bought whatever their health."""
        if self.replacement.cost_yuan <= 0 or self.replacement.trigger == "end_of_life":
            return ()
        return tuple(year for year in range(1, self.operation_years) if self.replacement.due_after(year))

    def renews(self, year: int, health: float) -> bool:
        """Whether cells that a year leaves at this health are replaced at its end, or added to."""
        if year >= self.operation_years or not self.replacement.cost_yuan > 0:
            return False
        if self.replaced_at_end_of_life:
            return health < self.replacement.end_of_life_health
        return self.replacement.due_after(year)

    @property
    def warnings(self) -> list[str]:
        """A sentence for each value that was given but has no effect."""
        warnings = []
        horizon = f"the {self.operation_years}-year horizon"
        if self.replacement.trigger == "end_of_life":
            if "year" in self.replacement.model_fields_set:
                warnings.append(
                    f"`finance.replacement.year` = {self.replacement.year}: cannot matter, because the cells"
                    " are replaced at their end of life"
                )
            if "recurrence" in self.replacement.model_fields_set:
                warnings.append(
                    f"`finance.replacement.recurrence` = '{self.replacement.recurrence}': cannot matter,"
                    " because the cells are replaced at each end of life"
                )
        elif self.replacement.cost_yuan > 0 and not self.fixed_replacement_years:
            warnings.append(
                f"`finance.replacement.year` = {self.replacement.year}: lies at the end of {horizon}"
                " or beyond it, so there is no replacement"
            )
        if self.replacement.mode == "replacement" and "augmented_health" in self.replacement.model_fields_set:
            warnings.append(
                f"`finance.replacement.augmented_health` = {self.replacement.augmented_health:.15g}: cannot"
                " matter, because all cells are replaced"
            )
        if self.vat.credit == "carried_forward" and "refund_year" in self.vat.model_fields_set:
            warnings.append(
                f"`finance.vat.refund_year` = {self.vat.refund_year}: cannot matter, because the credit is"
                " carried forward"
            )
        basis, unused = self.operation_maintenance.basis, {"investment_share"}
        if basis == "investment":
            unused = {"yuan_per_kw_year", "yuan_per_kwh_discharged"}
        for name in sorted(unused & self.operation_maintenance.model_fields_set):
            warnings.append(
                f"`finance.operation_maintenance.{name}` = {getattr(self.operation_maintenance, name):.15g}:"
                f" cannot matter, because basis is {basis}"
            )
        if self.loan.share == 0 and self.loan.model_fields_set - {"share"}:
            warnings.append(
                "`finance.loan.share` = 0: nothing is borrowed, so nothing else in `finance.loan` matters"
            )
        return warnings


class DeclaredValue(BaseModel):
    """One number or choice of a declaration, with its unit, sentence and source for display."""

    model_config = ConfigDict(frozen=True)

    name: str  # path joined by underscores, such as "loan_rate"
    value: float | int | str | bool
    unit: str
    sentence: str
    source: str
    choices: tuple[str, ...] = ()
    basis: str = ""  # source of the default; "no default: must be given" if there is none
    default: str = ""  # the default, if another value was given; else empty


def declared_values(table: BaseModel) -> list[DeclaredValue]:
    """All numbers and choices of a declaration and its nested tables, without lists and values left out."""
    return list(_parameters(table, ""))


def _parameters(table: BaseModel, prefix: str) -> Iterator[DeclaredValue]:
    for name, field in type(table).model_fields.items():
        value = getattr(table, name)
        if isinstance(value, BaseModel):
            yield from _parameters(value, f"{prefix}{name}_")
        elif isinstance(value, dict):
            tables = {key: part for key, part in value.items() if isinstance(part, BaseModel)}
            for key, part in tables.items():
                yield from _parameters(part, f"{prefix}{name}_{key}_")
        elif value is not None and not isinstance(value, tuple):
            extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
            unit = str(extra.get("unit", ""))
            basis = source = str(extra.get("source", ""))
            default = ""
            if not field.is_required() and value != field.default:
                default = str(field.default)
                source = f"given; the default, {default}, is {source}"
            elif field.is_required():
                source = "given" if source == GIVEN else f"given, or {source}"
            yield DeclaredValue(
                name=prefix + name,
                value=value,
                unit="" if unit == NO_UNIT and isinstance(value, str) else unit,
                sentence=str(field.description or ""),
                source=source,
                choices=tuple(getattr(field.annotation, "__args__", ())) if isinstance(value, str) else (),
                basis=basis,
                default=default,
            )
