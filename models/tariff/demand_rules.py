"""National rules beside the prices of a tariff: contracted demand, full use, power factor.

They are data of the tariff file, for they change by notice as prices do. A tariff without them has none.
"""

from typing import Annotated, Literal, get_args

from pydantic import Field, ValidationInfo, field_validator

from parkdispatch.models.tariff.tariff_tables import Declaration, Fraction

Election = Literal["highest", "contracted", "capacity"]  # what a two-part customer pays for
ELECTIONS: tuple[Election, ...] = get_args(Election)
HUNDREDTH = 0.01


class DemandRules(Declaration):
    """What a two-part customer pays for demand beyond its plain price."""

    # [-] of the contracted demand may be drawn without paying for more than the contract
    tolerance: Annotated[float, Field(ge=1)]
    excess_multiple: Annotated[float, Field(ge=1)]  # [-] of the demand price, for demand above that
    least_contract_share: Fraction  # [kW/kVA] of the transformers must be contracted
    full_use_kwh_per_kva: Annotated[float, Field(gt=0)]  # energy of a month from which it counts as full use
    full_use_price_share: Fraction  # [-] of the demand price is paid in a month of full use
    election_months: Annotated[int, Field(ge=1, le=12)]  # how the charge is reckoned may change this often


class PowerFactorRule(Declaration):
    """What an actual power factor adds to the bill, as a share of all but funds and sales."""

    standard: Annotated[float, Field(gt=0, le=1)]  # [-] at which nothing is added
    # rows of power factor and share, from 1 down to 0; straight between rows, read at whole hundredths
    steps: Annotated[tuple[tuple[Fraction, float], ...], Field(min_length=2)]

    @field_validator("steps")
    @classmethod
    def _whole(
        cls, steps: tuple[tuple[float, float], ...], info: ValidationInfo
    ) -> tuple[tuple[float, float], ...]:
        at = [row[0] for row in steps]
        if at != sorted(set(at), reverse=True) or at[0] != 1 or at[-1] != 0:
            raise ValueError("must go down from power factor 1 to 0, each row below the one before")
        standard = info.data.get("standard")
        if standard is not None and (standard, 0.0) not in steps:
            raise ValueError(f"must have a row [{standard:g}, 0]: nothing is added at the `standard`")
        return steps

    def share(self, power_factor: float | None) -> float:
        """What is added to the adjusted part of a bill [-]; none given means at the standard."""
        if power_factor is None:
            return 0.0
        actual = hundredths(power_factor)
        for (above, high), (below, low) in zip(self.steps, self.steps[1:], strict=False):
            if below <= actual <= above:
                return low + (high - low) * (actual - below) / (above - below)
        raise ValueError(f"power factor {power_factor:g} lies outside [0, 1]")


def hundredths(power_factor: float) -> float:
    """A power factor as the meter's is reckoned, rounded to hundredths, half upwards."""
    return int(power_factor / HUNDREDTH + 0.5 + 1e-9) / 100
