"""Output of a plant between zero and what sun or wind makes available; the rest is curtailed at no cost.

A plant that must run cannot be curtailed: its output equals what is available.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyomo.environ as pyo

from parkdispatch.models.device import (
    INJECTION,
    Array,
    Display,
    Seen,
    SeriesSpec,
    largest_residual,
    power_spec,
)
from parkdispatch.models.vocabulary import Interval, Terms

DISPLAYS = (
    Display("available", "other", {"available_mw": 1.0}),
    Display("used", "source", {INJECTION: 1.0}),
    Display("curtailed", "other", {"curtailed_mw": 1.0}),
)
WORDS: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "en": {"checks": {"output_is_available": "output of a must-run plant equals available power"}},
    "zh": {"checks": {"output_is_available": "不可弃电机组出力等于可用功率"}},
}


def available_spec(title: str, computed_from: tuple[str, ...]) -> Mapping[str, SeriesSpec]:
    """The series `available_mw`, with the fields that it follows from where it is not given."""
    return {"available_mw": power_spec(title, computed_from)}


def write_output(block: Any, interval: Interval, bus: str, must_run: bool) -> Terms:
    """Write `output_mw` and `curtailed_mw`, and return the terms of the plant."""
    available = interval.series("available_mw")
    block.output_mw = pyo.Var(bounds=(available if must_run else 0, available))
    block.curtailed_mw = pyo.Expression(expr=available - block.output_mw)
    return Terms(
        injection={bus: block.output_mw},
        amounts={
            "renewable_available_mwh": available * interval.hours,
            "renewable_output_mwh": block.output_mw * interval.hours,
        },
    )


def output_residuals_mw(seen: Seen, bus: str, must_run: bool) -> Mapping[str, float]:
    """Largest violation of each rule of the output [MW]."""
    output, available = seen.values["output_mw"], seen.values["available_mw"]
    residuals = {
        "output_within_available_mw": largest_residual(-output, output - available),
        "curtailed_is_the_rest_mw": largest_residual(
            np.abs(available - output - seen.values["curtailed_mw"])
        ),
        "injection_is_output_mw": largest_residual(np.abs(seen.injection[bus] - output)),
    }
    if must_run:
        residuals["output_is_available_mw"] = largest_residual(np.abs(available - output))
    return residuals


def renewable_mwh(seen: Seen) -> Mapping[str, Array]:
    """Recompute what is available and what is put out in each interval [MWh]."""
    return {
        "renewable_available_mwh": seen.values["available_mw"] * seen.hours,
        "renewable_output_mwh": seen.values["output_mw"] * seen.hours,
    }
