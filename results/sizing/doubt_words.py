"""The uncertain inputs of a sizing study in words: how they are drawn, and where each range is from."""

from collections.abc import Iterable, Mapping
from typing import Any

from parkdispatch.models.finance.correlation import Correlation
from parkdispatch.models.finance.range_source import RangeSource, rests_on_assumptions
from parkdispatch.models.finance.sizing_section import Sizing, Uncertainty

Words = Mapping[str, Any]
Table = dict[str, Any]  # arguments of `parts.table`: heads and rows


def doubts_table(sizing: Sizing, words: Words) -> Table:
    """The uncertain inputs: distribution, and where each number of it is from."""
    text = words["size"]
    rows = [
        [_called(doubt, words), distribution_text(doubt, words), sources_text(doubt.sources, words)]
        for doubt in sizing.doubt
    ]
    return {"heads": [text[f"d_{key}"] for key in ("name", "lies", "source")], "rows": rows}


def correlations_table(sizing: Sizing, words: Words) -> Table | None:
    """Pairs of inputs that are drawn together, their rank correlation and its source; None without any."""
    if not sizing.correlation:
        return None
    text, called = words["size"], {doubt.name: _called(doubt, words) for doubt in sizing.doubt}
    rows = [
        [str(text["d_both"]).format(first=called[first], second=called[second]), f"{pair.rank:+g}",
         sources_text(pair.sources, words)]
        for pair in sizing.correlation
        for first, second in [pair.doubts]
    ]  # fmt: skip
    return {"heads": [text[f"d_{key}"] for key in ("together", "rank", "source")], "rows": rows}


def doubts_note(sizing: Sizing, words: Words) -> str:
    """How the inputs are drawn, and how many ranges rest on an assumption in at least one number."""
    text = words["size"]
    drawn = text["doubts_together" if sizing.correlation else "doubts_note"]
    ranges: tuple[Uncertainty | Correlation, ...] = (*sizing.doubt, *sizing.correlation)
    assumed = sum(rests_on_assumptions(of.sources) for of in ranges)
    return f"{drawn}{text['d_space']}{str(text['d_assumed']).format(assumed=assumed, count=len(ranges))}"


def doubt_lines(sizing: Sizing, words: Words) -> list[str]:
    """The same as lines of text: what is drawn, and each range with its sources."""
    if not sizing.doubt:
        return []
    text, together = words["size"], correlations_table(sizing, words)
    rows = [*doubts_table(sizing, words)["rows"], *(together["rows"] if together else ())]
    lines = [str(text["d_line"]).format(name=name, lies=lies, source=source) for name, lies, source in rows]
    return [str(text["d_reason"]).format(said=text["doubts"], note=doubts_note(sizing, words)), *lines]


def doubts_json(sizing: Sizing) -> dict[str, list[dict[str, Any]]]:
    """Distributions and correlations with their sources, as a case file has them."""
    return {
        "doubts": [_ranged(doubt) for doubt in sizing.doubt],
        "correlations": [_ranged(pair) for pair in sizing.correlation],
    }


def _ranged(of: Uncertainty | Correlation) -> dict[str, Any]:
    sources = [source.model_dump(mode="json", exclude_defaults=True) for source in of.sources]
    fields = of.model_dump(mode="json", exclude_none=True, exclude={"source"})
    return {**fields, "sources": sources, "rests_on_assumptions": rests_on_assumptions(of.sources)}


def sources_text(sources: Iterable[RangeSource], words: Words) -> str:
    """Each source with the numbers that it is about, its kind, document and date."""
    return str(words["size"]["d_semicolon"]).join(_source_text(source, words) for source in sources)


def _source_text(source: RangeSource, words: Words) -> str:
    text, in_chinese = words["size"], words["lang"] == "zh"
    document = source.document_zh if in_chinese and source.document_zh else source.document
    note = source.note_zh if in_chinese and source.note_zh else source.note
    if source.kind == "named":  # a text, which says itself what it is
        said = note
    elif document:
        date = source.date or text["d_undated"]
        said = str(text["d_document"]).format(kind=text[f"d_{source.kind}"], document=document, date=date)
        said = str(text["d_noted"]).format(said=said, note=note) if note else said
    else:
        said = str(text[f"d_{source.kind}"])
        said = str(text["d_reason"]).format(said=said, note=note) if note else said
    ends = str(text["d_and"]).join(str(text[f"d_of_{end}"]) for end in source.of)
    return str(text["d_reason"]).format(said=ends, note=said) if ends else said


def _called(doubt: Uncertainty, words: Words) -> str:
    return (doubt.name_zh or doubt.name) if words["lang"] == "zh" else doubt.name


def distribution_text(doubt: Uncertainty, words: Words) -> str:
    """The distribution of an uncertain input in words."""
    text = words["size"]
    if doubt.kind == "choice":
        comma = str(words["decision"]["comma"])
        if doubt.weights and len(set(doubt.weights)) > 1:
            shares = [weight / sum(doubt.weights) for weight in doubt.weights]
            parts = [f"{value:g} ({share:z.0%})" for value, share in zip(doubt.values, shares, strict=True)]
            sentence = comma.join(parts)
        else:
            sentence = str(text["lies_equal"]).format(
                values=comma.join(f"{value:g}" for value in doubt.values)
            )
    elif doubt.kind == "normal":
        sentence = str(text["lies_normal"]).format(mean=doubt.mean, std=doubt.std)
    else:
        low, high = doubt.low or 0.0, doubt.high or 0.0
        mode = (low + high) / 2 if doubt.mode is None else doubt.mode
        sentence = str(text[f"lies_{doubt.kind}"]).format(low=low, high=high, mode=mode)
    return str(text["lies_times"]).format(said=sentence) if doubt.times else sentence
