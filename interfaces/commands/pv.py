"""`parkdispatch pv`: what the photovoltaic plant yields."""

from parkdispatch.interfaces.commands.console import out_console, progress_line
from parkdispatch.interfaces.commands.options import CaseArgument, Variant
from parkdispatch.models.errors import InputError


def pv(case: CaseArgument = "gaoan", variant: Variant = None) -> None:
    """Yield of the photovoltaic plant in its year, where the energy goes, and the published figures."""
    with progress_line() as progress:
        progress("reading")
        from parkdispatch.inputs.loader import load_case
        from parkdispatch.inputs.prepare import read_weather_of, year_times
        from parkdispatch.models.sources.photovoltaic_plant import Pv
        from parkdispatch.results.console.dispatch_screen import show_yield
        from parkdispatch.results.pv_yield import pv_yield

        park = load_case(case, variant)
        plants = [device for device in park.devices.values() if isinstance(device, Pv)]
        if not plants:
            raise InputError(f"`device`: case {park.name} has none of kind pv, must have one to yield")
        weather = read_weather_of(park, year_times(park))
        found = [pv_yield(plant, park.site, weather) for plant in plants]
    for one in found:
        show_yield(out_console, park, one)
