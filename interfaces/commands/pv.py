"""`parkdispatch pv`: the yield of the photovoltaic plants."""

from parkdispatch.interfaces.commands.console import out_console, progress_line
from parkdispatch.interfaces.commands.options import CaseArgument, Language, Variant, language
from parkdispatch.models.errors import InputError


def pv(case: CaseArgument = "gaoan", variant: Variant = None, lang: Language = None) -> None:
    """Compute the yield of the photovoltaic plants: loss chain, areas, published figures."""
    language(lang)
    with progress_line() as progress:
        progress("reading inputs")
        from parkdispatch.inputs.loader import load_case
        from parkdispatch.inputs.messages.findings import Findings
        from parkdispatch.inputs.prepare import read_weather_of, year_times
        from parkdispatch.models.registry import devices_of
        from parkdispatch.models.sources.photovoltaic_plant import Pv
        from parkdispatch.results.console.dispatch_screen import show_yield
        from parkdispatch.results.pv_yield import pv_yield

        park = load_case(case, variant)
        plants = devices_of(Pv, park.devices)
        if not plants:
            raise InputError(
                f"`device`: case {park.name} has no plant, must have a table such as [device.pv] with"
                ' kind = "pv"'
            )
        findings = Findings()
        for name, plant in plants.items():
            if missing := plant.missing_for_series():
                fields = ", ".join(f"`device.{name}.{field}`" for field in missing)
                findings.lines.append(f"{fields}: must be given, because a yield is computed from them")
        weather = findings.collect(read_weather_of, park, year_times(park))
        findings.raise_any()
        yields = [pv_yield(plant, park.site, weather) for plant in plants.values()]
    for plant_yield in yields:
        show_yield(out_console, park, plant_yield)
