"""Options of `parkdispatch plan`, and the reading of those that are texts: NAME=VALUE@BEGIN-END."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from parkdispatch.interfaces.commands.console import today
from parkdispatch.models.errors import InputError

if TYPE_CHECKING:
    from parkdispatch.inputs.case import Case
    from parkdispatch.inputs.schema.orders import Order
    from parkdispatch.studies.planning.plan_run import PlanWishes

DAY_WORDS = {"yesterday": -1, "today": 0, "tomorrow": 1}  # days from the one that it is at the site

DayOption = Annotated[
    str | None,
    typer.Option(
        "--date", help="Day to plan, such as 2026-07-15 or tomorrow; default: plan_date of the case."
    ),
]
StartOption = Annotated[
    str | None,
    typer.Option(
        "--from",
        help="When the plan begins, 10:15 or 2026-07-15T10:15; default: that of the case, or midnight.",
        metavar="TIME",
    ),
]
UntilOption = Annotated[
    str | None,
    typer.Option(
        help="When it ends, likewise; days or weeks later too; default: that of the case, or midnight.",
        metavar="TIME",
    ),
]
SocOption = Annotated[
    list[str] | None,
    typer.Option(
        help="State of charge at the beginning, a fraction: of every battery, or NAME=0.4, repeated.",
        metavar="FRACTION",
    ),
]
PeakOption = Annotated[
    float | None,
    typer.Option(help="Highest 15-minute import of the month so far [MW]; default: the lowest possible."),
]
LoadOption = Annotated[
    str | None,
    typer.Option(help="Load forecast, .csv or .xlsx, of which `ems.xlsx#Sheet2!负荷(MW)` names a column."),
]
PvOption = Annotated[str | None, typer.Option(help="PV forecast, likewise.")]
StampsOption = Annotated[
    str | None,
    typer.Option(
        help="Where the stamps of the forecasts stand in their intervals; default: told by each file.",
        metavar="start|end",
    ),
]
FillGapsOption = Annotated[
    int, typer.Option(help="Longest gap of the forecasts that is interpolated, in their intervals.")
]
LoadColumnOption = Annotated[
    str | None,
    typer.Option(
        help="Column of the load forecast where its file has several, by its label or whole header."
    ),
]
PvColumnOption = Annotated[str | None, typer.Option(help="Column of the PV forecast, likewise.")]
OutageOption = Annotated[
    list[str] | None,
    typer.Option(
        help="Device out of service, battery_2=14:00-18:00; with half of it left, battery_2=0.5@14:00-18:00.",
        metavar="ORDER",
    ),
]
LimitOption = Annotated[
    list[str] | None,
    typer.Option(help="Largest power [MW]: grid.import_mw=120@17:00-21:00, or always.", metavar="ORDER"),
]
ForceOption = Annotated[
    list[str] | None,
    typer.Option(
        help="Set point [MW], plus discharges: battery_1=10.0@12:00-12:30; says what forcing costs.",
        metavar="ORDER",
    ),
]
ReserveOption = Annotated[
    list[str] | None,
    typer.Option("--reserve-mwh", help="Energy that each battery keeps [MWh], or NAME=10.", metavar="MWH"),
]
UntilSocOption = Annotated[
    list[str] | None,
    typer.Option(
        help="State of charge at the end: 0.5, NAME=0.5, or NAME=0.5:exactly (at_least, at_most).",
        metavar="FRACTION",
    ),
]
CallOption = Annotated[
    list[str] | None,
    typer.Option(
        help="Demand response call: 19:00-20:00=4.0yuan/kWh, with its baseline: ...,baseline=150MW.",
        metavar="ORDER",
    ),
]
SoftOption = Annotated[
    bool, typer.Option("--soft", help="Violate limits at a price where no plan meets all of them.")
]
ViolationPriceOption = Annotated[
    float | None,
    typer.Option("--violation-price", help="Price of a violation with --soft [yuan/MWh]; default: 1000000."),
]
FollowOption = Annotated[
    Path | None,
    typer.Option(help="Folder of the plan being followed: of equal optima, the nearest to it is taken."),
]
WhyOption = Annotated[
    bool,
    typer.Option(
        "--why",
        help="Say what each block gains, and what a MWh, MW or hour more would bring.",
    ),
]
DEFAULT_VIOLATION_YUAN_PER_MWH = 1e6  # more than a month's demand charge makes of a quarter-hour
MOST_YUAN_PER_MWH = 1e6


def parse_soc(texts: list[str] | None) -> float | dict[str, float] | None:
    """One state of charge of all batteries, or several by name; None if none was typed."""
    if texts is None:
        return None
    by_name: dict[str, float] = {}
    problems = []
    for text in texts:
        name, equals, number = text.rpartition("=")
        try:
            by_name[name] = float(number if name or not equals else text)
        except ValueError:
            problems.append(f"`--soc` = {text}: must be a fraction such as 0.4, or battery_1=0.4")
    if "" in by_name and len(texts) > 1:
        problems.append("`--soc`: must be one fraction, or one for each battery that is named")
    elif len(by_name) < len(texts) and not problems:
        problems.append("`--soc`: must name each battery once")
    if problems:
        raise InputError(problems)
    return by_name.get("", by_name)


def parse_day(text: str | None, park: "Case | None") -> date | None:
    """The day that was typed, if any; of a word such as tomorrow, that of the site."""
    if text is None or (text in DAY_WORDS and park is None):
        return None
    if park is not None and text in DAY_WORDS:
        return today(park.site.timezone) + timedelta(days=DAY_WORDS[text])
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(
            f"`--date` = {text}: must be a day such as 2026-07-15, or today, tomorrow or yesterday"
        ) from None


Fields = dict[str, object]


def checked_price(soft: bool, yuan_per_mwh: float | None) -> float | None:
    """The price of violations; None where there may be none. Raises InputError where it makes no sense."""
    if not soft:
        if yuan_per_mwh is not None:
            raise InputError(
                f"argument `violation_price` = {yuan_per_mwh:.15g}: must have `--soft` beside it to matter"
            )
        return None
    price = DEFAULT_VIOLATION_YUAN_PER_MWH if yuan_per_mwh is None else yuan_per_mwh
    if not 0 < price <= MOST_YUAN_PER_MWH:
        raise InputError(
            f"argument `violation_price` = {price:.15g}: must be above 0 and at most"
            f" {MOST_YUAN_PER_MWH:.15g} yuan/MWh"
        )
    return price


class TypedOrders(NamedTuple):
    """The texts of the options that give orders, named as the kinds of orders are."""

    outage: list[str] | None = None
    limit: list[str] | None = None
    force: list[str] | None = None
    reserve: list[str] | None = None
    call: list[str] | None = None
    until_soc: list[str] | None = None


def read_wishes(
    typed: TypedOrders, follow: Path | None, soft: bool, violation_price: float | None
) -> "PlanWishes":
    """What a plan is to obey beside its case. Raises InputError with everything that cannot be read."""
    from parkdispatch.inputs.messages.findings import Findings
    from parkdispatch.studies.planning.plan_run import PlanWishes

    findings = Findings()
    orders = findings.collect(parse_orders, typed)
    price = findings.collect(checked_price, soft, violation_price)
    findings.raise_any()
    return PlanWishes(orders, follow, price)


def parse_orders(typed: TypedOrders) -> "list[Order]":
    """The orders that were typed. Raises InputError with everything that cannot be read."""
    texts_by_kind: dict[str, list[str] | None] = typed._asdict()
    if not any(texts_by_kind.values()):
        return []
    from pydantic import TypeAdapter, ValidationError

    from parkdispatch.inputs.messages.problem_sentences import problem_sentences
    from parkdispatch.inputs.schema.orders import AnyOrder

    orders, problems = list["Order"](), []
    for kind, texts in texts_by_kind.items():
        read, example = _FORMS[kind]
        for text in texts or []:
            fields = read(text.strip())
            if fields is None:
                problems.append(f"argument `{kind}` = {text}: must be such as {example}")
                continue
            try:
                orders.append(TypeAdapter(AnyOrder).validate_python({"kind": kind, **fields}))
            except ValidationError as error:
                problems += [f"argument `{kind}` = {text}: {line}" for line in problem_sentences(error)]
    if problems:
        raise InputError(problems)
    return orders


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _span(text: str) -> Fields | None:
    """Beginning and end of a span; nothing of an empty one."""
    from parkdispatch.inputs.variations.plan_times import span_parts

    if not text:
        return {}
    parts = span_parts(text)
    return None if parts is None else {"begin": parts[0], "end": parts[1]}


def _valued(text: str) -> tuple[str, float, Fields] | None:
    """NAME=NUMBER@SPAN, of which the span may be left out."""
    name, _, rest = text.partition("=")
    number, _, when = rest.partition("@")
    value, span = _number(number), _span(when)
    return None if not name or value is None or span is None else (name, value, span)


def _outage(text: str) -> Fields | None:
    device, _, rest = text.partition("=")
    share, separator, when = rest.rpartition("@")
    span, remains = _span(when), _number(share) if separator else 0.0
    if not device or span is None or remains is None:
        return None
    return {"device": device, "power_share": remains, **span}


def _limit(text: str) -> Fields | None:
    parts = _valued(text)
    if parts is None or "." not in parts[0]:
        return None
    device, _, quantity = parts[0].partition(".")
    return {"device": device, "quantity": quantity, "at_most_mw": parts[1], **parts[2]}


def _force(text: str) -> Fields | None:
    parts = _valued(text)
    return None if parts is None else {"device": parts[0], "power_mw": parts[1], **parts[2]}


def _named(text: str) -> tuple[Fields, str]:
    """The device that a value is of, if one is named, and the value."""
    name, _, value = text.rpartition("=")
    return ({"device": name} if name else {}), value


def _reserve(text: str) -> Fields | None:
    device, value = _named(text)
    energy_mwh = _number(value)
    return None if energy_mwh is None else {"energy_mwh": energy_mwh, **device}


def _until_soc(text: str) -> Fields | None:
    device, value = _named(text)
    number, _, rule = value.partition(":")
    soc = _number(number)
    return None if soc is None else {"soc": soc, **({"rule": rule} if rule else {}), **device}


def _call(text: str) -> Fields | None:
    when, _, rest = text.partition("=")
    price, _, baseline = rest.partition(",")
    span, yuan = _span(when), _number(price.lower().removesuffix("yuan/kwh"))
    if not span or yuan is None:
        return None
    fields: Fields = {"price_yuan_per_kwh": yuan, **span}
    if baseline:
        name, _, power = baseline.partition("=")
        baseline_mw = _number(power.lower().removesuffix("mw"))
        if name.strip() != "baseline" or baseline_mw is None:
            return None
        fields["baseline_mw"] = baseline_mw
    return fields


_FORMS: dict[str, tuple[Callable[[str], Fields | None], str]] = {
    "outage": (_outage, "battery_2=14:00-18:00"),
    "limit": (_limit, "grid.import_mw=120@17:00-21:00"),
    "force": (_force, "battery_1=10.0@12:00-12:30"),
    "reserve": (_reserve, "10 or battery_1=10"),
    "call": (_call, "19:00-20:00=4.0yuan/kWh or 19:00-20:00=4.0yuan/kWh,baseline=150MW"),
    "until_soc": (_until_soc, "0.5, battery_1=0.5 or battery_1=0.5:exactly"),
}
