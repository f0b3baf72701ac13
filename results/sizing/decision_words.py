"""The recommendation of a sizing study as text; `words` are those of `load_words(lang, "size")`."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from parkdispatch.results.sizing.decision import Statement, decision, size_text
from parkdispatch.results.sizing.loss_regions import LossRegion
from parkdispatch.results.sizing.sizing_results import Choice, SizeStudy
from parkdispatch.results.wording.words import format_share

VALLEY, HALF = "tariff.midday_valley", 0.5  # an uncertain input with its own words: the valley stays or goes
# a blank between two Chinese characters, a remainder of the sentence pattern
BETWEEN_CHINESE = re.compile(r"(?<=[\u3000-\u9fff\uff00-\uffef]) +(?=[\u3000-\u9fff\uff00-\uffef])")


def label(choice: Choice, choices: Sequence[Choice], words: Mapping[str, Any]) -> str:
    """A choice in a sentence: its size, or its name where another choice has the same size."""
    if choice.power_mw <= 0:
        return str(words["decision"]["nothing"])
    size = size_text(choice.power_mw, choice.energy_mwh)
    same_size = [
        other
        for other in choices
        if other.key != choice.key and size_text(other.power_mw, other.energy_mwh) == size
    ]
    investments = {round(other.investment_yuan) for other in (choice, *same_size)}
    if not same_size or len(investments) == 1:
        return size
    return name_of(choice, words)


def name_of(choice: Choice, words: Mapping[str, Any]) -> str:
    """A choice's own name, in Chinese where the language is Chinese and it has one."""
    return (choice.name_zh or choice.name) if words["lang"] == "zh" else choice.name


def paragraph(study: SizeStudy, words: Mapping[str, Any]) -> str:
    """The recommendation as one paragraph."""
    return str(words["decision"]["between"]).join(sentences(study, words))


def sentences(study: SizeStudy, words: Mapping[str, Any]) -> list[str]:
    """The recommendation sentence by sentence; a single sentence where nothing was computed."""
    return [sentence(statement, study, words) for statement in decision(study)] or [
        str(words["decision"]["open"])
    ]


def sentence(statement: Statement, study: SizeStudy, words: Mapping[str, Any]) -> str:
    """One statement as a sentence."""
    pattern = str(words["decision"][statement.key])
    numbers = dict(statement.numbers)
    if words["lang"] == "zh":
        numbers |= {key.removesuffix("_zh"): text for key, text in numbers.items() if key.endswith("_zh")}
    texts = {name: _formatted(name, value, study, words) for name, value in numbers.items()}
    return BETWEEN_CHINESE.sub("", pattern.format(**texts))


def _formatted(name: str, value: Any, study: SizeStudy, words: Mapping[str, Any]) -> str:
    """A value as text: a choice by its label, regions and groups as lists, a number by the unit in `name`."""
    text = words["decision"]
    if isinstance(value, Choice):
        return label(value, study.choices, words)
    if name == "known":
        return _known(value, study, words)
    if name == "where":
        return str(text["and"]).join(_region(region, study, words) for region in value)
    if name == "groups":
        return str(text["semicolon"]).join(_group(rules, choice, study, words) for rules, choice in value)
    return _number(name, value, text)


def _known(names: Sequence[str], study: SizeStudy, words: Mapping[str, Any]) -> str:
    """The uncertain numbers that are known after a wait."""
    text = words["decision"]
    called = {doubt.name: (doubt.name_zh if words["lang"] == "zh" else "") or doubt.name for doubt in
              study.sizing.doubt}  # fmt: skip
    return _listed([called[name] for name in names], text) if names else str(text["all_known"])


def _group(rules: Sequence[str], choice: Choice, study: SizeStudy, words: Mapping[str, Any]) -> str:
    """Decision rules and the choice on which they agree."""
    text = words["decision"]
    return str(text["group" if len(rules) > 1 else "group_of_one"]).format(
        criteria=_listed([str(text[f"by_{rule}"]) for rule in rules], text),
        choice=label(choice, study.choices, words),
    )


def _number(name: str, value: Any, text: Mapping[str, Any]) -> str:
    """A number in the format of the unit that its name ends in."""
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
    """A list of names with commas, and `and` before the last."""
    if len(names) == 1:
        return names[0]
    return str(text["and"]).join((str(text["comma"]).join(names[:-1]), names[-1]))


def _region(region: LossRegion, study: SizeStudy, words: Mapping[str, Any]) -> str:
    """A loss region in words: the uncertain input and its value or limit."""
    text = words["decision"]
    uncertain = next(doubt for doubt in study.sizing.doubt if doubt.name == region.name)
    name = (uncertain.name_zh or uncertain.name) if words["lang"] == "zh" else uncertain.name
    if uncertain.fields == (VALLEY,) and region.side == "is":
        return str(text["valley_stays" if region.value >= HALF else "valley_goes"])
    value = f"{region.value:,.0f}" if abs(region.value) >= 1e3 else f"{region.value:.3g}"
    if uncertain.times:
        value = str(text["times"]).format(value=value)
    return str(text[f"driver_{region.side}"]).format(name=name, value=value)
