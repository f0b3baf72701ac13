"""The transformers between park and grid."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from parkdispatch.models.device import Efficiency, Fraction, Positive


class Transformers(BaseModel):
    """The transformers between park and grid, from which both limits follow."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    count: Annotated[int, Field(ge=1)]
    rating_mva: Positive  # [MVA] of each
    power_factor: Efficiency = 0.95  # [-] assumption: park kept above the 0.9 of the power-factor rule
    import_units_out: Annotated[int, Field(ge=0)] = 0  # import may use all; assumption
    export_units_out: Annotated[int, Field(ge=0)] = (
        1  # n-1: back-feed must survive the loss of one; assumption
    )
    back_feed_share: Fraction = 0.8  # [-] of the rating left may feed back; assumption: usual for PV in China

    @model_validator(mode="after")
    def _some_left(self) -> Self:
        wrong = [
            f"{name} = {getattr(self, name)}: must be {self.count} or less, the `count`"
            for name in ("import_units_out", "export_units_out")
            if getattr(self, name) > self.count
        ]
        if wrong:
            raise ValueError("\n".join(wrong))
        return self

    @property
    def total_mva(self) -> float:
        """Capacity that a capacity charge is paid on [MVA]."""
        return self.count * self.rating_mva

    @property
    def import_limit_mw(self) -> float:
        """Most that may be drawn [MW]."""
        return (self.count - self.import_units_out) * self.rating_mva * self.power_factor

    @property
    def export_limit_mw(self) -> float:
        """Most that may be fed back [MW]."""
        units = self.count - self.export_units_out
        return units * self.rating_mva * self.power_factor * self.back_feed_share
