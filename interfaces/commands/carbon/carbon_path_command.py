"""`parkdispatch carbon`: the published CO2 path of the pilot, held against its own figures."""

from parkdispatch.interfaces.commands.console import out_console
from parkdispatch.interfaces.commands.options import Language, language


def carbon(lang: Language = None) -> None:
    """The pilot plan's CO2 path: sums, intensities, growth, peak, and what its devices change."""
    language(lang)
    from parkdispatch.inputs.published.carbon_path import read_carbon_path
    from parkdispatch.inputs.published.published_figures import read_published
    from parkdispatch.results.carbon.path_arithmetic import device_changes, path_checks
    from parkdispatch.results.carbon.path_outputs import show_carbon_path

    path, plan = read_carbon_path("gaoan-carbon-path"), read_published("gaoan-pilot-plan")
    factors = read_published("factors")
    gwh_per_mw = plan["both_energy"] / plan["target_2025"]
    later_gwh = gwh_per_mw * plan["target_2030"]
    energy_gwh = [(2025, plan["both_energy"]), (2030, later_gwh), (2035, later_gwh)]
    changes = device_changes(path, energy_gwh, (factors["jiangxi_2023"], factors["central_china_margin"]))
    show_carbon_path(out_console, path, path_checks(path), changes)
