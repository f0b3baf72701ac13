"""Photovoltaic plant: roof areas of one or more faces behind inverters.

Available power = irradiance on each face -> module -> inverter -> losses, each model choice a named input.
Dispatched power lies between zero and available power; see `curtailment`. Curtailing costs nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
import pandas as pd
from pydantic import Field, field_validator, model_validator

from parkdispatch.models.declaration import ASSUMED, declared
from parkdispatch.models.device import Array, Fraction, Park, SeriesSpec
from parkdispatch.models.site import Site
from parkdispatch.models.sources import pv_chain
from parkdispatch.models.sources.curtailment import CurtailablePlant, available_spec
from parkdispatch.models.sources.pv_areas import Face, Losses, LossFraction, PvArea
from parkdispatch.models.sources.pv_plausibility import BRIGHTEST, impossible_power
from parkdispatch.models.weather.sky import sun_is_up, sun_position

DARKEST_SHARE = 0.002  # of rated power: the noon of the darkest day has ten times as much


@dataclass(frozen=True)
class FacePower:
    """One module on one face; arrays of shape (intervals,)."""

    poa: Array  # [W/m2] plane-of-array irradiance
    glass: Array  # [W/m2] of it, transmitted by the glass
    power: Array  # [W] DC at the maximum power point, after shading and soiling
    voltage: Array  # [V] at the maximum power point


@dataclass(frozen=True)
class AreaPower:
    """One area, arrays of shape (intervals,) [MW]; irradiances as irradiance / (1 kW/m2) x rated power."""

    poa: Array  # plane-of-array irradiance
    glass: Array  # irradiance transmitted by the glass
    module: Array  # DC at the modules, scaled to their rating
    dc: Array  # DC at the inverters
    clipped: Array  # AC lost to clipping at the inverters' rating
    inverter: Array  # AC at the inverters
    ac: Array  # AC at the bus


class Pv(CurtailablePlant):
    """Photovoltaic plant with curtailment; available power is computed from the park's weather."""

    needs_weather: ClassVar[bool] = True

    kind: Literal["pv"] = declared("-", "Kind of device", default="pv")
    areas: tuple[PvArea, ...] = declared(
        "-", "Areas of the plant; they and the module are left out where a series gives the power", default=()
    )
    module: str = declared("-", "Name of the module in pvlib's CEC module library", default="")
    module_wp: Annotated[float, Field(ge=0, le=2000)] = declared(
        "Wp", "Rated power of one module, to which the library's module is scaled; at most 5 % away from it",
        default=0.0,
    )  # fmt: skip
    mounting: pv_chain.Mounting = declared(
        "-", "Mounting, which selects the cell-temperature model and its constants",
        "assumption: parallel to a steel roof", "sapm_close_mount_glass_glass",
    )  # fmt: skip
    transposition: pv_chain.Transposition = declared(
        "-", "Transposition model of diffuse irradiance to the plane of the array",
        "Driesse et al. 2024, pvlib", "perez-driesse",
    )  # fmt: skip
    diffuse_reflection: pv_chain.DiffuseReflection = declared(
        "-", "Incidence-angle modifier of diffuse irradiance; none: its reflection is neglected",
        "Marion 2017, pvlib", "marion",
    )  # fmt: skip
    albedo: Fraction = declared("-", "Albedo of the ground", "assumption; PVWatts's default", 0.2)
    losses: Losses = declared("-", "Constant losses", default=Losses())
    degradation_first_year: LossFraction = declared(
        "-", "Power of the modules lost in the first year",
        "assumption; usual warranty of crystalline modules", 0.02,
    )  # fmt: skip
    degradation_per_year: LossFraction = declared(
        "-", "Power of new modules lost in each year after the first", ASSUMED, 0.005
    )

    series_specs: ClassVar[Mapping[str, SeriesSpec]] = available_spec(
        "AC power the sun makes available",
        computed_from=(
            "areas", "module", "module_wp", "mounting", "transposition", "diffuse_reflection", "albedo",
            "losses",
        ),
    )  # fmt: skip

    @classmethod
    def example(cls) -> Self:
        """One flat roof of 6 MWp."""
        area = PvArea(
            name="roof",
            modules=13_640,
            generating_units=1,
            faces=(Face(tilt_deg=5.0, azimuth_deg=180.0, share=1.0),),
            inverter="Sungrow_Power_Supply_Co___Ltd___SG60KU_M",
            inverters=85,
        )
        return cls(areas=(area,), module="Solaria_Corporation_Solaria_PowerXT_440C_PD", module_wp=440.0)

    @field_validator("module")
    @classmethod
    def _known_module(cls, name: str) -> str:
        if name:
            pv_chain.module_parameters(name)
        return name

    @model_validator(mode="after")
    def _plausible(self) -> Self:
        if self.missing_for_series():  # said where no series gives the power
            return self
        problems = []
        names = [area.name for area in self.areas]
        if len(set(names)) < len(names):
            problems.append(f"areas: names must differ, got {names}")
        library_wp = pv_chain.module_parameters(self.module)["STC"]
        if not 0.95 <= self.module_wp / library_wp <= 1.05:
            problems.append(
                f"module_wp = {self.module_wp:.15g}: '{self.module}' has {library_wp:.15g}; 5 % either way"
                " allowed"
            )
        for area in self.areas:
            ratio = self.dc_rated_mw(area) / self.ac_rated_mw(area)
            if not 0.5 <= ratio <= 2.5:
                problems.append(
                    f"area '{area.name}': {area.modules} modules ({self.dc_rated_mw(area):.15g} MWp) on "
                    f"{area.inverters} inverters ({self.ac_rated_mw(area):.15g} MW) are a DC/AC ratio of "
                    f"{ratio:.15g}: must be 0.5 to 2.5"
                )
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def dc_rated_mw(self, area: PvArea) -> float:
        """Rated power of an area's modules [MWp]."""
        return area.modules * self.module_wp / 1e6

    def ac_rated_mw(self, area: PvArea) -> float:
        """Rated power of an area's inverters [MW]."""
        return area.inverters * pv_chain.inverter_parameters(area.inverter)["Paco"] / 1e6

    @property
    def rated_mwp(self) -> float:
        """Rated power of all modules [MWp]."""
        return sum(self.dc_rated_mw(area) for area in self.areas)

    def health(self, age_years: float) -> float:
        """Power of an aged module over that of a new one [-]; piecewise linear in age."""
        first_year_loss = self.degradation_first_year * min(age_years, 1.0)
        return max(1.0 - first_year_loss - self.degradation_per_year * max(age_years - 1.0, 0.0), 0.0)

    def power_ratio_after(self, years: float) -> float:
        """Power of the modules after `years` over their power at `age_years` [-]; 0 if the latter is 0."""
        health_now = self.health(self.age_years)
        return self.health(self.age_years + years) / health_now if health_now > 0 else 0.0

    def shares_after(self, years: float) -> Mapping[str, float]:
        """What aged modules give."""
        return {"available_mw": self.power_ratio_after(years)}

    def face_power(
        self, weather: pd.DataFrame, site: Site, minutes: float
    ) -> dict[tuple[float, float], FacePower]:
        """Irradiance and power of one module on each distinct face (tilt, azimuth); zero at night."""
        orientations = dict.fromkeys((f.tilt_deg, f.azimuth_deg) for a in self.areas for f in a.faces)
        sun = sun_position(pd.DatetimeIndex(weather.index), site, minutes)
        day = sun_is_up(sun) & (weather["ghi_w_per_m2"].to_numpy() > 0)
        if not day.any():  # pvlib's splines fail on an empty series
            return {face: FacePower(*(np.zeros(len(day)) for _ in range(4))) for face in orientations}
        day_weather, sun = weather[day], sun[day]
        temp_air_c = day_weather["temp_air_c"].to_numpy(np.float64)
        wind_m_per_s = day_weather["wind_speed_m_per_s"].to_numpy(np.float64)
        module = pv_chain.module_parameters(self.module)

        def all_intervals(day_values: Array) -> Array:
            values = np.zeros(len(day))
            values[day] = day_values
            return values

        result = {}
        for tilt, azimuth in orientations:
            plane = pv_chain.plane_of_array(day_weather, sun, tilt, azimuth, self.transposition, self.albedo)
            glass = pv_chain.transmitted_irradiance(plane, tilt, self.diffuse_reflection)
            cell = pv_chain.cell_temperature(plane["poa_global"], temp_air_c, wind_m_per_s, self.mounting)
            effective = glass * self.losses.kept(Losses.light)
            stages = (plane["poa_global"], glass, *pv_chain.module_power(effective, cell, module))
            result[tilt, azimuth] = FacePower(*(all_intervals(stage) for stage in stages))
        return result

    def area_power(
        self, area: PvArea, faces: Mapping[tuple[float, float], FacePower], age_years: float
    ) -> AreaPower:
        """Power of one area at every stage of the chain, from the result of `face_power`."""
        inverter = pv_chain.inverter_parameters(area.inverter)
        scale = self.module_wp / pv_chain.module_parameters(self.module)["STC"]
        remaining = self.losses.kept(Losses.dc) * self.health(age_years)
        face_modules = [
            (faces[face.tilt_deg, face.azimuth_deg], face.share * area.modules) for face in area.faces
        ]
        dc = [face.power * scale * remaining * modules / area.inverters for face, modules in face_modules]
        volts = [face.voltage * area.modules_per_string for face, _ in face_modules]
        ac, clipped = pv_chain.inverter_power(volts, dc, inverter)
        to_mw = area.inverters / 1e6
        rated = self.module_wp / 1e9  # MW of one module per W/m2
        return AreaPower(
            poa=np.asarray(sum(face.poa * modules * rated for face, modules in face_modules)),
            glass=np.asarray(sum(face.glass * modules * rated for face, modules in face_modules)),
            module=np.asarray(sum(face.power * scale * modules / 1e6 for face, modules in face_modules)),
            dc=np.asarray(sum(dc)) * to_mw,
            clipped=clipped * to_mw,
            inverter=ac * to_mw,
            ac=ac * to_mw * self.losses.kept(Losses.ac),
        )

    def missing_for_series(self) -> list[str]:
        """Areas and module, where they are left out."""
        return [name for name in ("areas", "module", "module_wp") if not getattr(self, name)]

    def series(self, park: Park) -> Mapping[str, Array]:
        """AC power available at `park.times` [MW], shape (intervals,)."""
        faces = self.face_power(park.weather(), park.site, park.hours * 60.0)
        power = [self.area_power(area, faces, self.age_years).ac for area in self.areas]
        return {"available_mw": np.sum(np.stack(power), axis=0)}

    def impossible(self, given: Mapping[str, Array], park: Park) -> Mapping[str, list[str]]:
        """Power beyond the rating, or while the sun is down."""
        if self.missing_for_series():
            return {}
        most_mw = sum(min(self.ac_rated_mw(a), BRIGHTEST * self.dc_rated_mw(a)) for a in self.areas)
        return {key: impossible_power(power_mw, most_mw, park) for key, power_mw in given.items()}

    def implausible(self, given: Mapping[str, Array], hours: float) -> Mapping[str, tuple[float, float]]:
        """A day or more without light: most likely a slip of unit."""
        highest_mw = {key: float(mw.max()) for key, mw in given.items() if len(mw) * hours >= 24}
        usual_mw = self.rated_mwp
        return {key: (mw, usual_mw) for key, mw in highest_mw.items() if mw < DARKEST_SHARE * usual_mw}
