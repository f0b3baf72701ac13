"""Replacement or augmentation of the cells of a storage: when, how much, at what cost. Declarations only."""

from typing import Literal, Self

from pydantic import model_validator

from parkdispatch.models.declaration import ASSUMED, NO_UNIT, Declaration, declared
from parkdispatch.models.device import Fraction
from parkdispatch.models.finance.finance_terms import CODED, YearlyChange, Years
from parkdispatch.models.limits import Money, PositiveFactor


class Replacement(Declaration):
    """Replacement or augmentation of the battery, paid from the project's cash flow at the end of a year.

    It recurs as often as the trigger asks for it within the years of operation.
    """

    mode: Literal["replacement", "augmentation"] = declared(
        NO_UNIT, "All cells are new; or cells are added up to `augmented_health`, at that share of the cost",
        ASSUMED, "replacement",
    )  # fmt: skip
    augmented_health: Fraction = declared(
        "-", "Usable over rated energy after an augmentation; old and new cells then fade as one",
        ASSUMED, 1.0,
    )  # fmt: skip

    trigger: Literal["year", "end_of_life"] = declared(
        NO_UNIT, "After a fixed year, or after the year in which the cells reach their end of life",
        ASSUMED, "year",
    )  # fmt: skip
    year: Years = declared("year of operation", "Year at whose end the battery is replaced", CODED, 10)
    recurrence: Literal["once", "every"] = declared(
        NO_UNIT, "With a fixed year: after that year once, or every so many years", ASSUMED, "once"
    )
    cost_yuan: Money = declared(
        "yuan", "Cost of replacing all cells at the first year's prices, VAT included; 0: no replacement",
        ASSUMED, 0.0,
    )  # fmt: skip
    yearly_price_change: YearlyChange = declared(
        "1/year", "Yearly change of that cost until the replacement", ASSUMED, 0.0
    )
    end_of_life_health: Fraction = declared(
        "-", "Health below which cells have reached their end of life; 0.7 to 0.8 usual",
        ASSUMED, 0.7,
    )  # fmt: skip
    warranted_cycles: PositiveFactor | None = declared(
        "-", "Full cycles that the maker warrants; said where more are dispatched; left out: not known",
        ASSUMED, None,
    )  # fmt: skip
    depreciation_years: Years = declared(
        "years", "Depreciation of the replacement, at most to the end of the horizon", CODED, 10
    )
    residual_share: Fraction = declared(
        "- of cost net of VAT", "Recovered at the end of the last year", CODED, 0.05
    )

    @model_validator(mode="after")
    def _augmented_above_the_end(self) -> Self:
        if self.mode == "augmentation" and self.augmented_health <= self.end_of_life_health:
            raise ValueError(
                f"augmented_health = {self.augmented_health:.15g}: must be above end_of_life_health ="
                f" {self.end_of_life_health:.15g}, at which cells are added"
            )
        return self

    @property
    def follows_health(self) -> bool:
        """Whether dates or amounts depend on the cells' health, and not on the year alone."""
        return self.trigger == "end_of_life" or self.mode == "augmentation"

    def due_after(self, year: int) -> bool:
        """Whether a fixed year of operation is one at whose end cells are bought."""
        return year == self.year or (self.recurrence == "every" and year % self.year == 0)

    def health_after(self, health: float) -> float:
        """Health of cells after the replacement or augmentation, from that before."""
        return 1.0 if self.mode == "replacement" else max(health, self.augmented_health)

    def share_of_cost(self, health: float) -> float:
        """Share of the cost that cells of this health need."""
        return 1.0 if self.mode == "replacement" else self.health_after(health) - health
