"""What the pages of a day say: alarms, set points, peaks, and why a plan is another."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from parkdispatch.interfaces.web.park_page import Page
from parkdispatch.interfaces.web.power_charts import power_name
from parkdispatch.operations.desk.battery_now import REST_MW, BatteryNow
from parkdispatch.operations.desk.desk_alarms import Alarm
from parkdispatch.operations.desk.plan_changes import ChangeCause
from parkdispatch.operations.desk.stored_orders import stored_note
from parkdispatch.operations.desk.today_view import PeakNow
from parkdispatch.operations.known_outages import RecordedOutage

Card = Mapping[str, Any]


def alarm_lines(page: Page, alarms: Sequence[Alarm]) -> list[Card]:
    """Each alarm as a sentence, and whether it is grave."""
    return [{"grave": alarm.grave, "text": _alarm_text(page, alarm)} for alarm in alarms]


def _alarm_text(page: Page, alarm: Alarm) -> str:
    parts, key = alarm.parts, alarm.key
    case, today = page.case_name, page.desk.today
    texts: dict[str, Any] = {}
    if key == "no_plan":
        texts = {"command": f"parkdispatch plan {case} --date {today} --ledger"}
    elif key == "not_sent" and parts["sent"] is None:
        command = f"parkdispatch ledger send {parts['version']} --date {today} --case {case}"
        return page.say("alarms", "never_sent", command=command)
    elif key == "not_sent":
        texts = dict(parts)
    elif key == "no_data":
        texts = {"command": f"parkdispatch ledger import meters.csv --as load=load --case {case}"}
    elif key == "data_late":
        names = page.web["common"]["comma"].join(page.device(name) for name in parts["devices"])
        texts = {"since": page.clock(parts["since"]), "devices": names}
    elif key == "departed":
        signed = parts["kind"] == "battery"
        texts = {
            "what": power_name(page, parts["kind"], parts["device"]),
            "actual": page.mw(parts["actual_mw"], signed=signed),
            "planned": page.mw(parts["planned_mw"], signed=signed),
        }
    elif key == "soc_departed":
        soc, planned = page.share(parts["soc"]), page.share(parts["planned"])
        texts = {"device": page.device(parts["device"]), "soc": soc, "planned": planned}
        texts["at"] = page.clock(parts["at"])
    elif key == "peak_exceeded":
        peak, planned = page.mw(parts["peak_mw"]), page.mw(parts["planned_mw"])
        texts = {"device": page.device(parts["device"]), "peak": peak, "planned": planned}
    elif key == "outage_now":
        texts = {
            "device": page.device(parts["device"]),
            "until": page.clock(parts["until"]),
            "share": page.share(parts["share"], 0),
        }
    return page.say("alarms", key, **texts)


def battery_cards(page: Page, batteries: Sequence[BatteryNow]) -> list[Card]:
    """What each battery is to do now, in large figures."""
    cards: list[Card] = []
    for battery in batteries:
        power = battery.set_point_mw
        action = "rest"
        if power is not None and abs(power) > REST_MW:
            action = "discharge" if power > 0 else "charge"
        cards.append(
            {
                "name": page.device(battery.device),
                "figure": page.mw(power, signed=True, unit=False),
                "unit": page.scale.power,
                "action": "" if power is None else action,
                "word": "" if power is None else page.web["common"][action],
                "more": [line for line in (_until(page, battery), _soc(page, battery)) if line],
            }
        )
    return cards


def _until(page: Page, battery: BatteryNow) -> str:
    if battery.set_point_mw is None:
        return str(page.web["today"]["silent"])
    if battery.until is None:
        return str(page.web["today"]["until_end"])
    then = page.mw(battery.then_mw, signed=True)
    return page.say("today", "until", clock=page.clock(battery.until), power=then)


def _soc(page: Page, battery: BatteryNow) -> str:
    planned = page.share(battery.planned_soc)
    if battery.soc is None or battery.soc_at is None:
        return "" if battery.planned_soc is None else page.say("today", "soc_planned", planned=planned)
    key = "soc_alone" if battery.planned_soc is None else "soc"
    measured_at = page.clock(battery.soc_at)
    return page.say("today", key, soc=page.share(battery.soc), at=measured_at, planned=planned)


def peak_cards(page: Page, peaks: Sequence[PeakNow]) -> list[Card]:
    """Import of each connection against the month's peak so far."""
    return [_peak_card(page, peak) for peak in peaks]


def _peak_card(page: Page, peak: PeakNow) -> Card:
    lines: list[str] = []
    share = None
    peak_text = page.mw(peak.peak_so_far_mw)
    if peak.peak_so_far_mw is None:
        lines.append(str(page.web["today"]["peak_unknown"]))
    elif peak.import_mw is None or peak.import_at is None:
        lines.append(page.say("today", "import_unknown", peak=peak_text))
    else:
        metered_at, power = page.clock(peak.import_at), page.mw(peak.import_mw)
        lines.append(page.say("today", "peak_sentence", import_mw=power, at=metered_at, peak=peak_text))
        if peak.peak_so_far_mw > 0:
            share = peak.import_mw / peak.peak_so_far_mw
            room = peak.peak_so_far_mw - peak.import_mw
            key = "headroom" if room >= 0 else "above"
            reached = page.say("today", "peak_reached", share=page.share(share, 0))
            lines.append(
                f"{reached}{page.web['common']['comma']}{page.say('today', key, room=page.mw(abs(room)))}"
            )
    if peak.planned_mw is not None and peak.planned_at is not None:
        planned, planned_at = page.mw(peak.planned_mw), page.clock(peak.planned_at)
        lines.append(page.say("today", "plan_reaches", planned=planned, at=planned_at))
    if peak.missing:
        lines.append(page.say("today", "peak_missing", missing=f"{peak.missing:,}"))
    return {
        "name": page.device(peak.device),
        "figure": page.mw(peak.import_mw, unit=False),
        "unit": page.scale.power,
        "share": None if share is None else min(max(100 * share, 0.0), 100.0),
        "lines": lines,
    }


def outage_line(page: Page, item: RecordedOutage) -> str:
    """An outage of today."""
    return page.say(
        "today", "outage", **_outage_parts(page, item.device, item.begin, item.end, item.power_share)
    )


def _outage_parts(
    page: Page, device: str, begin: datetime, end: datetime, power_share: float
) -> dict[str, str]:
    return {
        "device": page.device(device),
        "begin": page.clock(begin),
        "end": page.clock(end),
        "share": page.share(power_share, 0),
    }


def cause_lines(page: Page, causes: Sequence[ChangeCause]) -> list[str]:
    """Why a version is another than the one before."""
    return [_cause_text(page, cause) for cause in causes]


def _cause_text(page: Page, cause: ChangeCause) -> str:
    parts, key = cause.parts, cause.key
    texts: dict[str, str] = {}
    if key in ("begins", "ends"):
        name = "begin" if key == "begins" else "end"
        texts = {name: page.clock(parts[name])}
    elif key == "forecast":
        texts = {
            "device": page.device(parts["device"]),
            "mwh": page.mwh(parts["mwh"], signed=True),
            "mw": page.mw(parts["mw"], signed=True),
            "at": page.clock(parts["at"]),
        }
    elif key == "soc":
        now, before = page.share(float(parts["now"])), page.share(float(parts["before"]))
        texts = {"device": page.device(parts["device"]), "now": now, "before": before}
    elif key == "peak":
        now, before = page.mw(float(parts["now"])), page.mw(float(parts["before"]))
        texts = {"device": page.device(parts["device"]), "now": now, "before": before}
    elif key in ("outage_new", "outage_gone"):
        item = parts["item"]
        begin, end = (datetime.fromisoformat(item[name]) for name in ("begin", "end"))
        texts = _outage_parts(page, item["device"], begin, end, float(item["power_share"]))
    elif key in ("order_new", "order_gone"):
        texts = {"order": stored_note(parts["item"]).sentence(page.words)}
    return page.say("causes", key, **texts)
