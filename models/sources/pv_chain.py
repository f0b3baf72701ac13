"""Photovoltaic chain from irradiance to AC power, as pure functions; each calls one model of pvlib.

plane-of-array irradiance (transposition) -> transmission through the glass (incidence-angle modifier) ->
cell temperature -> module DC power -> inverter AC power.

Arrays have shape (intervals,). Angles are in degrees, azimuth clockwise from north.
pvlib is imported inside the functions because its import takes half a second.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Literal

import numpy as np
import pandas as pd

from parkdispatch.models.device import Array
from parkdispatch.models.sources.component_library import component_parameters
from parkdispatch.models.weather.sky import extraterrestrial_dni

Transposition = Literal["perez-driesse", "haydavies", "isotropic"]
DiffuseReflection = Literal["marion", "none"]
Mounting = Literal[
    "sapm_open_rack_glass_glass", "sapm_open_rack_glass_polymer", "sapm_close_mount_glass_glass",
    "sapm_insulated_back_glass_polymer", "pvsyst_freestanding", "pvsyst_semi_integrated", "pvsyst_insulated",
    "faiman",
]  # fmt: skip


def plane_of_array(
    weather: pd.DataFrame,
    sun: pd.DataFrame,
    tilt_deg: float,
    azimuth_deg: float,
    model: Transposition,
    albedo: float,
) -> dict[str, Array]:
    """Transpose irradiance to the plane of a tilted array.

    `weather` has `ghi_w_per_m2`, `dni_w_per_m2`, `dhi_w_per_m2`. Returns `poa_global`, `poa_direct`,
    `poa_sky_diffuse`, `poa_ground_diffuse` [W/m2] and `aoi` [deg].
    """
    from pvlib import atmosphere, irradiance

    zenith, azimuth = sun["apparent_zenith"], sun["azimuth"]
    parts = irradiance.get_total_irradiance(
        tilt_deg,
        azimuth_deg,
        zenith.to_numpy(),
        azimuth.to_numpy(),
        weather["dni_w_per_m2"].to_numpy(),
        weather["ghi_w_per_m2"].to_numpy(),
        weather["dhi_w_per_m2"].to_numpy(),
        dni_extra=extraterrestrial_dni(sun),
        airmass=atmosphere.get_relative_airmass(zenith.to_numpy()),
        albedo=albedo,
        model=model,
    )
    poa = {name: np.nan_to_num(np.asarray(parts[name], dtype=np.float64)) for name in parts}
    poa["aoi"] = np.asarray(
        irradiance.aoi(tilt_deg, azimuth_deg, zenith.to_numpy(), azimuth.to_numpy()), dtype=np.float64
    )
    return poa


def transmitted_irradiance(poa: Mapping[str, Array], tilt_deg: float, diffuse: DiffuseReflection) -> Array:
    """Irradiance transmitted by the glass [W/m2], relative to normal incidence.

    The incidence-angle modifier of direct irradiance is that of bare glass (`pvlib.iam.physical`, n = 1.526).
    `marion` integrates it over sky and ground (Marion 2017); `none` neglects the reflection of diffuse
    irradiance, as pvlib's ModelChain does.
    """
    from pvlib import iam

    beam = poa["poa_direct"] * np.nan_to_num(np.asarray(iam.physical(poa["aoi"])))
    if diffuse == "none":
        return np.asarray(beam + poa["poa_sky_diffuse"] + poa["poa_ground_diffuse"])
    sky, ground = _diffuse_modifiers(tilt_deg)
    return np.asarray(beam + sky * poa["poa_sky_diffuse"] + ground * poa["poa_ground_diffuse"])


@cache
def _diffuse_modifiers(tilt_deg: float) -> tuple[float, float]:
    """Incidence-angle modifiers of diffuse irradiance from the sky and from the ground [-]."""
    from pvlib.iam import marion_diffuse

    modifiers = marion_diffuse("physical", tilt_deg)
    # a horizontal plane receives nothing from the ground
    return float(modifiers["sky"]), float(np.nan_to_num(modifiers["ground"]))


def cell_temperature(
    poa_w_per_m2: Array, temp_air_c: Array, wind_speed_m_per_s: Array, mounting: Mounting
) -> Array:
    """Cell temperature [degC] from plane-of-array irradiance, air temperature and wind speed at 10 m.

    `sapm_*`: King 2004; `pvsyst_*`: heat-loss factors of PVsyst; `faiman`: Faiman 2008.
    """
    from pvlib import temperature

    family, _, kind = mounting.partition("_")
    if family == "faiman":
        return np.asarray(temperature.faiman(poa_w_per_m2, temp_air_c, wind_speed_m_per_s))
    constants = temperature.TEMPERATURE_MODEL_PARAMETERS[family][kind]
    model = temperature.sapm_cell if family == "sapm" else temperature.pvsyst_cell
    return np.asarray(model(poa_w_per_m2, temp_air_c, wind_speed_m_per_s, **constants), dtype=np.float64)


def module_power(
    effective_w_per_m2: Array, temp_cell_c: Array, module: Mapping[str, float]
) -> tuple[Array, Array]:
    """Maximum power [W] and its voltage [V] of one module (CEC single-diode model; Dobos 2012).

    Newton's method is twice as fast as bracketing and agreed with it to rounding for 61 modules of the
    library, from 1 mW/m2 to 1.5 kW/m2 and from -40 to 95 degC. Zero below a milliwatt per m2.
    """
    from pvlib import pvsystem

    power, voltage = np.zeros_like(effective_w_per_m2), np.zeros_like(effective_w_per_m2)
    lit = effective_w_per_m2 > 1e-3  # less than that underflows in the diode equation
    if lit.any():
        names = ("alpha_sc", "a_ref", "I_L_ref", "I_o_ref", "R_sh_ref", "R_s", "Adjust")
        curve = pvsystem.calcparams_cec(
            effective_w_per_m2[lit], temp_cell_c[lit], **{name: module[name] for name in names}
        )
        maximum = pvsystem.max_power_point(*curve, method="newton")
        power[lit], voltage[lit] = maximum["p_mp"], maximum["v_mp"]
    return power, voltage


def inverter_power(
    v_dc: Sequence[Array], p_dc_w: Sequence[Array], inverter: Mapping[str, float]
) -> tuple[Array, Array]:
    """AC power of one inverter, and the AC power lost to clipping [W].

    Each face feeds its own maximum-power-point tracker (`pvlib.inverter.sandia_multi`; King 2007). Night
    consumption is neglected: AC power is never negative. Clipping is counted at the rated efficiency.
    """
    from pvlib.inverter import sandia_multi

    total = np.sum(np.stack(p_dc_w), axis=0)
    power = np.zeros_like(total)
    lit = total > 0
    if lit.any():
        power[lit] = sandia_multi([v[lit] for v in v_dc], [p[lit] for p in p_dc_w], inverter)
    power = np.maximum(power, 0.0)
    rated = float(inverter["Paco"])
    excess = np.maximum(total * rated / float(inverter["Pdco"]) - rated, 0.0)
    return power, np.where(power >= rated * (1 - 1e-12), excess, 0.0)


def module_parameters(name: str) -> dict[str, float]:
    """Parameters of a module in pvlib's CEC library; ValueError with close names if unknown."""
    return dict(component_parameters("CECMod", name))


def inverter_parameters(name: str) -> dict[str, float]:
    """Parameters of an inverter in pvlib's CEC library; ValueError with close names if unknown."""
    return dict(component_parameters("CECInverter", name))
