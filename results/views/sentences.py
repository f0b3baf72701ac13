"""Sentences on proof and schedule, in the words of a language."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.value_sources import SourcedValue, case_sources
from parkdispatch.results.audit import Audit
from parkdispatch.results.schedule import ScheduleBlock
from parkdispatch.results.solution import values
from parkdispatch.results.views.display_names import cost_label, device_label

SAME_MW = 0.05  # powers closer than this are shown as one figure


class BlockRow(NamedTuple):
    """A block of the schedule as text: start and end such as "12:00", action, power, reason, price."""

    start: str
    end: str
    what: str  # "charge" or "discharge"
    power: str
    why: str
    price_yuan_per_kwh: float


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
    text = words["why"]
    period = text["periods"].get(block.period, block.period)
    if block.action == "charge":
        surplus = text["and"].join(
            text["sources"].get(name) or device_label(name, words) for name in block.surplus_of
        )
        sources = [text["surplus"].format(source=surplus)] if surplus else []
        reason = text["and"].join([*sources, *[period] * block.from_grid]) or text["storage"]
    else:
        reason = period
    if block.exported_mw > SAME_MW:
        reason = text["export"].format(period=reason, export=block.exported_mw, price=block.sale_yuan_per_kwh)
    if block.peak_mw is not None:
        reason = text["peak"].format(period=reason, peak=block.peak_mw)
    power = text["power" if block.most_mw - block.least_mw < SAME_MW else "powers"]
    return BlockRow(
        block.clock[:5],
        block.clock[6:],
        block.action,
        power.format(mean=block.power_mw, least=block.least_mw, most=block.most_mw),
        reason,
        block.price_yuan_per_kwh,
    )


def block_line(block: ScheduleBlock, words: Mapping[str, Any]) -> str:
    """A block of the schedule as one line."""
    row = block_row(block, words)
    return str(words["why"][f"line_{block.action}"]).format(clock=block.clock, **row._asdict())
