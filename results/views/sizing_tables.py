"""Tables of a sizing study as text. Figures are rounded only here."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from parkdispatch.models.units import YUAN_PER_WAN
from parkdispatch.results.finance.returns import Returns
from parkdispatch.results.sizing.decision import PROJECT, size_text
from parkdispatch.results.sizing.decision_words import label, sentences
from parkdispatch.results.sizing.risk import choice_by_rule, distribution
from parkdispatch.results.sizing.sizing_results import Choice, Offered, SizeStudy
from parkdispatch.results.views.sizing_charts import choice_label, coloured_choices, frontier_cells
from parkdispatch.results.wording.payback_words import payback_text
from parkdispatch.results.wording.sentences import count_text, failed_sentences
from parkdispatch.results.wording.words import format_number
from parkdispatch.results.wording.yearly_words import yearly_rows

Words = Mapping[str, Any]
Table = dict[str, Any]  # arguments of `parts.table`: heads and rows
MOST_FRONTIER_ROWS = 12
OPERATING_FIGURES = (
    "peak_cut_mw",
    "self_use",
    "self_use_gain",
    "co2_cut_t",
)


def operating_figures(study: SizeStudy, offered: Offered) -> dict[str, float]:
    """The known `OPERATING_FIGURES` of a choice: its own figures, else those of its size on the surface."""
    known = {**_surface_figures(study, offered.choice), **offered.figures}
    return {key: value for key in OPERATING_FIGURES if np.isfinite(value := known.get(key, np.nan))}


def _surface_figures(study: SizeStudy, choice: Choice) -> dict[str, float]:
    """The figures of the surface at the size of a choice; empty if the grid does not contain it."""
    surface = study.surface
    if surface is None or choice.power_mw <= 0:
        return {}
    indices = [
        np.flatnonzero(np.isclose(surface[axis].to_numpy(), value, rtol=0, atol=1e-6))
        for axis, value in (
            ("power_mw", choice.power_mw),
            ("duration_hours", choice.energy_mwh / choice.power_mw),
        )
    ]
    if not all(len(index) for index in indices):
        return {}
    cell = surface.isel(power_mw=int(indices[0][0]), duration_hours=int(indices[1][0]))
    return {key: float(cell[key]) for key in OPERATING_FIGURES if key in cell}


def first_and_last_income_yuan(offered: Offered) -> tuple[float, float] | None:
    """Income less auxiliary energy in the first and the last year [yuan]; None without a cash flow."""
    if offered.cash is None:
        return None
    operation = offered.cash.operation
    net = sum(operation.revenue_yuan.values()) - operation.auxiliary_yuan
    return float(net[0]), float(net[-1])


def offers_table(study: SizeStudy, words: Words) -> Table:
    """Each choice with its returns, money in 10^4 yuan; columns without any entry are left out."""
    text = words["size"]
    keys = (
        "o_name", "o_price", "o_cost", "o_npv", "o_irr", "o_payback", "o_break_even", "o_earned",
        "o_peak", "o_use", "o_co2",
    )  # fmt: skip
    rows = [_offer_row(study, offered, words) for offered in study.offers]
    columns = [column for column in range(len(keys)) if column == 0 or any(row[column] for row in rows)]
    return {
        "heads": [text[keys[column]] for column in columns],
        "rows": [[row[column] for column in columns] for row in rows],
    }


def _offer_row(study: SizeStudy, offered: Offered, words: Words) -> list[str]:
    choice = offered.choice
    if choice.power_mw <= 0:
        return [words["decision"]["nothing"], "", format_number(0.0, 0), format_number(0.0, 0), *[""] * 7]
    figures = operating_figures(study, offered)
    self_use = ""
    if {"self_use", "self_use_gain"} <= figures.keys():
        self_use = f"{figures['self_use']:z.2%} ({100 * figures['self_use_gain']:+z.2f})"
    if offered.cash is None:
        returns = ["", "", ""]
    else:
        project = offered.cash.returns[PROJECT]
        back = project.static_payback
        returns = [
            _in_wan(project.npv_yuan),
            irr_text(project, words),
            payback_text(back.from_construction_years, back.relapsed_years, words),
        ]
    return [
        choice_label(choice, words),
        format_number(choice.yuan_per_wh),
        _in_wan(choice.investment_yuan),
        *returns,
        format_number(offered.break_even_yuan_per_wh),
        _in_wan(income_yuan[0]) if (income_yuan := first_and_last_income_yuan(offered)) else "",
        format_number(figures["peak_cut_mw"], 1) if "peak_cut_mw" in figures else "",
        self_use,
        format_number(figures["co2_cut_t"], 0) if "co2_cut_t" in figures else "",
    ]


def irr_text(returns: Returns, words: Words) -> str:
    """The IRR in percent, or the word for none or several."""
    if returns.irr.value is not None:
        return f"{returns.irr.value:z.2%}"
    return str(words["size"]["several" if returns.irr.all else "none"])


def marginal_table(study: SizeStudy, words: Words) -> Table | None:
    """Marginal value and annuity of one more MW and MWh a year, at each size; None if nowhere computed."""
    text, rows = words["size"], []
    for offered in study.offers:
        marginal = offered.marginal
        if marginal is None:
            continue
        sizes = (
            (
                text["one_mw"],
                marginal.value_of_mw_yuan,
                marginal.difference_mw_yuan,
                marginal.annuity_yuan_per_mw,
                "",
            ),
            (
                text["one_mwh"],
                marginal.value_of_mwh_yuan,
                marginal.difference_mwh_yuan,
                marginal.annuity_yuan_per_mwh,
                format_number(marginal.break_even_yuan_per_kwh, 0),
            ),
        )
        for unit, dual_yuan, differences_yuan, annuity_yuan, break_even in sizes:
            differences = ("–", "–")
            if differences_yuan is not None:
                differences = (_in_wan(differences_yuan[0], 2), _in_wan(differences_yuan[1], 2))
            rows.append(
                [
                    label(offered.choice, study.choices, words),
                    unit,
                    _in_wan(dual_yuan, 2),
                    *differences,
                    _in_wan(annuity_yuan, 2),
                    text["pays" if dual_yuan >= annuity_yuan else "pays_not"],
                    break_even,
                ]
            )
    heads = [text[f"m_{key}"] for key in ("size", "what", "dual", "less", "more", "cost", "pays", "price")]
    return {"heads": heads, "rows": rows} if rows else None


def frontier_table(study: SizeStudy, words: Words) -> Table:
    """The efficient frontier of NPV against investment, in at most `MOST_FRONTIER_ROWS` sizes."""
    assert study.surface is not None
    text, cells = words["size"], frontier_cells(study.surface, only_best=True)
    count = min(len(cells), MOST_FRONTIER_ROWS)
    shown = [cells[round(k * (len(cells) - 1) / max(1, count - 1))] for k in range(count)]
    rows = [
        [size_text(power, energy), f"{round(energy / power, 2):g}", _in_wan(cost), _in_wan(npv)]
        for power, energy, cost, npv in shown
    ]
    note = str(text["frontier_some"]).format(shown=count, count=len(cells)) if count < len(cells) else ""
    heads = [text[key] for key in ("o_size", "f_hours", "o_cost", "o_npv")]
    return {
        "heads": heads,
        "rows": [[words["decision"]["nothing"], "", _in_wan(0.0), _in_wan(0.0)], *rows],
        "note": note,
    }


def when_table(study: SizeStudy, words: Words) -> Table:
    """For each choice the NPV if built now, the best year and its NPV, and the first profitable year."""
    assert study.when is not None
    text, rows, base_year = words["size"], [], study.case.calendar.year
    years = study.when["year"].to_numpy()
    keys = [str(key) for key in study.when["choice"].to_numpy()]
    for choice, name, _ in coloured_choices(study, keys, words):
        npv = study.when["npv_yuan"].sel(choice=choice.key).to_numpy()
        profitable = years[npv > 0]
        now = _in_wan(npv[0]) if np.isfinite(npv[0]) else ""
        rows.append(
            [name, now, str(base_year + int(years[np.nanargmax(npv)])), _in_wan(np.nanmax(npv)),
             str(base_year + int(profitable[0])) if len(profitable) else text["in_none"]]
        )  # fmt: skip
    return {"heads": [text[f"w_{key}"] for key in ("choice", "now", "year", "best", "pays")], "rows": rows}


def risk_table(study: SizeStudy, words: Words) -> Table:
    """Loss probability and risk measures of each choice; the best of each column is marked."""
    assert study.risk is not None
    statistics, text, rows = distribution(study.risk, study.sizing.tail), words["size"], []
    best_by_measure = choice_by_rule(study.risk, study.sizing.tail)
    measures = {
        "expected": "mean_yuan",
        "cvar": "cvar_yuan",
        "worst": "worst_yuan",
        "regret": "most_regret_yuan",
    }
    for choice in study.choices:
        if choice.key not in statistics.index:
            continue
        cells = [
            _in_wan(float(statistics[column][choice.key]))
            + (" ✓" if best_by_measure[name] == choice.key else "")
            for name, column in measures.items()
        ]
        rows.append([choice_label(choice, words), f"{statistics['loss_share'][choice.key]:z.0%}", *cells])
    tail = f"{study.sizing.tail:z.0%}"
    keys = ("choice", "loss", "expected", "cvar", "worst", "regret")
    return {"heads": [text[f"r_{key}"].format(tail=tail) for key in keys], "rows": rows}


def scenarios_text(study: SizeStudy, words: Words) -> str:
    """The number of scenarios of the risk, and of how many where some failed."""
    if study.risk is None:
        return ""
    return count_text(study.risk.sizes["scenario"], study.scenarios_asked, words)


def failed_lines(study: SizeStudy, words: Words) -> list[str]:
    """A sentence for each part in which tasks failed."""
    return failed_sentences(study.failed, study.asked, study.case.calendar.year, words)


def summary_lines(study: SizeStudy, words: Words) -> list[str]:
    """The recommendation sentence by sentence, and what failed."""
    return [*sentences(study, words), *failed_lines(study, words)]


def prices_table(study: SizeStudy, words: Words) -> Table:
    """The unit prices of a size and the yearly changes of prices, load and fade."""
    text, sizing, rows = words["size"], study.sizing, list[list[str]]()
    price, factor = sizing.price, sizing.price_multiple
    for key, value in (("kwh", price.yuan_per_kwh), ("kw", price.yuan_per_kw), ("fixed", price.fixed_yuan)):
        rows.append([text[f"p_{key}"], format_number(factor * value, 0), text[f"p_{key}_unit"]])
    if sizing.shared_station_yuan_per_kw:
        shared = format_number(factor * sizing.shared_station_yuan_per_kw, 0)
        rows.append([text["p_shared"], shared, text["p_kw_unit"]])
    for name in type(sizing.paths).model_fields:
        change = getattr(sizing.paths, name)
        rows.append([text[f"p_{name}"], f"{change:+z.1%}" if change else "0", text["p_a_year"]])
    for what, changes in yearly_rows(study.case.yearly_changes, words):
        rows.append([str(text["p_park"]).format(what=what), changes, text["p_a_year"]])
    rows.append([text["p_co2"], f"{sizing.co2_t_per_mwh:g}", "t/MWh"])
    for field, value in sizing.standing.items():
        rows.append([str(text["p_standing"]).format(field=field), f"{value:g}", ""])
    return {"heads": [text[f"p_{key}"] for key in ("what", "value", "unit")], "rows": rows}


def offers_sources(study: SizeStudy, words: Words) -> Iterator[str]:
    """The sources of the offers as the case states them."""
    for offer in study.sizing.offer:
        name = (offer.name_zh or offer.name) if words["lang"] == "zh" else offer.name
        yield str(words["page"]["owned"]).format(device=name, what=offer.source)


def _in_wan(yuan: float, digits: int = 0) -> str:
    return format_number(yuan / YUAN_PER_WAN, digits)
