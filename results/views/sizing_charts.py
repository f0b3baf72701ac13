"""Charts of a sizing study as data for `size.js` and `page.js`. Money is in 10^4 yuan."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from parkdispatch.models.units import YUAN_PER_WAN
from parkdispatch.results.sizing.decision import PROJECT, size_text
from parkdispatch.results.sizing.decision_words import name_of
from parkdispatch.results.sizing.risk import drivers
from parkdispatch.results.sizing.sizing_results import NEVER, Best, Choice, SizeStudy
from parkdispatch.results.views import plain_charts
from parkdispatch.results.wording.words import format_number

Words = Mapping[str, Any]
OPEN_SYMBOLS = (
    "circle-open",
    "square-open",
    "diamond-open",
    "triangle-up-open",
    "triangle-down-open",
    "hexagon-open",
)
CO_OPTIMISED_SYMBOL = "star"
CHOICE_COLOURS = (
    plain_charts.BLUE,
    plain_charts.RED,
    plain_charts.GREEN,
    plain_charts.PINK,
    plain_charts.ORANGE,
)
SIGN_COLOURS = {"up": plain_charts.BLUE, "down": plain_charts.ORANGE}


def size_figures(study: SizeStudy, words: Words, risk_choice: Choice | None) -> list[dict[str, Any]]:
    """The charts of the parts that were computed; the tornado is that of `risk_choice`."""
    charts: list[dict[str, Any]] = []
    if study.surface is not None:
        charts += [surface_map(study, words, key) for key in ("npv", "annual_net")]
        charts.append(_frontier(study, words))
    if study.when is not None:
        charts.append(_npv_by_year(study, study.when, words))
    if study.risk is not None:
        charts.append(_npv_distribution(study, study.risk, words))
        if risk_choice is not None:
            charts.append(_tornado(study, study.risk, risk_choice, words))
    if study.best is not None and len(study.best.tried):
        charts.append(_tried_sizes(study, words))
    return charts


def without_zero_size(surface: xr.Dataset) -> xr.Dataset:
    """The surface without the row of zero power, which is no size."""
    return surface.isel(power_mw=np.flatnonzero(surface["power_mw"].to_numpy() > 0))


def marked_choices(study: SizeStudy, words: Words) -> list[tuple[Choice, str, str]]:
    """Each choice with a positive size, with its symbol, the same on every chart, and its label."""
    marked, used = [], 0
    for choice in study.choices:
        if choice.key == NEVER or choice.power_mw <= 0:
            continue
        if choice.key == "best":
            symbol = CO_OPTIMISED_SYMBOL
        else:
            symbol, used = OPEN_SYMBOLS[used % len(OPEN_SYMBOLS)], used + 1
        marked.append((choice, symbol, choice_label(choice, words)))
    best = study.best
    if best is not None and not best.is_nothing and all(choice.key != "best" for choice, _, _ in marked):
        name = str(words["size"]["co_optimised"])
        choice = Choice("best", name, name, best.power_mw, best.energy_mwh, 0.0)
        marked.append((choice, CO_OPTIMISED_SYMBOL, choice_label(choice, words)))
    return marked


def choice_label(choice: Choice, words: Words) -> str:
    """The name of a choice, followed by its size unless the name contains it."""
    if choice.power_mw <= 0:
        return str(words["decision"]["nothing"])
    name, size = name_of(choice, words), size_text(choice.power_mw, choice.energy_mwh)
    if size.replace(" ", "") in name.replace(" ", ""):
        return name
    return str(words["size"]["named"]).format(name=name, size=size)


def size_headline(best: Best, words: Words) -> tuple[str, str]:
    """Power and energy for a headline; the word for no storage and an empty string if the size is zero."""
    if best.is_nothing:
        return str(words["decision"]["nothing"]), ""
    power, energy = size_text(best.power_mw, best.energy_mwh).split(" / ")
    return power, energy


def surface_map(study: SizeStudy, words: Words, key: str) -> dict[str, Any]:
    """A heat map of a measure over power and duration, with marks at the choices."""
    assert study.surface is not None
    text, surface = words["size"], study.surface
    values = surface[f"{key}_yuan"].transpose("duration_hours", "power_mw").to_numpy() / YUAN_PER_WAN
    power, hours = surface["power_mw"].to_numpy(), surface["duration_hours"].to_numpy()
    marks: list[dict[str, Any]] = [
        {"name": name, "symbol": symbol, "x": choice.power_mw, "y": choice.energy_mwh / choice.power_mw,
         "hover": size_text(choice.power_mw, choice.energy_mwh)}
        for choice, symbol, name in marked_choices(study, words)
    ]  # fmt: skip

    def on_map(mark: Mapping[str, Any]) -> bool:
        return _within(mark["x"], power) and _within(mark["y"], hours)

    return {
        "name": key,
        "kind": "grid",
        "x": power.tolist(),
        "y": hours.tolist(),
        "values": [[None if np.isnan(value) else float(value) for value in row] for row in values],
        "axes": [text["axis_power"], text["axis_hours"]],
        "unit": words["page"]["wan"],
        "digits": 0,
        "marks": [mark for mark in marks if on_map(mark)],
        "outside": [mark["name"] for mark in marks if not on_map(mark)],
        "zero": text[f"zero_{key}"],
        "signs": [text["above_zero"], text["below_zero"]],
        "hint": text["touch"],
        "colours": SIGN_COLOURS,
    }


def _within(value: float, centres: np.ndarray) -> bool:
    """Whether a value lies within the cells of the map with these centres, as size.js draws them."""
    if len(centres) == 1:
        return bool(abs(value - centres[0]) <= 0.5)
    first, last = (centres[1] - centres[0]) / 2.0, (centres[-1] - centres[-2]) / 2.0
    return bool(max(0.0, centres[0] - first) <= value <= centres[-1] + last)


def _frontier(study: SizeStudy, words: Words) -> dict[str, Any]:
    """NPV against investment: all sizes, the efficient frontier, and the offers."""
    assert study.surface is not None
    text, unit = words["size"], words["page"]["wan"]
    cells = frontier_cells(study.surface, only_best=False)
    efficient = frontier_cells(study.surface, only_best=True)

    def hover_text(cell: tuple[float, float, float, float]) -> str:
        power, energy, cost, npv = cell
        size = size_text(power, energy)
        return str(text["frontier_says"]).format(size=size, cost=_in_wan(cost), npv=_in_wan(npv), unit=unit)

    def series(name: str, points: Sequence[Any], colour: plain_charts.Colour, line: bool) -> dict[str, Any]:
        return {
            "name": name,
            "x": [cell[2] / YUAN_PER_WAN for cell in points],
            "y": [cell[3] / YUAN_PER_WAN for cell in points],
            "hover": [hover_text(cell) for cell in points],
            "colour": colour,
            "line": line,
        }

    labels = {choice.key: (symbol, name) for choice, symbol, name in marked_choices(study, words)}
    marks = []
    for offered in study.offers:
        choice = offered.choice
        if not offered.cash or choice.key not in labels:
            continue
        npv_yuan = offered.cash.returns[PROJECT].npv_yuan
        hover = hover_text((choice.power_mw, choice.energy_mwh, choice.investment_yuan, npv_yuan))
        marks.append(
            {"name": labels[choice.key][1], "symbol": labels[choice.key][0],
             "x": choice.investment_yuan / YUAN_PER_WAN, "y": npv_yuan / YUAN_PER_WAN, "hover": hover}
        )  # fmt: skip
    return {
        "name": "frontier",
        "kind": "points",
        "series": [
            series(text["every_size"], cells, plain_charts.GREY, False),
            series(text["frontier_line"], [(0.0, 0.0, 0.0, 0.0), *efficient], plain_charts.BLUE, True),
        ],
        "marks": [*marks, {"name": text["nothing"], "symbol": "x", "x": 0.0, "y": 0.0, "hover": "0"}],
        "axes": [text["axis_cost"], text["axis_npv"]],
        "unit": unit,
        "digits": 0,
    }


def frontier_cells(surface: xr.Dataset, only_best: bool) -> list[tuple[float, float, float, float]]:
    """Power, energy, investment and NPV by rising investment, of all sizes or of the efficient frontier.

    Sizes with a negative NPV are never efficient: not building costs less and is worth more.
    """
    flat = without_zero_size(surface).stack(cell=("power_mw", "duration_hours")).sortby("investment_yuan")
    kept = flat["npv_yuan"].notnull()
    if only_best:
        kept &= flat["frontier"] & (flat["npv_yuan"] > 0)
    flat = flat.isel(cell=np.flatnonzero(kept.to_numpy()))
    names = ("power_mw", "energy_mwh", "investment_yuan", "npv_yuan")
    return list(zip(*(flat[name].to_numpy().tolist() for name in names), strict=True))


def _npv_by_year(study: SizeStudy, when: xr.Dataset, words: Words) -> dict[str, Any]:
    """NPV by year of commissioning, one line per choice."""
    years = [float(study.case.calendar.year + int(year)) for year in when["year"].to_numpy()]
    rows = [
        (
            name,
            [
                float(npv) / YUAN_PER_WAN if np.isfinite(npv) else None
                for npv in when["npv_yuan"].sel(choice=choice.key).to_numpy()
            ],
            colour,
        )
        for choice, name, colour in coloured_choices(
            study, [str(key) for key in when["choice"].to_numpy()], words
        )
    ]
    return plain_charts.line_chart(
        "when", years, rows, words["size"]["axis_npv"], 0, words["size"]["axis_year"]
    )


def coloured_choices(
    study: SizeStudy, keys: Sequence[str], words: Words
) -> Iterator[tuple[Choice, str, plain_charts.Colour]]:
    """The choices of these keys with a positive size, with label and colour, the same on every chart."""
    sizes = [choice for choice in study.choices if choice.key != NEVER and choice.power_mw > 0]
    for position, choice in enumerate(sizes):
        if choice.key in keys:
            yield choice, choice_label(choice, words), CHOICE_COLOURS[position % len(CHOICE_COLOURS)]


def _npv_distribution(study: SizeStudy, risk: xr.Dataset, words: Words) -> dict[str, Any]:
    """The empirical distribution function of NPV over the scenarios, for each choice."""
    text = words["size"]
    keys = [str(key) for key in risk["choice"].to_numpy()]
    return {
        "name": "shares",
        "kind": "shares",
        "series": [
            {"name": name, "colour": colour,
             "values": (np.sort(risk["npv_yuan"].sel(choice=choice.key).to_numpy()) / YUAN_PER_WAN).tolist()}
            for choice, name, colour in coloured_choices(study, keys, words)
        ],
        "axes": [text["axis_npv"], text["axis_share"]],
        "unit": words["page"]["wan"],
        "digits": 0,
    }  # fmt: skip


def _tornado(study: SizeStudy, risk: xr.Dataset, choice: Choice, words: Words) -> dict[str, Any]:
    """A tornado chart: the mean NPV of the scenarios where an uncertain input is low and where it is high."""
    mean = float(risk["npv_yuan"].sel(choice=choice.key).mean()) / YUAN_PER_WAN
    rows = [
        (
            doubt_label(study, driver.name, words),
            driver.low_npv_yuan / YUAN_PER_WAN,
            driver.high_npv_yuan / YUAN_PER_WAN,
        )
        for driver in drivers(risk, choice.key)
    ]
    ends = (words["size"]["end_low"], words["size"]["end_high"])
    return plain_charts.span_chart("swings", rows, mean, ends, words["size"]["axis_mean"], 0)


def doubt_label(study: SizeStudy, name: str, words: Words) -> str:
    """The name of an uncertain input, in the language where the case gives one."""
    doubt = next((doubt for doubt in study.sizing.doubt if doubt.name == name), None)
    return doubt.name_zh if doubt and doubt.name_zh and words["lang"] == "zh" else name


def _tried_sizes(study: SizeStudy, words: Words) -> dict[str, Any]:
    """The sizes evaluated by a dispatch while proving the co-optimised size."""
    best, text = study.best, words["size"]
    assert best
    tried = best.tried[np.argsort(best.tried[:, 0], kind="stable")]
    above = (tried[:, 2] - best.cost_yuan) / YUAN_PER_WAN
    hover = [
        str(text["tried_says"]).format(
            size=size_text(power, energy), above=format_number(excess, 2), unit=words["page"]["wan"]
        )
        for (power, energy, _, _), excess in zip(tried.tolist(), above.tolist(), strict=True)
    ]
    size = " / ".join(filter(None, size_headline(best, words)))
    mark = {
        "name": str(text["named"]).format(name=text["co_optimised"], size=size),
        "symbol": CO_OPTIMISED_SYMBOL, "x": best.power_mw, "y": best.energy_mwh, "hover": "",
    }  # fmt: skip
    return {
        "name": "search",
        "kind": "points",
        "series": [
            {"name": text["tried"], "x": tried[:, 0].tolist(), "y": tried[:, 1].tolist(), "hover": hover,
             "colour": plain_charts.GREY, "line": False}
        ],
        "marks": [mark],
        "axes": [text["axis_power"], text["axis_energy"]],
        "unit": "MWh",
        "digits": 1,
    }  # fmt: skip


def _in_wan(yuan: float) -> str:
    return format_number(yuan / YUAN_PER_WAN, 0)
