"""Words of one language and numbers as text, for pages, workbooks and the screen.

The words are the tables of `results/templates/*.LANG.toml`. Figures are rounded only where they become text.
"""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from importlib import resources
from types import MappingProxyType
from typing import Any, NamedTuple

import pandas as pd

from parkdispatch.models.device import Device
from parkdispatch.models.registry import device_kinds
from parkdispatch.models.units import YUAN_PER_WAN
from parkdispatch.results.power_scale import LARGE_PARK, PowerScale

LARGE_YUAN = 1e5  # from this amount on, money is shown in 10^4 yuan
SMALL_SHARE = 1e-4  # shares below it are shown in scientific notation


class Card(NamedTuple):
    """A headline figure as text."""

    name: str
    figure: str
    unit: str
    more: Sequence[str] = ()


def load_words(
    lang: str,
    *more: str,
    scale: PowerScale = LARGE_PARK,
    devices: Mapping[str, Device] = MappingProxyType({}),
) -> dict[str, Any]:
    """Load the words of a language: the tables of `words.LANG.toml` and of further files.

    `load_words("zh", "study")` also has the tables of `study.zh.toml`. Registered devices add
    their own words. The units of power and energy in them are those of the scale. The table "titles" has the
    titles of `devices`, those of a case, by their names.
    """
    kinds, units = tuple(device_kinds().values()), tuple(scale.units.items())
    titles = {name: title for name, device in devices.items() if (title := device.titled(lang))}
    return {**_tables(("words", *more), lang, kinds, units), "titles": titles}


@lru_cache(maxsize=32)  # a plan's files ask five times for the same
def _tables(
    files: tuple[str, ...], lang: str, kinds: tuple[type[Device], ...], units: tuple[tuple[str, str], ...]
) -> Mapping[str, Any]:
    """The words of files and of kinds of devices, with the names of units replaced; not to be changed."""
    words: dict[str, Any] = {}
    for name in files:
        words |= word_table(f"{name}.{lang}.toml")
    for kind in kinds:
        words = with_device_words(words, kind, lang)
    return {name: _in_units(table, dict(units)) for name, table in words.items()}


def _in_units(entry: Any, units: Mapping[str, str]) -> Any:
    """A table of words, or a word, with the names of units replaced; other names in braces stay."""
    if isinstance(entry, Mapping):
        return {key: _in_units(word, units) for key, word in entry.items()}
    for name, unit in units.items() if isinstance(entry, str) else ():
        entry = entry.replace(f"{{{name}}}", unit)
    return entry


def with_device_words(words: Mapping[str, Any], kind: type[Device], lang: str) -> dict[str, Any]:
    """The words with those that a kind of device declares of its own."""
    merged = dict(words)
    for section, entries in kind.words.get(lang, {}).items():
        merged[section] = {**merged.get(section, {}), **entries}
    return merged


@cache
def word_table(file: str) -> Mapping[str, Any]:
    """A TOML file of words in the folder of templates; read once, and not for a caller to change."""
    return tomllib.loads(template_text(file))


def template_text(file: str) -> str:
    """The content of a file in the folder of templates."""
    return (resources.files("parkdispatch.results") / "templates" / file).read_text(encoding="utf-8")


def format_number(value: float | None, digits: int = 2) -> str:
    """A number with thousands separators; empty for None."""
    return "" if value is None else f"{value:z,.{digits}f}"


def format_share(share: float) -> str:
    """A share or relative gap in percent; below `SMALL_SHARE` as a fraction in scientific notation."""
    return "0" if share == 0 else f"{share:.2e}" if abs(share) < SMALL_SHARE else f"{share:z.3%}"


def format_money(
    yuan: float, words: Mapping[str, Any], beside_yuan: float = 0.0
) -> tuple[str, str, list[str]]:
    """Figure, unit, and the amount in yuan where the figure is in 10^4 yuan.

    The unit is that of the larger of the amount and one that stands beside it.
    """
    page = words["page"]
    if max(abs(yuan), abs(beside_yuan)) < LARGE_YUAN:
        return f"{yuan:z,.0f}", page["yuan"], []
    return f"{yuan / YUAN_PER_WAN:z,.2f}", page["wan"], [f"{yuan:z,.0f} {page['yuan']}"]


def date_range(times: pd.DatetimeIndex, words: Mapping[str, Any]) -> str:
    """The day with its weekday if there is only one, else the first and the last day."""
    page = words["page"]

    def date_text(time: pd.Timestamp) -> str:
        return str(page["date"]).format(
            day=time.day, month=page["month_words"][time.month - 1], year=time.year
        )

    first, last = times[0], times[-1]
    if first.date() == last.date():
        weekday = page["day_words"][first.weekday()]
        return str(page["weekday_date"]).format(weekday=weekday, date=date_text(first))
    return f"{date_text(first)} – {date_text(last)}"
