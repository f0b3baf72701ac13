"""The decision of a size study in plain words: what to build and when, at what price, and how sure that is.

`decision` finds what is to be said as keys and numbers, `decision_words.py` says it in a language. A number's
name ends in its unit, which says how it is written. What was not computed is not mentioned.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from parkdispatch.results.audit import PROVEN_GAP
from parkdispatch.results.sizing.loss_regions import loss_regions
from parkdispatch.results.sizing.risk import chosen, distribution
from parkdispatch.results.sizing.sizing_results import NEVER, PROVEN_SIZE_GAP, Choice, Offered, SizeStudy

PROJECT = "project_after_tax"  # the flow whose NPV is meant wherever one is named
SURFACE = "surface"  # the key of a size that only the surface knows
FEW = 2  # drivers that are named


class Statement(NamedTuple):
    """A sentence: its key among the words, and what stands in it."""

    key: str
    numbers: Mapping[str, Any]


@dataclass(frozen=True)
class Verdict:
    """What to build, in which year after that of the case, and what that is worth in its money.

    Where nothing is worth building, `choice` is what would lose least, in the year in which it does.
    """

    choice: Choice
    year: int
    npv_yuan: float
    now_yuan: float | None  # the same choice built at once

    @property
    def build(self) -> bool:
        """Whether it is worth building."""
        return self.npv_yuan > 0


def npv_yuan(one: Offered) -> float | None:
    """What a choice is worth built at once, of the project after tax; None where that was not computed."""
    return one.cash.returns[PROJECT].npv_yuan if one.cash else None


def best_offer(study: SizeStudy) -> tuple[Offered, float] | None:
    """What is worth most built at once, or loses least, and that NPV; None where none was computed."""
    found = [(one, value) for one in study.offers if (value := npv_yuan(one)) is not None]
    return max(found, key=lambda pair: pair[1], default=None)


def best_cell(study: SizeStudy) -> tuple[Choice, float] | None:
    """The size of the surface that has most NPV, and that; None without a surface or without a size."""
    if study.surface is None:
        return None
    found = study.surface.where(study.surface["power_mw"] > 0)["npv_yuan"]
    if bool(found.isnull().all()):
        return None
    cell = study.surface.isel(found.argmax(...))
    power, energy = float(cell["power_mw"]), float(cell["energy_mwh"])
    name = size_text(power, energy)
    choice = Choice(SURFACE, name, name, power, energy, float(cell["investment_yuan"]))
    return choice, float(cell["npv_yuan"])


def verdict(study: SizeStudy) -> Verdict | None:
    """The best of all that was computed; None where no NPV was."""
    named = {choice.key: choice for choice in study.choices}
    now = {one.choice.key: value for one in study.offers if (value := npv_yuan(one)) is not None}
    found = [Verdict(named[key], 0, value, value) for key, value in now.items()]
    if study.when is not None:
        for key in map(str, study.when["choice"].to_numpy()):
            values = study.when["npv_yuan"].sel(choice=key).to_numpy()
            if key != NEVER:
                found += [
                    Verdict(named[key], int(year), float(value), now.get(key, float(values[0])))
                    for year, value in zip(study.when["year"].to_numpy(), values, strict=True)
                ]
    if (cell := best_cell(study)) and (
        cell[1] > 0 or not found
    ):  # what loses least is just the smallest size
        found.append(Verdict(cell[0], 0, cell[1], cell[1]))
    # of equals the earliest, then the first
    return max(found, key=lambda one: (one.npv_yuan, -one.year)) if found else None


def decision(study: SizeStudy) -> list[Statement]:
    """All that is to be said of a study, in order."""
    found = verdict(study)
    said: list[Statement] = []
    if found:
        said += [*_verdict(study, found), *_price(study, found)]
    return [*said, *_best(study, found), *_risk(study), *_unproven(study)]


def _verdict(study: SizeStudy, found: Verdict) -> Iterator[Statement]:
    year = study.case.calendar.year + found.year
    own: dict[str, Any] = {"choice": found.choice, "year": year}
    last = None if study.when is None else study.case.calendar.year + int(study.when["year"].max())
    if not found.build:
        yield from _never(study, found, last)
        return
    if found.year == 0:
        yield Statement("build_now", {**own, "npv_yuan": found.npv_yuan})
    elif found.now_yuan is not None and found.now_yuan > 0:
        yield Statement("build_later", {**own, "npv_yuan": found.npv_yuan, "now_yuan": found.now_yuan})
    else:
        loss = -(found.now_yuan or 0.0)
        yield Statement("build_only_later", {**own, "npv_yuan": found.npv_yuan, "loss_yuan": loss})
        if study.when is not None:
            pays = study.when["npv_yuan"].sel(choice=found.choice.key).to_numpy() > 0
            first = int(study.when["year"].to_numpy()[pays].min())
            if first < found.year and pays[first:].all():
                yield Statement("pays_from", {"year": study.case.calendar.year + first})
        if (cell := best_cell(study)) and cell[1] > 0:
            yield Statement("size_now", {"choice": cell[0], "npv_yuan": cell[1]})
    if found.year and year == last:
        yield Statement("last_year", {"year": year})
    if found.choice.key == SURFACE and (best := best_offer(study)):
        yield Statement("not_on_offer", {})
        if best[1] > 0:
            yield Statement("best_offer", {"choice": best[0].choice, "npv_yuan": best[1]})


def _never(study: SizeStudy, found: Verdict, last: int | None) -> Iterator[Statement]:
    loss = max(0.0, -(found.npv_yuan if found.now_yuan is None else found.now_yuan))
    choice = found.choice
    if best := best_offer(study):  # what loses least now need not be what would lose least in some later year
        choice, loss = best[0].choice, max(0.0, -best[1])
    yield Statement("build_never", {"choice": choice, "loss_yuan": loss})
    if study.surface is not None and choice.key != SURFACE:
        count = int((study.surface["power_mw"] > 0).sum()) * study.surface.sizes["duration_hours"]
        yield Statement("no_size", {"count": count})
    if last is not None:
        year = study.case.calendar.year + found.year
        yield Statement(
            "never_later",
            {"choice": found.choice, "last": last, "year": year, "loss_yuan": max(0.0, -found.npv_yuan)},
        )


def _price(study: SizeStudy, found: Verdict) -> Iterator[Statement]:
    """The price at which it pays now; where nothing does, of what would be the first to pay."""
    known = [one for one in study.offers if one.break_even_yuan_per_wh is not None]
    if found.build and found.year == 0 and found.choice.key != SURFACE:
        known = [one for one in known if one.choice.key == found.choice.key]
    if not known:
        return
    first = max(known, key=lambda one: one.break_even_yuan_per_wh or 0.0)
    if found.choice.key == SURFACE and (best := best_offer(study)) and best[1] > 0:
        first = best[0]
    price, zero = first.choice.yuan_per_wh, first.break_even_yuan_per_wh or 0.0
    own = {"choice": first.choice, "break_even_yuan_per_wh": zero, "price_yuan_per_wh": price}
    if zero <= 0:
        yield Statement("pays_at_no_price", own)
    elif price is not None:
        yield Statement("pays_up_to" if zero >= price else "pays_below", own)


def _best(study: SizeStudy, found: Verdict | None) -> Iterator[Statement]:
    """The co-optimised size, and whether it is what was chosen."""
    best = study.best
    if best is None:
        return
    power, energy = best.power_mw, best.energy_mwh
    saved = best.without_yuan - best.cost_yuan
    own: dict[str, Any] = {"size": size_text(power, energy), "saved_yuan": saved}
    now = found is not None and found.build and (found.year == 0 or (found.now_yuan or 0.0) > 0)
    differs = False
    if best.is_nothing:
        yield Statement("best_is_nothing_though" if now else "best_is_nothing", {})
        differs = now
    elif saved < 0:
        yield Statement("best_is_dearer", {**own, "more_yuan": -saved})
    elif found is None:
        yield Statement("best_alone", own)
    elif now and _near(study, found.choice):
        same = size_text(found.choice.power_mw, found.choice.energy_mwh) == own["size"]
        yield Statement("best_same" if same else "best_near", own)
    else:
        yield Statement("best_differs", own)
        differs = True
    if differs:
        yield Statement("why_differs", {})


def _near(study: SizeStudy, choice: Choice) -> bool:
    """Whether a size lies within one step of the surface from the co-optimised one."""
    best, sizing = study.best, study.sizing
    assert best
    hours = choice.energy_mwh / choice.power_mw - best.energy_mwh / best.power_mw
    return (
        abs(choice.power_mw - best.power_mw) <= sizing.power_mw.step
        and abs(hours) <= sizing.duration_hours.step
    )


def risked(study: SizeStudy) -> Choice | None:
    """The choice whose risk is told: what was chosen, or else the best of those that the scenarios know."""
    if study.risk is None:
        return None
    keys = [str(key) for key in study.risk["choice"].to_numpy()]
    known = {one.key: one for one in study.choices if one.key in keys and one.key != NEVER}
    found, offer = verdict(study), best_offer(study)
    if found and found.build and found.choice.key in known:
        return found.choice
    if offer and offer[0].choice.key in known:
        return offer[0].choice
    mean = study.risk["npv_yuan"].mean("scenario")
    return max(known.values(), key=lambda one: float(mean.sel(choice=one.key)), default=None)


def _risk(study: SizeStudy) -> Iterator[Statement]:
    """How often it loses, where mostly, and what other ways of choosing choose."""
    choice = risked(study)
    if study.risk is None or choice is None:
        return
    table = distribution(study.risk, study.sizing.tail)
    lost, tail_yuan = (float(table[name][choice.key]) for name in ("loss_share", "cvar_yuan"))
    own: dict[str, Any] = {"choice": choice, "loss_share": lost, "count": study.risk.sizes["scenario"]}
    where = loss_regions(study.risk, choice.key)[:FEW] if 0 < lost < 1 else ()
    if where:
        yield Statement("loses_where", {**own, "where": where})
    else:
        yield Statement("loses_never" if lost == 0 else "loses_always" if lost == 1 else "loses", own)
    tail = {"tail_share": study.sizing.tail, "mean_yuan": abs(tail_yuan)}
    yield Statement("tail_loses" if tail_yuan < 0 else "tail_earns", tail)
    by = {name: _named(study, key) for name, key in chosen(study.risk, study.sizing.tail).items()}
    groups: dict[str, list[str]] = {}
    for name, one in by.items():
        groups.setdefault(one.key, []).append(name)
    if len(groups) == 1:
        yield Statement(
            "criteria_agree", {"choice": next(iter(by.values())), "tail_share": study.sizing.tail}
        )
    else:
        told = tuple((tuple(names), _named(study, key)) for key, names in groups.items())
        yield Statement("criteria_differ", {"groups": told, "tail_share": study.sizing.tail})


def _named(study: SizeStudy, key: str) -> Choice:
    return next(choice for choice in study.choices if choice.key == key)


def _unproven(study: SizeStudy) -> Iterator[Statement]:
    """What the proof of the size leaves open, and what is not proven optimal."""
    best = study.best
    if best is not None and best.gap > PROVEN_GAP:
        left: dict[str, Any] = {"gap_share": best.gap, "gap_yuan": best.cost_yuan - best.bound_yuan}
        yield Statement("proven_best" if best.gap <= PROVEN_SIZE_GAP else "open_best", left)
    gap = largest_gap(study)
    if gap is not None and gap > PROVEN_GAP:
        yield Statement("open_years", {"gap_share": gap})


def gap_of(one: Offered) -> float | None:
    """The largest gap of a choice's years; None where none was dispatched."""
    return one.figures.get("gap", one.life.largest_gap if one.life else None)


def largest_gap(study: SizeStudy) -> float | None:
    """The largest gap of a year that was dispatched, for the offers or the surface; None without either."""
    gaps = [gap for one in study.offers if (gap := gap_of(one)) is not None]
    if study.surface is not None:
        gaps.append(float(np.nanmax(study.surface["gap"].to_numpy())))
    return max(gaps, default=None)


def size_text(power_mw: float, energy_mwh: float) -> str:
    """A size; `25 MW / 50 MWh`."""
    return f"{round(power_mw, 2):g} MW / {round(energy_mwh, 2):g} MWh"
