"""The sizes that a dispatch chose, with their bounds and what they cost."""

from collections.abc import Sequence
from dataclasses import dataclass

import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.models.capacity import decision_of

UNITS = {"_mwh": "MWh", "_mw": "MW"}  # by the ending of a field; the longer ending comes first


@dataclass(frozen=True)
class ChosenSize:
    """One size that was left to the optimizer; size and bounds in `unit`."""

    device: str
    field: str
    unit: str  # "MW", "MWh", or "1" for a multiple of the declared device
    size: float
    least: float
    most: float
    cost_yuan_per_unit: float

    @property
    def capital_yuan(self) -> float:
        """Capital cost of the size for the length of the horizon [yuan]."""
        return self.size * self.cost_yuan_per_unit

    @property
    def json(self) -> dict[str, str | float]:
        """The entry of `sizes` in `summary.json`."""
        return {
            "device": self.device, "field": self.field, "unit": self.unit, "size": self.size,
            "min": self.least, "max": self.most, "cost_yuan_per_unit": self.cost_yuan_per_unit,
            "capital_yuan": self.capital_yuan,
        }  # fmt: skip


def chosen_sizes(solution: xr.Dataset, case: Case) -> Sequence[ChosenSize]:
    """The sizes that a solution chose, by device and field; empty where all are given."""
    return tuple(
        ChosenSize(
            name,
            field,
            next((unit for ending, unit in UNITS.items() if field.endswith(ending)), "1"),
            float(solution[f"{name}.{decision_of(field)}"].to_numpy()[0]),
            sized.min,
            sized.max,
            sized.cost_yuan_per_unit,
        )
        for name, device in case.devices.items()
        for field, sized in device.undecided_sizes.items()
    )
