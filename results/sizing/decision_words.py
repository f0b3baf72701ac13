"""The decision of a size study in the words of a language: those of `load_words(lang, "size")`."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from parkdispatch.results.sizing.decision import Statement, decision, size_text
from parkdispatch.results.sizing.loss_regions import LossRegion
from parkdispatch.results.sizing.sizing_results import Choice, SizeStudy
from parkdispatch.results.views.words import format_share

VALLEY, HALF = "tariff.midday_valley", 0.5  # a doubt that has words of its own: the valley stays, or goes
# a blank between two Chinese characters, left where a number might have stood
BETWEEN_CHINESE = re.compile(r"(?<=[\u3000-\u9fff\uff00-\uffef]) +(?=[\u3000-\u9fff\uff00-\uffef])")


def label(choice: Choice, choices: Sequence[Choice], words: Mapping[str, Any]) -> str:
    """A choice in a sentence: its size, or its name where another choice has that size."""
    if choice.power_mw <= 0:
        return str(words["decision"]["nothing"])
    size = size_text(choice.power_mw, choice.energy_mwh)
    others = [
        one for one in choices if one.key != choice.key and size_text(one.power_mw, one.energy_mwh) == size
    ]
    if not others or (len({round(one.investment_yuan) for one in (choice, *others)}) == 1):
        return size
    return name_of(choice, words)


def name_of(choice: Choice, words: Mapping[str, Any]) -> str:
    """A choice's own name, in the language where it has one there."""
    return (choice.name_zh or choice.name) if words["lang"] == "zh" else choice.name


def paragraph(study: SizeStudy, words: Mapping[str, Any]) -> str:
    """The decision in the words of a language: those of `load_words(lang, "size")`."""
    return str(words["decision"]["between"]).join(sentences(study, words))


def sentences(study: SizeStudy, words: Mapping[str, Any]) -> list[str]:
    """The decision sentence by sentence; where nothing was computed, just that."""
    return [sentence(one, study, words) for one in decision(study)] or [str(words["decision"]["open"])]


def sentence(one: Statement, study: SizeStudy, words: Mapping[str, Any]) -> str:
    """A sentence in words."""
    text = words["decision"]
    told = {name: _written(name, value, study, words) for name, value in one.numbers.items()}
    return BETWEEN_CHINESE.sub("", str(text[one.key]).format(**told))


def _written(name: str, value: Any, study: SizeStudy, words: Mapping[str, Any]) -> str:
    """A number as its unit is written, a choice by its label, drivers and groups as lists."""
    text = words["decision"]
    if isinstance(value, Choice):
        return label(value, study.choices, words)
    if name == "where":
        return str(text["and"]).join(_driver(one, study, words) for one in value)
    if name == "groups":
        return str(text["semicolon"]).join(
            str(text["group" if len(names) > 1 else "group_of_one"]).format(
                criteria=_listed([str(text[f"by_{key}"]) for key in names], text),
                choice=label(choice, study.choices, words),
            )
            for names, choice in value
        )
    if name.endswith("_yuan"):
        if abs(value) >= text["large_is"]:
            return str(text["large"]).format(yuan=value / text["large_is"])
        return str(text["small"]).format(yuan=value)
    if name.endswith("_yuan_per_wh"):
        return str(text["price"]).format(price=value)
    if name == "gap_share":
        return format_share(value)
    if name.endswith("_share"):
        return f"{value:.0%}" if value == 0 or value >= 0.01 else f"{value:.1%}"
    return str(value)


def _listed(names: Sequence[str], text: Mapping[str, Any]) -> str:
    """Names with commas and an `and` before the last."""
    if len(names) == 1:
        return names[0]
    return str(text["and"]).join((str(text["comma"]).join(names[:-1]), names[-1]))


def _driver(one: LossRegion, study: SizeStudy, words: Mapping[str, Any]) -> str:
    doubt = next(doubt for doubt in study.sizing.doubt if doubt.name == one.name)
    named = (doubt.name_zh or doubt.name) if words["lang"] == "zh" else doubt.name
    if doubt.fields == (VALLEY,) and one.side == "is":
        return str(words["decision"]["valley_stays" if one.value >= HALF else "valley_goes"])
    value = f"{one.value:,.0f}" if abs(one.value) >= 1e3 else f"{one.value:.3g}"
    told = str(words["decision"]["times"]).format(value=value) if doubt.times else value
    return str(words["decision"][f"driver_{one.side}"]).format(name=named, value=told)
