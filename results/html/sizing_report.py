"""The page of a study of a size: the decision, and all that it rests on."""

from collections.abc import Iterator, Mapping
from typing import Any

from parkdispatch.inputs.case import case_sources
from parkdispatch.results.audit import PROVEN_GAP
from parkdispatch.results.html.page import Card, Lang, load_words, money, number, render, share
from parkdispatch.results.io.provenance import versions
from parkdispatch.results.sizing.decision import PROJECT, best_offer, largest_gap, risked, verdict
from parkdispatch.results.sizing.decision_words import sentences
from parkdispatch.results.sizing.risk import distribution
from parkdispatch.results.sizing.sizing_results import PROVEN_SIZE_GAP, Offered, SizeStudy
from parkdispatch.results.views import sizing_tables as tables
from parkdispatch.results.views.display_names import device_label
from parkdispatch.results.views.sizing_charts import bare, size_figures, told_name

Words = Mapping[str, Any]


def size_html(study: SizeStudy, lang: Lang = "en") -> str:
    """The whole page as text. The same study gives the same bytes but for the seconds it took."""
    words, case = load_words(lang, "size"), study.case
    of = risked(study)
    drawn = size_figures(study, words, of)
    gap = largest_gap(study)
    return render(
        "size.html.j2",
        words,
        data={"figures": drawn},
        scripts=("size.js",),
        title=case.title or case.name,
        kind=str(words["size"]["kind"]).format(device=device_label(study.sizing.device, words)),
        study=study,
        case=case,
        drawn=[one["name"] for one in drawn],
        outside=next((one["outside"] for one in drawn if one["name"] == "npv"), []),
        decision=sentences(study, words),
        cards=list(_cards(study, words)),
        gap=None if gap is None else share(gap),
        proven=(gap is None or gap <= PROVEN_GAP)
        and (study.best is None or study.best.gap <= PROVEN_SIZE_GAP),
        best=_best(study, words),
        offers=tables.offers_table(study, words) if study.offers else None,
        marginal=tables.marginal_table(study, words),
        frontier=None if study.surface is None else tables.frontier_table(study, words),
        response="" if study.surface is None else _response(study.surface.attrs.get("response"), words),
        dispatched=_dispatched(study, words),
        when=None if study.when is None else tables.when_table(study, words),
        risk=None if study.risk is None else tables.risk_table(study, words),
        scenarios=0 if study.risk is None else study.risk.sizes["scenario"],
        tail=f"{study.sizing.tail:.0%}",
        of="" if of is None else told_name(of, words),
        doubts=tables.doubts_table(study, words) if study.sizing.doubt else None,
        prices=tables.prices_table(study, words),
        rate="" if case.finance is None else f"{case.finance.discount_rate:.2%}",
        sources=[
            *tables.offers_sources(study, words),
            words["page"]["owned"].format(
                device=words["page"]["tariff"], what=case.tariff.title or case.tariff.name
            ),
            *case.tariff.sources,
            *case_sources(case),
        ],
        versions=versions(),
    )


def _response(how: str | None, words: Words) -> str:
    """How the income from demand response of a size was found; nothing where there is none."""
    return str(words["size_response"].get(how, "" if how in (None, "none") else how))


def _dispatched(study: SizeStudy, words: Words) -> str:
    """In words for which years of commissioning the park was dispatched; nothing where that is not known."""
    if study.when is None or "dispatched" not in study.when:
        return ""
    years = study.when["year"].to_numpy()[study.when["dispatched"].to_numpy().astype(bool)]
    told = str(words["decision"]["comma"]).join(str(study.case.calendar.year + int(year)) for year in years)
    return str(words["size"]["when_dispatched"]).format(years=told)


def _cards(study: SizeStudy, words: Words) -> Iterator[Card]:
    """The headline figures of what was computed."""
    text, found, offer = words["size"], verdict(study), best_offer(study)
    if found is not None:
        choice, npv, year = found.choice, found.npv_yuan, study.case.calendar.year + found.year
        if offer and not found.build:
            choice, npv, year = offer[0].choice, offer[1], study.case.calendar.year
        figure, unit, more = money(npv, words)
        yield Card(
            text["c_npv"],
            figure,
            unit,
            [told_name(choice, words), str(text["c_built"]).format(year=year), *more],
        )
    if offer:
        yield from _offer_cards(offer[0], words)
    if study.best is not None:
        size = bare(study.best, words)
        gap = f"{words['page']['gap']} {share(study.best.gap)}"
        yield Card(text["co_optimised"], *size, [text["c_best"], gap])
    of = risked(study)
    if study.risk is not None and of is not None:
        lost = float(distribution(study.risk, study.sizing.tail)["loss_share"][of.key])
        count = str(text["c_scenarios"]).format(count=study.risk.sizes["scenario"])
        yield Card(text["c_loss"], f"{lost:.0%}", "", [told_name(of, words), count])


def _offer_cards(offer: Offered, words: Words) -> Iterator[Card]:
    text, choice = words["size"], offer.choice
    if offer.cash:
        own = offer.cash.returns[PROJECT]
        irr, years = tables.irr_text(own, words), own.static_payback.from_construction_years
        back = str(text["never_back"]) if years is None else str(text["c_back"]).format(years=number(years))
        yield Card(text["c_irr"], irr, "", [told_name(choice, words), back])
    if offer.break_even_yuan_per_wh is not None:
        price = choice.yuan_per_wh
        costs = [] if price is None else [str(text["c_costs"]).format(price=number(price))]
        figure = number(offer.break_even_yuan_per_wh)
        yield Card(text["c_price"], figure, text["yuan_per_wh"], [told_name(choice, words), *costs])


def _best(study: SizeStudy, words: Words) -> list[tuple[str, str]]:
    """The proof of the co-optimised size, as names and figures."""
    best, text, yuan = study.best, words["size"], words["page"]["yuan"]
    if best is None:
        return []
    size = " / ".join(filter(None, bare(best, words)))
    return [
        (text["co_optimised"], size),
        (text["b_without"], f"{number(best.without_yuan, 0)} {yuan}"),
        (text["b_dispatch"], f"{number(best.dispatch_yuan, 0)} {yuan}"),
        (
            text["b_annuity"],
            f"{number(best.cost_yuan - best.dispatch_yuan, 0)} {yuan} ({best.annuity_share:.3%})",
        ),
        (text["b_cost"], f"{number(best.cost_yuan, 0)} {yuan}"),
        (text["b_bound"], f"{number(best.bound_yuan, 0)} {yuan}"),
        (text["b_gap"], share(best.gap)),
        (text["b_tried"], str(text["b_tried_said"]).format(tried=best.evaluated, boxes=best.boxes)),
    ]
