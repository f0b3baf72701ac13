"""What `carbon` prints: the checks of a published CO2 path, and what the pilot's devices change."""

from collections.abc import Iterator, Sequence

from rich.console import Console

from parkdispatch.inputs.published.carbon_path import CarbonPath
from parkdispatch.results.carbon.path_arithmetic import DeviceChange, PathCheck, peak_year
from parkdispatch.results.console.screen_language import SCREEN_LANG
from parkdispatch.results.console.screen_parts import dense_table
from parkdispatch.results.wording.words import load_words


def show_carbon_path(
    console: Console, path: CarbonPath, checks: Sequence[PathCheck], changes: Sequence[DeviceChange]
) -> None:
    """Print how many figures follow, those that do not, the peak, and what the devices change."""
    lang = SCREEN_LANG.get()
    text = load_words(lang, "carbon")["carbon"]
    console.print(path.title_zh if lang == "zh" else path.title, style="bold")
    for line in _check_lines(path, checks, text):
        console.print(line, markup=False, soft_wrap=True)
    failing = [check for check in checks if not check.follows]
    if failing:
        table = dense_table("", *(text[key] for key in ("figure", "year", "published", "computed")))
        for check in failing:
            table.add_row(text[check.key], str(check.year), f"{check.published:.2f}", f"{check.computed:.2f}")
        console.print(table)
    heads = [text[key] for key in ("year", "energy", "factor", "avoided", "share")]
    table = dense_table("", *heads)
    for change in changes:
        table.add_row(
            str(change.year), f"{change.energy_gwh:,.1f}", f"{change.factor_kg_per_kwh:.4f}",
            f"{change.avoided_wan_t:.2f}", f"{change.share:.2%}",
        )  # fmt: skip
    console.print(table)
    console.print(text["devices_note"], markup=False, soft_wrap=True)


def _check_lines(path: CarbonPath, checks: Sequence[PathCheck], text: dict[str, str]) -> Iterator[str]:
    for key in dict.fromkeys(check.key for check in checks):
        of_key = [check for check in checks if check.key == key]
        follow = sum(check.follows for check in of_key)
        yield text["line"].format(what=text[key], follow=follow, count=len(of_key))
    year, most = peak_year(path)
    yield text["peak"].format(
        year=year, most=f"{most:.2f}", last=path.years[-1], at_end=f"{path.co2_wan_t[-1]:.2f}"
    )
