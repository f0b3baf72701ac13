"""Orders of an operator as notes, which every language has words for."""

from typing import Any

from parkdispatch.inputs.schema.orders import (
    FinalStateOrder,
    ForceOrder,
    LimitOrder,
    OutageOrder,
    ReserveOrder,
)
from parkdispatch.inputs.variations.operator_orders import TimedOrder
from parkdispatch.results.schedule.plan_notes import WORD, PlanNote


def order_note(timed: TimedOrder) -> PlanNote:
    """What an order says."""
    order = timed.order
    parts: dict[str, Any] = {"device": getattr(order, "device", None) or f"{WORD}order_all"}
    span = {"begin": f"{timed.begin:%Y-%m-%d %H:%M}", "end": f"{timed.end:%Y-%m-%d %H:%M}"}
    parts["when"] = PlanNote("order_when", span)
    if isinstance(order, OutageOrder):
        share = f"{order.power_share:.15g}"
        return PlanNote("order_outage" if order.power_share else "order_out", {**parts, "share": share})
    if isinstance(order, LimitOrder):
        limit = {"quantity": order.quantity, "mw": f"{order.at_most_mw:.15g}"}
        return PlanNote("order_limit", {**parts, **limit})
    if isinstance(order, ForceOrder):
        return PlanNote("order_force", {**parts, "mw": f"{order.power_mw:.15g}"})
    if isinstance(order, ReserveOrder):
        return PlanNote("order_reserve", {**parts, "mwh": f"{order.energy_mwh:.15g}"})
    if isinstance(order, FinalStateOrder):
        return PlanNote(
            "order_until_soc", {**parts, "soc": f"{order.soc:.15g}", "rule": f"{WORD}order_{order.rule}"}
        )
    return PlanNote("order_call", {**parts, "price": f"{order.price_yuan_per_kwh:.15g}"})
