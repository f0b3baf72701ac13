"""Phases of a storage that are built in different years. Declarations only.

Each phase is a project of its own: it has the finance of the case with its share of the investment, its own
construction, loan, VAT credit, depreciation and tax holiday, replacements, retirement and decommissioning.
The first one carries what all of them share.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Annotated, Self

from pydantic import Field, model_validator

from parkdispatch.models.declaration import ASSUMED, GIVEN, Declaration, declared
from parkdispatch.models.device import Fraction
from parkdispatch.models.finance.finance_terms import YearlyChange
from parkdispatch.models.finance.investment import SHARES_TOLERANCE, ClassName, Finance
from parkdispatch.models.limits import Money
from parkdispatch.models.tariff.tariff_tables import Name


class BuildPhase(Declaration):
    """One phase: which batteries it builds, and when."""

    name: ClassName = declared("-", "Name of the phase, part of names of files", GIVEN)
    name_zh: str = declared("-", "Name in Chinese; left out: `name`", default="")
    devices: Annotated[tuple[Name, ...], Field(min_length=1)] = declared("-", "Names of its batteries", GIVEN)
    commissioned: Annotated[int, Field(ge=0, le=40)] = declared(
        "years", "Years after the first phase in which it is commissioned; 0 for the first", GIVEN
    )
    modular_share: Fraction | None = declared(
        "-", "Its share of the investment without the shared station; left out: by rated energy", default=None
    )


class BuildPhases(Declaration):
    """The phases of the storage in the order of their commissioning, and what the first one carries."""

    shared_station_yuan: Money = declared(
        "yuan", "Part of `finance.investment_yuan` that serves all phases and is paid by the first",
        ASSUMED, 0.0,
    )  # fmt: skip
    yearly_price_change: YearlyChange = declared(
        "1/year", "Yearly change of the rest of the investment until a phase is commissioned", ASSUMED, 0.0
    )
    phase: Annotated[tuple[BuildPhase, ...], Field(min_length=1, max_length=20)] = declared(
        "-", "The phases, by year of commissioning", GIVEN
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if problems := list(self._order_problems()):
            raise ValueError("\n".join(problems))
        return self

    def _order_problems(self) -> Iterator[str]:
        """Problems with names, years and shares."""
        for what, names in (
            ("name", [phase.name for phase in self.phase]),
            ("devices", [name for phase in self.phase for name in phase.devices]),
        ):
            for name in sorted({name for name in names if names.count(name) > 1}):
                yield f"phase.{what}: '{name}' is there twice, must be in one phase"
        years = [phase.commissioned for phase in self.phase]
        if years[0] != 0:
            yield f"phase[0].commissioned = {years[0]}: must be 0, because years count from the first phase"
        if any(earlier > later for earlier, later in pairwise(years)):
            yield f"phase.commissioned = {', '.join(map(str, years))}: must not fall"
        shares = [phase.modular_share for phase in self.phase]
        known = [share for share in shares if share is not None]
        if known and len(known) < len(shares):
            yield "phase.modular_share: must be given for all phases or for none"
        elif known and abs(sum(known) - 1.0) > SHARES_TOLERANCE:
            listed = ", ".join(f"{share:.15g}" for share in known)
            yield f"phase.modular_share = {listed}: add up to {sum(known):.15g}, must add up to 1"

    def in_service(self, year: int, operation_years: int) -> list[int]:
        """Numbers of the phases that operate in a year of the whole, counted from 1, as they come.

        Each is in service for `operation_years`.
        """
        return [
            number
            for number, phase in enumerate(self.phase)
            if phase.commissioned < year <= phase.commissioned + operation_years
        ]

    def number_of(self, device: str) -> int:
        """The number of the phase, from 0, that has a battery of this name."""
        return next(number for number, phase in enumerate(self.phase) if device in phase.devices)

    def at_once(self) -> "BuildPhases":
        """The same phases, all commissioned with the first."""
        phases = [phase.model_copy(update={"commissioned": 0}) for phase in self.phase]
        return self.model_copy(update={"phase": tuple(phases)})

    def of_devices(self, names: Sequence[str]) -> "BuildPhases | None":
        """The phases with batteries of these names; None: none is left.

        Where some are gone, the investment is shared by rated energy.
        """
        left = self.with_devices(names)
        if left is None or sum(len(phase.devices) for phase in left.phase) == sum(
            len(phase.devices) for phase in self.phase
        ):
            return left
        first = left.phase[0].commissioned
        changes = {"modular_share": None}
        phases = [
            phase.model_copy(update={**changes, "commissioned": phase.commissioned - first})
            for phase in left.phase
        ]
        return self.model_copy(update={"phase": tuple(phases)})

    def with_devices(self, names: Sequence[str]) -> "BuildPhases | None":
        """The phases with batteries of these names, each in its year; None: none is left."""
        left = [
            phase.model_copy(update={"devices": devices})
            for phase in self.phase
            if (devices := tuple(name for name in phase.devices if name in names))
        ]
        return self.model_copy(update={"phase": tuple(left)}) if left else None

    def finance_of(self, number: int, finance: Finance, rated_mwh: Mapping[str, float]) -> Finance:
        """The finance of a phase, counted from 0, as a project of its own at the prices of its year."""
        phase, years = self.phase[number], self.phase[number].commissioned
        share = phase.modular_share
        if share is None:
            share = sum(rated_mwh[name] for name in phase.devices) / sum(rated_mwh.values())
        modular_yuan = (finance.investment_yuan - self.shared_station_yuan) * share
        investment_yuan = modular_yuan * (1.0 + self.yearly_price_change) ** years
        investment_yuan += self.shared_station_yuan if number == 0 else 0.0
        return finance_of_phase(finance, investment_yuan, share, years)


def finance_of_phase(finance: Finance, investment_yuan: float, cells_share: float, years: int) -> Finance:
    """The finance of a phase that is commissioned so many years after the first, at the prices of then.

    `investment_yuan` is what it costs then, `cells_share` its share of a replacement of all cells.
    """
    replacement, upkeep = finance.replacement, finance.operation_maintenance
    cells = cells_share * (1.0 + replacement.yearly_price_change) ** years
    grown = (1.0 + upkeep.yearly_change) ** years
    rates = ("yuan_per_kw_year", "yuan_per_kwh_discharged", "investment_share")
    return finance.model_copy(
        update={
            "investment_yuan": investment_yuan,
            "replacement": replacement.model_copy(update={"cost_yuan": replacement.cost_yuan * cells}),
            "operation_maintenance": upkeep.model_copy(
                update={rate: getattr(upkeep, rate) * grown for rate in rates}
            ),
        }
    )
