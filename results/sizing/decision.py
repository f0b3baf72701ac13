"""The recommendation of a sizing study: what to build and when, at what price, and at what risk.

`decision` lists its statements as keys and numbers; `decision_words.py` puts them into a language. A number's
name ends in its unit, which determines its format. Parts that were not computed yield no statement.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from parkdispatch.results.audit import PROVEN_GAP
from parkdispatch.results.sizing.build_steps import step_statements
from parkdispatch.results.sizing.loss_regions import loss_regions
from parkdispatch.results.sizing.option_value import option_value
from parkdispatch.results.sizing.present_price import CO_OPTIMISED, present_npv_yuan
from parkdispatch.results.sizing.risk import choice_by_rule, distribution
from parkdispatch.results.sizing.sizing_results import NEVER, PROVEN_SIZE_GAP, Choice, Offered, SizeStudy
from parkdispatch.results.sizing.undecided import largest_gap, undecided

PROJECT = "project_after_tax"  # the cash flow whose NPV decides
SURFACE = "surface"  # the key of a size that is on the surface but not offered
FEW = 2  # loss regions that are named


class Statement(NamedTuple):
    """A sentence: its key in the tables of words, and the numbers in it."""

    key: str
    numbers: Mapping[str, Any]


@dataclass(frozen=True)
class Verdict:
    """The recommended choice, its commissioning year after the case's, and its NPV in the case's year.

    Where no NPV is positive, it is the choice and year of the least loss.
    """

    choice: Choice
    year: int
    npv_yuan: float
    now_yuan: float | None  # NPV of the same choice commissioned in the case's year

    @property
    def build(self) -> bool:
        """Whether the NPV is positive."""
        return self.npv_yuan > 0


def npv_yuan(offered: Offered) -> float | None:
    """NPV of a choice commissioned in the case's year, project after tax; None where not computed."""
    return offered.cash.returns[PROJECT].npv_yuan if offered.cash else None


def best_offer(study: SizeStudy) -> tuple[Offered, float] | None:
    """The choice of the highest NPV in the case's year, and that NPV; None where none was computed."""
    values = [(offered, value) for offered in study.offers if (value := npv_yuan(offered)) is not None]
    return max(values, key=lambda pair: pair[1], default=None)


def best_cell(study: SizeStudy) -> tuple[Choice, float] | None:
    """The size of the surface with the highest NPV, and that NPV; None without a surface or a size."""
    if study.surface is None:
        return None
    npv = study.surface.where(study.surface["power_mw"] > 0)["npv_yuan"]
    if bool(npv.isnull().all()):
        return None
    cell = study.surface.isel(npv.argmax(...))
    power, energy = float(cell["power_mw"]), float(cell["energy_mwh"])
    name = size_text(power, energy)
    choice = Choice(SURFACE, name, name, power, energy, float(cell["investment_yuan"]))
    return choice, float(cell["npv_yuan"])


def verdict(study: SizeStudy) -> Verdict | None:
    """The alternative of the highest NPV among all parts of the study; None where no NPV was computed.

    Among equals the earliest year, then the first choice.
    """
    named = {choice.key: choice for choice in study.choices}
    now_yuan = {
        offered.choice.key: value for offered in study.offers if (value := npv_yuan(offered)) is not None
    }
    alternatives = [Verdict(named[key], 0, value, value) for key, value in now_yuan.items()]
    if study.when is not None:
        for key in map(str, study.when["choice"].to_numpy()):
            values = study.when["npv_yuan"].sel(choice=key).to_numpy()
            if key != NEVER:
                alternatives += [
                    Verdict(named[key], int(year), float(value), now_yuan.get(key, _known(values[0])))
                    for year, value in zip(study.when["year"].to_numpy(), values, strict=True)
                    if np.isfinite(value)
                ]
    # without a positive NPV the best size of the surface is merely the smallest one
    if (cell := best_cell(study)) and (cell[1] > 0 or not alternatives):
        alternatives.append(Verdict(cell[0], 0, cell[1], cell[1]))
    if not alternatives:
        return None
    return max(alternatives, key=lambda alternative: (alternative.npv_yuan, -alternative.year))


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def decision(study: SizeStudy) -> list[Statement]:
    """The statements of the recommendation, in order."""
    recommended = verdict(study)
    statements: list[Statement] = []
    if recommended:
        price, build = list(_price(study, recommended)), list(_verdict(study, recommended))
        # where the case's price is too high, the price at which to build leads
        leads = build[0].key != "build_now" and any(statement.key == "pays_below" for statement in price)
        statements += [*price, *build] if leads else [*build, *price]
    statements += _present(study)
    steps = step_statements(
        study.steps, None if recommended is None else recommended.choice.key, study.case.calendar.year
    )
    statements += [Statement(key, numbers) for key, numbers in steps]
    statements += [*_best(study, recommended), *_risk(study)]
    return [*statements, *_unproven(study, recommended), *_incomplete(study)]


def _verdict(study: SizeStudy, recommended: Verdict) -> Iterator[Statement]:
    """What to build and when."""
    base_year = study.case.calendar.year
    year, last = base_year + recommended.year, _last_year(study)
    npv, now = recommended.npv_yuan, recommended.now_yuan
    numbers: dict[str, Any] = {"choice": recommended.choice, "year": year}
    if not recommended.build:
        yield from _never(study, recommended, last)
        return
    if recommended.year == 0:
        yield Statement("build_now", {**numbers, "npv_yuan": npv})
    elif now is not None and now > 0:
        yield Statement("build_later", {**numbers, "npv_yuan": npv, "now_yuan": now})
    else:
        numbers |= {"npv_yuan": npv, "loss_yuan": -(now or 0.0)}
        yield Statement("build_not_now" if year == last else "build_only_later", numbers)
        yield from _pays_from(study, recommended)
        if (cell := best_cell(study)) and cell[1] > 0:
            yield Statement("size_now", {"choice": cell[0], "npv_yuan": cell[1]})
    if recommended.year and year == last:
        yield Statement("last_year", {"year": year, "npv_yuan": npv})
    if recommended.choice.key == SURFACE and (best := best_offer(study)):
        yield Statement("not_on_offer", {})
        if best[1] > 0:
            yield Statement("best_offer", {"choice": best[0].choice, "npv_yuan": best[1]})


def _last_year(study: SizeStudy) -> int | None:
    """The last commissioning year that was examined."""
    return None if study.when is None else study.case.calendar.year + int(study.when["year"].max())


def _pays_from(study: SizeStudy, recommended: Verdict) -> Iterator[Statement]:
    """The first year of positive NPV, if the NPV stays positive from then on and the best year is later."""
    if study.when is None:
        return
    positive = study.when["npv_yuan"].sel(choice=recommended.choice.key).to_numpy() > 0
    first = int(study.when["year"].to_numpy()[positive].min())
    if first < recommended.year and positive[first:].all():
        yield Statement("pays_from", {"year": study.case.calendar.year + first})


def _never(study: SizeStudy, recommended: Verdict, last: int | None) -> Iterator[Statement]:
    """That nothing pays: the least loss now, over the surface, and over later years."""
    now = recommended.npv_yuan if recommended.now_yuan is None else recommended.now_yuan
    choice, loss = recommended.choice, max(0.0, -now)
    if best := best_offer(study):  # the choice of least loss now may differ from that in a later year
        choice, loss = best[0].choice, max(0.0, -best[1])
    yield Statement("build_never", {"choice": choice, "loss_yuan": loss})
    if study.surface is not None and choice.key != SURFACE:
        sizes = study.surface["npv_yuan"].where(study.surface["power_mw"] > 0)
        count = int(sizes.notnull().sum())
        yield Statement("no_size", {"count": count})
    if last is not None:
        year = study.case.calendar.year + recommended.year
        loss = max(0.0, -recommended.npv_yuan)
        numbers = {"choice": recommended.choice, "last": last, "year": year, "loss_yuan": loss}
        yield Statement("never_later", numbers)


def _price(study: SizeStudy, recommended: Verdict) -> Iterator[Statement]:
    """The break-even price of the recommended choice; where nothing pays, of the one that pays first."""
    offers = [offered for offered in study.offers if offered.break_even_yuan_per_wh is not None]
    offers = [offered for offered in offers if offered.choice.key != CO_OPTIMISED] or offers
    if recommended.build and recommended.year == 0 and recommended.choice.key != SURFACE:
        offers = [offered for offered in offers if offered.choice.key == recommended.choice.key]
    if not offers:
        return
    first = max(offers, key=lambda offered: offered.break_even_yuan_per_wh or 0.0)
    if recommended.choice.key == SURFACE and (best := best_offer(study)) and best[1] > 0:
        first = best[0]
    price, break_even = first.choice.yuan_per_wh, first.break_even_yuan_per_wh or 0.0
    numbers = {"choice": first.choice, "break_even_yuan_per_wh": break_even, "price_yuan_per_wh": price}
    if break_even <= 0:
        yield Statement("pays_at_no_price", numbers)
    elif price is not None:
        yield Statement("pays_up_to" if break_even >= price else "pays_below", numbers)


def _present(study: SizeStudy) -> Iterator[Statement]:
    """The verdict at the present price: of the offers, the one that is worth most at it."""
    present, worth = study.sizing.present_price, present_npv_yuan(study)
    if present is None or not worth:
        return
    key, value = max(worth.items(), key=lambda pair: pair[1])
    numbers = {
        "choice": _choice(study, key), "present_yuan_per_wh": present.yuan_per_wh, "date": present.date,
        "source": present.source, "source_zh": present.source_zh or present.source,
        "npv_yuan": abs(value),
    }  # fmt: skip
    yield Statement("present_pays" if value > 0 else "present_loses", numbers)


def _best(study: SizeStudy, recommended: Verdict | None) -> Iterator[Statement]:
    """The co-optimised size, and whether it agrees with the recommendation."""
    best = study.best
    if best is None:
        return
    saved = best.without_yuan - best.cost_yuan
    numbers: dict[str, Any] = {"size": size_text(best.power_mw, best.energy_mwh), "saved_yuan": saved}
    pays_now = (
        recommended is not None
        and recommended.build
        and (recommended.year == 0 or (recommended.now_yuan or 0.0) > 0)
    )
    differs = False
    if best.is_nothing:
        yield Statement("best_is_nothing_though" if pays_now else "best_is_nothing", {})
        differs = pays_now
    elif saved < 0:
        yield Statement("best_is_dearer", {**numbers, "more_yuan": -saved})
    elif recommended is None:
        yield Statement("best_alone", numbers)
    elif pays_now and _near(study, recommended.choice):
        size = size_text(recommended.choice.power_mw, recommended.choice.energy_mwh)
        yield Statement("best_same" if size == numbers["size"] else "best_near", numbers)
    else:
        yield Statement("best_differs", numbers)
        differs = True
    if differs:
        yield Statement("why_differs", {})


def _near(study: SizeStudy, choice: Choice) -> bool:
    """Whether a size lies within one step of the surface from the co-optimised size."""
    best, sizing = study.best, study.sizing
    assert best
    hours = choice.energy_mwh / choice.power_mw - best.energy_mwh / best.power_mw
    return (
        abs(choice.power_mw - best.power_mw) <= sizing.power_mw.step
        and abs(hours) <= sizing.duration_hours.step
    )


def reported_choice(study: SizeStudy) -> Choice | None:
    """The choice whose risk is reported: the recommended one, else the best of those in the scenarios."""
    if study.risk is None:
        return None
    keys = [str(key) for key in study.risk["choice"].to_numpy()]
    in_scenarios = {
        choice.key: choice for choice in study.choices if choice.key in keys and choice.key != NEVER
    }
    recommended, offer = verdict(study), best_offer(study)
    if recommended and recommended.build and recommended.choice.key in in_scenarios:
        return recommended.choice
    if offer and offer[0].choice.key in in_scenarios:
        return offer[0].choice
    mean = study.risk["npv_yuan"].mean("scenario")
    return max(in_scenarios.values(), key=lambda choice: float(mean.sel(choice=choice.key)), default=None)


def _risk(study: SizeStudy) -> Iterator[Statement]:
    """Loss probability, loss regions, CVaR, and the choice under each decision rule."""
    choice = reported_choice(study)
    if study.risk is None or choice is None:
        return
    table = distribution(study.risk, study.sizing.tail)
    lost, tail_yuan = (float(table[name][choice.key]) for name in ("loss_share", "cvar_yuan"))
    numbers: dict[str, Any] = {"choice": choice, "loss_share": lost, "count": study.risk.sizes["scenario"]}
    regions = loss_regions(study.risk, choice.key)[:FEW] if 0 < lost < 1 else ()
    if regions:
        yield Statement("loses_where", {**numbers, "where": regions})
    else:
        yield Statement("loses_never" if lost == 0 else "loses_always" if lost == 1 else "loses", numbers)
    tail = {"tail_share": study.sizing.tail, "mean_yuan": abs(tail_yuan)}
    yield Statement("tail_loses" if tail_yuan < 0 else "tail_earns", tail)
    yield from _waiting(study, study.risk, choice)
    yield from _criteria(study, study.risk)


def _waiting(study: SizeStudy, risk: xr.Dataset, choice: Choice) -> Iterator[Statement]:
    """The value of deciding later, beside building now and never."""
    wait = study.sizing.wait
    if wait is not None and (value := option_value(risk, wait, choice.key)):
        yield Statement(f"option_{value.best}", {"choice": choice, **value.numbers})


def _criteria(study: SizeStudy, risk: xr.Dataset) -> Iterator[Statement]:
    """Whether the decision rules agree, and their choices otherwise."""
    tail_share = study.sizing.tail
    rules_by_choice: dict[str, list[str]] = {}
    for rule, key in choice_by_rule(risk, tail_share).items():
        rules_by_choice.setdefault(key, []).append(rule)
    groups = tuple((tuple(rules), _choice(study, key)) for key, rules in rules_by_choice.items())
    if len(groups) == 1:
        yield Statement("criteria_agree", {"choice": groups[0][1], "tail_share": tail_share})
    else:
        yield Statement("criteria_differ", {"groups": groups, "tail_share": tail_share})


def _choice(study: SizeStudy, key: str) -> Choice:
    return next(choice for choice in study.choices if choice.key == key)


def _unproven(study: SizeStudy, recommended: Verdict | None) -> Iterator[Statement]:
    """The gaps of the co-optimised size and of the dispatched years, and what they leave open."""
    best = study.best
    if best is not None and best.gap > PROVEN_GAP:
        numbers: dict[str, Any] = {"gap_share": best.gap, "gap_yuan": best.cost_yuan - best.bound_yuan}
        yield Statement("proven_best" if best.gap <= PROVEN_SIZE_GAP else "open_best", numbers)
    gap, doubt = largest_gap(study), undecided(study)
    if gap is not None and gap > PROVEN_GAP:
        yield Statement("open_years", {"gap_share": gap})
    if doubt is not None:
        yield Statement("undecided", {"gap_yuan": doubt.year_yuan, "npv_yuan": doubt.npv_yuan})
        if recommended is not None and abs(recommended.npv_yuan) <= doubt.npv_yuan:
            yield Statement("verdict_undecided", {})
    if study.is_best_left_out:
        yield Statement("best_left_out", {})


def _incomplete(study: SizeStudy) -> Iterator[Statement]:
    """That tasks failed, and of how many scenarios the risk is."""
    if study.failed:
        total = sum(study.asked.values())
        yield Statement("incomplete", {"failed": len(study.failed), "count": total})
    if study.risk is not None and study.risk.sizes["scenario"] < study.scenarios_asked:
        numbers = {"done": study.risk.sizes["scenario"], "count": study.scenarios_asked}
        yield Statement("fewer_scenarios", numbers)


def size_text(power_mw: float, energy_mwh: float) -> str:
    """A size as text: "25 MW / 50 MWh"."""
    return f"{round(power_mw, 2):g} MW / {round(energy_mwh, 2):g} MWh"
