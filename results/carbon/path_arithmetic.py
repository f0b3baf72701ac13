"""Which figures of a published CO2 path follow from its others, and what the pilot's devices change of it.

    sum          sectors added up                       against CO2 in all
    intensity    CO2, or energy, over value added       against the intensity
    growth       value added over that of the year before
    peak         the year of most CO2

Nothing is dispatched. A figure follows where the difference is no more than rounding of the published digits.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from parkdispatch.inputs.published.carbon_path import CarbonPath
from parkdispatch.models.units import T_PER_GWH_PER_KG_PER_KWH

HALF_DIGIT = 0.005  # of figures with two decimals
T_PER_WAN_T = 1e4


@dataclass(frozen=True)
class PathCheck:
    """A published figure of a year beside what follows from the others; `allowed` is their rounding."""

    key: str
    year: int
    published: float
    computed: float
    allowed: float

    @property
    def follows(self) -> bool:
        """Whether rounding explains the difference."""
        return abs(self.computed - self.published) <= self.allowed


@dataclass(frozen=True)
class DeviceChange:
    """What renewable energy of a year avoids at a factor, over the path's CO2 of the year."""

    year: int
    energy_gwh: float
    factor_kg_per_kwh: float
    avoided_wan_t: float
    share: float  # [-] of the year's CO2


def path_checks(path: CarbonPath) -> list[PathCheck]:
    """Sums, intensities and growth of every year."""
    return [*_sums(path), *_intensities(path), *_growth(path)]


def peak_year(path: CarbonPath) -> tuple[int, float]:
    """The year of most CO2, and that [10^4 t]."""
    most = max(path.co2_wan_t)
    return path.years[path.co2_wan_t.index(most)], most


def device_changes(
    path: CarbonPath, energy_gwh: Sequence[tuple[int, float]], factors: Sequence[float]
) -> list[DeviceChange]:
    """What the energy of each (year, GWh) avoids at each factor [kg/kWh]."""
    changes = []
    for year, gwh in energy_gwh:
        path_wan_t = path.co2_wan_t[path.years.index(year)]
        for factor in factors:
            avoided_wan_t = gwh * factor * T_PER_GWH_PER_KG_PER_KWH / T_PER_WAN_T
            changes.append(DeviceChange(year, gwh, factor, avoided_wan_t, avoided_wan_t / path_wan_t))
    return changes


def _sums(path: CarbonPath) -> Iterator[PathCheck]:
    for place, year in enumerate(path.years):
        parts = [column[place] for column in path.sectors_wan_t.values()]
        allowed = HALF_DIGIT * (len(parts) + 1)
        yield PathCheck("sum", year, path.co2_wan_t[place], sum(parts), allowed)


def _intensities(path: CarbonPath) -> Iterator[PathCheck]:
    for key, amounts, published in (
        ("co2_intensity", path.co2_wan_t, path.co2_t_per_wan_yuan),
        ("energy_intensity", path.energy_wan_tce, path.energy_tce_per_wan_yuan),
    ):
        for year, amount, value, intensity in zip(
            path.years, amounts, path.value_added_yi_yuan, published, strict=True
        ):
            allowed = HALF_DIGIT * (1.0 + (1.0 + amount / value) / value)
            yield PathCheck(key, year, intensity, amount / value, allowed)  # 10^4 t over 10^8 yuan


def _growth(path: CarbonPath) -> Iterator[PathCheck]:
    values = path.value_added_yi_yuan
    pairs = zip(path.years[1:], values, values[1:], path.growth_per_cent, strict=False)
    for year, before, value, published in pairs:
        computed = 100.0 * (value / before - 1.0)
        allowed = HALF_DIGIT + 100.0 * HALF_DIGIT * (1.0 + value / before) / before
        yield PathCheck("growth", year, published, computed, allowed)
