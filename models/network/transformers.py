"""Transformers between the park and the public grid: capacity, and the limits that follow from it."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from parkdispatch.models.declaration import ASSUMED, Declaration, declared
from parkdispatch.models.device import Efficiency, Fraction
from parkdispatch.models.limits import PositivePower


class Transformers(Declaration):
    """Identical transformers at the grid connection, from which the import and export limits follow."""

    count: Annotated[int, Field(ge=1, le=1000)] = declared("-", "Number of identical transformers")
    rating_mva: PositivePower = declared("MVA", "Rated apparent power of each transformer")
    power_factor: Efficiency = declared(
        "-", "Power factor at which rated apparent power is turned into active power",
        "assumption: park kept above the 0.9 of the power-factor rule", 0.95,
    )  # fmt: skip
    import_units_out: Annotated[int, Field(ge=0, le=1000)] = declared(
        "-", "Transformers out of service in the import limit; 0: import may use all", ASSUMED, 0
    )
    export_units_out: Annotated[int, Field(ge=0, le=1000)] = declared(
        "-", "Transformers out of service in the export limit",
        "assumption: n-1, export must survive the loss of one transformer", 1,
    )  # fmt: skip
    back_feed_share: Fraction = declared(
        "-", "Share of the rating left in service that may be fed back into the grid",
        "assumption: usual for PV in China", 0.8,
    )  # fmt: skip

    @model_validator(mode="after")
    def _some_left(self) -> Self:
        problems = [
            f"{name} = {getattr(self, name)}: must be {self.count} or less, the `count`"
            for name in ("import_units_out", "export_units_out")
            if getattr(self, name) > self.count
        ]
        if problems:
            raise ValueError("\n".join(problems))
        return self

    @property
    def total_mva(self) -> float:
        """Installed transformer capacity, on which the transformer-capacity charge is paid [MVA]."""
        return self.count * self.rating_mva

    @property
    def import_limit_mw(self) -> float:
        """Largest import [MW]."""
        return (self.count - self.import_units_out) * self.rating_mva * self.power_factor

    @property
    def export_limit_mw(self) -> float:
        """Largest export [MW]."""
        units = self.count - self.export_units_out
        return units * self.rating_mva * self.power_factor * self.back_feed_share
