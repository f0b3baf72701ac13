"""The tables of the page of a study of a size, as text. Rounded here."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from parkdispatch.models.finance.sizing_section import Uncertainty
from parkdispatch.results.finance.returns import Returns
from parkdispatch.results.html.page import number
from parkdispatch.results.sizing.decision import PROJECT, size_text
from parkdispatch.results.sizing.decision_words import label
from parkdispatch.results.sizing.risk import chosen, distribution
from parkdispatch.results.sizing.sizing_results import Choice, Offered, SizeStudy
from parkdispatch.results.units import YUAN_PER_WAN
from parkdispatch.results.views.sizing_charts import coloured, frontier_cells, told_name

Words = Mapping[str, Any]
Table = dict[str, Any]  # heads and rows of text, as `parts.table` has them
MOST_OF_FRONTIER = 12  # rows, of which a person still reads all
FACTS = (
    "peak_cut_mw",
    "self_use",
    "self_use_gain",
    "co2_cut_t",
)


def figures_of(study: SizeStudy, one: Offered) -> dict[str, float]:
    """What is known of a choice beside its money: its own figures, or those of its size on the surface."""
    found = {**_cell(study, one.choice), **one.figures}
    return {key: value for key in FACTS if np.isfinite(value := found.get(key, np.nan))}


def _cell(study: SizeStudy, choice: Choice) -> dict[str, float]:
    surface = study.surface
    if surface is None or choice.power_mw <= 0:
        return {}
    places = [
        np.flatnonzero(np.isclose(surface[axis].to_numpy(), value, rtol=0, atol=1e-6))
        for axis, value in (
            ("power_mw", choice.power_mw),
            ("duration_hours", choice.energy_mwh / choice.power_mw),
        )
    ]
    if not all(len(found) for found in places):
        return {}
    cell = surface.isel(power_mw=int(places[0][0]), duration_hours=int(places[1][0]))
    return {key: float(cell[key]) for key in FACTS if key in cell}


def earned_yuan(one: Offered) -> tuple[float, float] | None:
    """What a choice earns in its first and its last year, contracts included, less its auxiliary energy."""
    if one.cash is None:
        return None
    operation = one.cash.operation
    net = sum(operation.revenue_yuan.values()) - operation.auxiliary_yuan
    return float(net[0]), float(net[-1])


def offers_table(study: SizeStudy, words: Words) -> Table:
    """Every choice with its returns; money in 10^4 yuan. Columns in which nothing is known are left out."""
    text = words["size"]
    keys = (
        "o_name", "o_price", "o_cost", "o_npv", "o_irr", "o_payback", "o_break_even", "o_earned",
        "o_peak", "o_use", "o_co2",
    )  # fmt: skip
    rows = [_offer_row(study, one, words) for one in study.offers]
    kept = [at for at in range(len(keys)) if at == 0 or any(row[at] for row in rows)]
    return {"heads": [text[keys[at]] for at in kept], "rows": [[row[at] for at in kept] for row in rows]}


def _offer_row(study: SizeStudy, one: Offered, words: Words) -> list[str]:
    text, choice = words["size"], one.choice
    if choice.power_mw <= 0:
        return [words["decision"]["nothing"], "", number(0.0, 0), number(0.0, 0), *[""] * 7]
    cell = figures_of(study, one)
    use = ""
    if {"self_use", "self_use_gain"} <= cell.keys():
        use = f"{cell['self_use']:.2%} ({100 * cell['self_use_gain']:+.2f})"
    if one.cash is None:
        returns = ["", "", ""]
    else:
        own = one.cash.returns[PROJECT]
        irr = irr_text(own, words)
        years = own.static_payback.from_construction_years
        returns = [_wan(own.npv_yuan), irr, str(text["never_back"]) if years is None else number(years)]
    return [
        told_name(choice, words),
        number(choice.yuan_per_wh),
        _wan(choice.investment_yuan),
        *returns,
        number(one.break_even_yuan_per_wh),
        _wan(earned[0]) if (earned := earned_yuan(one)) else "",
        number(cell["peak_cut_mw"], 1) if "peak_cut_mw" in cell else "",
        use,
        number(cell["co2_cut_t"], 0) if "co2_cut_t" in cell else "",
    ]


def irr_text(own: Returns, words: Words) -> str:
    """An IRR in percent, or that there is none, or several."""
    if own.irr.value is not None:
        return f"{own.irr.value:.2%}"
    return str(words["size"]["several" if own.irr.all else "none"])


def marginal_table(study: SizeStudy, words: Words) -> Table | None:
    """What one more MW and MWh is worth a year beside what it costs, at each size; None if nowhere known."""
    text, rows = words["size"], []
    for one in study.offers:
        found = one.marginal
        if found is None:
            continue
        sizes = (
            (text["one_mw"], found.value_of_mw_yuan, found.difference_mw_yuan, found.annuity_yuan_per_mw, ""),
            (text["one_mwh"], found.value_of_mwh_yuan, found.difference_mwh_yuan, found.annuity_yuan_per_mwh,
             number(found.break_even_yuan_per_kwh, 0)),
        )  # fmt: skip
        for what, dual, (less, more), cost, price in sizes:
            rows.append(
                [
                    label(one.choice, study.choices, words),
                    what,
                    *(_wan(yuan, 2) for yuan in (dual, less, more, cost)),
                    text["pays" if dual >= cost else "pays_not"],
                    price,
                ]
            )
    heads = [text[f"m_{key}"] for key in ("size", "what", "dual", "less", "more", "cost", "pays", "price")]
    return {"heads": heads, "rows": rows} if rows else None


def frontier_table(study: SizeStudy, words: Words) -> Table:
    """Nothing, and the sizes that nothing beats: no other has more NPV for less. Of many some."""
    assert study.surface is not None
    text, cells = words["size"], frontier_cells(study.surface, only_best=True)
    count = min(len(cells), MOST_OF_FRONTIER)
    some = [cells[round(at * (len(cells) - 1) / max(1, count - 1))] for at in range(count)]
    rows = [
        [size_text(power, energy), f"{round(energy / power, 2):g}", _wan(cost), _wan(npv)]
        for power, energy, cost, npv in some
    ]
    note = str(text["frontier_some"]).format(shown=count, count=len(cells)) if count < len(cells) else ""
    heads = [text[key] for key in ("o_size", "f_hours", "o_cost", "o_npv")]
    return {
        "heads": heads,
        "rows": [[words["decision"]["nothing"], "", _wan(0.0), _wan(0.0)], *rows],
        "note": note,
    }


def when_table(study: SizeStudy, words: Words) -> Table:
    """For each choice: NPV built now, its best year and NPV then, and the first year in which it pays."""
    assert study.when is not None
    text, rows, first = words["size"], [], study.case.calendar.year
    years = study.when["year"].to_numpy()
    keys = [str(key) for key in study.when["choice"].to_numpy()]
    for choice, name, _ in coloured(study, keys, words):
        npv = study.when["npv_yuan"].sel(choice=choice.key).to_numpy()
        pays = years[npv > 0]
        rows.append(
            [name, _wan(npv[0]), str(first + int(years[npv.argmax()])), _wan(npv.max()),
             str(first + int(pays[0])) if len(pays) else text["in_none"]]
        )  # fmt: skip
    return {"heads": [text[f"w_{key}"] for key in ("choice", "now", "year", "best", "pays")], "rows": rows}


def risk_table(study: SizeStudy, words: Words) -> Table:
    """What the scenarios say of each choice; the best of each column is marked."""
    assert study.risk is not None
    found, text, rows = distribution(study.risk, study.sizing.tail), words["size"], []
    by = chosen(study.risk, study.sizing.tail)
    measures = {
        "expected": "mean_yuan",
        "cvar": "cvar_yuan",
        "worst": "worst_yuan",
        "regret": "most_regret_yuan",
    }
    for choice in study.choices:
        if choice.key not in found.index:
            continue
        cells = [
            _wan(float(found[column][choice.key])) + (" ✓" if by[name] == choice.key else "")
            for name, column in measures.items()
        ]
        rows.append([told_name(choice, words), f"{found['loss_share'][choice.key]:.0%}", *cells])
    tail = f"{study.sizing.tail:.0%}"
    keys = ("choice", "loss", "expected", "cvar", "worst", "regret")
    return {"heads": [text[f"r_{key}"].format(tail=tail) for key in keys], "rows": rows}


def doubts_table(study: SizeStudy, words: Words) -> Table:
    """What is in doubt, how it may lie, and whence that is."""
    text = words["size"]
    rows = [
        [(one.name_zh or one.name) if words["lang"] == "zh" else one.name, lies(one, words), one.source]
        for one in study.sizing.doubt
    ]
    return {"heads": [text[f"d_{key}"] for key in ("name", "lies", "source")], "rows": rows}


def lies(doubt: Uncertainty, words: Words) -> str:
    """How a doubted number may lie, in words."""
    text = words["size"]
    if doubt.kind == "choice":
        listed = str(words["decision"]["comma"])
        if doubt.weights and len(set(doubt.weights)) > 1:
            shares = [weight / sum(doubt.weights) for weight in doubt.weights]
            parts = [f"{value:g} ({one:.0%})" for value, one in zip(doubt.values, shares, strict=True)]
            said = listed.join(parts)
        else:
            said = str(text["lies_equal"]).format(values=listed.join(f"{value:g}" for value in doubt.values))
    elif doubt.kind == "normal":
        said = str(text["lies_normal"]).format(mean=doubt.mean, std=doubt.std)
    else:
        low, high = doubt.low or 0.0, doubt.high or 0.0
        mode = (low + high) / 2 if doubt.mode is None else doubt.mode
        said = str(text[f"lies_{doubt.kind}"]).format(low=low, high=high, mode=mode)
    return str(text["lies_times"]).format(said=said) if doubt.times else said


def prices_table(study: SizeStudy, words: Words) -> Table:
    """What a size costs and how the world moves."""
    text, sizing, rows = words["size"], study.sizing, list[list[str]]()
    price, times = sizing.price, sizing.price_multiple
    for key, value in (("kwh", price.yuan_per_kwh), ("kw", price.yuan_per_kw), ("fixed", price.fixed_yuan)):
        rows.append([text[f"p_{key}"], number(times * value, 0), text[f"p_{key}_unit"]])
    for name in type(sizing.paths).model_fields:
        change = getattr(sizing.paths, name)
        rows.append([text[f"p_{name}"], f"{change:+.1%}" if change else "0", text["p_a_year"]])
    rows.append([text["p_co2"], f"{sizing.co2_t_per_mwh:g}", "t/MWh"])
    for field, value in sizing.standing.items():
        rows.append([str(text["p_standing"]).format(field=field), f"{value:g}", ""])
    return {"heads": [text[f"p_{key}"] for key in ("what", "value", "unit")], "rows": rows}


def offers_sources(study: SizeStudy, words: Words) -> Iterator[str]:
    """Whence the offers are, in their author's words."""
    for offer in study.sizing.offer:
        name = (offer.name_zh or offer.name) if words["lang"] == "zh" else offer.name
        yield str(words["page"]["owned"]).format(device=name, what=offer.source)


def _wan(yuan: float, digits: int = 0) -> str:
    return number(yuan / YUAN_PER_WAN, digits)
