"""Studies of a size made up from a formula, so that every case of what is said of them can be had at once.

A year with P MW and e MWh, as aged, saves `worth * 40e6 * (1 - exp(-e / 90)) * (1 - exp(-1.4 P / e))` yuan:
the more, the less each adds. Investment, cash flow and measures are the engine's own.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from math import exp

import numpy as np
import pandas as pd
import xarray as xr
from scipy.optimize import brentq

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.loader import load_case
from parkdispatch.models.finance.investment import Finance
from parkdispatch.models.finance.sizing_section import Sizing
from parkdispatch.results.finance.cash_flow import CashFlow, cash_flow
from parkdispatch.results.finance.lifetime import Lifetime, OperationYear
from parkdispatch.results.finance.returns import Returns
from parkdispatch.results.sizing.risk import FIGURES, risk_dataset
from parkdispatch.results.sizing.sizing_results import NEVER, Best, Choice, Marginal, Offered, SizeStudy

FADE = 0.02  # a year
CHEAP, DEAR = 0.5, 1.0  # multiples of the case's prices
NOTHING = Choice(NEVER, "build nothing", "不建", 0.0, 0.0, 0.0)


@cache
def sized_case() -> Case:
    return load_case("gaoan")


def asked(**changes: object) -> Sizing:
    sizing = sized_case().sizing
    assert sizing
    return sizing.model_copy(update={"present_price": None, **changes})


def saving_yuan(power_mw: float, energy_mwh: float, worth: float = 1.0, health: float = 1.0) -> float:
    if power_mw <= 0:
        return 0.0
    energy = energy_mwh * health
    return worth * 40e6 * (1 - exp(-energy / 90)) * (1 - exp(-1.4 * power_mw / energy))


def life_of(power_mw: float, energy_mwh: float, worth: float, gap: float) -> Lifetime:
    years = []
    for year in range(1, 21):
        health = 1.0 - FADE * (year - 1)
        saved = saving_yuan(power_mw, energy_mwh, worth, health)
        years.append(
            OperationYear(
                year=year, state_of_health={"battery_2": health}, full_cycles={"battery_2": 550.0},
                saved_yuan={"arbitrage": 0.8 * saved, "demand": 0.2 * saved}, charged_mwh=620 * energy_mwh,
                discharged_mwh=550 * energy_mwh * health, auxiliary_mwh=0.0, auxiliary_yuan=0.0,
                bill_yuan=5e8 - saved, bill_without_yuan=5e8, curtailed_mwh=100.0,
                curtailed_without_mwh=200.0,
                gap=gap, dispatched=year in (1, 2, 20),
            )
        )  # fmt: skip
    return Lifetime(sized_case(), tuple(years))


def cash_of(
    lifetime: Lifetime, power_mw: float, investment_yuan: float, discount_rate: float = 0.06
) -> CashFlow:
    finance = sized_case().finance
    assert isinstance(finance, Finance)
    changed = finance.model_copy(update={"investment_yuan": investment_yuan, "discount_rate": discount_rate})
    return cash_flow(changed, replace(lifetime.operation(), power_mw=power_mw))


def project(cash: CashFlow) -> Returns:
    return cash.returns["project_after_tax"]


def offered(choice: Choice, worth: float, gap: float = 0.0, marginal: Marginal | None = None) -> Offered:
    if choice.power_mw <= 0:
        return Offered(choice, None, None, None, None)
    lifetime = life_of(choice.power_mw, choice.energy_mwh, worth, gap)

    def npv(yuan_per_wh: float) -> float:
        return project(cash_of(lifetime, choice.power_mw, yuan_per_wh * 1e6 * choice.energy_mwh)).npv_yuan

    zero = float(brentq(npv, 1e-3, 50.0, xtol=1e-10)) if npv(1e-3) > 0 else None
    return Offered(
        choice, lifetime, cash_of(lifetime, choice.power_mw, choice.investment_yuan), zero, marginal
    )


def choices_of(sizing: Sizing, best: tuple[float, float] | None) -> tuple[Choice, ...]:
    choices = [NOTHING]
    for number, offer in enumerate(sizing.offer, 1):
        cost = sizing.price_multiple * offer.price_yuan
        choices.append(
            Choice(f"offer_{number}", offer.name, offer.name_zh, offer.power_mw, offer.energy_mwh, cost)
        )
    if best:
        cost = sizing.investment_yuan(*best)
        choices.append(Choice("best", "co-optimised size", "协同优化规模", *best, cost))
    return tuple(choices)


def surface_of(sizing: Sizing, worth: float, gap: float = 0.0) -> xr.Dataset:
    powers, hours = sizing.power_mw.values, sizing.duration_hours.values
    names = (
        "npv_yuan", "irr", "payback_years", "investment_yuan", "energy_mwh", "dispatch_yuan", "bound_yuan",
        "gap",
        "saving_first_yuan", "saving_last_yuan", "peak_cut_mw", "self_use", "self_use_gain", "co2_cut_t",
        "annual_net_yuan", "value_of_mw_yuan", "value_of_mwh_yuan",
    )  # fmt: skip
    arrays = {name: np.full((len(powers), len(hours)), np.nan) for name in names}
    for row, power in enumerate(powers.tolist()):
        for k, duration in enumerate(hours.tolist()):
            energy = power * duration
            cost = sizing.investment_yuan(power, energy)
            first = saving_yuan(power, energy, worth)
            cell = {
                "npv_yuan": 0.0, "investment_yuan": cost, "energy_mwh": energy, "saving_first_yuan": first,
                "saving_last_yuan": saving_yuan(power, energy, worth, 1 - 19 * FADE) if power else 0.0,
                "dispatch_yuan": 5e8 - first, "bound_yuan": 5e8 - first, "gap": gap if power else 0.0,
                "peak_cut_mw": 0.4 * power, "self_use": 0.95 + 0.0004 * energy,
                "self_use_gain": 0.0004 * energy,
                "co2_cut_t": 12.0 * energy, "annual_net_yuan": first - 0.0872 * cost,
                "value_of_mw_yuan": 1e5 * exp(-power / 30), "value_of_mwh_yuan": 3e5 * exp(-energy / 90),
            }  # fmt: skip
            if power:
                measures = project(cash_of(life_of(power, energy, worth, gap), power, cost))
                cell["npv_yuan"] = measures.npv_yuan
                cell["irr"] = np.nan if measures.irr.value is None else measures.irr.value
                years = measures.static_payback.from_construction_years
                cell["payback_years"] = np.nan if years is None else years
            for name, value in cell.items():
                arrays[name][row, k] = value
    npv, cost = arrays["npv_yuan"], arrays["investment_yuan"]
    frontier = np.zeros(npv.shape, dtype=bool)
    for place in np.ndindex(npv.shape):
        better = (npv >= npv[place]) & (cost <= cost[place]) & ((npv > npv[place]) | (cost < cost[place]))
        frontier[place] = not better.any()
    dims = ("power_mw", "duration_hours")
    return xr.Dataset(
        {**{name: (dims, values) for name, values in arrays.items()}, "frontier": (dims, frontier)},
        coords={"power_mw": powers, "duration_hours": hours},
    )


def when_of(offers: tuple[Offered, ...], price_change: float) -> xr.Dataset:
    """Each choice built in each year, with prices that change so much a year."""
    built = [offered for offered in offers if offered.cash]
    years = np.arange(11)
    names = ("npv_yuan", "npv_then_yuan", "investment_yuan", "saving_first_yuan", "saving_last_yuan")
    arrays = {name: np.zeros((len(built), len(years))) for name in names}
    for number, offered in enumerate(built):
        assert offered.lifetime
        for year in years.tolist():
            cost = offered.choice.investment_yuan * (1 + price_change) ** year
            then = project(cash_of(offered.lifetime, offered.choice.power_mw, cost)).npv_yuan
            first, last = offered.lifetime.years[0], offered.lifetime.years[-1]
            row = (then / 1.06**year, then, cost, first.net_saving_yuan, last.net_saving_yuan)
            for name, value in zip(names, row, strict=True):
                arrays[name][number, year] = value
    return xr.Dataset(
        {name: (("choice", "year"), values) for name, values in arrays.items()},
        coords={"choice": [offered.choice.key for offered in built], "year": years},
    )


def risk_of(sizing: Sizing, offers: tuple[Offered, ...], worth: float, count: int = 64) -> xr.Dataset:
    """Scenarios with other prices, spread and midday valley; where the valley ends, half is gone."""
    generator = np.random.default_rng(7)
    names = [doubt.name for doubt in sizing.doubt]
    drawn = {name: generator.uniform(0.7, 1.2, count) for name in names}
    drawn["weather year"] = generator.integers(1, 9, count).astype(float)
    drawn["midday valley"] = (generator.uniform(size=count) < 0.8).astype(float)
    drawn["battery price"] = generator.uniform(0.4, 1.1, count)
    drawn["load growth a year"] = generator.uniform(-0.02, 0.02, count)
    figures = np.zeros((count, len(FIGURES), len(offers)))
    figures[:, list(FIGURES).index("irr"), :] = np.nan
    for number, offered in enumerate(offers):
        if offered.choice.power_mw <= 0:
            continue
        for scenario in range(count):
            valley, spread = drawn["midday valley"][scenario], drawn["peak-valley spread"][scenario]
            own_worth = worth * spread * (0.5 + 0.5 * valley)
            cost = offered.choice.investment_yuan * drawn["battery price"][scenario]
            lifetime = life_of(offered.choice.power_mw, offered.choice.energy_mwh, own_worth, 0.0)
            measures = project(cash_of(lifetime, offered.choice.power_mw, cost))
            row = {
                "npv_yuan": measures.npv_yuan,
                "irr": np.nan if measures.irr.value is None else measures.irr.value,
                "saving_yuan": lifetime.years[0].net_saving_yuan,
                "investment_yuan": cost,
            }
            figures[scenario, :, number] = [row[name] for name in FIGURES]
    return risk_dataset([offered.choice for offered in offers], pd.DataFrame(drawn), figures)


def marginal_of(choice: Choice, sizing: Sizing) -> Marginal:
    return Marginal(
        choice.power_mw, choice.energy_mwh, 1.2e5, 2.4e5, (1.15e5, 1.25e5), (2.38e5, 2.43e5),
        0.0872 * 1e3 * sizing.price.yuan_per_kw * sizing.price_multiple,
        0.0872 * 1e3 * sizing.price.yuan_per_kwh * sizing.price_multiple, 1987.0,
    )  # fmt: skip


def best_of(sizing: Sizing, size: tuple[float, float], worth: float, gap: float = 0.0) -> Best:
    dispatch = 5e8 - saving_yuan(*size, worth)
    cost = dispatch + 0.0872 * sizing.investment_yuan(*size)
    tried = np.array(
        [
            [p, p * h, cost + 3e4 * ((p - size[0]) ** 2 + (p * h - size[1]) ** 2 / 4), cost - 1e4 * p]
            for p in (0.0, 12.5, 25.0, 37.5, 50.0)
            for h in (1.0, 2.0, 4.0)
        ]
        + [[*size, cost, cost * (1 - gap)]]
    )
    return Best(
        power_mw=size[0], energy_mwh=size[1], cost_yuan=cost, bound_yuan=cost * (1 - gap),
        dispatch_yuan=dispatch,
        without_yuan=5e8, annuity_share=0.0872, evaluated=len(tried), boxes=37, tried=tried,
    )  # fmt: skip


@cache
def made(
    worth: float = 1.0,
    multiple: float = 1.0,
    price_change: float = 0.0,
    best: tuple[float, float] | None = None,
    gap: float = 0.0,
) -> SizeStudy:
    """A study with every part: what a size is worth, what it costs, and how its price moves."""
    sizing = asked(price_multiple=multiple)
    choices = choices_of(sizing, best)
    offers = tuple(
        offered(choice, worth, gap, marginal_of(choice, sizing) if choice.power_mw else None)
        for choice in choices
    )
    return SizeStudy(
        case=sized_case(),
        sizing=sizing,
        choices=choices,
        best=best_of(sizing, best or (0.0, 0.0), worth, gap),
        surface=surface_of(sizing, worth, gap),
        offers=offers,
        when=when_of(offers, price_change),
        risk=risk_of(sizing, offers, worth),
        timings_s={"read": 1.0, "surface": 20.0},
    )


STUDIES: Mapping[str, Mapping[str, object]] = {
    "now": {"worth": 1.6, "multiple": 0.5, "best": (25.0, 50.0)},
    "later": {"worth": 0.9, "multiple": 0.8, "price_change": -0.06},
    "never": {"worth": 0.5},
}


# ---- studies with numbers given, so that what is said of them can be checked by hand -------------------


def valued(
    key: str,
    size: tuple[float, float],
    npv_yuan: float,
    price: float = 1.0,
    zero: float | None = None,
    gap: float = 0.0,
) -> Offered:
    """An offer of that NPV, without the years behind it."""
    choice = Choice(key, f"make {key[-1]}", f"型号{key[-1]}", *size, price * 1e6 * size[1])
    cash = cash_of(life_of(*size, 1.0, 0.0), size[0], choice.investment_yuan)
    measures = replace(project(cash), npv_yuan=npv_yuan)
    returns = {**cash.returns, "project_after_tax": measures}
    return Offered(choice, None, replace(cash, returns=returns), zero, None, {"gap": gap})


def nothing() -> Offered:
    return Offered(NOTHING, None, None, None, None)


def given(*offers: Offered, **parts: object) -> SizeStudy:
    """A study of those offers, to build nothing among them, and of other parts as they are."""
    all_offers = (nothing(), *offers)
    choices = tuple(offered.choice for offered in all_offers)
    study = SizeStudy(sized_case(), asked(), choices, offers=all_offers if offers else ())
    return replace(study, **parts)  # type: ignore[arg-type]


def best_given(size: tuple[float, float], saved_yuan: float, gap: float = 0.0) -> Best:
    cost = 5e8 - saved_yuan
    return Best(*size, cost, cost * (1 - gap), cost - 1e6, 5e8, 0.08, 3, 2, np.array([[*size, cost, cost]]))


def when_given(npv_yuan: Mapping[str, list[float]]) -> xr.Dataset:
    keys, values = list(npv_yuan), np.array(list(npv_yuan.values()))
    return xr.Dataset(
        {"npv_yuan": (("choice", "year"), values)},
        coords={"choice": keys, "year": np.arange(values.shape[1])},
    )


def surface_given(npv_yuan: list[list[float]]) -> xr.Dataset:
    """Rows are powers 0, 10, 20, ...; columns are 1, 2, ... hours."""
    values = np.array(npv_yuan)
    powers, hours = 10.0 * np.arange(values.shape[0]), 1.0 + np.arange(values.shape[1])
    energy = powers[:, None] * hours[None, :]
    dims = ("power_mw", "duration_hours")
    cost = 1e6 * energy
    data = {"npv_yuan": values, "annual_net_yuan": values / 10, "investment_yuan": cost, "energy_mwh": energy,
            "gap": np.zeros_like(values), "dispatch_yuan": np.full_like(values, 5e8),
            "frontier": values > 0}  # fmt: skip
    return xr.Dataset(
        {name: (dims, array) for name, array in data.items()}, coords={dims[0]: powers, dims[1]: hours}
    )


def risk_given(npv_yuan: Mapping[str, list[float]], doubts: Mapping[str, list[float]]) -> xr.Dataset:
    values = np.array(list(npv_yuan.values())).T
    figures = np.stack([values, np.full_like(values, np.nan), values / 10, np.ones_like(values)], axis=1)
    choices = [Choice(key, key, key, 1.0, 1.0, 1.0) for key in npv_yuan]
    return risk_dataset(choices, pd.DataFrame(doubts), figures)
