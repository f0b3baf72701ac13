"""The indicators of the pilot rules as a sentence."""

from collections.abc import Mapping
from typing import Any

from parkdispatch.results.park_indicators import ParkIndicators


def indicator_sentence(park: ParkIndicators, words: Mapping[str, Any], years: int | None = None) -> str:
    """Own use, green power, curtailment and CO2 in words; shares without a base are left out.

    `years` says that the amounts are those of so many years together.
    """
    text = words["indicators"]
    parts = [
        str(text[key]).format(share=f"{share:z.1%}")
        for key in ("self_use", "green", "curtailed")
        if (share := getattr(park, f"{key}_share")) is not None
    ]
    parts.append(str(text["emissions"]).format(t=f"{park.emissions_t_co2:,.0f}"))
    sentence = str(text["sentence"]).format(parts=str(text["comma"]).join(parts))
    return sentence if years is None else str(text["over_years"]).format(years=years, sentence=sentence)
