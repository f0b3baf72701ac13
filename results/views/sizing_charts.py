"""The charts of a study of a size, as the data that `size.js` and `page.js` draw. Money is in 10^4 yuan."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from parkdispatch.results.html.page import number
from parkdispatch.results.sizing.decision import PROJECT, size_text
from parkdispatch.results.sizing.decision_words import name_of
from parkdispatch.results.sizing.risk import drivers
from parkdispatch.results.sizing.sizing_results import NEVER, Best, Choice, SizeStudy
from parkdispatch.results.units import YUAN_PER_WAN
from parkdispatch.results.views import plain_charts as figures

Words = Mapping[str, Any]
OPEN = (
    "circle-open",
    "square-open",
    "diamond-open",
    "triangle-up-open",
    "triangle-down-open",
    "hexagon-open",
)
CO_OPTIMISED = "star"
COLOURS = (figures.BLUE, figures.RED, figures.GREEN, figures.PINK, figures.ORANGE)
SIGNS = {"up": figures.BLUE, "down": figures.ORANGE}


def size_figures(study: SizeStudy, words: Words, of: Choice | None) -> list[dict[str, Any]]:
    """Every chart for which there is something to draw; `of` is the choice whose doubts are drawn."""
    found: list[dict[str, Any]] = []
    if study.surface is not None:
        found += [surface_map(study, words, key) for key in ("npv", "annual_net")]
        found.append(_frontier(study, words))
    if study.when is not None:
        found.append(_when(study, study.when, words))
    if study.risk is not None:
        found.append(_shares(study, study.risk, words))
        if of is not None:
            found.append(_swings(study, study.risk, of, words))
    if study.best is not None and len(study.best.tried):
        found.append(_search(study, words))
    return found


def without_nothing(surface: xr.Dataset) -> xr.Dataset:
    """The surface less the row of no power, which is no size."""
    return surface.isel(power_mw=np.flatnonzero(surface["power_mw"].to_numpy() > 0))


def places(study: SizeStudy, words: Words) -> list[tuple[Choice, str, str]]:
    """Each choice that is a size, with the symbol it has on every chart, and its name."""
    found, opened = [], 0
    for choice in study.choices:
        if choice.key == NEVER or choice.power_mw <= 0:
            continue
        if choice.key == "best":
            symbol = CO_OPTIMISED
        else:
            symbol, opened = OPEN[opened % len(OPEN)], opened + 1
        found.append((choice, symbol, told_name(choice, words)))
    best = study.best
    if best is not None and not best.is_nothing and not any(one.key == "best" for one, _, _ in found):
        name = str(words["size"]["co_optimised"])
        own = Choice("best", name, name, best.power_mw, best.energy_mwh, 0.0)
        found.append((own, CO_OPTIMISED, told_name(own, words)))
    return found


def told_name(choice: Choice, words: Words) -> str:
    """A choice by name, and by size where its name does not say it."""
    if choice.power_mw <= 0:
        return str(words["decision"]["nothing"])
    name, size = name_of(choice, words), size_text(choice.power_mw, choice.energy_mwh)
    if size.replace(" ", "") in name.replace(" ", ""):
        return name
    return str(words["size"]["named"]).format(name=name, size=size)


def bare(best: Best, words: Words) -> tuple[str, str]:
    """Power and energy as a headline has them; or that it is nothing."""
    if best.is_nothing:
        return str(words["decision"]["nothing"]), ""
    power, energy = size_text(best.power_mw, best.energy_mwh).split(" / ")
    return power, energy


def surface_map(study: SizeStudy, words: Words, key: str) -> dict[str, Any]:
    """A measure [yuan] over power and duration, with the choices where they lie."""
    assert study.surface is not None
    text, surface = words["size"], without_nothing(study.surface)
    values = surface[f"{key}_yuan"].transpose("duration_hours", "power_mw").to_numpy() / YUAN_PER_WAN
    power, hours = surface["power_mw"].to_numpy(), surface["duration_hours"].to_numpy()
    marks: list[dict[str, Any]] = [
        {"name": name, "symbol": symbol, "x": one.power_mw, "y": one.energy_mwh / one.power_mw,
         "says": size_text(one.power_mw, one.energy_mwh)}
        for one, symbol, name in places(study, words)
    ]  # fmt: skip
    return {
        "name": key,
        "kind": "grid",
        "x": power.tolist(),
        "y": hours.tolist(),
        "values": [[None if np.isnan(one) else float(one) for one in row] for row in values],
        "axes": [text["axis_power"], text["axis_hours"]],
        "unit": words["page"]["wan"],
        "digits": 0,
        "marks": [one for one in marks if _within(one["x"], power) and _within(one["y"], hours)],
        "outside": [
            one["name"] for one in marks if not (_within(one["x"], power) and _within(one["y"], hours))
        ],
        "zero": text[f"zero_{key}"],
        "signs": [text["above_zero"], text["below_zero"]],
        "touch": text["touch"],
        "colours": SIGNS,
    }


def _within(value: float, cells: np.ndarray) -> bool:
    """Whether a value lies in a cell of a map, of which these are the middles; as size.js draws them."""
    if len(cells) == 1:
        return bool(abs(value - cells[0]) <= 0.5)
    first, last = (cells[1] - cells[0]) / 2.0, (cells[-1] - cells[-2]) / 2.0
    return bool(max(0.0, cells[0] - first) <= value <= cells[-1] + last)


def _frontier(study: SizeStudy, words: Words) -> dict[str, Any]:
    """NPV against investment: every size, those that nothing beats, and the offers."""
    assert study.surface is not None
    text, unit = words["size"], words["page"]["wan"]
    cells = frontier_cells(study.surface, only_best=False)
    chosen = frontier_cells(study.surface, only_best=True)

    def says(cell: tuple[float, float, float, float]) -> str:
        power, energy, cost, npv = cell
        size = size_text(power, energy)
        return str(text["frontier_says"]).format(size=size, cost=_wan(cost), npv=_wan(npv), unit=unit)

    def series(name: str, of: Sequence[Any], colour: figures.Colour, line: bool) -> dict[str, Any]:
        return {
            "name": name,
            "x": [one[2] / YUAN_PER_WAN for one in of],
            "y": [one[3] / YUAN_PER_WAN for one in of],
            "says": [says(one) for one in of],
            "colour": colour,
            "line": line,
        }

    shown = {one.key: (symbol, name) for one, symbol, name in places(study, words)}
    marks = [
        {"name": shown[one.choice.key][1], "symbol": shown[one.choice.key][0],
         "x": one.choice.investment_yuan / YUAN_PER_WAN, "y": npv / YUAN_PER_WAN,
         "says": says((one.choice.power_mw, one.choice.energy_mwh, one.choice.investment_yuan, npv))}
        for one in study.offers if one.cash and one.choice.key in shown
        for npv in [one.cash.returns[PROJECT].npv_yuan]
    ]  # fmt: skip
    return {
        "name": "frontier",
        "kind": "points",
        "series": [
            series(text["every_size"], cells, figures.GREY, False),
            series(text["frontier_line"], [(0.0, 0.0, 0.0, 0.0), *chosen], figures.BLUE, True),
        ],
        "marks": [*marks, {"name": text["nothing"], "symbol": "x", "x": 0.0, "y": 0.0, "says": "0"}],
        "axes": [text["axis_cost"], text["axis_npv"]],
        "unit": unit,
        "digits": 0,
    }


def frontier_cells(surface: xr.Dataset, only_best: bool) -> list[tuple[float, float, float, float]]:
    """Power, energy, investment and NPV of each size, by rising investment; or only of the frontier's.

    On the frontier no size loses money, for nothing costs less and is worth more.
    """
    flat = without_nothing(surface).stack(cell=("power_mw", "duration_hours")).sortby("investment_yuan")
    kept = flat["npv_yuan"].notnull()
    if only_best:
        kept &= flat["frontier"] & (flat["npv_yuan"] > 0)
    flat = flat.isel(cell=np.flatnonzero(kept.to_numpy()))
    names = ("power_mw", "energy_mwh", "investment_yuan", "npv_yuan")
    return list(zip(*(flat[name].to_numpy().tolist() for name in names), strict=True))


def _when(study: SizeStudy, when: xr.Dataset, words: Words) -> dict[str, Any]:
    """NPV by the year of commissioning, a line a choice."""
    years = [float(study.case.calendar.year + int(year)) for year in when["year"].to_numpy()]
    rows = [
        (name, (when["npv_yuan"].sel(choice=one.key).to_numpy() / YUAN_PER_WAN).tolist(), colour)
        for one, name, colour in coloured(study, [str(key) for key in when["choice"].to_numpy()], words)
    ]
    return figures.line_chart("when", years, rows, words["size"]["axis_npv"], 0, words["size"]["axis_year"])


def coloured(
    study: SizeStudy, keys: Sequence[str], words: Words
) -> Iterator[tuple[Choice, str, figures.Colour]]:
    """The choices of those keys that are sizes, with their names and colours, the same on every chart."""
    sizes = [one for one in study.choices if one.key != NEVER and one.power_mw > 0]
    for at, choice in enumerate(sizes):
        if choice.key in keys:
            yield choice, told_name(choice, words), COLOURS[at % len(COLOURS)]


def _shares(study: SizeStudy, risk: xr.Dataset, words: Words) -> dict[str, Any]:
    """For each choice the share of scenarios that come to no more than some NPV."""
    text = words["size"]
    return {
        "name": "shares",
        "kind": "shares",
        "series": [
            {"name": name, "colour": colour,
             "values": (np.sort(risk["npv_yuan"].sel(choice=one.key).to_numpy()) / YUAN_PER_WAN).tolist()}
            for one, name, colour in coloured(study, [str(key) for key in risk["choice"].to_numpy()], words)
        ],
        "axes": [text["axis_npv"], text["axis_share"]],
        "unit": words["page"]["wan"],
        "digits": 0,
    }  # fmt: skip


def _swings(study: SizeStudy, risk: xr.Dataset, of: Choice, words: Words) -> dict[str, Any]:
    """A tornado: the mean NPV where a doubt is low and where it is high."""
    mean = float(risk["npv_yuan"].sel(choice=of.key).mean()) / YUAN_PER_WAN
    rows = [
        (
            doubt_name(study, one.name, words),
            one.low_npv_yuan / YUAN_PER_WAN,
            one.high_npv_yuan / YUAN_PER_WAN,
        )
        for one in drivers(risk, of.key)
    ]
    ends = (words["size"]["end_low"], words["size"]["end_high"])
    return figures.span_chart("swings", rows, mean, ends, words["size"]["axis_mean"], 0)


def doubt_name(study: SizeStudy, name: str, words: Words) -> str:
    """A doubt in the language, where it has a name there."""
    doubt = next((one for one in study.sizing.doubt if one.name == name), None)
    return doubt.name_zh if doubt and doubt.name_zh and words["lang"] == "zh" else name


def _search(study: SizeStudy, words: Words) -> dict[str, Any]:
    """The sizes whose year was dispatched to find the co-optimised one."""
    best, text = study.best, words["size"]
    assert best
    tried = best.tried[np.argsort(best.tried[:, 0], kind="stable")]
    above = (tried[:, 2] - best.cost_yuan) / YUAN_PER_WAN
    says = [
        str(text["tried_says"]).format(
            size=size_text(power, energy), above=number(more, 2), unit=words["page"]["wan"]
        )
        for (power, energy, _, _), more in zip(tried.tolist(), above.tolist(), strict=True)
    ]
    size = " / ".join(filter(None, bare(best, words)))
    mark = {
        "name": str(text["named"]).format(name=text["co_optimised"], size=size),
        "symbol": CO_OPTIMISED, "x": best.power_mw, "y": best.energy_mwh, "says": "",
    }  # fmt: skip
    return {
        "name": "search",
        "kind": "points",
        "series": [
            {"name": text["tried"], "x": tried[:, 0].tolist(), "y": tried[:, 1].tolist(), "says": says,
             "colour": figures.GREY, "line": False}
        ],
        "marks": [mark],
        "axes": [text["axis_power"], text["axis_energy"]],
        "unit": "MWh",
        "digits": 1,
    }  # fmt: skip


def _wan(yuan: float) -> str:
    return number(yuan / YUAN_PER_WAN, 0)
