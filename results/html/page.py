"""What every page is made with: its words, its figures as text, and the template around it.

A page is a template that extends `page.html.j2` and fills its blocks `title` and `main`. All of it opens
anywhere, without a network; the same input gives the same bytes; figures are rounded only here.
"""

import json
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any, Literal, NamedTuple, get_args

import pandas as pd

from parkdispatch.results.units import YUAN_PER_WAN

Lang = Literal["en", "zh"]
LANGS: tuple[Lang, ...] = get_args(Lang)
LARGE_YUAN = 1e5  # from here on money is told in 10^4 yuan
SMALL_SHARE = 1e-4  # shares below it are told by their power of ten


class Card(NamedTuple):
    """A headline figure."""

    name: str
    figure: str
    unit: str
    more: Sequence[str] = ()


def load_words(lang: str, *more: str) -> dict[str, Any]:
    """Every word a reader sees, in one language: tables of `words.LANG.toml` and of other such files.

    `load_words("zh", "study")` has the tables of `study.zh.toml` too.
    """
    words: dict[str, Any] = {}
    for name in ("words", *more):
        words |= table_of(f"{name}.{lang}.toml")
    return words


def table_of(file: str) -> dict[str, Any]:
    """A table of words of this folder."""
    return tomllib.loads(_part(file))


def render(
    template: str,
    words: Mapping[str, Any],
    *,
    data: Mapping[str, Any] | None = None,
    scripts: Sequence[str] = (),
    **context: Any,
) -> str:
    """The page of a template of this folder, as text.

    `data` is what its charts draw, as JSON, with the words of the scripts as `words`; without it there are
    no charts and no script. `scripts` are files of this folder, run after `page.js`. The template sees the
    context, all words as `w` and those of `[page]` as `p`.
    """
    import plotly.offline
    from markupsafe import Markup

    charts: dict[str, Any] = {}
    if data is not None:
        charts = {
            "data": {"words": words["script"], **data},
            "plotly": Markup(plotly.offline.get_plotlyjs()),
            "js": Markup("".join(_part(name) for name in ("page.js", *scripts))),
        }
    given = {"data": None, "w": words, "p": words["page"], "css": Markup(_part("page.css"))}
    return str(_environment().get_template(template).render({**given, **charts, **context}))


@cache
def _environment() -> Any:
    """Jinja with the templates of this folder; names are escaped, and what is missing is an error."""
    import jinja2

    found = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, loader=jinja2.FunctionLoader(_part)
    )
    found.policies["json.dumps_function"] = json.dumps
    found.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":")}
    found.filters |= {"number": number, "share": share}
    return found


def _part(name: str) -> str:
    return (resources.files("parkdispatch.results") / "templates" / name).read_text(encoding="utf-8")


def number(value: float | None, digits: int = 2) -> str:
    """A figure with commas between thousands; nothing for none."""
    return "" if value is None else f"{value:,.{digits}f}"


def share(value: float) -> str:
    """A share or gap in percent: 0, or as many digits as it takes to see it."""
    return "0" if value == 0 else f"{value:.2e}" if abs(value) < SMALL_SHARE else f"{value:.3%}"


def money(yuan: float, words: Mapping[str, Any]) -> tuple[str, str, list[str]]:
    """Figure, unit, and the whole sum where the figure is in 10^4 yuan."""
    page = words["page"]
    if abs(yuan) < LARGE_YUAN:
        return f"{yuan:,.0f}", page["yuan"], []
    return f"{yuan / YUAN_PER_WAN:,.2f}", page["wan"], [f"{yuan:,.0f} {page['yuan']}"]


def days(times: pd.DatetimeIndex, words: Mapping[str, Any]) -> str:
    """The day with its weekday, or the first and the last day."""
    page = words["page"]

    def day(time: pd.Timestamp) -> str:
        return str(page["date"]).format(
            day=time.day, month=page["month_words"][time.month - 1], year=time.year
        )

    first, last = times[0], times[-1]
    if first.date() == last.date():
        return str(page["weekday_date"]).format(weekday=page["day_words"][first.weekday()], date=day(first))
    return f"{day(first)} – {day(last)}"
