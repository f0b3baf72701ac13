"""`parkdispatch check`: validate a case without solving it."""

import re
from collections.abc import Sequence

from rich.text import Text

from parkdispatch.interfaces.commands.console import out_console, print_message, progress_line, say
from parkdispatch.interfaces.commands.options import CaseArgument, Language, Variant, language


def check(case: CaseArgument = "gaoan", variant: Variant = None, lang: Language = None) -> None:
    """Validate a case, its files and its variants; report all errors at once; solve nothing.

    Series of its default day alone suffice for a plan; what the whole year lacks is told beside.
    """
    language(lang)
    with progress_line() as progress:
        progress("reading inputs")
        from parkdispatch.inputs.loader import load_case, variants
        from parkdispatch.inputs.messages.findings import Findings
        from parkdispatch.inputs.prepare import month_times, prepare, unread_weather, year_times
        from parkdispatch.inputs.variations.plan_times import plan_times

        findings, year_only, month_only = Findings(), Findings(), Findings()
        with findings.collecting():
            park = load_case(case, variant, whole_year=True)
            prepared = prepare(park, plan_times(park, None, None, None))
            with year_only.collecting():
                prepared = prepare(park, year_times(park))
            if year_only.lines and any(device.pays_for_demand for device in park.devices.values()):
                with month_only.collecting():
                    prepare(park, month_times(park, park.calendar.plan_date))
        with findings.collecting():
            names = variants(case) if variant is None else []
            for name in names:
                of_variant = Findings()
                with of_variant.collecting():
                    varied = load_case(case, name, whole_year=True)
                    prepare(varied, plan_times(varied, None, None, None))
                findings.lines += _not_told(of_variant.lines, findings.lines)
        findings.raise_any()
    valid = f"valid for a plan of {park.calendar.plan_date} only" if year_only.lines else "valid"
    if month_only.lines:  # from which the plan would take the peak to expect
        valid += ", given --peak-so-far-mw"
    text = (
        f"{park.name}: {valid}. {len(park.devices)} devices ({', '.join(park.devices)}),"
        f" {len(prepared.times):,} intervals of {park.calendar.minutes} minutes, tariff {park.tariff.name}."
    )
    out_console.print(Text(say(text)), soft_wrap=True)
    for line in year_only.lines:
        print_message("for year, replay and study", line)
    for line in (*park.warnings, *unread_weather(prepared)):
        print_message("warning", line)


def _not_told(problems: Sequence[str], told: Sequence[str]) -> list[str]:
    """Problems but those of a bus of which one is told: a variant has other devices there to name."""
    buses = {bus for line in told if (bus := _bus_of(line))}
    return [line for line in problems if _bus_of(line) not in buses]


def _bus_of(problem: str) -> str:
    """The bus that a problem begins with; empty where it is of something else."""
    bus = re.match(r"bus '[^']*': ", problem)
    return bus[0] if bus else ""
