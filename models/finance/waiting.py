"""The right to wait: to decide on the increment some years later, knowing more then. Declarations only."""

from typing import Annotated

from pydantic import AfterValidator, Field

from parkdispatch.models.declaration import GIVEN, Declaration, declared
from parkdispatch.models.tariff.tariff_tables import Name, each_once


class Waiting(Declaration):
    """A second stage of the decision, valued in the scenarios as an option."""

    years: Annotated[int, Field(ge=1, le=30)] = declared(
        "years", "After the case's year, in which the decision is taken and the increment commissioned", GIVEN
    )
    known: Annotated[tuple[Name, ...], Field(min_length=1), AfterValidator(each_once)] = declared(
        "-", "Names of the uncertain numbers that are known then; left out: all of them", default=()
    )

    def problems(self, doubts: list[str]) -> list[str]:
        """Names that are no uncertain number."""
        listed = ", ".join(doubts) or "none"
        return [
            f"wait.known[{place}] = '{name}': is no doubt, must be of {listed}"
            for place, name in enumerate(self.known)
            if name not in doubts
        ]
