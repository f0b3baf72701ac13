"""Today: the park as it stands under its own tariff, no calibration, beside what the study published."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.published.published_figures import Published
from parkdispatch.models.finance.contracts import MeteredResponse
from parkdispatch.models.units import YUAN_PER_WAN
from parkdispatch.results.finance.cash_flow import CashFlow
from parkdispatch.results.finance.lifetime import Lifetime, batteries
from parkdispatch.results.reproduction.comparison import ComparisonRow

NEAR = 0.1  # [-] a deviation within which a figure counts as near
STREAMS = ("arbitrage", "demand_response", "absorption")  # those the study names


@dataclass(frozen=True)
class CurrentPark:
    """One size of the storage: its years dispatched, and their cash flow."""

    life: Lifetime
    cash: CashFlow

    @property
    def case(self) -> Case:
        """The park."""
        return self.life.case


def current_park_rows(plan: Published, sizes: Sequence[CurrentPark]) -> list[ComparisonRow]:
    """For each size: revenue of all years by stream, returns after tax, and what the study does not name."""
    return [row for one in sizes for row in _of(plan, one)]


def _of(plan: Published, one: CurrentPark) -> Iterator[ComparisonRow]:
    numbers, operation = _numbers(one), one.cash.operation
    revenue = {name: float(yuan.sum()) / YUAN_PER_WAN for name, yuan in operation.revenue_yuan.items()}
    for key in STREAMS:
        earned = revenue.get(key, 0.0)
        said = f"today_{key}" if earned else f"today_no_{key}"
        yield _row(said, "wan", plan[key], earned, numbers, key)
    yield _row("today_demand", "wan", None, revenue.get("demand", 0.0), numbers)
    yield _row("today_revenue", "wan", plan["revenue"], sum(revenue.values()), numbers, "revenue")
    for who in ("project", "equity"):
        returns = one.cash.returns[f"{who}_after_tax"]
        key = f"{who}_irr"
        yield _row(f"today_{key}", "share", plan[key], returns.irr.value, numbers, key)
        years, key = returns.static_payback.from_construction_years, f"{who}_payback"
        yield _row(f"today_{key}", "years", plan[key], years, numbers, key)
    npv = one.cash.returns["project_after_tax"].npv_yuan / YUAN_PER_WAN
    yield _row("today_npv", "wan", None, npv, numbers)
    yield _row("today_lcos", "yuan_per_kwh", None, one.cash.lcos_yuan_per_kwh, numbers)


def _numbers(one: CurrentPark) -> dict[str, float | str]:
    """What the rows' sentences name."""
    case, years, finance = one.case, one.life.years, one.cash.finance
    owned = batteries(case).values()
    response = case.contracts.demand_response
    lowest_or_highest = response.baselines if isinstance(response, MeteredResponse) else ""
    return {
        "mw": sum(battery.largest_power_mw for battery in owned),
        "mwh": sum(battery.full_mwh for battery in owned),
        "years": len(years),
        "tariff": case.tariff.name,
        "first_mwh": years[0].discharged_mwh,
        "last_mwh": years[-1].discharged_mwh,
        "auxiliary": sum(year.auxiliary_yuan for year in years) / YUAN_PER_WAN,
        "events": response.events_per_year if isinstance(response, MeteredResponse) else 0,
        "baselines": lowest_or_highest,
        "baselines_zh": {"lowest": "最低", "highest": "最高"}.get(lowest_or_highest, ""),
        "curtailed": years[0].curtailed_without_mwh,
        "investment": finance.investment_yuan / YUAN_PER_WAN,
        "rate": finance.discount_rate,
        "gap": one.life.largest_gap,
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
