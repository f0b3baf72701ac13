"""Print a plan, a year, daily plans and a PV yield. Rounding is done here."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import xarray as xr
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from parkdispatch.inputs.case import Case
from parkdispatch.models.units import YUAN_PER_WAN
from parkdispatch.results.audit import PROVEN_GAP
from parkdispatch.results.console.bill_screen import HALF_YUAN, show_bill
from parkdispatch.results.console.screen_language import SCREEN_LANG
from parkdispatch.results.console.screen_parts import (
    COST_WORDS,
    failed_lines,
    heading,
    money,
    plain_table,
    print_implausible,
    print_readings,
    saving_table,
)
from parkdispatch.results.network.bus_energies import bus_energy_table
from parkdispatch.results.power_scale import PowerScale, scale_of
from parkdispatch.results.pv_yield import PvYield
from parkdispatch.results.savings.replay_comparison import Replayed
from parkdispatch.results.summary import Summary, full_cycles
from parkdispatch.results.views.report_tables import energies
from parkdispatch.results.views.saving_view import bridge_rows
from parkdispatch.results.wording.display_names import Words, check_label, cost_word, screen_name
from parkdispatch.results.wording.indicator_sentence import indicator_sentence
from parkdispatch.results.wording.sentences import (
    proof_sentence,
    unchecked_sentences,
)
from parkdispatch.results.wording.size_sentences import size_sentences
from parkdispatch.results.wording.words import load_words

NO_COMPARISON = "The park is infeasible without its storage, so there is no cost to compare with."


def show_year(
    console: Console,
    case: Case,
    solution: xr.Dataset,
    summary: Summary,
    timings_s: Mapping[str, float],
    model: Mapping[str, int],
) -> None:
    """Print energy, costs, cycles, peaks by month, bill, proof, model size and run times of a year."""
    first, last = (str(solution["time"].to_numpy()[n])[:10] for n in (0, -1))
    scale = scale_of(solution)
    words = load_words(SCREEN_LANG.get(), devices=case.devices)
    console.print(
        heading(
            f"{case.titled(SCREEN_LANG.get())}: {first} to {last}, {model['intervals']:,} intervals", case
        )
    )
    print_readings(console, case, words)
    print_implausible(console, solution, case)
    tables = _energy_tables(solution, case, summary, words)
    console.print(Group(*tables, _cost_table("the period", summary, words)))
    _print_bridge(console, summary)
    _print_cycles(console, summary, words)
    _print_sizes(console, summary, scale, words)
    console.print(indicator_sentence(summary.park, words), soft_wrap=True)
    console.print(_month_table(summary, scale))
    show_bill(console, summary, words)
    console.print(proof_lines(solution, summary, case), soft_wrap=True)
    console.print(
        f"Model: {model['columns']:,} columns, {model['rows']:,} rows, {model['nonzeros']:,} nonzeros;"
        f" {model['pairs']:,} exclusive pairs, {model['settled']:,} fixed by bounds,"
        f" {model['violated_by_relaxation']:,} violated by the relaxation,"
        f" {model['repaired']:,} modelled with a binary",
        style="dim",
        soft_wrap=True,
    )
    labels = words["timings"]
    times = ", ".join(
        f"{labels.get(step, step.replace('_', ' '))} {seconds:z.2f} s" for step, seconds in timings_s.items()
    )
    console.print(f"Time: {times}", style="dim", soft_wrap=True)


def show_replay(
    console: Console, case: Case, solution: xr.Dataset, summary: Summary, replayed: Replayed
) -> None:
    """Print cost and peaks by month of daily plans and of perfect foresight, the saving, cycles and proof."""
    first, last = replayed.days[0].day, replayed.days[-1].day
    title = f"{case.titled(SCREEN_LANG.get())}: {first} to {last}, {len(replayed.days)} daily plans"
    console.print(heading(title, case), soft_wrap=True)
    print_implausible(console, solution, case)
    console.print(Group(_replay_costs(replayed), _replay_peaks(replayed, scale_of(solution))))
    show_bill(console, summary, load_words(SCREEN_LANG.get(), devices=case.devices))
    total = replayed.total
    if not case.storage:
        console.print("The park has no storage: the days are independent of each other.")
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
            f"Daily plans save {money(total.saved_yuan or 0.0)}, {total.kept:z.1%} of the saving with perfect"
            f" foresight; the value of perfect foresight is {money(total.cost_yuan - total.foresight_yuan)}.",
            style="bold",
            soft_wrap=True,
        )
    for line in failed_lines(replayed.failed, replayed.asked, first.year):
        console.print(Text(line, style="bold"), soft_wrap=True)
    if replayed.foresight_gap > PROVEN_GAP:
        console.print(
            f"The year with perfect foresight is not proven optimal: gap {replayed.foresight_gap:.1e}.",
            soft_wrap=True,
        )
    _print_bridge(console, summary)
    _print_cycles(console, summary, load_words(SCREEN_LANG.get(), devices=case.devices))
    gap = float(solution.attrs["gap"])
    verdict = "Daily plans, not the optimum of the year" if gap > PROVEN_GAP else "Optimum of the year"
    console.print(
        Text(
            f"{verdict}: {_proof_text(solution)}; relative gap to that bound {gap:.1e}.\n"
            f"{_audit_line(summary, case)}"
        ),
        soft_wrap=True,
    )


def _replay_costs(replayed: Replayed) -> Table:
    """Cost by month of daily plans, perfect foresight, and without storage [10^4 yuan]."""
    compared = replayed.total.without_yuan is not None
    heads = ["daily plans", "foresight", *(("without storage", "saved", "kept") if compared else ())]
    table = plain_table("Cost by month, 万元", "month", *heads)
    for month, costs in [*replayed.months.items(), ("year", replayed.total)]:
        cells = [costs.cost_yuan, costs.foresight_yuan]
        cells += [costs.without_yuan or 0.0, costs.saved_yuan or 0.0] if compared else []
        kept = ["" if costs.kept is None else f"{costs.kept:z.1%}"] if compared else []
        style = "bold" if month == "year" else None
        table.add_row(month, *(f"{yuan / YUAN_PER_WAN:z,.2f}" for yuan in cells), *kept, style=style)
    return table


def _replay_peaks(replayed: Replayed, scale: PowerScale) -> Table:
    """Highest 15-minute import by month of the same dispatches."""
    compared = replayed.total.without_yuan is not None
    heads = ["daily plans", "foresight", *(["without storage"] if compared else [])]
    table = plain_table(f"Highest 15-minute import by month, {scale.power}", "month", *heads)
    for month, peaks in replayed.months.items():
        cells = [peaks.peak_mw, peaks.foresight_peak_mw]
        cells += [peaks.without_peak_mw or 0.0] if compared else []
        table.add_row(month, *(scale.number(peak) for peak in cells))
    return table


def show_yield(console: Console, case: Case, pv_yield: PvYield) -> None:
    """Print first-year yield, the loss chain, the areas, and the comparison with published figures."""
    console.print(heading(f"{case.titled(SCREEN_LANG.get())}: photovoltaic yield", case))
    console.print(
        f"Global horizontal irradiation: {pv_yield.ghi_mj_per_m2:z,.2f} MJ/m²"
        f" = {pv_yield.ghi_kwh_per_m2:z,.2f} kWh/m² a year."
        f" Installed: {pv_yield.rated_mwp:z,.3f} MWp.",
        soft_wrap=True,
    )
    table = plain_table("Loss chain from irradiation to bus, first year", "step", "GWh", "change")
    for step in pv_yield.waterfall:
        change = "" if abs(step.loss_fraction) < 5e-5 else f"{-step.loss_fraction:+z.2%}"
        table.add_row(step.name.replace("_", " "), f"{step.energy_gwh:z,.2f}", change)
    console.print(table)
    table = plain_table(
        "Areas, first year", "area", "MWp", "inverters MW", "units", "POA kWh/m²", "GWh", "kWh/kWp"
    )
    for area in pv_yield.areas:
        table.add_row(
            area.name,
            f"{area.rated_mwp:z,.3f}",
            f"{area.inverter_mw:z,.2f}",
            str(area.generating_units),
            f"{area.poa_kwh_per_m2:z,.1f}",
            f"{area.energy_gwh:z,.2f}",
            f"{area.full_load_hours:z,.1f}",
        )
    console.print(table)
    console.print(
        f"First year {pv_yield.first_year_gwh:z,.2f} GWh, {pv_yield.first_year_full_load_hours:,.1f} kWh/kWp;"
        f" mean of {pv_yield.years} years {pv_yield.lifetime_mean_gwh:z,.2f} GWh; clipped by inverters"
        f" {pv_yield.clipped_gwh:z,.3f} GWh.",
        soft_wrap=True,
    )
    table = plain_table(
        "Against published figures", "figure", "published", "first year", "", "lifetime mean", ""
    )
    for comparison in pv_yield.comparisons:
        table.add_row(
            f"{comparison.published.label}, {comparison.published.rated_mwp:z,.3f} MWp",
            f"{comparison.published.energy_gwh:z,.1f} GWh",
            f"{comparison.first_year_gwh:z,.1f} GWh",
            f"{comparison.first_year_deviation:+z.1%}",
            f"{comparison.lifetime_mean_gwh:z,.1f} GWh",
            f"{comparison.lifetime_mean_deviation:+z.1%}",
        )
    console.print(table)


def show_files(console: Console, paths: Iterable[Path]) -> None:
    """Print the folder and the names of the written files."""
    written = list(paths)
    names = ", ".join(sorted(path.name for path in written))
    console.print(Text(f"Files in {written[0].parent}: {names}"), soft_wrap=True)


def _print_bridge(console: Console, summary: Summary) -> None:
    """The bridge from the saving in the model to that on the bill, where they differ."""
    words = load_words(SCREEN_LANG.get())
    if summary.without_storage and (rows := bridge_rows(summary.without_storage, words)):
        console.print(saving_table(words["saving"]["bridge"], rows))


def _cost_table(period: str, summary: Summary, words: Words) -> RenderableType:
    """Cost with and without storage, and the saving by named cost."""
    table, other = plain_table(f"Cost of {period}", "", "yuan", "万元"), summary.without_storage
    rows = [("with storage", summary.cost_yuan)]
    if other:
        rows = [("without storage", other.cost_yuan), *rows, ("saved", other.saving_yuan)]
    for name, yuan in rows:
        style = "bold" if name == "saved" else None
        table.add_row(name, f"{yuan:z,.0f}", f"{yuan / YUAN_PER_WAN:z,.2f}", style=style)
    for name, yuan in other.saving_by_cost_yuan.items() if other else ():
        if abs(yuan) >= HALF_YUAN:
            table.add_row(
                f"  of which {screen_name(name.device, words)} {_cost_word(name.key, words)}",
                f"{yuan:z,.0f}",
                f"{yuan / YUAN_PER_WAN:z,.2f}",
            )
    return table if other else Group(table, Text(NO_COMPARISON))


def _cost_word(key: str, words: Words) -> str:
    """A cost as the screen calls it."""
    return COST_WORDS.get(key) or cost_word(key, words)


def _energy_tables(solution: xr.Dataset, case: Case, summary: Summary, words: Words) -> Iterator[Table]:
    """Energy of what devices show, a table for each carrier; and of several electric buses by role."""
    unit = scale_of(solution).large_energy
    for carrier, rows in energies(solution, case, summary.energy_mwh, words).items():
        table = plain_table(words["carriers"][carrier]["energy"], "", unit)
        for label, energy in rows:
            table.add_row(label, f"{energy / 1000:z,.3f}")
        yield table
    heads, buses = bus_energy_table(solution, case, words)
    if buses:
        table = plain_table(f"{heads[0]}, {unit}", "", *heads[1:])
        for bus, *parts in buses:
            table.add_row(bus, *(f"{part / 1000:z,.3f}" for part in parts))
        yield table


def _print_cycles(console: Console, summary: Summary, words: Words) -> None:
    for device, cycles in full_cycles(summary).items():
        console.print(f"{screen_name(device, words)}: {cycles:z,.1f} full cycles")


def _print_sizes(console: Console, summary: Summary, scale: PowerScale, words: Words) -> None:
    for sentence in size_sentences(summary.sizes, words, scale):
        console.print(Text(sentence))


def _month_table(summary: Summary, scale: PowerScale) -> Table:
    other = summary.without_storage
    heads = (f"without {scale.power}", f"cut {scale.power}") if other else ()
    title = "Highest 15-minute import by month"
    table = plain_table(title, "month", f"with storage {scale.power}", *heads)
    for month, peak in summary.peak_mw.items():
        compared = [other.peak_mw[month], other.peak_mw[month] - peak] if other else []
        table.add_row(month, *map(scale.number, (peak, *compared)))
    return table


def proof_lines(solution: xr.Dataset, summary: Summary, case: Case) -> Text:
    """Whether the dispatch is proven optimal, how, and what the audit found."""
    gap = float(solution.attrs["gap"])
    proven = "Proven optimal" if gap <= PROVEN_GAP else f"Feasible, at most {gap:.1e} above the optimum"
    return Text(f"{proven}: gap {gap:.1e}; {_proof_text(solution)}.\n{_audit_line(summary, case)}")


def _proof_text(solution: xr.Dataset) -> str:
    return proof_sentence(solution, load_words(SCREEN_LANG.get()))


def _audit_line(summary: Summary, case: Case) -> str:
    audit = summary.audit
    # a check without a tolerance is exact if it holds
    closest = max(audit.checks, key=lambda check: check.residual / check.allowed if check.allowed else 0.0)
    words = load_words(SCREEN_LANG.get(), devices=case.devices)
    name = check_label(closest, words)
    lines = [
        f"Audit: {len(audit.checks)} checks passed; closest to its tolerance is {name} with a"
        f" residual of {closest.residual:.1e} (tolerance {closest.allowed:.1e}).",
        *unchecked_sentences(audit, words),
    ]
    return "\n".join(lines)
