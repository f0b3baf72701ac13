"""`parkdispatch pv`: what the photovoltaic plant yields."""

from models.errors import InputError
from optimizer.commands.console import out_console, progress_line
from optimizer.commands.options import CaseArgument, Variant


def pv(case: CaseArgument = "gaoan", variant: Variant = None) -> None:
    """Yield of the photovoltaic plant in its year, where the energy goes, and the published figures."""
    with progress_line() as progress:
        progress("reading")
        from inputs.case import load_case
        from inputs.prepare import read_weather_of, year_times
        from models.pv import Pv
        from results.pv_yield import pv_yield
        from results.screen import show_yield

        park = load_case(case, variant)
        plants = [device for device in park.devices.values() if isinstance(device, Pv)]
        if not plants:
            raise InputError(f"`device`: case {park.name} has none of kind pv, must have one to yield")
        weather = read_weather_of(park, year_times(park))
        found = [pv_yield(plant, park.site, weather) for plant in plants]
    for one in found:
        show_yield(out_console, park, one)
