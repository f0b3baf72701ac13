"""What a photovoltaic plant yields in a year, where the energy goes, and how that meets published figures."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from parkdispatch.models.device import Array
from parkdispatch.models.site import Site
from parkdispatch.models.sources.photovoltaic_plant import AreaPower, Losses, Pv


@dataclass(frozen=True)
class PublishedYield:
    """A yield somebody published: rated power [MWp] and energy a year [GWh]."""

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
    """Energy left after one step of the loss waterfall [GWh], and the part the step took [-]."""

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
    """Our yield per MWp times the published rated power, against the published energy."""

    published: PublishedYield
    first_year_gwh: float
    first_year_deviation: float  # ours / published - 1
    lifetime_mean_gwh: float
    lifetime_mean_deviation: float


@dataclass(frozen=True)
class PvYield:
    """Yield of a plant in a weather year. Energies are AC at the plant's bus."""

    rated_mwp: float
    ghi_mj_per_m2: float
    ghi_kwh_per_m2: float
    poa_kwh_per_m2: float  # mean over the modules
    first_year_gwh: float
    first_year_full_load_hours: float  # kWh/kWp
    performance_ratio: float  # first-year yield over POA at 1 kW/m2 [-]
    peak_mw: float  # highest AC power of the first year
    clipped_gwh: float
    clipping_loss_fraction: float  # of the AC energy before clipping
    years: int
    lifetime_mean_gwh: float  # a year, degradation included
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
    """Run the plant through one year of `weather` (interval means, local standard starts).

    Each year of life is taken at its middle: the first at age 0.5. `pv.age_years` is not used.
    """
    index = pd.DatetimeIndex(weather.index)
    hours = (index[1] - index[0]) / pd.Timedelta(hours=1)
    faces = pv.face_power(weather, site, hours * 60.0)
    first = [pv.area_power(area, faces, 0.5) for area in pv.areas]

    def gwh(power_mw: Array) -> float:
        return float(power_mw.sum()) * hours / 1000.0

    energy = [gwh(one.ac) for one in first]
    later = [
        sum(gwh(pv.area_power(area, faces, year + 0.5).ac) for area in pv.areas) for year in range(1, years)
    ]
    total, mean = sum(energy), (sum(energy) + sum(later)) / years
    rated = pv.rated_mwp
    ghi_kwh = float(weather["ghi_w_per_m2"].sum()) * hours / 1000.0
    clipped = sum(gwh(one.clipped) for one in first)
    passed = sum(gwh(one.inverter) for one in first)
    poa_gwh = sum(gwh(one.poa) for one in first)
    return PvYield(
        rated_mwp=rated,
        ghi_mj_per_m2=ghi_kwh * 3.6,
        ghi_kwh_per_m2=ghi_kwh,
        poa_kwh_per_m2=poa_gwh / rated * 1000.0,
        first_year_gwh=total,
        first_year_full_load_hours=total / rated * 1000.0,
        performance_ratio=total / poa_gwh,
        peak_mw=float(np.max(np.sum(np.stack([one.ac for one in first]), axis=0))),
        clipped_gwh=clipped,
        clipping_loss_fraction=clipped / (clipped + passed),
        years=years,
        lifetime_mean_gwh=mean,
        lifetime_mean_full_load_hours=mean / rated * 1000.0,
        waterfall=_waterfall(pv, first, ghi_kwh * rated / 1000.0, hours),
        areas=tuple(
            AreaYield(
                name=area.name,
                rated_mwp=pv.dc_rated_mw(area),
                inverter_mw=pv.ac_rated_mw(area),
                generating_units=area.generating_units,
                poa_kwh_per_m2=gwh(one.poa) / pv.dc_rated_mw(area) * 1000.0,
                energy_gwh=made,
                full_load_hours=made / pv.dc_rated_mw(area) * 1000.0,
            )
            for area, one, made in zip(pv.areas, first, energy, strict=True)
        ),
        comparisons=tuple(
            YieldComparison(
                published=other,
                first_year_gwh=total / rated * other.rated_mwp,
                first_year_deviation=total / rated * other.rated_mwp / other.energy_gwh - 1.0,
                lifetime_mean_gwh=mean / rated * other.rated_mwp,
                lifetime_mean_deviation=mean / rated * other.rated_mwp / other.energy_gwh - 1.0,
            )
            for other in published
        ),
    )


def _waterfall(pv: Pv, areas: list[AreaPower], level_gwh: float, hours: float) -> tuple[YieldStep, ...]:
    """From level irradiation at rated efficiency to AC, every named step in the order it acts."""

    def gwh(name: str) -> float:
        return sum(float(getattr(one, name).sum()) for one in areas) * hours / 1000.0

    def constant(names: tuple[str, ...], start: float) -> list[tuple[str, float]]:
        return [(name, start * pv.losses.kept(names[: n + 1])) for n, name in enumerate(names)]

    levels = [("level irradiation", level_gwh), ("plane of array", gwh("poa")), ("reflection", gwh("glass"))]
    levels += constant(Losses.light, gwh("glass"))
    levels += [("temperature and low light", gwh("module"))]
    levels += constant(Losses.dc, gwh("module"))
    levels += [("ageing", gwh("dc")), ("inverter", gwh("inverter") + gwh("clipped"))]
    levels += [("clipping", gwh("inverter")), *constant(Losses.ac, gwh("inverter"))]
    before = [level_gwh, *(energy for _, energy in levels[:-1])]
    return tuple(
        YieldStep(name, energy, 1.0 - energy / was)
        for (name, energy), was in zip(levels, before, strict=True)
    )
