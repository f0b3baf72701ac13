"""Orders for several batteries, or at several times, at once: one form, one cost, one confirmation."""

from pathlib import Path

import numpy as np

from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.schema.orders import ForceOrder, OutageOrder
from parkdispatch.interfaces.web.orders.order_form import OrderForm, order_fields, read_form
from parkdispatch.operations.desk.desk_site import DeskSite
from parkdispatch.operations.desk.order_proposal import confirm, propose
from parkdispatch.operations.ledger.ledger_store import Ledger
from parkdispatch.operations.ledger.outages import outages_in_force
from parkdispatch.operations.ledger.sites import site_of
from parkdispatch.studies.solve_options import SolveContext, SolveOptions
from tests.support.web.desk_parks import EVENING, NOW, TODAY, desk


def test_an_order_for_every_battery_is_one_for_each() -> None:
    site = DeskSite(Ledger("none.sqlite"), load_case("gaoan"), NOW)
    assert order_fields(site, "force").each_battery
    values = {"device": "*", "begin": "19:00", "end": "20:00", "power_mw": "-5"}
    forced = read_form(site, OrderForm("force", "today", values))
    assert [(order.device, order.power_mw) for order in forced if isinstance(order, ForceOrder)] == [
        ("battery_1", -5.0),
        ("battery_2", -5.0),
    ]
    (reserve,) = read_form(site, OrderForm("reserve", "today", {"device": "", "energy_mwh": "3"}))
    assert getattr(reserve, "device", "") is None


def test_orders_are_planned_and_recorded_together(tmp_path: Path) -> None:
    site = desk(tmp_path)
    outages = [
        OutageOrder(kind="outage", device="battery_1", begin=f"{hour}:00", end=f"{hour + 1}:00")
        for hour in (17, 20)
    ]
    proposal = propose(site, TODAY, outages, lambda _: True, SolveContext(SolveOptions()))
    assert proposal.extra_yuan > 0
    out = (proposal.times.hour == 17) | (proposal.times.hour == 20)
    assert np.abs(proposal.set_points_mw["battery_1"][1][out]).max() == 0.0
    assert np.abs(proposal.set_points_mw["battery_1"][0][out]).max() > 0.0
    confirm(site, proposal, EVENING)
    with site.ledger.reading() as connection:
        number = site_of(connection, site.case).number
        assert [item.begin.hour for item in outages_in_force(connection, number)] == [17, 20]
