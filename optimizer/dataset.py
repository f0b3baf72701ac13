"""From a vector to a labelled dataset: the solution as everybody after the solver sees it."""

import json
from collections.abc import Callable, Mapping

import numpy as np
import xarray as xr

from parkdispatch.models.device import Array
from parkdispatch.optimizer.solve import Optimum

# the ending of a name is its unit; the longest that fits counts
UNITS = {
    "_yuan_per_mw_month": "yuan/MW/month",
    "_yuan_per_mwh": "yuan/MWh",
    "_yuan": "yuan",
    "_mwh": "MWh",
    "_mw": "MW",
}


def unit_of(name: str) -> str:
    """Unit that the ending of a name states; 1 where it states none."""
    return next((unit for ending, unit in UNITS.items() if name.endswith(ending)), "1")


def to_dataset(optimum: Optimum, about: Mapping[str, str | float]) -> xr.Dataset:
    """The solution as `device.quantity_unit`, with `units` and `kind` in the attributes of each.

    Kinds: `variable` (decided), `derived`, `series` (given), `injection` (into a bus), `cost` (plus is
    paid) over `time`, and `shared` or `cost` over `day`, `month` or `horizon`. `about` joins the
    objective, bound and gap in the attributes of the dataset.
    """
    tiled, x = optimum.tiled, optimum.x
    template, horizon = tiled.template, tiled.horizon
    found: dict[str, tuple[str, Array, dict[str, str]]] = {}

    def add(name: str, dim: str, values: Array, kind: str) -> None:
        if name in found:
            raise ValueError(f"two quantities are called {name}")
        found[name] = (dim, values, {"units": unit_of(name), "kind": kind})

    for (device, name), weights in zip(template.series, tiled.weights[1:], strict=True):
        add(f"{device}.{name}", "time", weights.copy(), "series")
    for number, column in enumerate(template.columns):
        values = x[tiled.column_of(number)]
        # rounding of the solver at a bound is not news: -1e-15 MW is zero
        lower, upper = tiled.program.lower, tiled.program.upper
        at = tiled.column_of(number)
        add(".".join(column.key), "time", np.clip(values, lower[at], upper[at]), "variable")
    evaluated: list[tuple[Mapping[tuple[str, str], int], str, Callable[[str], str]]] = [
        (template.quantities, "derived", str),
        (template.injections, "injection", lambda bus: f"injection_{bus}_mw"),
        (template.costs, "cost", lambda label: f"{label}_yuan"),
    ]
    for functionals, kind, named in evaluated:
        for (device, name), functional in functionals.items():
            add(f"{device}.{named(name)}", "time", tiled.evaluate(functional, x), kind)
    coordinates: dict[str, object] = {"time": horizon.times.to_numpy()}
    for shared, start in zip(template.shared, tiled.shared_starts, strict=False):
        labels = horizon.labels(shared.per)
        coordinates[shared.per] = np.array(labels, dtype=object)
        values = x[start : start + len(labels)]
        add(".".join(shared.key), shared.per, values, "shared")
        for label, functional in shared.costs.items():
            name = f"{shared.key[0]}.{label}_yuan"
            cost = tiled.constant_term(functional, horizon.first(shared.per)) * values
            if name in found and found[name][0] == shared.per:  # power and energy both have a capital cost
                cost = cost + found.pop(name)[1]
            add(name, shared.per, cost, "cost")
    proof = optimum.proof
    attrs: dict[str, str | float] = {
        **about,
        "hours": horizon.hours,
        "objective_yuan": proof.objective_yuan,
        "bound_yuan": proof.bound_yuan,
        "gap": proof.gap,
        "proof": proof.how.key,
        "proof_numbers": json.dumps(dict(proof.how.numbers)),  # a file's attributes hold no tables
    }
    return xr.Dataset(found, coords=coordinates, attrs=attrs)
