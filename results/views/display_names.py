"""What devices, quantities, costs and checks are called, in the words of a page.

A device is named by the user; the usual names have a word in every language, others stay as they are.
"""

import re
from collections.abc import Mapping
from typing import Any

UNIT_ENDINGS = {"_mwh": "MWh", "_mw": "MW", "_yuan": "yuan"}
Words = Mapping[str, Any]


def label(name: str) -> str:
    """A name without a word of its own, as people read it."""
    return name.replace("_", " ")


def device_label(name: str, words: Words) -> str:
    """A device; "battery_1" is `battery 1`, "pv (ac)" one that has several buses."""
    stem, mark, bus = name.partition(" (")
    parts = re.fullmatch(r"(.*?)_?(\d*)", stem)
    word = words["devices"].get(parts[1]) if parts else None
    text = label(stem) if word is None or parts is None else f"{word} {parts[2]}".strip()
    return text + mark + bus


def owned(device: str, what: str, words: Words) -> str:
    """Something of a device; `grid: energy bought`."""
    return str(words["page"]["owned"]).format(device=device_label(device, words), what=what)


def cost_label(name: str, words: Words) -> str:
    """A named cost; "grid.purchase_yuan" is `grid: energy bought`."""
    device, key = name.removesuffix("_yuan").split(".", 1)
    return owned(device, words["costs"].get(key, label(key)), words)


def charge_label(charge: str, period: str, words: Words) -> str:
    """A line of the bill; of energy by period with its period."""
    text = str(words["charges"].get(charge, label(charge)))
    if period == "all":
        return text
    return str(words["page"]["in_period"]).format(
        what=text, period=words["periods"].get(period, label(period))
    )


def quantity_label(name: str, words: Words) -> str:
    """A quantity; "pv.output_mwh" is `pv output`."""
    device, key = _without_unit(name).split(".", 1)
    return f"{device_label(device, words)} {words['quantities'].get(key, label(key))}"


def check_label(name: str, words: Words) -> str:
    """A check of the audit; "battery_1.energy_balance_mwh" is `battery 1: energy balance`."""
    owner, dot, key = _without_unit(name).rpartition(".")
    if owner == "balance":
        return str(words["checks"]["balance"]).format(bus=key)
    text = words["checks"].get(key, label(key))
    return owned(owner, text, words) if dot else str(text)


def check_unit(name: str, words: Words) -> str:
    """The unit a check's name ends in."""
    unit = next((unit for ending, unit in UNIT_ENDINGS.items() if name.endswith(ending)), "")
    return str(words["page"]["yuan"]) if unit == "yuan" else unit


def span_label(span: str, words: Words) -> str:
    """A span of months; "2026-01 to 03"."""
    return span.replace(" to ", f" {words['page']['to']} ")


def _without_unit(name: str) -> str:
    for ending in UNIT_ENDINGS:
        name = name.removesuffix(ending)
    return name
