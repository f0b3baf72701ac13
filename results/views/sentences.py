"""Sentences made of a key and its numbers, in the words of a page."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import xarray as xr

from parkdispatch.results.schedule import ScheduleBlock

SAME_MW = 0.05  # powers nearer than this read the same


class BlockRow(NamedTuple):
    """A stretch of the plan in words: "12:00" to "14:00", what, with how much, why."""

    start: str
    end: str
    what: str  # "charge" or "discharge"
    power: str
    why: str
    price_yuan_per_kwh: float


def proof_sentence(solution: xr.Dataset, words: Mapping[str, Any]) -> str:
    """How the bound of a solution was proven."""
    numbers = json.loads(str(solution.attrs["proof_numbers"]))
    return str(words["proof"][str(solution.attrs["proof"])]).format(**numbers)


def block_row(block: ScheduleBlock, words: Mapping[str, Any]) -> BlockRow:
    """A stretch of the plan with its reason."""
    text = words["why"]
    period = text["periods"].get(block.period, block.period)
    where = [text["surplus"]] * block.from_surplus + [period] * block.from_grid
    why = text["and"].join(where) if block.action == "charge" else period
    if block.peak_mw is not None:
        why = text["peak"].format(period=why, peak=block.peak_mw)
    power = text["power" if block.most_mw - block.least_mw < SAME_MW else "powers"]
    return BlockRow(
        block.clock[:5],
        block.clock[6:],
        block.action,
        power.format(mean=block.power_mw, least=block.least_mw, most=block.most_mw),
        why,
        block.price_yuan_per_kwh,
    )


def block_line(block: ScheduleBlock, words: Mapping[str, Any]) -> str:
    """A stretch of the plan as one line."""
    row = block_row(block, words)
    return str(words["why"][f"line_{block.action}"]).format(clock=block.clock, **row._asdict())
