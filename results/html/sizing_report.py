"""The page of a sizing study: the decision, the choices, uncertainty, proof and assumptions."""

from collections.abc import Iterator, Mapping
from typing import Any

from parkdispatch.results.audit import PROVEN_GAP
from parkdispatch.results.html.page import render
from parkdispatch.results.io.provenance import versions
from parkdispatch.results.sizing.decision import PROJECT, best_offer, reported_choice, verdict
from parkdispatch.results.sizing.doubt_words import correlations_table, doubts_note, doubts_table
from parkdispatch.results.sizing.risk import distribution
from parkdispatch.results.sizing.sizing_results import PROVEN_SIZE_GAP, Offered, SizeStudy
from parkdispatch.results.sizing.step_words import step_table
from parkdispatch.results.sizing.undecided import largest_gap
from parkdispatch.results.views import sizing_tables as tables
from parkdispatch.results.views.sizing_charts import choice_label, size_figures, size_headline
from parkdispatch.results.wording.display_names import device_label
from parkdispatch.results.wording.languages import Lang
from parkdispatch.results.wording.payback_words import payback_text
from parkdispatch.results.wording.sentences import source_lines
from parkdispatch.results.wording.verdict_lines import size_verdict, storage_text
from parkdispatch.results.wording.words import Card, format_money, format_number, format_share, load_words

Words = Mapping[str, Any]


def size_html(study: SizeStudy, lang: Lang = "en") -> str:
    """Render the page. The same study gives the same bytes except for the run times shown."""
    case = study.case
    words = load_words(lang, "size", devices=case.devices)
    risk_choice = reported_choice(study)
    charts = size_figures(study, words, risk_choice)
    gap = largest_gap(study)
    verdict_lines, why = size_verdict(study, words)
    return render(
        "size.html.j2",
        words,
        data={"figures": charts},
        scripts=("size.js",),
        title=case.titled(lang),
        kind=str(words["size"]["kind"]).format(device=device_label(study.sizing.device, words)),
        study=study,
        case=case,
        drawn=[chart["name"] for chart in charts],
        outside=next((chart["outside"] for chart in charts if chart["name"] == "npv"), []),
        storage=storage_text(case, words, study.sizing.device),
        verdict=verdict_lines,
        why=why,
        cards=list(_cards(study, words)),
        gap=None if gap is None else format_share(gap),
        proven=(gap is None or gap <= PROVEN_GAP)
        and (study.best is None or study.best.gap <= PROVEN_SIZE_GAP),
        best=_proof_rows(study, words),
        offers=tables.offers_table(study, words) if study.offers else None,
        marginal=tables.marginal_table(study, words),
        frontier=None if study.surface is None else tables.frontier_table(study, words),
        response="" if study.surface is None else _response_note(study.surface.attrs.get("response"), words),
        steps=step_table(study, words),
        dispatched=_dispatched_note(study, words),
        when=None if study.when is None else tables.when_table(study, words),
        risk=None if study.risk is None else tables.risk_table(study, words),
        scenarios=tables.scenarios_text(study, words),
        failed=tables.failed_lines(study, words),
        tail=f"{study.sizing.tail:z.0%}",
        of="" if risk_choice is None else choice_label(risk_choice, words),
        doubts=doubts_table(study.sizing, words) if study.sizing.doubt else None,
        doubts_note=doubts_note(study.sizing, words),
        together=correlations_table(study.sizing, words),
        prices=tables.prices_table(study, words),
        rate="" if case.finance is None else f"{case.finance.discount_rate:z.2%}",
        sources=[
            *tables.offers_sources(study, words),
            words["page"]["owned"].format(
                device=words["page"]["tariff"], what=case.tariff.title or case.tariff.name
            ),
            *case.tariff.sources,
            *source_lines(case, words),
        ],
        versions=versions(),
    )


def _response_note(method: str | None, words: Words) -> str:
    """A sentence on how demand-response income depends on the size; empty if there is none."""
    return str(words["size_response"].get(method, "" if method in (None, "none") else method))


def _dispatched_note(study: SizeStudy, words: Words) -> str:
    """A sentence on the years of commissioning that were dispatched; empty if unknown."""
    if study.when is None or "dispatched" not in study.when:
        return ""
    years = study.when["year"].to_numpy()[study.when["dispatched"].to_numpy().astype(bool)]
    base_year = study.case.calendar.year
    listed = str(words["decision"]["comma"]).join(str(base_year + int(year)) for year in years)
    return str(words["size"]["when_dispatched"]).format(years=listed)


def _cards(study: SizeStudy, words: Words) -> Iterator[Card]:
    """Headline figures of the parts that were computed."""
    text, decision, offer = words["size"], verdict(study), best_offer(study)
    if decision is not None:
        base_year = study.case.calendar.year
        choice, npv, year = decision.choice, decision.npv_yuan, base_year + decision.year
        if offer and not decision.build:
            choice, npv, year = offer[0].choice, offer[1], base_year
        figure, unit, more = format_money(npv, words)
        yield Card(
            text["c_npv"],
            figure,
            unit,
            [choice_label(choice, words), str(text["c_built"]).format(year=year), *more],
        )
    if offer:
        yield from _offer_cards(offer[0], words)
    if study.best is not None:
        size = size_headline(study.best, words)
        gap = f"{words['page']['gap']} {format_share(study.best.gap)}"
        yield Card(text["co_optimised"], *size, [text["c_best"], gap])
    risk_choice = reported_choice(study)
    if study.risk is not None and risk_choice is not None:
        loss_share = float(distribution(study.risk, study.sizing.tail)["loss_share"][risk_choice.key])
        count = str(text["c_scenarios"]).format(count=tables.scenarios_text(study, words))
        yield Card(text["c_loss"], f"{loss_share:z.0%}", "", [choice_label(risk_choice, words), count])


def _offer_cards(offer: Offered, words: Words) -> Iterator[Card]:
    """IRR and break-even price of an offer."""
    text, choice = words["size"], offer.choice
    if offer.cash:
        project = offer.cash.returns[PROJECT]
        irr, back = tables.irr_text(project, words), project.static_payback
        payback = payback_text(back.from_construction_years, back.relapsed_years, words)
        if back.from_construction_years is not None:
            payback = str(text["c_back"]).format(years=payback)
        yield Card(text["c_irr"], irr, "", [choice_label(choice, words), payback])
    if offer.break_even_yuan_per_wh is not None:
        price = choice.yuan_per_wh
        costs = [] if price is None else [str(text["c_costs"]).format(price=format_number(price))]
        figure = format_number(offer.break_even_yuan_per_wh)
        yield Card(text["c_price"], figure, text["yuan_per_wh"], [choice_label(choice, words), *costs])


def _proof_rows(study: SizeStudy, words: Words) -> list[tuple[str, str]]:
    """Names and figures of the proof of the co-optimised size."""
    best, text, yuan = study.best, words["size"], words["page"]["yuan"]
    if best is None:
        return []
    size = " / ".join(filter(None, size_headline(best, words)))
    return [
        (text["co_optimised"], size),
        (text["b_without"], f"{format_number(best.without_yuan, 0)} {yuan}"),
        (text["b_dispatch"], f"{format_number(best.dispatch_yuan, 0)} {yuan}"),
        (
            text["b_annuity"],
            f"{format_number(best.cost_yuan - best.dispatch_yuan, 0)} {yuan} ({best.annuity_share:z.3%})",
        ),
        (text["b_cost"], f"{format_number(best.cost_yuan, 0)} {yuan}"),
        (text["b_bound"], f"{format_number(best.bound_yuan, 0)} {yuan}"),
        (text["b_gap"], format_share(best.gap)),
        (text["b_tried"], str(text["b_tried_said"]).format(tried=best.evaluated, boxes=best.boxes)),
    ]
