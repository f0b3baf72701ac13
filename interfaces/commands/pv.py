"""`parkdispatch pv`: the yield of the photovoltaic plants."""

from parkdispatch.interfaces.commands.console import out_console, progress_line
from parkdispatch.interfaces.commands.options import CaseArgument, Variant
from parkdispatch.models.errors import InputError


def pv(case: CaseArgument = "gaoan", variant: Variant = None) -> None:
    """Compute the yield of the photovoltaic plants: loss chain, areas, published figures."""
    with progress_line() as progress:
        progress("reading inputs")
        from parkdispatch.inputs.loader import load_case
        from parkdispatch.inputs.prepare import read_weather_of, year_times
        from parkdispatch.models.sources.photovoltaic_plant import Pv
        from parkdispatch.results.console.dispatch_screen import show_yield
        from parkdispatch.results.pv_yield import pv_yield

        park = load_case(case, variant)
        plants = [device for device in park.devices.values() if isinstance(device, Pv)]
        if not plants:
            raise InputError(f"`device`: case {park.name} must have a device of kind pv")
        weather = read_weather_of(park, year_times(park))
        yields = [pv_yield(plant, park.site, weather) for plant in plants]
    for plant_yield in yields:
        show_yield(out_console, park, plant_yield)
