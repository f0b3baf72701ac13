"""Own use, green power, curtailment and CO2 of a park, by hand and in a small day."""

import pytest

from parkdispatch.results.park_indicators import AMOUNTS, ParkIndicators
from parkdispatch.results.wording.indicator_sentence import indicator_sentence
from parkdispatch.results.wording.words import load_words


def indicators(**amounts: float) -> ParkIndicators:
    return ParkIndicators({**dict.fromkeys(AMOUNTS, 0.0), **amounts})


DAY = indicators(
    renewable_available_mwh=100.0,
    renewable_output_mwh=95.0,
    import_mwh=320.0,
    export_mwh=15.0,
    consumption_mwh=400.0,
    co2_t=186.752,
)


def test_the_shares_by_hand() -> None:
    """Of 100 MWh 95 are put out and 15 exported: 80 used, 20 % of 400; 320 MWh bought at 0.5836."""
    assert DAY.json == {
        "self_use_share": pytest.approx(0.8),
        "green_share": pytest.approx(0.2),
        "curtailed_share": pytest.approx(0.05),
        "absorbed_share": pytest.approx(0.95),
        "emissions_t_co2": 186.752,
    }


def test_what_a_storage_loses_is_used_too() -> None:
    """A small park: 110 MWh of sun, 9 bought, 100 consumed, 18 lost by a storage and 1 exported.

    Own use is 109 of the 118 that are used, 92.4 %; over the consumption of 100 it was told as 109 %.
    """
    park = indicators(
        renewable_available_mwh=110.0,
        renewable_output_mwh=110.0,
        import_mwh=9.0,
        export_mwh=1.0,
        consumption_mwh=100.0,
    )
    assert park.green_share == pytest.approx(109.0 / 118.0)
    without_purchase = indicators(renewable_output_mwh=110.0, consumption_mwh=100.0)
    assert without_purchase.green_share == 1.0


def test_a_unit_of_the_park_makes_power_that_is_not_green() -> None:
    """50 MWh of sun and 50 of a gas engine for 100 consumed, nothing bought: half is green."""
    park = indicators(renewable_available_mwh=50.0, renewable_output_mwh=50.0, consumption_mwh=100.0)
    assert park.green_share == pytest.approx(0.5)


def test_years_are_added_before_they_are_divided() -> None:
    """80 of 100 and 0 of 300 are 80 of 400, not the mean of 80 % and 0 %."""
    cloudy = indicators(renewable_available_mwh=300.0, renewable_output_mwh=300.0, export_mwh=300.0)
    assert ParkIndicators.total([DAY, cloudy]).self_use_share == pytest.approx(0.2)


def test_without_a_base_there_is_no_share() -> None:
    none = indicators(co2_t=1.0)
    assert (none.self_use_share, none.green_share, none.curtailed_share) == (None, None, None)
    assert indicator_sentence(none, load_words("en")) == "Park: CO2 of energy bought and fuels 1 t."


@pytest.mark.parametrize(
    ("lang", "sentence"),
    [
        ("en", "Park: own use 80.0% of what sun and wind could give, green power 20.0% of consumption,"
         " curtailed 5.0%, CO2 of energy bought and fuels 187 t."),
        ("zh", "园区指标：自发自用率80.0%，绿电占比20.0%，弃电率5.0%，外购电与燃料的二氧化碳排放187 t。"),
    ],
)  # fmt: skip
def test_they_are_told_in_both_languages(lang: str, sentence: str) -> None:
    assert indicator_sentence(DAY, load_words(lang)) == sentence  # type: ignore[arg-type]
