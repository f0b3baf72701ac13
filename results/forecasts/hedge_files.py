"""What is printed and written of a plan under uncertainty: sentences, set points, summary."""

from pathlib import Path

from parkdispatch.results.io.files import write_csv, write_json
from parkdispatch.results.savings.hedged_plan import HedgedPlan, hedged_json
from parkdispatch.results.wording.languages import Lang
from parkdispatch.results.wording.words import load_words
from parkdispatch.results.writers.forecast_files import with_stamps
from parkdispatch.results.writers.outputs import Output

UNITS = {"mw": "MW", "mwh": "MWh"}
FIGURES = ("median_yuan", "expected_yuan", "cvar_yuan", "worst_yuan")


def hedge_lines(plan: HedgedPlan, lang: Lang) -> list[str]:
    """Sentences on the costs, on what the hedge costs, on what the set points survive, and the proof."""
    text = load_words(lang, "hedge")["hedge"]
    lines = [text["title"].format(title=plan.title, day=plan.day, paths=plan.paths)]
    for name, costs in (("hedged", plan.hedged), ("on_medians", plan.median)):
        if costs is None:
            lines.append(text["medians_break"])
            continue
        figures = {figure: f"{getattr(costs, figure):z,.0f}" for figure in FIGURES}
        lines.append(text["costs"].format(plan=text[name], tail=f"{1 - plan.level:.0%}", **figures))
    if plan.median is not None:
        premium, gained, tail = (
            f"{yuan:z,.0f}"
            for yuan in (
                plan.hedged.median_yuan - plan.median.median_yuan,
                plan.median.expected_yuan - plan.hedged.expected_yuan,
                plan.median.cvar_yuan - plan.hedged.cvar_yuan,
            )
        )
        lines.append(text["premium"].format(premium=premium, gained=gained, tail=tail))
    for key, level in (("survives", plan.survived_level), ("holds", plan.held_level)):
        if level is None:
            lines.append(text[f"{key}_none"])
        else:
            parts = {"level": f"P{100 * level:g}", "other": f"P{100 - 100 * level:g}"}
            lines.append(text[key].format(**parts, peak=f"{plan.median_peak_mw:,.1f}"))
    lines.append(
        text["proof"].format(gap=f"{plan.gap:.1e}", weight=f"{plan.weight:g}", level=f"{plan.level:g}")
    )
    return lines


def _write_set_points(path: Path, plan: HedgedPlan, _: Lang) -> None:
    table = plan.set_points.rename(columns=lambda name: f"{name} [{UNITS[name.rsplit('_', 1)[-1]]}]")
    write_csv(path, with_stamps(table))


def _write_summary(path: Path, plan: HedgedPlan, _: Lang) -> None:
    write_json(path, hedged_json(plan))


HEDGE_OUTPUTS: tuple[Output[HedgedPlan], ...] = (
    Output("set_points.csv", _write_set_points),
    Output("summary.json", _write_summary),
)
