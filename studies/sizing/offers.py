"""Offers of the increment and every whole number of their modules: as choices, and what they return."""

from collections.abc import Sequence

from parkdispatch.inputs.case import Case
from parkdispatch.models.finance.sizing_section import Sizing
from parkdispatch.results.sizing.increment_value import Worth, break_even_yuan_per_wh
from parkdispatch.results.sizing.sizing_results import NEVER, Choice, Offered
from parkdispatch.studies.sizing.existing_park import ExistingPark, require_increment_inputs
from parkdispatch.studies.sizing.increment_dispatch import IncrementDispatch, increment_worth
from parkdispatch.studies.solve_options import SolveContext
from parkdispatch.studies.study_tasks import Attempts

PART = "offers"

# figures of an offer that a size of the surface has too
FIGURES = ("dispatch_yuan", "bound_yuan", "peak_cut_mw", "self_use", "self_use_gain", "co2_cut_t", "gap")


def choices_of(sizing: Sizing) -> tuple[Choice, ...]:
    """The choices of a sizing section: build nothing, and of each offer 1 to all of its modules."""
    choices = [Choice(NEVER, "build nothing", "不建设", 0.0, 0.0, 0.0)]
    for number, offer in enumerate(sizing.offer, 1):
        for modules in range(1, offer.modules + 1):
            share, whole = modules / offer.modules, modules == offer.modules
            part = "" if whole else f"_{modules}_of_{offer.modules}"
            name_zh = offer.name_zh or offer.name
            choices.append(
                Choice(
                    key=f"offer_{number}{part}",
                    name=offer.name if whole else f"{offer.name}, {modules} of {offer.modules} modules",
                    name_zh=name_zh if whole else f"{name_zh}，{offer.modules} 个模块中的 {modules} 个",
                    power_mw=share * offer.power_mw,
                    energy_mwh=share * offer.energy_mwh,
                    investment_yuan=share
                    * (offer.price_yuan - sizing.shared_yuan(offer.power_mw))
                    * sizing.price_multiple,
                )
            )
    return tuple(choices)


def evaluate_offers(
    case: Case,
    context: SolveContext,
    every_year: bool = False,
    choices: Sequence[Choice] | None = None,
) -> tuple[Offered, ...]:
    """Evaluate the case's offers, or other choices: lifetime, cash flow and break-even price of each.

    With `every_year`, each year of operation is dispatched, else the first and the last. Metered demand
    response is dispatched in each of them. Raises as `increment_worth`.
    """
    sizing, finance = require_increment_inputs(case)
    years = range(1, finance.operation_years + 1) if every_year else None
    worths = increment_worth(case, choices or choices_of(sizing), context, years=years)
    return tuple(offer_of_worth(worth) for worth in worths)


def attempted_offers(
    existing: ExistingPark, choices: Sequence[Choice], attempts: Attempts, every_year: bool = False
) -> tuple[Worth, ...]:
    """As `evaluate_offers`, the worth of each choice that does not fail; `attempts` names the others."""
    years = range(1, existing.finance.operation_years + 1) if every_year else None
    worths = IncrementDispatch(existing).attempted(attempts, PART, choices, years=years)
    return tuple(worth for worth in worths if worth is not None)


def offer_of_worth(worth: Worth) -> Offered:
    """A choice whose every year is known, with its break-even price."""
    figures = {name: getattr(worth, name) for name in FIGURES} if worth.cash else {}
    return Offered(worth.choice, worth.lifetime, worth.cash, break_even_yuan_per_wh(worth), None, figures)
