"""The words of pages: those of the reports, and their own."""

import tomllib
from functools import cache
from importlib import resources
from typing import Any

from parkdispatch.inputs.case import Case
from parkdispatch.results.power_scale import PowerScale
from parkdispatch.results.wording.languages import Lang
from parkdispatch.results.wording.words import load_words


@cache
def web_words(lang: Lang) -> dict[str, Any]:
    """The tables of `words/web.LANG.toml`."""
    path = resources.files("parkdispatch.interfaces.web") / "words" / f"web.{lang}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def page_words(lang: Lang, case: Case, scale: PowerScale) -> dict[str, Any]:
    """All words that a page of a park may need: those of reports and settlements, and under `web` its own."""
    return {**load_words(lang, "settle", scale=scale, devices=case.devices), "web": web_words(lang)}
