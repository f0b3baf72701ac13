"""Photovoltaic plant: areas of roof faces behind inverters. Output may be curtailed at no cost.

available power = sun on each face -> module -> inverter -> losses, every choice a named input;
dispatched power lies between zero and what is available.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
import pandas as pd
import pyomo.environ as pyo
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from parkdispatch.models.device import (
    INJECTION,
    Array,
    Device,
    Display,
    Fraction,
    Interval,
    NonNegative,
    Park,
    Positive,
    Role,
    Seen,
    SeriesSpec,
    Terms,
)
from parkdispatch.models.site import Site
from parkdispatch.models.weather import pv_chain

Count = Annotated[int, Field(ge=1)]
LossFraction = Annotated[float, Field(ge=0, lt=1)]


class Face(BaseModel):
    """One orientation of an area's modules."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    tilt_deg: Annotated[float, Field(ge=0, le=90)]  # 0 is level
    azimuth_deg: Annotated[float, Field(ge=0, lt=360)]  # clockwise from north; 180 is south
    share: Annotated[float, Field(gt=0, le=1)]  # of the area's modules; an area's shares sum to one


class PvArea(BaseModel):
    """Modules on one group of roofs, behind inverters of one kind. Each face has its own trackers."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: Annotated[str, Field(min_length=1)]
    modules: Count
    generating_units: Count  # groups of inverters with one transformer each; for the report
    faces: Annotated[tuple[Face, ...], Field(min_length=1)]
    inverter: str  # name in pvlib's CEC inverter library
    inverters: Count
    modules_per_string: Count = 20  # published carbon-peak pilot plan

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        wrong = []
        shares = sum(face.share for face in self.faces)
        if abs(shares - 1.0) > 1e-9:
            wrong.append(f"area '{self.name}': shares of the faces sum to {shares:.9g}: must be 1")
        if self.modules % self.modules_per_string:
            wrong.append(
                f"area '{self.name}': modules = {self.modules}: must be a multiple of "
                f"modules_per_string = {self.modules_per_string}"
            )
        try:
            pv_chain.inverter_parameters(self.inverter)
        except ValueError as error:
            wrong.append(f"area '{self.name}': inverter: {error}")
        if wrong:
            raise ValueError("; ".join(wrong))
        return self


class Losses(BaseModel):
    """Constant losses, each a fraction of the power before it.

    Defaults are those of PVWatts version 5 (Dobos 2014, NREL/TP-6A20-62641, table 3) unless marked.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    shading: LossFraction = 0.03  # of the light
    soiling: LossFraction = 0.02  # of the light
    nameplate: LossFraction = 0.01  # DC: modules weaker than their label
    light_induced_degradation: LossFraction = 0.015  # DC: first days in the sun
    connections: LossFraction = 0.005  # DC
    mismatch: LossFraction = 0.02  # DC
    dc_wiring: LossFraction = 0.02  # DC
    ac_wiring: LossFraction = 0.01  # AC; assumption
    transformer: LossFraction = 0.01  # AC; assumption
    availability: LossFraction = 0.03  # AC: standing still

    light: ClassVar[tuple[str, ...]] = ("shading", "soiling")
    dc: ClassVar[tuple[str, ...]] = (
        "nameplate",
        "light_induced_degradation",
        "connections",
        "mismatch",
        "dc_wiring",
    )
    ac: ClassVar[tuple[str, ...]] = ("ac_wiring", "transformer", "availability")

    def kept(self, names: tuple[str, ...]) -> float:
        """Part that is left after the named losses [-]."""
        return float(np.prod([1.0 - getattr(self, name) for name in names]))


@dataclass(frozen=True)
class FacePower:
    """One module on one face, shape (intervals,): irradiances [W/m2], power [W], voltage [V]."""

    poa: Array  # on the plane
    glass: Array  # of it, past reflection
    power: Array  # at the maximum power point, after shading and soiling
    voltage: Array


@dataclass(frozen=True)
class AreaPower:
    """One area, shape (intervals,) [MW]. `poa` and `glass` are irradiance x rated power / 1 kW/m2."""

    poa: Array
    glass: Array
    module: Array  # DC at the modules, scaled to their rating
    dc: Array  # DC at the inverters
    clipped: Array  # AC the inverters could not pass
    inverter: Array  # AC at the inverters
    ac: Array  # AC at the bus


class Pv(Device):
    """Photovoltaic plant with curtailment. Available power is computed from the park's weather."""

    needs_weather: ClassVar[bool] = True

    kind: Literal["pv"] = "pv"
    bus: str = "ac"
    areas: Annotated[tuple[PvArea, ...], Field(min_length=1)]
    module: str  # name in pvlib's CEC module library
    module_wp: Positive  # rated power of one module; the library's module is scaled to it
    mounting: pv_chain.Mounting = "sapm_close_mount_glass_glass"  # assumption: parallel to a steel roof
    transposition: pv_chain.Transposition = "perez-driesse"
    diffuse_reflection: pv_chain.DiffuseReflection = "marion"
    albedo: Fraction = 0.2  # assumption; PVWatts's default
    losses: Losses = Losses()
    degradation_first_year: LossFraction = 0.02  # assumption; usual warranty of crystalline modules
    degradation_per_year: LossFraction = 0.005  # assumption; thereafter
    age_years: Annotated[NonNegative, Field(le=50)] = 0.0  # in the middle of the horizon

    role: ClassVar[Role] = "source"
    displays: ClassVar[tuple[Display, ...]] = (
        Display("available", "other", {"available_mw": 1.0}),
        Display("used", "source", {INJECTION: 1.0}),
        Display("curtailed", "other", {"curtailed_mw": 1.0}),
    )
    series_specs: ClassVar[Mapping[str, SeriesSpec]] = {
        "available_mw": SeriesSpec(title="AC power the sun makes available", unit="MW", lower=0.0)
    }

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
        pv_chain.module_parameters(name)
        return name

    @model_validator(mode="after")
    def _plausible(self) -> Self:
        wrong = []
        names = [area.name for area in self.areas]
        if len(set(names)) < len(names):
            wrong.append(f"areas: names must differ, got {names}")
        library_wp = pv_chain.module_parameters(self.module)["STC"]
        if not 0.95 <= self.module_wp / library_wp <= 1.05:
            wrong.append(
                f"module_wp = {self.module_wp:g}: '{self.module}' has {library_wp:g}; 5 % either way allowed"
            )
        for area in self.areas:
            ratio = self.dc_rated_mw(area) / self.ac_rated_mw(area)
            if not 0.5 <= ratio <= 2.5:
                wrong.append(
                    f"area '{area.name}': {area.modules} modules ({self.dc_rated_mw(area):.6g} MWp) on "
                    f"{area.inverters} inverters ({self.ac_rated_mw(area):.6g} MW) are a DC/AC ratio of "
                    f"{ratio:.3g}: must be 0.5 to 2.5"
                )
        if wrong:
            raise ValueError("; ".join(wrong))
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
        """Power of an aged module over that of a new one [-]; linear in the first year, then slower."""
        lost = self.degradation_first_year * min(age_years, 1.0)
        return max(1.0 - lost - self.degradation_per_year * max(age_years - 1.0, 0.0), 0.0)

    def kept(self, years: float) -> float:
        """Power of the modules so many years on over what it is at `age_years` [-]; 0 where that is none."""
        now = self.health(self.age_years)
        return self.health(self.age_years + years) / now if now > 0 else 0.0

    def face_power(
        self, weather: pd.DataFrame, site: Site, minutes: float
    ) -> dict[tuple[float, float], FacePower]:
        """One module on each distinct face (tilt, azimuth); dark intervals are not computed."""
        orientations = dict.fromkeys((f.tilt_deg, f.azimuth_deg) for a in self.areas for f in a.faces)
        sun = pv_chain.sun_position(pd.DatetimeIndex(weather.index), site, minutes)
        day = pv_chain.sun_is_up(sun) & (weather["ghi_w_per_m2"].to_numpy() > 0)
        if not day.any():  # pvlib's splines refuse an empty series
            return {face: FacePower(*(np.zeros(len(day)) for _ in range(4))) for face in orientations}
        sky, sun = weather[day], sun[day]
        air, wind = sky["temp_air_c"].to_numpy(np.float64), sky["wind_speed_m_per_s"].to_numpy(np.float64)
        module = pv_chain.module_parameters(self.module)

        def whole(part: Array) -> Array:
            full = np.zeros(len(day))
            full[day] = part
            return full

        result = {}
        for tilt, azimuth in orientations:
            plane = pv_chain.plane_of_array(sky, sun, tilt, azimuth, self.transposition, self.albedo)
            glass = pv_chain.after_reflection(plane, tilt, self.diffuse_reflection)
            cell = pv_chain.cell_temperature(plane["poa_global"], air, wind, self.mounting)
            effective = glass * self.losses.kept(Losses.light)
            parts = (plane["poa_global"], glass, *pv_chain.module_power(effective, cell, module))
            result[tilt, azimuth] = FacePower(*(whole(part) for part in parts))
        return result

    def area_power(
        self, area: PvArea, faces: Mapping[tuple[float, float], FacePower], age_years: float
    ) -> AreaPower:
        """Power of one area through every stage, from what `face_power` found."""
        inverter = pv_chain.inverter_parameters(area.inverter)
        scale = self.module_wp / pv_chain.module_parameters(self.module)["STC"]
        kept = self.losses.kept(Losses.dc) * self.health(age_years)
        seen = [(faces[face.tilt_deg, face.azimuth_deg], face.share * area.modules) for face in area.faces]
        dc = [one.power * scale * kept * modules / area.inverters for one, modules in seen]
        volts = [one.voltage * area.modules_per_string for one, _ in seen]
        ac, clipped = pv_chain.inverter_power(volts, dc, inverter)
        to_mw = area.inverters / 1e6
        rated = self.module_wp / 1e9  # MW of one module per W/m2
        return AreaPower(
            poa=np.asarray(sum(one.poa * modules * rated for one, modules in seen)),
            glass=np.asarray(sum(one.glass * modules * rated for one, modules in seen)),
            module=np.asarray(sum(one.power * scale * modules / 1e6 for one, modules in seen)),
            dc=np.asarray(sum(dc)) * to_mw,
            clipped=clipped * to_mw,
            inverter=ac * to_mw,
            ac=ac * to_mw * self.losses.kept(Losses.ac),
        )

    def series(self, park: Park) -> Mapping[str, Array]:
        """AC power available at `park.times` [MW], shape (intervals,)."""
        faces = self.face_power(park.weather(), park.site, park.hours * 60.0)
        power = [self.area_power(area, faces, self.age_years).ac for area in self.areas]
        return {"available_mw": np.sum(np.stack(power), axis=0)}

    def interval(self, block: Any, interval: Interval) -> Terms:
        """Output lies between zero and what is available; the rest is curtailed."""
        available = interval.series("available_mw")
        block.output_mw = pyo.Var(bounds=(0, available))
        block.curtailed_mw = pyo.Expression(expr=available - block.output_mw)
        return Terms(injection={self.bus: block.output_mw})

    def self_check(self, seen: Seen) -> Mapping[str, float]:
        """Largest violation of each rule [MW]."""
        output, available = seen.values["output_mw"], seen.values["available_mw"]
        return {
            "output_within_available_mw": float(np.max(np.maximum(-output, output - available), initial=0.0)),
            "curtailed_is_the_rest_mw": float(
                np.max(np.abs(available - output - seen.values["curtailed_mw"]), initial=0.0)
            ),
            "injection_is_output_mw": float(np.max(np.abs(seen.injection[self.bus] - output), initial=0.0)),
        }
