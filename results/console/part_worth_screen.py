"""What `worth` prints."""

from rich.console import Console

from parkdispatch.models.units import YUAN_PER_WAN
from parkdispatch.results.console.screen_language import SCREEN_LANG
from parkdispatch.results.console.screen_parts import dense_table, failed_lines, heading
from parkdispatch.results.savings.part_worth import PartlessYear, PartWorth
from parkdispatch.results.wording.display_names import device_label
from parkdispatch.results.wording.words import load_words

EXACT_YUAN = 50.0  # less is not shown in 万元 with two digits


def show_part_worth(console: Console, result: PartWorth) -> None:
    """Print a line for each part, and what limits the certainty of its worth."""
    words = load_words(SCREEN_LANG.get(), devices=result.case.devices)
    console.print(
        heading(f"{result.case.titled(SCREEN_LANG.get())}: what its parts are worth in a year", result.case)
    )
    table = dense_table(
        "", "without", "worth, 万元", "cost, 万元", "bought, GWh", "sold, GWh", "peak, MW", "gap"
    )
    table.add_row("nothing", "", *_figures(result.whole), style="bold")
    for year in result.without:
        name = device_label(year.part, words)
        if year.infeasible:
            table.add_row(name, "no dispatch", *[""] * 5)
            continue
        doubt = result.uncertainty_yuan(year)
        worth = f"{result.worth_yuan(year) / YUAN_PER_WAN:z,.2f}"
        doubtful = f" ± {doubt / YUAN_PER_WAN:,.2f}" if doubt > EXACT_YUAN else ""
        table.add_row(name, worth + doubtful, *_figures(year))
    console.print(table)
    for year in result.without:
        if year.infeasible:
            console.print(f"Without {device_label(year.part, words)}: {year.infeasible}", markup=False)
    for line in failed_lines(result.failed, {"parts": result.asked}, result.case.calendar.year):
        console.print(line, markup=False, soft_wrap=True)
    console.print(
        "A part is worth what the year costs more without it; the parts' worths do not add up where one makes"
        " up for another."
    )


def _figures(year: PartlessYear) -> list[str]:
    return [
        f"{year.cost_yuan / YUAN_PER_WAN:z,.2f}",
        f"{year.bought_mwh / 1e3:z,.1f}",
        f"{year.sold_mwh / 1e3:z,.1f}",
        f"{year.peak_mw:z,.1f}",
        f"{year.gap:.0e}",
    ]
