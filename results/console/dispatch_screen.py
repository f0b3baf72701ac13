"""What the commands print: the plan, the year and the yield as a person reads them. Rounding is done here."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import xarray as xr
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from parkdispatch.inputs.case import Case
from parkdispatch.results.audit import PROVEN_GAP
from parkdispatch.results.console.bill_screen import show_bill
from parkdispatch.results.console.screen_parts import heading as _title
from parkdispatch.results.console.screen_parts import money
from parkdispatch.results.console.screen_parts import plain_table as _table
from parkdispatch.results.html.page import load_words
from parkdispatch.results.pv_yield import PvYield
from parkdispatch.results.replay_comparison import Replayed
from parkdispatch.results.schedule import ScheduleBlock
from parkdispatch.results.summary import Summary
from parkdispatch.results.units import YUAN_PER_WAN
from parkdispatch.results.views.sentences import block_line, proof_sentence

NO_COMPARISON = "The park cannot run without its storage: there is no cost to compare with."
COST_WORDS = {
    "purchase": "energy bought",
    "sale": "surplus sold",
    "demand": "demand charge of the month",
    "demand_excess": "demand above the contract",
    "wear": "battery wear",
    "capital": "capital",
}


def show_plan(
    console: Console, case: Case, solution: xr.Dataset, summary: Summary, todo: list[ScheduleBlock]
) -> None:
    """The day: schedule, money, peak, proof."""
    day = str(solution["time"].to_numpy()[0])[:10]
    console.print(_title(f"{case.title or case.name}: plan for {day}", case))
    if todo:
        console.print(_schedule(todo), soft_wrap=True)
    else:
        console.print("The storage rests all day: nothing it could do pays.", style="italic")
    console.print(_cost_of("the day", summary))
    show_bill(console, summary)
    for line in _peak_lines(solution, summary):
        console.print(line, soft_wrap=True)
    console.print(_proof(solution, summary), soft_wrap=True)


def show_year(
    console: Console,
    case: Case,
    solution: xr.Dataset,
    summary: Summary,
    timings_s: Mapping[str, float],
    model: Mapping[str, int],
) -> None:
    """The year: energy, bill, cycles, peaks by month, proof, timings."""
    first, last = (str(solution["time"].to_numpy()[n])[:10] for n in (0, -1))
    console.print(
        _title(f"{case.title or case.name}: {first} to {last}, {model['intervals']:,} intervals", case)
    )
    console.print(Group(_energy_table(summary), _cost_of("the period", summary)))
    _print_cycles(console, summary)
    console.print(_month_table(summary))
    show_bill(console, summary)
    console.print(_proof(solution, summary), soft_wrap=True)
    console.print(
        f"Model: {model['columns']:,} columns, {model['rows']:,} rows, {model['nonzeros']:,} nonzeros;"
        f" {model['pairs']:,} exclusive pairs, {model['settled']:,} settled by bounds,"
        f" {model['violated_by_relaxation']:,} violated by the relaxation,"
        f" {model['repaired']:,} given a binary",
        style="dim",
        soft_wrap=True,
    )
    spent = ", ".join(f"{name.replace('_', ' ')} {seconds:.2f} s" for name, seconds in timings_s.items())
    console.print(f"Time: {spent}", style="dim", soft_wrap=True)


def show_replay(console: Console, case: Case, solution: xr.Dataset, summary: Summary, made: Replayed) -> None:
    """The year of day-ahead plans: cost and peaks by month beside perfect foresight, cycles, proof."""
    first, last = made.days[0].day, made.days[-1].day
    title = f"{case.title or case.name}: {first} to {last}, {len(made.days)} days planned alone"
    console.print(_title(title, case), soft_wrap=True)
    console.print(Group(_replay_costs(made), _replay_peaks(made)))
    show_bill(console, summary)
    total = made.total
    if not case.storage:
        console.print("The park has no storage: nothing passes from day to day.")
    elif total.without_yuan is None:
        console.print(NO_COMPARISON)
        console.print(
            f"Perfect foresight would cost {money(total.cost_yuan - total.foresight_yuan)} less.",
            soft_wrap=True,
        )
    elif total.kept is None:
        console.print("The storage saves nothing, even with perfect foresight.")
    else:
        console.print(
            f"Daily plans save {money(total.saved_yuan or 0.0)}, {total.kept:.1%} of what perfect foresight"
            f" would save; foresight is worth {money(total.cost_yuan - total.foresight_yuan)}.",
            style="bold",
            soft_wrap=True,
        )
    if made.foresight_gap > PROVEN_GAP:
        console.print(
            f"The year with perfect foresight may cost less still: its own gap is {made.foresight_gap:.1e}.",
            soft_wrap=True,
        )
    _print_cycles(console, summary)
    gap = float(solution.attrs["gap"])
    said = "No optimum of the year, and not meant to be one" if gap > PROVEN_GAP else "An optimum of the year"
    console.print(
        Text(
            f"{said}: {_how(solution)}, which is cheaper by {gap:.1e} of the cost at most.\n"
            f"{_audit_line(summary)}"
        ),
        soft_wrap=True,
    )


def _replay_costs(made: Replayed) -> Table:
    """Cost by month three ways, in 10^4 yuan."""
    compared = made.total.without_yuan is not None
    heads = ["daily plans", "foresight", *(("without storage", "saved", "kept") if compared else ())]
    table = _table("Cost by month, 万元", "month", *heads)
    for month, one in [*made.months.items(), ("year", made.total)]:
        cells = [one.cost_yuan, one.foresight_yuan]
        cells += [one.without_yuan or 0.0, one.saved_yuan or 0.0] if compared else []
        kept = ["" if one.kept is None else f"{one.kept:.1%}"] if compared else []
        style = "bold" if month == "year" else None
        table.add_row(month, *(f"{yuan / YUAN_PER_WAN:,.2f}" for yuan in cells), *kept, style=style)
    return table


def _replay_peaks(made: Replayed) -> Table:
    compared = made.total.without_yuan is not None
    heads = ["daily plans", "foresight", *(["without storage"] if compared else [])]
    table = _table("Highest 15-minute import by month, MW", "month", *heads)
    for month, one in made.months.items():
        cells = [one.peak_mw, one.foresight_peak_mw, *([one.without_peak_mw or 0.0] if compared else [])]
        table.add_row(month, *(f"{peak:.1f}" for peak in cells))
    return table


def show_yield(console: Console, case: Case, found: PvYield) -> None:
    """First-year yield, where the energy goes, the areas, and the published figures."""
    console.print(_title(f"{case.title or case.name}: photovoltaic yield", case))
    console.print(
        f"Irradiation on the level: {found.ghi_mj_per_m2:,.2f} MJ/m²"
        f" = {found.ghi_kwh_per_m2:,.2f} kWh/m² a year."
        f" Installed: {found.rated_mwp:,.3f} MWp.",
        soft_wrap=True,
    )
    table = _table("From the sun to the bus, first year", "step", "GWh", "step's part")
    for step in found.waterfall:
        part = "" if abs(step.loss_fraction) < 5e-5 else f"{-step.loss_fraction:+.2%}"
        table.add_row(step.name.replace("_", " "), f"{step.energy_gwh:,.2f}", part)
    console.print(table)
    table = _table(
        "Areas, first year", "area", "MWp", "inverters MW", "units", "plane kWh/m²", "GWh", "kWh/kWp"
    )
    for area in found.areas:
        table.add_row(
            area.name,
            f"{area.rated_mwp:,.3f}",
            f"{area.inverter_mw:,.2f}",
            str(area.generating_units),
            f"{area.poa_kwh_per_m2:,.1f}",
            f"{area.energy_gwh:,.2f}",
            f"{area.full_load_hours:,.1f}",
        )
    console.print(table)
    console.print(
        f"First year {found.first_year_gwh:,.2f} GWh, {found.first_year_full_load_hours:,.1f} kWh/kWp;"
        f" mean over {found.years} years {found.lifetime_mean_gwh:,.2f} GWh; clipped by inverters"
        f" {found.clipped_gwh:,.3f} GWh.",
        soft_wrap=True,
    )
    table = _table("Against published figures", "figure", "published", "first year", "", "mean of life", "")
    for one in found.comparisons:
        table.add_row(
            f"{one.published.label}, {one.published.rated_mwp:,.3f} MWp",
            f"{one.published.energy_gwh:,.1f} GWh",
            f"{one.first_year_gwh:,.1f} GWh",
            f"{one.first_year_deviation:+.1%}",
            f"{one.lifetime_mean_gwh:,.1f} GWh",
            f"{one.lifetime_mean_deviation:+.1%}",
        )
    console.print(table)


def show_files(console: Console, paths: Iterable[Path]) -> None:
    """Where the files lie."""
    found = list(paths)
    console.print(
        Text(f"Files in {found[0].parent}: {', '.join(sorted(path.name for path in found))}"), soft_wrap=True
    )


def _schedule(todo: Sequence[ScheduleBlock]) -> RenderableType:
    lines, words = Text(), load_words("en")
    for block in todo:
        lines.append(
            f"{block_line(block, words)}\n", style="green" if block.action == "charge" else "dark_orange"
        )
    return lines


def _cost_of(what: str, summary: Summary) -> RenderableType:
    table, other = _table(f"Cost of {what}", "", "yuan", "万元"), summary.without_storage
    rows = [("with storage", summary.cost_yuan)]
    if other:
        rows = [("without storage", other.cost_yuan), *rows, ("saved", other.saving_yuan)]
    for name, yuan in rows:
        table.add_row(
            name, f"{yuan:,.0f}", f"{yuan / YUAN_PER_WAN:,.2f}", style="bold" if name == "saved" else None
        )
    for name, yuan in other.saving_by_cost_yuan.items() if other else ():
        if abs(yuan) >= 0.5:
            device, label = name.removesuffix("_yuan").split(".", 1)
            table.add_row(
                f"  of that {device} {COST_WORDS.get(label, label)}",
                f"{yuan:,.0f}",
                f"{yuan / YUAN_PER_WAN:,.2f}",
            )
    return table if other else Group(table, Text(NO_COMPARISON))


def _peak_lines(solution: xr.Dataset, summary: Summary) -> list[str]:
    lines, other = [], summary.without_storage
    for month, peak in summary.peak_mw.items():
        before = f", without storage {other.peak_mw[month]:.1f} MW" if other else ""
        held = [
            float(solution[name][0])
            for name in map(str, solution.data_vars)
            if name.endswith(".peak_mw") and solution[name].attrs["kind"] == "shared"
        ]
        floor = f"; the month's demand charge counts {sum(held):.1f} MW" if held else ""
        lines.append(f"Highest import {peak:.1f} MW{before}{floor}.")
    return lines


def _energy_table(summary: Summary) -> Table:
    table = _table("Energy", "", "GWh")
    for name, energy in summary.energy_mwh.items():
        shown = name.removesuffix("_mwh").replace(".injection_", " into bus ").replace(".", " ")
        table.add_row(shown, f"{energy / 1000:,.3f}")
    return table


def _print_cycles(console: Console, summary: Summary) -> None:
    for name, cycles in summary.indicators.items():
        if name.endswith(".full_cycles"):
            console.print(f"{name.split('.')[0]}: {cycles:,.1f} full cycles")


def _month_table(summary: Summary) -> Table:
    other = summary.without_storage
    heads = ("without MW", "cut MW") if other else ()
    table = _table("Highest 15-minute import by month", "month", "with storage MW", *heads)
    for month, peak in summary.peak_mw.items():
        before = [other.peak_mw[month], other.peak_mw[month] - peak] if other else []
        table.add_row(month, f"{peak:.1f}", *(f"{mw:.1f}" for mw in before))
    return table


def _proof(solution: xr.Dataset, summary: Summary) -> Text:
    gap = float(solution.attrs["gap"])
    proven = "Proven optimal" if gap <= PROVEN_GAP else f"Feasible, at most {gap:.1e} from the optimum"
    return Text(f"{proven}: gap {gap:.1e}; {_how(solution)}.\n{_audit_line(summary)}")


def _how(solution: xr.Dataset) -> str:
    return proof_sentence(solution, load_words("en"))


def _audit_line(summary: Summary) -> str:
    checks = len(summary.audit.residuals)
    worst = max(summary.audit.residuals.items(), key=lambda item: item[1] / summary.audit.allowed[item[0]])
    return (
        f"Audit: {checks} checks hold; the tightest is {worst[0]} with {worst[1]:.1e}"
        f" of {summary.audit.allowed[worst[0]]:.1e} allowed."
    )
