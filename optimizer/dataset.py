"""The solution as a labelled dataset, the form in which everything after the optimizer reads it."""

import json
from collections.abc import Mapping

import numpy as np
import xarray as xr

from parkdispatch.models.device import Array
from parkdispatch.optimizer.formulation.template import Key
from parkdispatch.optimizer.solve import Optimum, Proof

# the ending of a name is its unit; the first that matches counts, so longer endings come first
UNITS = {
    "_yuan_per_mw_month": "yuan/MW/month",
    "_yuan_per_mwh": "yuan/MWh",
    "_yuan": "yuan",
    "_mwh": "MWh",
    "_mw": "MW",
    "_t": "t",
}


COST_ENDING = "{}_yuan"


def unit_of(name: str) -> str:
    """Unit that the ending of a name states; 1 where it states none."""
    return next((unit for ending, unit in UNITS.items() if name.endswith(ending)), "1")


def to_dataset(optimum: Optimum, about: Mapping[str, str | float]) -> xr.Dataset:
    """The solution as `device.quantity_unit`; attributes of each: `units`, `kind`, `device` and `key`.

    `key` is what the device calls it; of an injection, the bus. So nothing has to be read out of a name.

    Kinds: `variable` (decided), `derived`, `series` (given), `injection` (into a bus), `cost` (plus is
    paid) over `time`, and `shared` or `cost` over `day`, `month` or `horizon`. `about` joins the
    objective, bound and gap in the attributes of the dataset.
    """
    writer = _DatasetWriter(optimum)
    writer.add_series()
    writer.add_variables()
    writer.add_functionals()
    writer.add_shared_decisions()
    attrs = _attributes(optimum.proof, optimum.tiled.horizon.hours, about)
    return xr.Dataset(writer.variables, coords=writer.coordinates, attrs=attrs)


def _attributes(proof: Proof, hours: float, about: Mapping[str, str | float]) -> dict[str, str | float]:
    """Attributes of the dataset."""
    return {
        **about,
        "hours": hours,
        "objective_yuan": proof.objective_yuan,
        "bound_yuan": proof.bound_yuan,
        "gap": proof.gap,
        "proof": proof.method.key,
        "proof_numbers": json.dumps(dict(proof.method.numbers)),  # attributes of a file hold no tables
    }


class _DatasetWriter:
    """Collects the variables and coordinates of the dataset."""

    def __init__(self, optimum: Optimum) -> None:
        self._tiled, self._x = optimum.tiled, optimum.x
        self.variables: dict[str, tuple[str, Array, dict[str, str]]] = {}
        self.coordinates: dict[str, object] = {"time": optimum.tiled.horizon.times.to_numpy()}

    def _add(self, key: Key, dim: str, values: Array, kind: str, ending: str = "{}") -> None:
        """Add a quantity; `ending` is how the part of its name after the device's shows the key."""
        device, label = key
        name = f"{device}.{ending.format(label)}"
        if name in self.variables:
            raise ValueError(f"two quantities are called {name}")
        attributes = {"units": unit_of(name), "kind": kind, "device": device, "key": label}
        self.variables[name] = (dim, values, attributes)

    def add_series(self) -> None:
        """Add the given series."""
        for key, weights in zip(self._tiled.template.series, self._tiled.weights[1:], strict=True):
            self._add(key, "time", weights.copy(), "series")

    def add_variables(self) -> None:
        """Add the variables of the intervals, without the solver's rounding beyond bounds."""
        program = self._tiled.program
        for number, column in enumerate(self._tiled.template.columns):
            columns = self._tiled.column_of(number)
            values = np.clip(self._x[columns], program.lower[columns], program.upper[columns])
            self._add(column.key, "time", values, "variable")

    def add_functionals(self) -> None:
        """Add derived quantities, injections into buses and costs of the intervals."""
        template = self._tiled.template
        groups: list[tuple[Mapping[Key, int], str, str]] = [
            (template.quantities, "derived", "{}"),
            (template.injections, "injection", "injection_{}_mw"),
            (template.costs, "cost", COST_ENDING),
        ]
        for functionals, kind, ending in groups:
            for key, functional in functionals.items():
                self._add(key, "time", self._tiled.evaluate(functional, self._x), kind, ending)

    def add_shared_decisions(self) -> None:
        """Add the shared decisions and their costs, over the periods they belong to."""
        tiled, horizon = self._tiled, self._tiled.horizon
        for shared, start in zip(tiled.template.shared, tiled.shared_starts, strict=False):
            labels = horizon.labels(shared.per)
            self.coordinates[shared.per] = np.array(labels, dtype=object)
            values = self._x[start : start + len(labels)]
            self._add(shared.key, shared.per, values, "shared")
            for label, functional in shared.costs.items():
                key: Key = (shared.key[0], label)
                name = f"{key[0]}.{COST_ENDING.format(label)}"
                cost = tiled.constant_term(functional, horizon.first(shared.per)) * values
                # power and energy of a battery both have a capital cost
                if name in self.variables and self.variables[name][0] == shared.per:
                    cost = cost + self.variables.pop(name)[1]
                self._add(key, shared.per, cost, "cost", COST_ENDING)
