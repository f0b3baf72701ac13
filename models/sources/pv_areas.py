"""Declarations of a photovoltaic plant: areas of modules with their faces, and constant losses."""

from typing import Annotated, ClassVar, Self

import numpy as np
from pydantic import Field, model_validator

from parkdispatch.models.declaration import ASSUMED, Declaration, declared
from parkdispatch.models.limits import Count
from parkdispatch.models.sources import pv_chain

PVWATTS = "PVWatts version 5 (Dobos 2014, NREL/TP-6A20-62641, table 3)"

LossFraction = Annotated[float, Field(ge=0, lt=1)]


class Face(Declaration):
    """One orientation of an area's modules."""

    tilt_deg: Annotated[float, Field(ge=0, le=90)] = declared("deg", "Tilt of the modules; 0 is horizontal")
    azimuth_deg: Annotated[float, Field(ge=0, lt=360)] = declared(
        "deg", "Azimuth of the modules, clockwise from north; 180 is south"
    )
    share: Annotated[float, Field(gt=0, le=1)] = declared(
        "-", "Share of the area's modules on this face; the shares of an area sum to one"
    )


class PvArea(Declaration):
    """Modules on one group of roofs, behind inverters of one kind.

    Each face has its own maximum-power-point trackers.
    """

    name: Annotated[str, Field(min_length=1)] = declared("-", "Name of the area")
    modules: Count = declared("-", "Number of modules")
    generating_units: Count = declared(
        "-", "Number of groups of inverters with one transformer each; for the report only"
    )
    faces: Annotated[tuple[Face, ...], Field(min_length=1)] = declared("-", "Orientations of the modules")
    inverter: str = declared("-", "Name of the inverter in pvlib's CEC inverter library")
    inverters: Count = declared("-", "Number of inverters")
    modules_per_string: Count = declared(
        "-", "Modules in series in a string", "published carbon-peak pilot plan", 20
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = []
        shares = sum(face.share for face in self.faces)
        if abs(shares - 1.0) > 1e-9:
            problems.append(f"area '{self.name}': shares of the faces sum to {shares:.15g}: must be 1")
        if self.modules % self.modules_per_string:
            problems.append(
                f"area '{self.name}': modules = {self.modules}: must be a multiple of "
                f"modules_per_string = {self.modules_per_string}"
            )
        try:
            pv_chain.inverter_parameters(self.inverter)
        except ValueError as error:
            problems.append(f"area '{self.name}': inverter: {error}")
        if problems:
            raise ValueError("; ".join(problems))
        return self


class Losses(Declaration):
    """Constant losses, each a fraction of the power before it."""

    shading: LossFraction = declared("-", "Irradiance lost to shading", PVWATTS, 0.03)
    soiling: LossFraction = declared("-", "Irradiance lost to soiling", PVWATTS, 0.02)
    nameplate: LossFraction = declared(
        "-", "DC power lost because modules are weaker than their nameplate", PVWATTS, 0.01
    )
    light_induced_degradation: LossFraction = declared(
        "-", "DC power lost to light-induced degradation in the first days of operation", PVWATTS, 0.015
    )
    connections: LossFraction = declared("-", "DC power lost in connectors", PVWATTS, 0.005)
    mismatch: LossFraction = declared("-", "DC power lost to mismatch of modules", PVWATTS, 0.02)
    dc_wiring: LossFraction = declared("-", "DC power lost in cables", PVWATTS, 0.02)
    ac_wiring: LossFraction = declared("-", "AC power lost in cables", ASSUMED, 0.01)
    transformer: LossFraction = declared("-", "AC power lost in the unit transformers", ASSUMED, 0.01)
    availability: LossFraction = declared("-", "AC power lost to outages and maintenance", PVWATTS, 0.03)

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
        """Share of the power that remains after the named losses [-]."""
        return float(np.prod([1.0 - getattr(self, name) for name in names]))
