"""Sentences on proof and schedule, in the words of a language."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.value_sources import SourcedValue, case_sources
from parkdispatch.results.audit import Audit
from parkdispatch.results.billing.bill import Bill
from parkdispatch.results.failed_tasks import FailedTask
from parkdispatch.results.schedule.schedule import ScheduleBlock, clock_text
from parkdispatch.results.solution import values
from parkdispatch.results.wording.display_names import cost_label, device_label, label

MOST_NAMED = 5  # failed tasks of a part that a sentence names


class BlockRow(NamedTuple):
    """A block of the schedule as text: start and end such as "12:00", action, power, reason; its prices."""

    start: str
    end: str
    what: str  # "charge" or "discharge"
    power: str
    why: str
    prices_yuan_per_kwh: tuple[float, float] | None  # the lowest and the highest; None: nothing has a price
    who: str  # the stores: "battery 1, battery 2"
    soc_after: str  # "45.0%", of several that differ "45.0%, 50.0%"
    gain: str  # in yuan; empty where it was not asked for

    def price(self, digits: int, words: Mapping[str, Any]) -> str:
        """The price, or the range of prices; empty where there is none."""
        return range_text(*self.prices_yuan_per_kwh, digits, words) if self.prices_yuan_per_kwh else ""


def implausible_sentences(solution: xr.Dataset, case: Case, words: Mapping[str, Any]) -> list[str]:
    """A sentence for each given series that can hardly be, such as a load a thousandth of the usual."""
    hours, lines = float(solution.attrs["hours"]), []
    for name, device in case.devices.items():
        given_keys = [key for owner, key in case.series if owner == name and f"{name}.{key}" in solution]
        series = {key: values(solution, f"{name}.{key}") for key in given_keys}  # not what no rule uses
        for given, usual in device.implausible(series, hours).values():
            lines.append(
                str(words["page"]["implausible"]).format(
                    device=device_label(name, words), given=f"{given:,.4g}", usual=f"{usual:,.4g}"
                )
            )
    return lines


def proof_sentence(solution: xr.Dataset, words: Mapping[str, Any]) -> str:
    """How the lower bound of a solution was proven."""
    numbers = json.loads(str(solution.attrs["proof_numbers"]))
    return str(words["proof"][str(solution.attrs["proof"])]).format(**numbers)


def unchecked_sentences(audit: Audit, words: Mapping[str, Any]) -> list[str]:
    """What of a solution no second computation covers, one sentence each."""
    page = words["page"]
    sentences = [str(page["not_billed"]).format(grid=device_label(name, words)) for name in audit.not_billed]
    if audit.not_recomputed:
        costs = ", ".join(cost_label(name, words) for name in audit.not_recomputed)
        sentences.append(str(page["not_recomputed"]).format(costs=costs))
    return sentences


def failed_sentences(
    failed: Sequence[FailedTask], asked: Mapping[str, int], base_year: int, words: Mapping[str, Any]
) -> list[str]:
    """A sentence for each part of a study in which tasks failed: how many, and which."""
    text, sentences = words["failed"], []
    for part in dict.fromkeys(task.part for task in failed):
        tasks = [task for task in failed if task.part == part]
        names = [
            str(text["task"]).format(
                name=_task_name(task, base_year, words), reason=text["reasons"][task.reason]
            )
            for task in tasks[:MOST_NAMED]
        ]
        more = len(tasks) - len(names)
        sentences.append(
            str(text["line"]).format(
                failed=len(tasks),
                asked=asked.get(part, len(tasks)),
                part=text["parts"][part],
                tasks=str(text["comma"]).join(names)
                + (str(text["more"]).format(count=more) if more > 0 else ""),
            )
        )
    return sentences


def _task_name(task: FailedTask, base_year: int, words: Mapping[str, Any]) -> str:
    text = words["failed"]
    name = task.name_zh or task.name if words["lang"] == "zh" else task.name
    if task.part == "when":
        return str(text["commissioned"]).format(name=name, year=base_year + (task.year or 0))
    if task.scenario is not None:
        return str(text["scenario"]).format(number=task.scenario)
    if not name and task.year is not None:
        return str(text["operation_year"]).format(year=task.year)
    return name or str(text["parts"][task.part])


def count_text(done: int, asked: int, words: Mapping[str, Any]) -> str:
    """A number of finished tasks, and of how many where some failed: "64", "63 of 64"."""
    return str(done) if done == asked else str(words["failed"]["some"]).format(done=done, asked=asked)


def source_line(sourced: SourcedValue, words: Mapping[str, Any]) -> str:
    """A value of the run and where it is from."""
    origin = str(words["origin"][sourced.origin]).format(by=sourced.by)
    reasons = [reason for reason in (origin, sourced.note) if reason]
    return ": ".join([f"{sourced.path} = {sourced.value}", *reasons])


def source_lines(case: Case, words: Mapping[str, Any]) -> list[str]:
    """The values of a case whose source is known."""
    return [source_line(sourced, words) for sourced in case_sources(case)]


def block_row(block: ScheduleBlock, words: Mapping[str, Any]) -> BlockRow:
    """A block of the schedule as the cells of a table row."""
    text, scale = words["why"], block.scale
    reason = _charged_from(block, words) if block.action == "charge" else _period(block, words)
    if block.purposes == {"sale"}:
        reason = text["export_all"].format(period=reason)
    elif block.exported_mw >= scale.resolution_mw(block.rated_mw):
        sold = [price.yuan_per_kwh for price in block.prices if price.purpose == "sale"] or [0.0]
        reason = text["export"].format(
            period=reason,
            export=scale.text(block.exported_mw, block.rated_mw),
            price=range_text(min(sold), max(sold), 3, words),
        )
    if block.held is not None:
        reason = text[block.held].format(period=reason, limit=scale.text(block.held_mw))
    least, most = (scale.number(mw, block.rated_mw) for mw in (block.least_mw, block.most_mw))
    power = most if least == most else text["range"].format(least=least, most=most)
    return BlockRow(
        clock_text(block.first, block.first, dated=block.dated).rpartition("-")[0],
        clock_text(block.first, block.last).partition("-")[2],
        block.action,
        f"{power} {scale.power}",
        reason,
        block.price_range_yuan_per_kwh,
        str(words["failed"]["comma"]).join(device_label(name, words) for name in block.stores),
        str(words["failed"]["comma"]).join(dict.fromkeys(f"{soc:z.1%}" for soc in block.soc_after)),
        "" if block.gain_yuan is None else f"{block.gain_yuan:z,.0f}",
    )


def _period(block: ScheduleBlock, words: Mapping[str, Any]) -> str:
    """The tariff periods of a block; of an interval that lies in several, its price is their mean."""
    text = words["why"]
    names = [text["periods"].get(period, label(period)) for period in block.periods] or [text["no_period"]]
    joined = listed(names, words)
    return joined if len(names) == 1 else str(text["mean"].format(periods=joined))


def _charged_from(block: ScheduleBlock, words: Mapping[str, Any]) -> str:
    """Where the energy that is charged comes from."""
    text, sources = words["why"], []
    if block.surplus_of:
        named = {**text["sources"], **words["titles"]}
        names = [named.get(name) or device_label(name, words) for name in block.surplus_of]
        fates = [text["otherwise"][fate] for fate in ("unsold", "curtailed") if fate in block.purposes]
        sources.append(text["surplus"].format(source=listed(names, words), fate=text["or"].join(fates)))
    if "purchase" in block.purposes:
        sources.append(_period(block, words))
    return str(text["and"].join(sources)) or str(text["storage"])


def full_use_sentences(bills: Mapping[str, Bill], words: Mapping[str, Any]) -> list[str]:
    """Of each connection whose full use was certain before a part of a month was dispatched, which months."""
    return [
        str(words["page"]["certain_note"]).format(
            grid=device_label(name, words), months=listed(bill.parts_in_full_use, words)
        )
        for name, bill in bills.items()
        if bill.parts_in_full_use
    ]


def listed(names: Sequence[str], words: Mapping[str, Any]) -> str:
    """Names one after the other: "a, b and c"."""
    *before, last = names or [""]
    return (
        str(words["why"]["and"]).join([str(words["failed"]["comma"]).join(before), last]) if before else last
    )


def range_text(least: float, most: float, digits: int, words: Mapping[str, Any]) -> str:
    """One number, or the range from the least to the most where they read differently."""
    low, high = f"{least:z.{digits}f}", f"{most:z.{digits}f}"
    return low if low == high else str(words["why"]["range"]).format(least=low, most=high)


def block_line(block: ScheduleBlock, words: Mapping[str, Any]) -> str:
    """A block of the schedule as one line."""
    row, text = block_row(block, words), words["why"]
    line = str(text[f"line_{block.action}"]).format(clock=block.clock, power=row.power, why=row.why)
    if price := row.price(3, words):
        line += str(text["line_price"]).format(price=price)
    if block.soc_after:
        line = str(text["line_soc"]).format(line=line, soc=row.soc_after)
    return str(text["line_of"]).format(line=line, who=row.who) if block.apart else line
