"""The data of the charts of operation: what is switched or moved, and the loading of networks."""

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from parkdispatch.inputs.case import Case
from parkdispatch.results.power_scale import scale_of
from parkdispatch.results.solution import device_quantities
from parkdispatch.results.views.device_powers import CONSUMERS, SOURCES, STORAGE, ZERO_MW
from parkdispatch.results.views.plain_charts import Colour
from parkdispatch.results.wording.display_names import activity_label, device_label

EXACT_INTERVALS = 3000  # up to here a page has room for doubles; a year travels as single precision
INTERRUPTED: Colour = ("#D55E00", "#E8762C")
LINES = (*STORAGE, *SOURCES, *CONSUMERS)


def packed(array: NDArray[Any]) -> dict[str, Any]:
    """An array for a page: one number where it never changes, else base64 of its little-endian bytes."""
    if array.dtype == np.uint8:
        return {"type": "u1", "base64": base64.b64encode(array.tobytes()).decode()}
    if np.all(array == array[0]):
        return {"value": float(array[0])}
    kind = "<f8" if array.size <= EXACT_INTERVALS else "<f4"
    return {"type": kind[1:], "base64": base64.b64encode(array.astype(kind).tobytes()).decode()}


def activity_rows(
    solution: xr.Dataset, case: Case, words: Mapping[str, Any], colour_of: Mapping[str, Colour]
) -> list[dict[str, Any]]:
    """Each unit, shifted work and interruption: whether it is on, its power and its usual power.

    What is never interrupted has no row.
    """
    rows, scale = list[dict[str, Any]](), scale_of(solution)
    for name, device in case.devices.items():
        for activity in device.activities(device_quantities(solution, name)):
            interrupted = activity.kind == "interruption"
            if interrupted and not activity.is_on.any():
                continue
            most_mw = max(activity.most_mw, float(np.abs(activity.power_mw).max()))
            usual_mw = activity.usual_mw
            rows.append(
                {
                    "label": activity_label(name, activity, words),
                    "most": scale.text(most_mw, most_mw),
                    "most_mw": most_mw,
                    "colour": INTERRUPTED if interrupted else colour_of.get(name, SOURCES[0]),
                    "on": packed(activity.is_on.astype(np.uint8)),
                    "data": packed(activity.power_mw),
                    "usual": None if usual_mw is None else packed(usual_mw),
                }
            )
    return rows


def flow_rows(solution: xr.Dataset, case: Case, words: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The flow through each network between two buses, and its loading [-], which has the flow's sign."""
    rows, scale = list[dict[str, Any]](), scale_of(solution)
    for name, device in case.devices.items():
        flow = device.flow(device_quantities(solution, name))
        if flow is None:
            continue
        limits_mw = [float(limit.max()) for limit in (flow.forward_limit_mw, flow.backward_limit_mw)]
        same = abs(limits_mw[0] - limits_mw[1]) <= ZERO_MW
        ratings = [scale.number(limit, max(limits_mw)) for limit in (limits_mw[:1] if same else limits_mw)]
        rows.append(
            {
                "label": f"{device_label(name, words)}: {flow.from_bus} → {flow.to_bus}",
                "rating": f"{' / '.join(ratings)} {scale.power}",
                "colour": LINES[len(rows) % len(LINES)],
                "data": packed(flow.power_mw),
                "loading": packed(flow.loading),
            }
        )
    return rows
