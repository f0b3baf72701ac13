"""Orders of an operator as the ledger keeps them beside a plan: JSON with their moments in full."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd
from pydantic import TypeAdapter

from parkdispatch.inputs.schema.orders import AnyOrder, Order
from parkdispatch.inputs.variations.operator_orders import TimedOrder
from parkdispatch.results.schedule.plan_notes import PlanNote
from parkdispatch.studies.planning.order_notes import order_note


def stored_order(order: Order, begin: datetime, end: datetime) -> dict[str, Any]:
    """An order as JSON, with the moments that it has in a plan."""
    moments = {"begin": begin, "end": end} if "begin" in type(order).model_fields else {}
    return dict(order.model_copy(update=moments).model_dump(mode="json", exclude_none=True))


def stored_orders(orders: Sequence[TimedOrder]) -> list[dict[str, Any]]:
    """The orders of a plan as JSON."""
    return [stored_order(timed.order, timed.begin, timed.end) for timed in orders]


def read_order(item: Mapping[str, Any]) -> Order:
    """An order that was stored."""
    order: Order = TypeAdapter(AnyOrder).validate_python(dict(item))
    return order


def stored_note(item: Mapping[str, Any]) -> PlanNote:
    """What an order that was stored says."""
    order = read_order(item)
    begin, end = (pd.Timestamp(str(getattr(order, name, None) or 0)) for name in ("begin", "end"))
    return order_note(TimedOrder(order, begin.to_pydatetime(), end.to_pydatetime(), ""))
