"""Annual yield of a photovoltaic plant: energy, performance ratio, loss waterfall, published comparisons."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from parkdispatch.models.device import Array
from parkdispatch.models.errors import InputError
from parkdispatch.models.site import Site
from parkdispatch.models.sources.photovoltaic_plant import AreaPower, Pv
from parkdispatch.models.sources.pv_areas import Losses
from parkdispatch.models.units import MWH_PER_GWH

MJ_PER_KWH = 3.6
HOURS_PER_GWH_PER_MW = MWH_PER_GWH  # GWh per MW of rated power as full-load hours [h]
WH_PER_KWH = 1000.0


@dataclass(frozen=True)
class PublishedYield:
    """A published yield: rated power [MWp] and annual energy [GWh]."""

    label: str
    rated_mwp: float
    energy_gwh: float


# Published carbon-peak pilot plan of the Gao'an park: rooftop PV, and both plants together.
GAOAN_PLAN = (
    PublishedYield("plan, rooftop PV", 300.036, 280.0),
    PublishedYield("plan, both plants", 340.0, 315.0),
)


@dataclass(frozen=True)
class YieldStep:
    """Energy after one step of the loss waterfall [GWh], and the fraction lost in the step [-]."""

    name: str
    energy_gwh: float
    loss_fraction: float  # negative where a step adds energy


@dataclass(frozen=True)
class AreaYield:
    """First-year yield of one area."""

    name: str
    rated_mwp: float
    inverter_mw: float
    generating_units: int
    poa_kwh_per_m2: float
    energy_gwh: float
    full_load_hours: float  # kWh/kWp


@dataclass(frozen=True)
class YieldComparison:
    """The computed specific yield scaled to a published rated power, against the published energy."""

    published: PublishedYield
    first_year_gwh: float
    first_year_deviation: float  # computed / published - 1
    lifetime_mean_gwh: float
    lifetime_mean_deviation: float


@dataclass(frozen=True)
class PvYield:
    """Yield of a plant in a weather year. Energies are AC at the plant's bus."""

    rated_mwp: float
    ghi_mj_per_m2: float
    ghi_kwh_per_m2: float
    poa_kwh_per_m2: float  # plane-of-array irradiation, mean over the modules
    first_year_gwh: float
    first_year_full_load_hours: float  # kWh/kWp
    performance_ratio: float  # first-year yield over the yield of the POA irradiation at 1 kW/m2 [-]
    peak_mw: float  # highest AC power of the first year
    clipped_gwh: float
    clipping_loss_fraction: float  # of the AC energy before clipping
    years: int
    lifetime_mean_gwh: float  # per year, degradation included
    lifetime_mean_full_load_hours: float
    waterfall: tuple[YieldStep, ...]
    areas: tuple[AreaYield, ...]
    comparisons: tuple[YieldComparison, ...]


def pv_yield(
    pv: Pv,
    site: Site,
    weather: pd.DataFrame,
    years: int = 25,
    published: tuple[PublishedYield, ...] = GAOAN_PLAN,
) -> PvYield:
    """Simulate the plant through one year of `weather` (interval means, local standard time of the starts).

    Each year of the plant's lifetime is evaluated at its middle, the first at the age of 0.5 years.
    `pv.age_years` is ignored. Raises InputError for a plant without areas or module.
    """
    if missing := pv.missing_for_series():
        raise InputError([f"`{name}` is missing: must be given, or there is no yield" for name in missing])
    index = pd.DatetimeIndex(weather.index)
    hours = (index[1] - index[0]) / pd.Timedelta(hours=1)
    faces = pv.face_power(weather, site, hours * 60.0)
    areas = [pv.area_power(area, faces, 0.5) for area in pv.areas]
    first_gwh = sum(_gwh(area.ac, hours) for area in areas)
    later_gwh = [
        sum(_gwh(pv.area_power(area, faces, year + 0.5).ac, hours) for area in pv.areas)
        for year in range(1, years)
    ]
    mean_gwh = (first_gwh + sum(later_gwh)) / years
    rated = pv.rated_mwp
    ghi_kwh_per_m2 = float(weather["ghi_w_per_m2"].sum()) * hours / WH_PER_KWH
    clipped_gwh = sum(_gwh(area.clipped, hours) for area in areas)
    inverter_gwh = sum(_gwh(area.inverter, hours) for area in areas)
    poa_gwh = sum(_gwh(area.poa, hours) for area in areas)
    return PvYield(
        rated_mwp=rated,
        ghi_mj_per_m2=ghi_kwh_per_m2 * MJ_PER_KWH,
        ghi_kwh_per_m2=ghi_kwh_per_m2,
        poa_kwh_per_m2=poa_gwh / rated * HOURS_PER_GWH_PER_MW,
        first_year_gwh=first_gwh,
        first_year_full_load_hours=first_gwh / rated * HOURS_PER_GWH_PER_MW,
        performance_ratio=first_gwh / poa_gwh,
        peak_mw=float(np.max(np.sum(np.stack([area.ac for area in areas]), axis=0))),
        clipped_gwh=clipped_gwh,
        clipping_loss_fraction=clipped_gwh / (clipped_gwh + inverter_gwh),
        years=years,
        lifetime_mean_gwh=mean_gwh,
        lifetime_mean_full_load_hours=mean_gwh / rated * HOURS_PER_GWH_PER_MW,
        waterfall=_waterfall(pv, areas, ghi_kwh_per_m2 * rated / MWH_PER_GWH, hours),
        areas=_area_yields(pv, areas, hours),
        comparisons=tuple(_compared(other, first_gwh / rated, mean_gwh / rated) for other in published),
    )


def _gwh(power_mw: Array, hours: float) -> float:
    """Energy of a power in intervals of `hours` [GWh]."""
    return float(power_mw.sum()) * hours / MWH_PER_GWH


def _area_yields(pv: Pv, areas: Sequence[AreaPower], hours: float) -> tuple[AreaYield, ...]:
    """First-year yield of each area."""
    yields = []
    for area, power in zip(pv.areas, areas, strict=True):
        rated_mwp, energy_gwh = pv.dc_rated_mw(area), _gwh(power.ac, hours)
        yields.append(
            AreaYield(
                name=area.name,
                rated_mwp=rated_mwp,
                inverter_mw=pv.ac_rated_mw(area),
                generating_units=area.generating_units,
                poa_kwh_per_m2=_gwh(power.poa, hours) / rated_mwp * HOURS_PER_GWH_PER_MW,
                energy_gwh=energy_gwh,
                full_load_hours=energy_gwh / rated_mwp * HOURS_PER_GWH_PER_MW,
            )
        )
    return tuple(yields)


def _compared(
    published: PublishedYield, first_gwh_per_mwp: float, mean_gwh_per_mwp: float
) -> YieldComparison:
    """Specific yields of the first year and of the lifetime against a published yield."""
    first_gwh = first_gwh_per_mwp * published.rated_mwp
    mean_gwh = mean_gwh_per_mwp * published.rated_mwp
    return YieldComparison(
        published=published,
        first_year_gwh=first_gwh,
        first_year_deviation=first_gwh / published.energy_gwh - 1.0,
        lifetime_mean_gwh=mean_gwh,
        lifetime_mean_deviation=mean_gwh / published.energy_gwh - 1.0,
    )


def _waterfall(
    pv: Pv, areas: Sequence[AreaPower], horizontal_gwh: float, hours: float
) -> tuple[YieldStep, ...]:
    """Loss waterfall from horizontal irradiation at rated efficiency to AC, in order of conversion."""

    def gwh(name: str) -> float:
        return sum(float(getattr(area, name).sum()) for area in areas) * hours / MWH_PER_GWH

    def constant_losses(names: tuple[str, ...], start_gwh: float) -> list[tuple[str, float]]:
        return [(name, start_gwh * pv.losses.kept(names[: n + 1])) for n, name in enumerate(names)]

    steps = [
        ("level irradiation", horizontal_gwh),
        ("plane of array", gwh("poa")),
        ("reflection", gwh("glass")),
        *constant_losses(Losses.light, gwh("glass")),
        ("temperature and low light", gwh("module")),
        *constant_losses(Losses.dc, gwh("module")),
        ("ageing", gwh("dc")),
        ("inverter", gwh("inverter") + gwh("clipped")),
        ("clipping", gwh("inverter")),
        *constant_losses(Losses.ac, gwh("inverter")),
    ]
    previous_gwh = [horizontal_gwh, *(energy_gwh for _, energy_gwh in steps[:-1])]
    return tuple(
        YieldStep(name, energy_gwh, 1.0 - energy_gwh / before_gwh)
        for (name, energy_gwh), before_gwh in zip(steps, previous_gwh, strict=True)
    )
