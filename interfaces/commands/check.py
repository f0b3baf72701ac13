"""`parkdispatch check`: validate a case without solving it."""

from rich.text import Text

from parkdispatch.interfaces.commands.console import out_console, print_message, progress_line
from parkdispatch.interfaces.commands.options import CaseArgument, Variant


def check(case: CaseArgument = "gaoan", variant: Variant = None) -> None:
    """Validate a case, its files and its variants; report all errors at once; solve nothing."""
    with progress_line() as progress:
        progress("reading inputs")
        from parkdispatch.inputs.loader import load_case, variants
        from parkdispatch.inputs.messages.findings import Findings
        from parkdispatch.inputs.prepare import prepare, year_times

        findings = Findings()
        with findings.kept():
            park = load_case(case, variant, whole_year=True)
            prepared = prepare(park, year_times(park))
        with findings.kept():
            names = variants(case) if variant is None else []
            for name in names:
                with findings.kept():
                    load_case(case, name, whole_year=True)
        findings.raise_any()
    text = (
        f"{park.name}: valid. {len(park.devices)} devices ({', '.join(park.devices)}),"
        f" {len(prepared.times):,} intervals of {park.calendar.minutes} minutes, tariff {park.tariff.name}."
    )
    out_console.print(Text(text), soft_wrap=True)
    for line in park.warnings:
        print_message("warning", line)
