"""Replication of the study: revenue and returns of its case as computed here, against the published ones.

Revenue comes from the lifetime dispatch and the stated contracts, returns from the cash flow. Each row names
the calibrated assumptions that it rests on, with their ranges.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.published.published_figures import Published
from parkdispatch.inputs.variations.changes import value_at
from parkdispatch.models.errors import InputError
from parkdispatch.models.finance.contracts import Contracts
from parkdispatch.models.finance.investment import Finance
from parkdispatch.models.units import YUAN_PER_WAN
from parkdispatch.results.finance.cash_flow import CashFlow, cash_flow
from parkdispatch.results.finance.operation import Operation
from parkdispatch.results.reproduction.comparison import ComparisonRow, Verdict
from parkdispatch.results.reproduction.fitting import Width

MEASURED = (
    "arbitrage", "demand_response", "absorption", "project_irr", "project_payback", "equity_irr",
    "equity_payback",
)  # fmt: skip
# prefixes of paths that do not affect the dispatch
MONEY_ONLY = ("finance.", "contract.")
LOAN = "finance.loan."  # prefix of paths that do not affect the returns of the project


@dataclass(frozen=True)
class Replica:
    """The study's case with its computed operation and cash flow."""

    case: Case
    operation: Operation
    cash: CashFlow

    @property
    def measures(self) -> dict[str, float | None]:
        """Computed targets: total revenue [10^4 yuan], IRR [-], payback as studies count it [years]."""
        revenue = self.operation.revenue_yuan
        figures: dict[str, float | None] = {
            key: float(revenue[key].sum()) / YUAN_PER_WAN if key in revenue else 0.0 for key in MEASURED[:3]
        }
        for party in ("project", "equity"):
            returns = self.cash.returns[f"{party}_after_tax"]
            figures[f"{party}_irr"] = returns.irr.value
            figures[f"{party}_payback"] = returns.static_payback.first_positive_years
        return figures


def study_problems(case: Case) -> list[str]:
    """Reasons why a case cannot replicate a study, one line each: its contracts must be stated."""
    problems = []
    for name in ("demand_response", "absorption"):
        contract = getattr(case.contracts, name)
        if contract is None or contract.kind != "stated":
            kind = "missing" if contract is None else f"of kind '{contract.kind}'"
            problems.append(
                f"`contract.{name}` is {kind}: must be given, of kind 'stated', as the study has it"
            )
    return problems


def replica(case: Case, operation: Operation) -> Replica:
    """The replication of a case for an operation of its storage."""
    return Replica(case, operation, cash_flow(study_finance(case), operation))


def study_finance(case: Case) -> Finance:
    """The case's finance. Raises InputError if it has none."""
    if case.finance is None:
        raise InputError("`finance` is missing: must be given, because returns are replicated")
    return case.finance


def replicated(
    plan: Published, base: Replica, what_if: Mapping[str, Replica], widths: Sequence[Width]
) -> list[ComparisonRow]:
    """Rows of the targets, total revenue, debt service cover, what-if variants and calibrated numbers."""
    return [*_targets(plan, base), *_cover(base), *_what_if(plan, base, what_if), *_calibrated(widths)]


def _targets(plan: Published, base: Replica) -> Iterator[ComparisonRow]:
    figures, case = base.measures, base.case
    calibrated = tuple((parameter, value_at(case, parameter.path)) for parameter in case.calibrated)
    dispatch = tuple(pair for pair in calibrated if not pair[0].path.startswith(MONEY_ONLY))
    project = tuple(pair for pair in calibrated if not pair[0].path.startswith(LOAN))
    operation = base.operation
    for target in plan.targets:
        computed = figures[target.key]
        rests_on = {"arbitrage": dispatch, "project_irr": project, "project_payback": project}.get(
            target.key, calibrated
        )
        yield ComparisonRow(
            view="replicated", key=f"replicated_{target.key}", unit=target.unit, published=target.value,
            computed=computed, verdict=_met(computed, target.value, target.within or 0.0),
            numbers={
                **_contract_numbers(case.contracts), "calibrated": rests_on,
                "investment": study_finance(case).investment_yuan / YUAN_PER_WAN,
                "first_mwh": float(operation.discharged_mwh[0]),
                "last_mwh": float(operation.discharged_mwh[-1]),
                "years": len(operation.discharged_mwh),
            },
            figures=(target.key,),
        )  # fmt: skip
    total = sum(figures[key] or 0.0 for key in MEASURED[:3])
    yield ComparisonRow(
        view="replicated", key="replicated_revenue", unit="wan", published=plan["revenue"], computed=total,
        verdict=_met(total, plan["revenue"], 0.005), figures=("revenue",),
    )  # fmt: skip


def _cover(base: Replica) -> Iterator[ComparisonRow]:
    """The least debt service cover, and its year."""
    cover = base.cash.cover
    if cover.least is None or cover.mean is None:
        return
    year = int(np.nanargmin(cover.by_year)) - study_finance(base.case).construction_years + 1
    yield ComparisonRow(
        view="replicated", key="cover" if cover.least < 1.0 else "cover_enough", unit="times", published=None,
        computed=cover.least, verdict="implied", numbers={"year": year, "mean": cover.mean},
        figures=("equity_irr", "equity_payback"),
    )  # fmt: skip


def _contract_numbers(contracts: Contracts) -> dict[str, float]:
    """The numbers of the contracts, as fields of the sentence patterns."""
    numbers: dict[str, float] = {}
    for name in ("demand_response", "absorption"):
        contract = getattr(contracts, name)
        if contract is not None:
            numbers |= {f"{name}_{k}": v for k, v in dict(contract).items() if isinstance(v, int | float)}
    return numbers


def _what_if(plan: Published, base: Replica, what_if: Mapping[str, Replica]) -> Iterator[ComparisonRow]:
    """The targets that change in a what-if variant."""
    for name, variant in what_if.items():
        declared = base.case.what_if[name]
        for target in plan.targets:
            computed, before = variant.measures[target.key], base.measures[target.key]
            if computed is not None and before is not None and abs(computed - before) <= 1e-9 * abs(before):
                continue
            yield ComparisonRow(
                view="replicated", key="what_if" if computed is not None else "what_if_never",
                unit=target.unit, published=target.value, computed=computed,
                verdict=_met(computed, target.value, target.within or 0.0),
                numbers={"title": declared.title, "title_zh": declared.title_zh}, figures=(target.key,),
            )  # fmt: skip


def _calibrated(widths: Sequence[Width]) -> Iterator[ComparisonRow]:
    for width in widths:
        parameter = width.parameter
        yield ComparisonRow(
            view="replicated", key="calibrated", unit=parameter.unit, published=None, computed=width.value,
            verdict="implied",
            numbers={
                "path": parameter.path, "why": parameter.why, "why_zh": parameter.why_zh,
                "range": (parameter.low, parameter.high), "set": (width.least, width.most),
                "sets": width.sets,
            },
        )  # fmt: skip


def _met(computed: float | None, published: float, within: float) -> Verdict:
    met = computed is not None and abs(computed / published - 1.0) <= within
    return "reproduced" if met else "not_reproduced"
