"""The current park under its own tariff, without calibration, compared with the published study."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.published.published_figures import Published
from parkdispatch.models.finance.contracts import MeteredResponse
from parkdispatch.models.units import YUAN_PER_WAN
from parkdispatch.results.finance.cash_flow import CashFlow
from parkdispatch.results.finance.lifetime import Lifetime
from parkdispatch.results.reproduction.comparison import ComparisonRow

NEAR = 0.1  # [-] deviation up to which a figure counts as near
STREAMS = ("arbitrage", "demand_response")  # of the published study that are comparable


@dataclass(frozen=True)
class CurrentPark:
    """The current park with one size of its storage: lifetime dispatch and cash flow."""

    lifetime: Lifetime
    cash: CashFlow

    @property
    def case(self) -> Case:
        """The case of the park."""
        return self.lifetime.case


def current_park_rows(plan: Published, sizes: Sequence[CurrentPark]) -> list[ComparisonRow]:
    """Rows for each size: revenue by stream, returns after tax, and figures that the study does not state."""
    return [row for size in sizes for row in _size_rows(plan, size)]


def _size_rows(plan: Published, size: CurrentPark) -> Iterator[ComparisonRow]:
    numbers, operation = _numbers(size), size.cash.operation
    revenue = {name: float(yuan.sum()) / YUAN_PER_WAN for name, yuan in operation.revenue_yuan.items()}
    for key in STREAMS:
        stream_revenue = revenue.get(key, 0.0)
        row_key = f"today_{key}" if stream_revenue else f"today_no_{key}"
        yield _row(row_key, "wan", plan[key], stream_revenue, numbers, key)
    # not compared: the study prices surplus not used nearby, the contract pays curtailment avoided
    absorbed = size.lifetime.years[0].surplus_absorbed_mwh
    yield _row("today_surplus", "mwh", None, absorbed, numbers, "absorption")
    if contract_yuan := revenue.get("absorption", 0.0):
        yield _row("today_absorption", "wan", None, contract_yuan, numbers, "absorption")
    yield _row("today_demand", "wan", None, revenue.get("demand", 0.0), numbers)
    yield _row("today_revenue", "wan", plan["revenue"], sum(revenue.values()), numbers, "revenue")
    for party in ("project", "equity"):
        returns = size.cash.returns[f"{party}_after_tax"]
        key = f"{party}_irr"
        yield _row(f"today_{key}", "share", plan[key], returns.irr.value, numbers, key)
        years, key = returns.static_payback.first_positive_years, f"{party}_payback"
        yield _row(f"today_{key}", "years", plan[key], years, numbers, key)
    npv = size.cash.returns["project_after_tax"].npv_yuan / YUAN_PER_WAN
    yield _row("today_npv", "wan", None, npv, numbers)
    yield _row("today_lcos", "yuan_per_kwh", None, size.cash.lcos_yuan_per_kwh, numbers)


def _numbers(size: CurrentPark) -> dict[str, float | str]:
    """The fields of the rows' sentence patterns."""
    case, years, finance = size.case, size.lifetime.years, size.cash.finance
    owned = case.batteries.values()
    response = case.contracts.demand_response
    baselines = response.baselines if isinstance(response, MeteredResponse) else ""
    return {
        "mw": sum(battery.largest_power_mw for battery in owned),
        "mwh": sum(battery.full_mwh for battery in owned),
        "years": len(years),
        "tariff": case.tariff.name,
        "first_mwh": years[0].discharged_mwh,
        "last_mwh": years[-1].discharged_mwh,
        "auxiliary": sum(year.auxiliary_yuan for year in years) / YUAN_PER_WAN,
        "events": response.events_per_year if isinstance(response, MeteredResponse) else 0,
        "baselines": baselines,
        "baselines_zh": {"lowest": "最低", "highest": "最高"}.get(baselines, ""),
        "curtailed": years[0].curtailed_without_mwh,
        "exported": years[0].exported_without_mwh,
        "exported_with": years[0].exported_mwh,
        "investment": finance.investment_yuan / YUAN_PER_WAN,
        "rate": finance.discount_rate,
        "gap": size.lifetime.largest_gap,
    }


def _row(
    key: str,
    unit: str,
    published: float | None,
    computed: float | None,
    numbers: dict[str, float | str],
    *figures: str,
) -> ComparisonRow:
    verdict = "implied"
    if published is not None:
        near = computed is not None and abs(computed / published - 1.0) <= NEAR
        verdict = "near" if near else "far"
    return ComparisonRow("today", key, unit, published, computed, verdict, numbers, figures)  # type: ignore[arg-type]
