"""Print a plan: schedule, money in lines that may be added over days, peaks and proof."""

from collections.abc import Sequence

import xarray as xr
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from parkdispatch.inputs.case import Case
from parkdispatch.results.console.bill_screen import show_bill
from parkdispatch.results.console.dispatch_screen import NO_COMPARISON, proof_lines
from parkdispatch.results.console.screen_language import SCREEN_LANG
from parkdispatch.results.console.screen_parts import (
    as_sentence,
    heading,
    plain_table,
    print_implausible,
    print_readings,
)
from parkdispatch.results.power_scale import PowerScale, scale_of
from parkdispatch.results.savings.daily_saving import saving_of_days
from parkdispatch.results.schedule.activity_schedule import ActivityBlock
from parkdispatch.results.schedule.plan_notes import PlanNote
from parkdispatch.results.schedule.schedule import ScheduleBlock
from parkdispatch.results.solution import is_whole_day, span_of
from parkdispatch.results.summary import Summary
from parkdispatch.results.views.saving_view import money_rows, peak_phrases
from parkdispatch.results.wording.activity_sentences import activity_line
from parkdispatch.results.wording.display_names import Words
from parkdispatch.results.wording.indicator_sentence import indicator_sentence
from parkdispatch.results.wording.sentences import block_line
from parkdispatch.results.wording.words import load_words


def show_plan(
    console: Console,
    case: Case,
    solution: xr.Dataset,
    summary: Summary,
    blocks: Sequence[ScheduleBlock],
    activities: Sequence[ActivityBlock] = (),
    notes: Sequence[PlanNote] = (),
) -> None:
    """Print schedule, costs, peak and proof of a plan."""
    scale, (begin, end) = scale_of(solution), span_of(solution)
    when = (
        f"{begin:%Y-%m-%d}" if is_whole_day(solution) else f"{begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}"
    )
    words = load_words(SCREEN_LANG.get(), scale=scale, devices=case.devices)
    console.print(heading(f"{case.titled(SCREEN_LANG.get())}: plan for {when}", case), soft_wrap=True)
    print_readings(console, case, words)
    if blocks:
        console.print(_schedule(blocks, words), soft_wrap=True)
    elif case.storage:
        console.print("The storage stays idle: no operation lowers the cost.", style="italic")
    if activities:
        lines = [activity_line(block, words) for block in activities]
        console.print(Text("\n".join([*lines, ""])), soft_wrap=True)
    for note in notes:
        is_loud = note.key.startswith("violat")
        console.print(Text(note.sentence(words), style="bold red" if is_loud else ""), soft_wrap=True)
    print_implausible(console, solution, case)
    console.print(_money_table(summary, words, scale))
    if len(summary.day_costs) > 1:
        console.print(_day_table(summary, words))
    if summary.days:
        for phrase in peak_phrases(saving_of_days(summary.days), words, scale):
            console.print(as_sentence(phrase, words), soft_wrap=True)
    elif case.storage:
        console.print(NO_COMPARISON)
    show_bill(console, summary, words)
    for line in _peak_lines(solution, summary):
        console.print(line, soft_wrap=True)
    console.print(indicator_sentence(summary.park, words), soft_wrap=True)
    console.print(proof_lines(solution, summary, case), soft_wrap=True)


def _schedule(blocks: Sequence[ScheduleBlock], words: Words) -> RenderableType:
    """The blocks of the schedule, one per line."""
    lines = Text()
    for block in blocks:
        lines.append(
            f"{block_line(block, words)}\n", style="green" if block.action == "charge" else "dark_orange"
        )
    return lines


def _money_table(summary: Summary, words: Words, scale: PowerScale) -> Table:
    """The three lines that may be added over days: with the storage, without it, and what it brings."""
    text, compared = words["saving"], bool(summary.days)
    heads = (text["with"], text["without"], text["brings"]) if compared else (words["page"]["yuan"],)
    table = plain_table(text["money"], "", *heads)
    rows = money_rows(summary, words, scale)
    for name, *yuan in rows:
        table.add_row(
            name, *(f"{amount:z,.0f}" for amount in yuan), style="bold" if name == rows[-1][0] else None
        )
    return table


def _day_table(summary: Summary, words: Words) -> Table:
    """The same lines by day, with the storage; the last column is what the storage brings."""
    text = words["saving"]
    heads = (text["of_energy"], text["of_stored"], text["of_demand"], text["of_total"])
    table = plain_table(text["by_day"], text["day"], *heads, *([text["brings"]] if summary.days else []))
    for number, day in enumerate(summary.day_costs):
        yuan = [day.energy_yuan, -day.stored_yuan, day.demand_yuan, day.total_yuan]
        yuan += [summary.days[number].total_yuan] if summary.days else []
        table.add_row(f"{day.day}", *(f"{amount:z,.0f}" for amount in yuan))
    return table


def _peak_lines(solution: xr.Dataset, summary: Summary) -> list[str]:
    """A sentence per month on the highest import and the billed demand."""
    lines, other, scale = [], summary.without_storage, scale_of(solution)
    for number, (month, peak) in enumerate(summary.peak_mw.items()):
        of_month = f" of {month}" if len(summary.peak_mw) > 1 else ""
        comparison = f", without storage {scale.text(other.peak_mw[month])}" if other else ""
        billed_mw = [
            float(solution[name][number])
            for name in map(str, solution.data_vars)
            if name.endswith(".peak_mw") and solution[name].attrs["kind"] == "shared"
        ]
        billed = f"; billed demand of the month {scale.text(sum(billed_mw))}" if billed_mw else ""
        lines.append(f"Highest import{of_month} {scale.text(peak)}{comparison}{billed}.")
    return lines
