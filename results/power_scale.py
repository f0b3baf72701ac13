"""The unit of power and energy a park is shown in, and how many digits a device of some size needs."""

from dataclasses import dataclass
from math import floor, log10

import numpy as np
import xarray as xr

from parkdispatch.models.units import KW_PER_MW
from parkdispatch.results.solution import of_kind

SMALL_PARK_MW = 10.0  # parks below it are shown in kW
SIGNIFICANT = 3  # digits of a device's largest power that are shown at least
MOST_DIGITS = 4  # decimals, however small the device


@dataclass(frozen=True)
class PowerScale:
    """Unit and digits of everything a person reads on a park; files for programs stay in MW."""

    size_mw: float  # largest power of the park

    @property
    def small(self) -> bool:
        """Whether kW are shown."""
        return self.size_mw < SMALL_PARK_MW

    @property
    def per_mw(self) -> float:
        """Shown units in a MW or a MWh."""
        return KW_PER_MW if self.small else 1.0

    @property
    def power(self) -> str:
        """Unit of power."""
        return "kW" if self.small else "MW"

    @property
    def energy(self) -> str:
        """Unit of the energy of a day or a month."""
        return "kWh" if self.small else "MWh"

    @property
    def large_energy(self) -> str:
        """Unit of the energy of a year, a thousand of the one of a day."""
        return "MWh" if self.small else "GWh"

    def digits(self, size_mw: float | None = None) -> int:
        """Decimals of a power of a device whose largest power is `size_mw`; None: of the park."""
        largest = (self.size_mw if size_mw is None else size_mw) * self.per_mw
        least = 0 if self.small else 1
        needed = SIGNIFICANT - 1 - floor(log10(largest)) if largest > 0 else least
        return min(max(least, needed), MOST_DIGITS)

    def resolution_mw(self, size_mw: float | None = None) -> float:
        """Least power that does not read as zero [MW]: half of the last decimal."""
        return 0.5 * 10.0 ** -self.digits(size_mw) / self.per_mw

    def number(self, mw: float, size_mw: float | None = None) -> str:
        """A power without its unit."""
        return f"{mw * self.per_mw:z,.{self.digits(size_mw)}f}"

    def text(self, mw: float, size_mw: float | None = None) -> str:
        """A power with its unit."""
        return f"{self.number(mw, size_mw)} {self.power}"

    def capacity_text(self, mwh: float) -> str:
        """What a store can hold, with its unit; a whole number without decimals."""
        shown = mwh * self.per_mw
        digits = 1 if shown >= 10 else SIGNIFICANT
        return f"{f'{shown:z,.{digits}f}'.rstrip('0').rstrip('.')} {self.energy}"

    def energy_text(self, mwh: float) -> str:
        """An energy of a day, with its unit."""
        return f"{mwh * self.per_mw:z,.{0 if self.small else 1}f} {self.energy}"

    @property
    def units(self) -> dict[str, str]:
        """The units by what they are called for a large park, as the tables of words have them."""
        return {"MW": self.power, "MWh": self.energy, "GWh": self.large_energy}


LARGE_PARK = PowerScale(100.0)  # shown in MW, as everything that belongs to no park


def scale_of(solution: xr.Dataset) -> PowerScale:
    """The scale of a park by the largest power of any of its devices."""
    powers = [np.abs(solution[name].to_numpy()).max() for name in of_kind(solution, "injection")]
    return PowerScale(float(max(powers, default=0.0)))
