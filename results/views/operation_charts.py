"""The data of the charts of operation: set points, import, what is switched or moved, loading of networks."""

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from parkdispatch.inputs.case import Case
from parkdispatch.results.grid_exchange import set_point_mw
from parkdispatch.results.power_scale import scale_of
from parkdispatch.results.schedule.schedule import largest_power_mw
from parkdispatch.results.solution import device_quantities, shown_power_mw
from parkdispatch.results.views.device_powers import (
    CONSUMERS,
    GRIDS,
    SOURCES,
    STORAGE,
    ZERO_MW,
    carrier_of,
    storage_levels,
)
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


def set_point_rows(
    solution: xr.Dataset, case: Case, words: Mapping[str, Any], colour_of: Mapping[str, Colour]
) -> list[dict[str, Any]]:
    """The set point of each store of electricity, with its energy at the beginning and at the end."""
    rows, scale, text = list[dict[str, Any]](), scale_of(solution), words["page"]
    for name, level in storage_levels(solution, case).items():
        if carrier_of(case, name) != "electricity":
            continue
        power_mw = set_point_mw(solution, case, name)
        begin_mwh, end_mwh = level.initial_mwh, float(level.energy_mwh[-1])
        energy = text["energy_end"] if begin_mwh is None else text["energy_begin_end"]
        rows.append(
            {
                "label": device_label(name, words),
                "energy": energy.format(
                    begin=scale.energy_text(begin_mwh or 0.0), end=scale.energy_text(end_mwh)
                ),
                "most_mw": largest_power_mw(case, name, power_mw),
                "colour": colour_of.get(name, STORAGE[0]),
                "data": packed(power_mw),
            }
        )
    return rows


def import_rows(
    solution: xr.Dataset, case: Case, words: Mapping[str, Any], colour_of: Mapping[str, Colour]
) -> list[dict[str, Any]]:
    """What is bought at each connection to the public grid that carries electricity."""
    return [
        {
            "label": f"{device_label(name, words)} {words['up']['grid']}",
            "colour": colour_of.get(name, GRIDS[0]),
            "data": packed(shown_power_mw(solution, case, name, "import")),
        }
        for name in case.of_role("grid")
        if carrier_of(case, name) == "electricity"
    ]


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
