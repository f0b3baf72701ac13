"""Named offers of the increment, and each whole number of their modules, as choices, and their returns."""

from collections.abc import Sequence

from parkdispatch.inputs.case import Case
from parkdispatch.models.finance.sizing_section import Sizing
from parkdispatch.results.sizing.increment_value import Worth, break_even_yuan_per_wh
from parkdispatch.results.sizing.sizing_results import NEVER, Choice, Offered
from parkdispatch.studies.dispatch import Progress, SolveOptions
from parkdispatch.studies.sizing.existing_park import refuse_increment
from parkdispatch.studies.sizing.increment_dispatch import increment_worth

# that an offer has as a size of the surface has
FIGURES = ("dispatch_yuan", "bound_yuan", "peak_cut_mw", "self_use", "self_use_gain", "co2_cut_t", "gap")


def choices_of(sizing: Sizing) -> tuple[Choice, ...]:
    """To build nothing, and each offer: a whole number of its modules, the whole of it last."""
    found = [Choice(NEVER, "build nothing", "不建设", 0.0, 0.0, 0.0)]
    for number, offer in enumerate(sizing.offer, 1):
        for modules in range(1, offer.modules + 1):
            share, whole = modules / offer.modules, modules == offer.modules
            part = "" if whole else f"_{modules}_of_{offer.modules}"
            name_zh = offer.name_zh or offer.name
            found.append(
                Choice(
                    key=f"offer_{number}{part}",
                    name=offer.name if whole else f"{offer.name}, {modules} of {offer.modules} modules",
                    name_zh=name_zh if whole else f"{name_zh}，{offer.modules} 个模块中的 {modules} 个",
                    power_mw=share * offer.power_mw,
                    energy_mwh=share * offer.energy_mwh,
                    investment_yuan=share * offer.price_yuan * sizing.price_multiple,
                )
            )
    return tuple(found)


def offered(
    case: Case,
    options: SolveOptions,
    progress: Progress,
    every_year: bool = False,
    choices: Sequence[Choice] | None = None,
) -> tuple[Offered, ...]:
    """The case's offers, or other choices, with their years and cash flows, calls answered in each.

    With `every_year` each year of operation is dispatched, else the first and the last. Raises as `worth`.
    """
    sizing, finance = refuse_increment(case)
    years = range(1, finance.operation_years + 1) if every_year else None
    found = increment_worth(case, choices or choices_of(sizing), options, progress, years=years)
    return tuple(as_offered(one) for one in found)


def as_offered(one: Worth) -> Offered:
    """A choice of which every year is known, with the price at which it breaks even."""
    figures = {name: getattr(one, name) for name in FIGURES} if one.cash else {}
    return Offered(one.choice, one.life, one.cash, break_even_yuan_per_wh(one), None, figures)
