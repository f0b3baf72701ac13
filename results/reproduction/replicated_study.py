"""The study replicated: what its case earns and returns here, beside what it published.

Revenue comes from the dispatch of every year of the storage and its stated contracts, returns from the cash
flow. Each line names the calibrated assumptions it rests on, with their ranges.
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
# paths that begin so decide nothing of the dispatch
MONEY_ONLY = ("finance.", "contract.")
LOAN = "finance.loan."  # and these nothing of the project


@dataclass(frozen=True)
class Replica:
    """The study's case as dispatched and reckoned here."""

    case: Case
    operation: Operation
    cash: CashFlow

    @property
    def measures(self) -> dict[str, float | None]:
        """Each target: revenue of all years [10^4 yuan], IRR [-], payback from the start of construction."""
        revenue = self.operation.revenue_yuan
        found: dict[str, float | None] = {
            key: float(revenue[key].sum()) / YUAN_PER_WAN if key in revenue else 0.0 for key in MEASURED[:3]
        }
        for who in ("project", "equity"):
            returns = self.cash.returns[f"{who}_after_tax"]
            found[f"{who}_irr"] = returns.irr.value
            found[f"{who}_payback"] = returns.static_payback.from_construction_years
        return found


def study_problems(case: Case) -> list[str]:
    """What keeps a case from being a study's: its contracts are stated."""
    found = []
    for name in ("demand_response", "absorption"):
        contract = getattr(case.contracts, name)
        if contract is None or contract.kind != "stated":
            kind = "missing" if contract is None else f"of kind '{contract.kind}'"
            found.append(f"`contract.{name}` is {kind}: must be given, of kind 'stated', as the study has it")
    return found


def replica(case: Case, operation: Operation) -> Replica:
    """The case's cash flow for that operation of its storage."""
    return Replica(case, operation, cash_flow(study_finance(case), operation))


def study_finance(case: Case) -> Finance:
    """The case's finance. Raises InputError if it has none."""
    if case.finance is None:
        raise InputError("`finance` is missing: must be given, because returns are replicated")
    return case.finance


def replicated(
    plan: Published, made: Replica, what_if: Mapping[str, Replica], widths: Sequence[Width]
) -> list[ComparisonRow]:
    """Targets, the sum of revenue, what other assumptions would give, then the calibrated numbers."""
    return [*_targets(plan, made), *_cover(made), *_what_if(plan, made, what_if), *_calibrated(widths)]


def _targets(plan: Published, made: Replica) -> Iterator[ComparisonRow]:
    found, case = made.measures, made.case
    ranges = tuple((one, value_at(case, one.path)) for one in case.calibrated)
    dispatch = tuple(x for x in ranges if not x[0].path.startswith(MONEY_ONLY))
    project = tuple(x for x in ranges if not x[0].path.startswith(LOAN))
    operation = made.operation
    for target in plan.targets:
        computed = found[target.key]
        rests = {"arbitrage": dispatch, "project_irr": project, "project_payback": project}.get(
            target.key, ranges
        )
        yield ComparisonRow(
            view="replicated", key=f"replicated_{target.key}", unit=target.unit, published=target.value,
            computed=computed, verdict=_met(computed, target.value, target.within or 0.0),
            numbers={
                **_contract_numbers(case.contracts), "calibrated": rests,
                "investment": study_finance(case).investment_yuan / YUAN_PER_WAN,
                "first_mwh": float(operation.discharged_mwh[0]),
                "last_mwh": float(operation.discharged_mwh[-1]),
                "years": len(operation.discharged_mwh),
            },
            figures=(target.key,),
        )  # fmt: skip
    total = sum(found[key] or 0.0 for key in MEASURED[:3])
    yield ComparisonRow(
        view="replicated", key="replicated_revenue", unit="wan", published=plan["revenue"], computed=total,
        verdict=_met(total, plan["revenue"], 0.005), figures=("revenue",),
    )  # fmt: skip


def _cover(made: Replica) -> Iterator[ComparisonRow]:
    """What the loan of the replication means: the year in which the storage covers least of its service."""
    cover = made.cash.cover
    if cover.least is None or cover.mean is None:
        return
    year = int(np.nanargmin(cover.by_year)) - study_finance(made.case).construction_years + 1
    yield ComparisonRow(
        view="replicated", key="cover" if cover.least < 1.0 else "cover_enough", unit="times", published=None,
        computed=cover.least, verdict="implied", numbers={"year": year, "mean": cover.mean},
        figures=("equity_irr", "equity_payback"),
    )  # fmt: skip


def _contract_numbers(contracts: Contracts) -> dict[str, float]:
    found: dict[str, float] = {}
    for name in ("demand_response", "absorption"):
        contract = getattr(contracts, name)
        if contract is not None:
            found |= {f"{name}_{k}": v for k, v in dict(contract).items() if isinstance(v, int | float)}
    return found


def _what_if(plan: Published, made: Replica, what_if: Mapping[str, Replica]) -> Iterator[ComparisonRow]:
    """Of the targets, those that change."""
    base = made.measures
    for name, other in what_if.items():
        said = made.case.what_if[name]
        for target in plan.targets:
            computed, before = other.measures[target.key], base[target.key]
            if computed is not None and before is not None and abs(computed - before) <= 1e-9 * abs(before):
                continue
            yield ComparisonRow(
                view="replicated", key="what_if" if computed is not None else "what_if_never",
                unit=target.unit, published=target.value, computed=computed,
                verdict=_met(computed, target.value, target.within or 0.0),
                numbers={"title": said.title, "title_zh": said.title_zh}, figures=(target.key,),
            )  # fmt: skip


def _calibrated(widths: Sequence[Width]) -> Iterator[ComparisonRow]:
    for one in widths:
        yield ComparisonRow(
            view="replicated", key="calibrated", unit=one.parameter.unit, published=None, computed=one.value,
            verdict="implied",
            numbers={
                "path": one.parameter.path, "why": one.parameter.why, "why_zh": one.parameter.why_zh,
                "range": (one.parameter.low, one.parameter.high), "set": (one.least, one.most),
                "sets": one.sets,
            },
        )  # fmt: skip


def _met(computed: float | None, published: float, within: float) -> Verdict:
    met = computed is not None and abs(computed / published - 1.0) <= within
    return "reproduced" if met else "not_reproduced"
