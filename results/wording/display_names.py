"""What devices, quantities, costs and checks are called, in the words of a page.

A device has the title that its case gives it. Without one it is called by its name: the usual names have a
word in every language, others stay as they are.
"""

import re
from collections.abc import Mapping
from typing import Any

from parkdispatch.models.shown_operation import Activity
from parkdispatch.results.audit import Check
from parkdispatch.results.solution import QuantityName

UNIT_ENDINGS = {"_mwh": "MWh", "_mw": "MW", "_yuan": "yuan"}
Words = Mapping[str, Any]


def label(name: str) -> str:
    """A name without a word of its own, as people read it."""
    return name.replace("_", " ")


def device_label(name: str, words: Words) -> str:
    """A device by its title; without one "battery_1" is `battery 1`, and parts without a word stay."""
    if name in words["titles"]:
        return str(words["titles"][name])
    known = words["devices"]
    if name in known:
        return str(known[name])
    parts = [part for part in re.split(r"_|(?<=[a-z])(?=\d+$)", name) if part]
    return " ".join(str(known.get(part, part)) for part in parts)


def screen_name(name: str, words: Words) -> str:
    """A device by its title; without one by the name that the user types, in Chinese by its role."""
    return device_label(name, words) if words["lang"] == "zh" else str(words["titles"].get(name, name))


def injection_label(name: QuantityName, words: Words) -> str:
    """The power of a device into its bus; `pv`, or `pv (ac)` where it has several."""
    text = device_label(name.device, words)
    return text if name == name.device else f"{text} ({name.key})"


def activity_label(device: str, activity: Activity, words: Words) -> str:
    """A unit, shifted work or an interruption: `generator, unit 2`, `mills`, `polishing, interrupted`."""
    text = words["activities"][activity.kind]
    label = text["label"] if activity.number is None else text["numbered"]
    return str(label).format(device=device_label(device, words), number=activity.number)


def owned(device: str, what: str, words: Words) -> str:
    """Something of a device; `grid: energy bought`."""
    return str(words["page"]["owned"]).format(device=device_label(device, words), what=what)


def cost_label(name: QuantityName, words: Words) -> str:
    """A named cost; "grid.purchase_yuan" is `grid: energy bought`."""
    return cost_of_device_label(name.device, name.key, words)


def cost_of_device_label(device: str, key: str, words: Words) -> str:
    """A cost of a device by what the device calls it."""
    return owned(device, cost_word(key, words), words)


def cost_word(key: str, words: Words) -> str:
    """A cost by its key alone; one of a charge that a tariff names: "demand_on_peak", "energy_tier_2"."""
    return str(words["costs"].get(key) or _of_named_charge(key, words) or label(key))


def _of_named_charge(key: str, words: Words) -> str:
    """The words of a key that begins like a charge of a tariff's own name; empty for any other."""
    for beginning, text in words["named_charges"].items():
        if key.startswith(f"{beginning}_"):
            name = key.removeprefix(f"{beginning}_")
            of_tier, _, tier = name.rpartition("_tier_")
            if beginning == "demand" and of_tier:
                return str(words["named_charges"]["demand_tier"]).format(
                    name=period_label(of_tier, words), tier=tier
                )
            return str(text).format(name=period_label(name, words))
    return ""


def charge_label(charge: str, period: str, words: Words) -> str:
    """A line of the bill; of energy by period with its period."""
    text = str(words["charges"].get(charge) or _of_named_charge(charge, words) or label(charge))
    if period == "all":
        return text
    return str(words["page"]["in_period"]).format(what=text, period=period_label(period, words))


def period_label(period: str, words: Words) -> str:
    """A time-of-use period; one of the tariff's own by its name."""
    return str(words["periods"].get(period, label(period)))


def quantity_label(name: QuantityName, words: Words) -> str:
    """A quantity; "pv.output_mwh" is `pv output`."""
    return f"{device_label(name.device, words)} {words['quantities'].get(name.key, label(name.key))}"


def check_label(check: Check, words: Words) -> str:
    """A check of the audit; "battery_1.energy_balance_mwh" is `battery 1: energy balance`."""
    key = _without_unit(check.rule)
    text = str(words["checks"].get(key) or _of_named_charge(key, words) or label(key))
    if check.bus:
        return text.format(bus=check.bus)
    if check.cost:
        cost = _without_unit(check.cost)
        text = text.format(cost=cost_word(cost, words))
    return owned(check.device, text, words) if check.device else text


def check_unit(check: Check, words: Words) -> str:
    """The unit a check's name ends in."""
    unit = next((unit for ending, unit in UNIT_ENDINGS.items() if check.name.endswith(ending)), "")
    return str(words["page"]["yuan"]) if unit == "yuan" else unit


def span_label(span: str, words: Words) -> str:
    """A span of months; "2026-01 to 03"."""
    return span.replace(" to ", f" {words['page']['to']} ")


def _without_unit(name: str) -> str:
    for ending in UNIT_ENDINGS:
        name = name.removesuffix(ending)
    return name
