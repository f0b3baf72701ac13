"""The page of an order: a form, what the order costs, and the confirmation that records its plan."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse

from parkdispatch.interfaces.service.access.auth import current_user
from parkdispatch.interfaces.service.access.token_file import TokenUser
from parkdispatch.interfaces.service.problem_details import RequestError
from parkdispatch.interfaces.translations.catalogue import translated_message
from parkdispatch.interfaces.web.day_pages import changed_rows
from parkdispatch.interfaces.web.orders.order_form import ORDER_KINDS, OrderForm, order_fields, read_form
from parkdispatch.interfaces.web.page_route import PageRoute, problem_lines
from parkdispatch.interfaces.web.page_sources import sources_of
from parkdispatch.interfaces.web.park_page import Page, page_of, show
from parkdispatch.interfaces.web.power_charts import compared_chart
from parkdispatch.models.errors import InfeasibleError, InputError, ParkdispatchError
from parkdispatch.models.ordered_bounds import INJECTION
from parkdispatch.operations.desk.order_proposal import (
    OrderProposal,
    confirm,
    kept_orders,
    planning_basis,
    planning_begin,
    propose,
    send_last,
)
from parkdispatch.operations.ledger.ledger_store import Author
from parkdispatch.results.schedule.plan_notes import note_lines
from parkdispatch.results.wording.display_names import label
from parkdispatch.studies.solve_options import SolveContext, SolveOptions

order_router = APIRouter(include_in_schema=False, route_class=PageRoute)
TIME_LIMIT_S = 30.0
Reader = Annotated[TokenUser, Depends(current_user("read"))]
Planner = Annotated[TokenUser, Depends(current_user("plan"))]


@order_router.get("/park/{site}/order")
def order(request: Request, site: str, user: Reader, kind: str = "", day: str = "today") -> Response:
    """The form of a kind of order."""
    page = page_of(request, user, site)
    form = OrderForm(kind if kind in ORDER_KINDS else ORDER_KINDS[0], day)
    return _form_page(page, form)


@order_router.post("/park/{site}/order")
async def cost_of_order(request: Request, site: str, user: Planner) -> Response:
    """What the order of the form costs; nothing is recorded."""
    return await run_in_threadpool(_cost_page, request, site, user, await request.form())


@order_router.post("/park/{site}/order/confirm")
async def confirm_order(request: Request, site: str, user: Planner) -> Response:
    """Record the plan whose cost was shown as the next version of its day."""
    fields = await request.form()
    token, sends = str(fields.get("proposal", "")), fields.get("action") == "send"
    if sends and not user.may("send"):
        raise RequestError(403, f"the token's role is {user.role}: must be send for this")
    return await run_in_threadpool(_confirmed, request, site, user, token, sends)


def _cost_page(request: Request, site: str, user: TokenUser, fields: FormData) -> Response:
    page = page_of(request, user, site)
    form = OrderForm.of(fields)
    try:
        day = page.desk.today + timedelta(days=form.day == "tomorrow")
        orders = [] if form.only_keep else read_form(page.desk, form)
        context = SolveContext(SolveOptions(time_limit_s=TIME_LIMIT_S, smooth=True))
        proposal = propose(page.desk, day, orders, lambda index: index in form.keep, context)
    except ParkdispatchError as error:
        infeasible = isinstance(error, InfeasibleError)
        return _form_page(page, form, problem_lines(error), infeasible=infeasible)
    token = sources_of(request).proposals.keep(user.token_id, proposal)
    return show(
        page,
        "order_result",
        proposal=proposal,
        token=token,
        form=form,
        headline=_headline(page, proposal),
        figures=_figures(page, proposal),
        blocks=changed_rows(page, proposal.blocks),
        notes=note_lines(proposal.notes, page.words),
        charts=_charts(page, proposal),
        back=page.path("order", kind=form.kind, day=form.day),
    )


def _confirmed(request: Request, site: str, user: TokenUser, token: str, sends: bool) -> Response:
    page = page_of(request, user, site)
    proposal = sources_of(request).proposals.take(user.token_id, token)
    if proposal is None or proposal.site != page.desk.case.name:
        return _form_page(page, OrderForm(ORDER_KINDS[0], "today"), [], gone=True)
    author = Author(user.name, sources_of(request).clock())
    version = confirm(page.desk, proposal, author)
    if sends:
        send_last(page.desk, proposal.day, version, author)
    return RedirectResponse(page.path("changes", day=proposal.day, version=version, confirmed=version), 303)


def _form_page(
    page: Page,
    form: OrderForm,
    problems: list[str] | None = None,
    *,
    infeasible: bool = False,
    gone: bool = False,
) -> Response:
    """The form, with what is wrong with what was entered."""
    desk = page.desk
    try:
        begin = f"{planning_begin(desk, desk.today):%H:%M}"
    except InputError:
        begin = ""  # the last interval of today has begun
    if not begin:
        form.day = "tomorrow"
    day = desk.today + timedelta(days=form.day == "tomorrow")
    kept = kept_orders(desk, day, planning_basis(desk, day))
    status = 409 if infeasible or gone else 422 if problems else 200
    return show(
        page,
        "order",
        status,
        form=form,
        kinds=ORDER_KINDS,
        fields=order_fields(desk, form.kind),
        kept=[{"index": item.index, "text": item.note.sentence(page.words)} for item in kept],
        begin=begin,
        tomorrow=desk.today + timedelta(days=1),
        problems=[_with_labels(page, translated_message(line, page.lang)) for line in problems or ()],
        infeasible=infeasible,
        gone=gone,
        may_plan=page.user.may("plan"),
        device=page.device,
        quantity_label=lambda name, key: f"{page.device(name)}: {_quantity_word(page, key)}",
    )


def _with_labels(page: Page, message: str) -> str:
    """A message that names the fields of the form by their labels, not as arguments."""
    labels: Mapping[str, str] = page.web["order"]

    def label_of(match: re.Match[str]) -> str:
        name = labels.get(f"kind_{match[1]}") or labels.get(match[1])
        return match[0] if name is None else f"“{name}”"

    return re.sub(r"(?:argument|参数) `(\w+)`", label_of, message)


def _headline(page: Page, proposal: OrderProposal) -> str:
    yuan = page.yuan(abs(proposal.extra_yuan))
    key = "costs_nothing" if yuan == "0" else "costs_more" if proposal.extra_yuan > 0 else "costs_less"
    return page.say("order", key, day=page.day(proposal.day), yuan=yuan)


def _figures(page: Page, proposal: OrderProposal) -> list[Mapping[str, str]]:
    """Cost, import and peak, without the order and with it."""

    def row(name: str, pair: tuple[float, float], text: Any, **style: Any) -> Mapping[str, str]:
        return {
            "name": name,
            "without": text(pair[0], **style),
            "with": text(pair[1], **style),
            "difference": text(pair[1] - pair[0], signed=True, **style),
        }

    mwh, mw = page.scale.energy, page.scale.power
    return [
        row(page.say("order", "r_cost"), proposal.cost_yuan, page.yuan),
        row(page.say("order", "r_import", unit=mwh), proposal.import_mwh, page.mwh, unit=False),
        row(page.say("order", "r_peak", unit=mw), proposal.peak_mw, page.mw, unit=False),
    ]


def _charts(page: Page, proposal: OrderProposal) -> list[Any]:
    """The set points of the batteries that the order changes."""
    changed = {block.device for block in proposal.blocks}
    names = (page.say("order", "without_line"), page.say("order", "with_line"))
    return [
        compared_chart(page, name, proposal.times, *pair, names)
        for name, pair in proposal.set_points_mw.items()
        if name in changed
    ]


def _quantity_word(page: Page, key: str) -> str:
    """A power of a device as people call it."""
    name = key.removesuffix("_mw")
    if name == INJECTION:
        return str(page.web["order"]["injection"])
    return str(page.words["quantities"].get(name, label(name)))
