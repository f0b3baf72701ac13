"""Sources of ranges: what has none is an assumption, number by number; half a source is refused."""

from typing import Any

import pytest
from pydantic import ValidationError

import parkdispatch as pdx
from parkdispatch.models.finance.correlation import Correlation
from parkdispatch.models.finance.range_source import RangeSource, rests_on_assumptions
from parkdispatch.models.finance.sizing_section import Uncertainty

NOTICE = {"kind": "official", "document": "Notice 463", "date": "2025-12"}


def doubt(source: Any = None, **numbers: Any) -> Uncertainty:
    fields = {"name": "spread", "fields": ["tariff.spread"], "kind": "triangular", "low": 0.7, "high": 1.2}
    return Uncertainty.model_validate({**fields, **numbers, **({} if source is None else {"source": source})})


def test_a_range_without_a_source_is_an_assumption() -> None:
    assert doubt().sources == (RangeSource(kind="assumption"),)
    assert Correlation(doubts=("a", "b"), rank=0.3).sources == (RangeSource(kind="assumption"),)


def test_numbers_that_no_source_is_about_are_assumptions() -> None:
    """A sourced mode says nothing of the ends."""
    sources = doubt({**NOTICE, "of": ["mode"]}, mode=1.0).sources
    assert [(source.of, source.kind) for source in sources] == [
        (("mode",), "official"),
        (("low", "high"), "assumption"),
    ]
    assert rests_on_assumptions(sources)


def test_a_source_of_the_whole_range_is_all() -> None:
    assert not rests_on_assumptions(doubt(NOTICE).sources)
    ends = [{**NOTICE, "of": ["low"]}, {"of": ["high"], "kind": "computed", "note": "twice the notice's"}]
    assert not rests_on_assumptions(doubt(ends).sources)


def test_a_text_is_a_source_without_a_kind() -> None:
    assert doubt("a record of 1990").source == (RangeSource(kind="named", note="a record of 1990"),)
    assert doubt("assumption: as usual").source == (RangeSource(kind="assumption", note="as usual"),)
    assert doubt("assumption").source == (RangeSource(kind="assumption"),)
    assert doubt("").sources == (RangeSource(kind="assumption"),)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({"kind": "record"}, "document is missing"),
        ({"kind": "computed"}, "note is missing"),
        ({**NOTICE, "date": "last year"}, "date"),
        ({**NOTICE, "of": ["mean"]}, "'mean' is no number of this distribution, must be of low, high"),
    ],
)
def test_half_a_source_is_refused(source: Any, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        doubt(source)


@pytest.mark.parametrize("name", ["gaoan", "gaoan-pilot"])
def test_built_in_ranges_say_of_each_number_where_it_is_from(name: str) -> None:
    """None is a text without a kind, and each is told in Chinese too."""
    sizing = pdx.load_case(name).sizing
    assert sizing is not None
    for ranged in (*sizing.doubt, *sizing.correlation):
        assert ranged.source
        assert ranged.sources == ranged.source  # no number is left to the default
        for source in ranged.source:
            assert source.kind != "named"
            assert bool(source.document) == bool(source.document_zh)
            assert bool(source.note) == bool(source.note_zh)
