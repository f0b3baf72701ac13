"""National rules beside the prices of a tariff: contracted demand, full-use discount, power factor.

The rules are data of the tariff file because they change by notice, as prices do. Each is optional.
"""

from typing import Annotated, Literal, get_args

from pydantic import Field, ValidationInfo, field_validator

from parkdispatch.models.declaration import Declaration, declared
from parkdispatch.models.tariff.tariff_tables import Fraction

Election = Literal[
    "highest", "contracted", "capacity"
]  # what the second part of a two-part tariff is charged on: metered demand, contracted demand, transformers
ELECTIONS: tuple[Election, ...] = get_args(Election)
POWER_FACTOR_STEP = 0.01
AddedShare = Annotated[float, Field(ge=-1, le=100)]  # of a bill


class DemandRules(Declaration):
    """Rules of the demand charge of a two-part tariff."""

    tolerance: Annotated[float, Field(ge=1, le=100)] = declared(
        "-", "Multiple of the contracted demand that may be drawn without an extra charge"
    )
    excess_multiple: Annotated[float, Field(ge=1, le=100)] = declared(
        "-", "Multiple of the demand price charged for demand above the tolerance"
    )
    least_contract_share: Fraction = declared("kW/kVA", "Least contracted demand per transformer capacity")
    full_use_kwh_per_kva: Annotated[float, Field(gt=0, le=744)] = declared(
        "kWh/kVA", "Energy of a month per transformer capacity from which the month counts as one of full use"
    )
    full_use_price_share: Fraction = declared(
        "-", "Share of the demand price that is charged in a month of full use"
    )
    election_months: Annotated[int, Field(ge=1, le=12)] = declared(
        "months", "Least time between two changes of the demand election"
    )


class PowerFactorRule(Declaration):
    """Power-factor adjustment: what is added to the bill, as a share of all but funds and sales."""

    standard: Annotated[float, Field(gt=0, le=1)] = declared("-", "Power factor at which nothing is added")
    steps: Annotated[tuple[tuple[Fraction, AddedShare], ...], Field(min_length=2)] = declared(
        "-", "Rows of power factor and added share, from 1 down to 0; linear between rows, read at hundredths"
    )

    @field_validator("steps")
    @classmethod
    def _complete(
        cls, steps: tuple[tuple[float, float], ...], info: ValidationInfo
    ) -> tuple[tuple[float, float], ...]:
        factors = [row[0] for row in steps]
        if factors != sorted(set(factors), reverse=True) or factors[0] != 1 or factors[-1] != 0:
            raise ValueError("must go down from power factor 1 to 0, each row below the one before")
        standard = info.data.get("standard")
        if standard is not None and (standard, 0.0) not in steps:
            raise ValueError(f"must have a row [{standard:.15g}, 0]: nothing is added at the `standard`")
        return steps

    def share(self, power_factor: float | None) -> float:
        """Share added to the adjusted part of a bill [-]; zero if no power factor is given."""
        if power_factor is None:
            return 0.0
        billed_factor = rounded_power_factor(power_factor)
        for (above, high), (below, low) in zip(self.steps, self.steps[1:], strict=False):
            if below <= billed_factor <= above:
                return low + (high - low) * (billed_factor - below) / (above - below)
        raise ValueError(f"power factor {power_factor:.15g} lies outside [0, 1]")


def rounded_power_factor(power_factor: float) -> float:
    """Power factor as billed: rounded to hundredths, halves upwards."""
    return int(power_factor / POWER_FACTOR_STEP + 0.5 + 1e-9) / 100
