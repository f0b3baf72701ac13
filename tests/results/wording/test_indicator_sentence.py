"""The sentence on own use and CO2: of a day as it is, of a study with the years that it adds up."""

import pytest

from parkdispatch.results.park_indicators import AMOUNTS, ParkIndicators
from parkdispatch.results.wording.indicator_sentence import indicator_sentence
from parkdispatch.results.wording.words import load_words


@pytest.mark.parametrize(
    ("lang", "head"), [("en", "Over all 20 years of operation: "), ("zh", "运行期20年合计：")]
)
def test_a_study_says_that_co2_is_of_all_years(lang: str, head: str) -> None:
    park = ParkIndicators(dict.fromkeys(AMOUNTS, 7.0))
    words = load_words(lang)
    assert indicator_sentence(park, words, 20) == head + indicator_sentence(park, words)
