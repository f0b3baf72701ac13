"""The saving of the storage as rows of text and yuan: a day's three lines, the bridge to the bill."""

from collections.abc import Mapping
from typing import Any

from parkdispatch.results.power_scale import PowerScale
from parkdispatch.results.savings.daily_saving import (
    DayCost,
    DaySaving,
    cost_of_days,
    saving_of_days,
    stored_price_yuan_per_mwh,
)
from parkdispatch.results.summary import StorageComparison, Summary
from parkdispatch.results.wording.display_names import device_label, owned

Words = Mapping[str, Any]
LEAST_YUAN = 0.005  # less reads as zero


def peak_phrases(saving: DaySaving, words: Words, scale: PowerScale) -> list[str]:
    """The month's peak so far before and after the day, with and without the storage, by connection."""
    return [
        words["saving"]["peaks"].format(
            grid=device_label(name, words),
            before=scale.number(saving.before[name].with_storage_mw),
            after=scale.number(after.with_storage_mw),
            before_without=scale.number(saving.before[name].without_storage_mw),
            after_without=scale.number(after.without_storage_mw),
        )
        for name, after in saving.after.items()
    ]


def day_rows(saving: DaySaving | DayCost, words: Words, scale: PowerScale) -> list[tuple[str, float]]:
    """The three lines of a day and their sum [yuan]."""
    text = words["saving"]
    stored = text["stored_none"]
    for price in stored_price_yuan_per_mwh(saving):
        stored = text["stored"].format(
            stored=f"{saving.stored_mwh * scale.per_mw:+z,.{1 if scale.small else 2}f}",
            price=f"{price / scale.per_mw:z,.{4 if scale.small else 2}f}",
        )
    return [
        (text["energy"], saving.energy_yuan),
        (stored, saving.stored_yuan),
        (text["demand"], saving.demand_yuan),
        (text["total"], saving.total_yuan),
    ]


def money_rows(
    summary: Summary, words: Words, scale: PowerScale
) -> list[tuple[str, float] | tuple[str, float, float, float]]:
    """A plan's three lines and their sum [yuan], paid: with the storage, without it, and what it brings.

    Only the first of these columns where there is nothing to compare with.
    """
    costs, text = summary.day_costs, words["saving"]
    names = [name for name, _ in day_rows(cost_of_days(costs), words, scale)]
    names[0], names[2:] = text["of_energy"], [text["demand_added"], text["of_total"]]
    paid_yuan = [
        sum(day.energy_yuan for day in costs),
        -sum(day.stored_yuan for day in costs),
        sum(day.demand_yuan for day in costs),
        sum(day.total_yuan for day in costs),
    ]
    if not summary.days:
        return list(zip(names, paid_yuan, strict=True))
    saved = [yuan for _, yuan in day_rows(saving_of_days(summary.days), words, scale)]
    return [
        (name, yuan, yuan + brings, brings)
        for name, yuan, brings in zip(names, paid_yuan, saved, strict=True)
    ]


def bridge_rows(comparison: StorageComparison, words: Words) -> list[tuple[str, float]]:
    """From the saving in what the optimizer prices to that on the bill [yuan]; empty where they agree."""
    unseen = {name: yuan for name, yuan in comparison.unseen_saving_yuan.items() if abs(yuan) >= LEAST_YUAN}
    if not unseen:
        return []
    text = words["saving"]
    return [
        (text["priced"], comparison.saving_yuan),
        *(
            (owned(device, words["unseen"].get(charge, charge), words), yuan)
            for (device, _, charge), yuan in ((name.partition("."), yuan) for name, yuan in unseen.items())
        ),
        (text["billed"], comparison.billed_saving_yuan),
    ]
