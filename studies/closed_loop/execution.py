"""What really happens in an interval: stores follow their set points, the grid takes the rest.

Of a park at one bus with fixed loads, sources that may be curtailed, stores and one connection.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from parkdispatch.models.device import Array, Device
from parkdispatch.models.errors import InfeasibleError
from parkdispatch.optimizer.formulation.rolling_program import why_not_rolling
from parkdispatch.optimizer.formulation.template import Template

STORE_COLUMNS = {"charge_mw", "discharge_mw", "energy_mwh"}
COLUMNS_OF_ROLE = {"source": {"output_mw"}, "load": set[str](), "grid": {"import_mw", "export_mw"}}
WITHIN_MW = 1e-6  # of a limit


@dataclass(frozen=True)
class Execution:
    """The park of a template, of which the actual values decide an interval."""

    template: Template
    devices: Mapping[str, Device]

    def refusals(self) -> list[str]:
        """What of the park cannot be executed interval by interval; empty: nothing."""
        problems = [
            f"{reason}: cannot be planned in a closed loop" for reason in why_not_rolling(self.template)
        ]
        columns: dict[str, set[str]] = {name: set() for name in self.devices}
        for column in self.template.columns:
            columns[column.key[0]].add(column.key[1])
        for name, device in self.devices.items():
            wanted = STORE_COLUMNS if device.role == "store" else COLUMNS_OF_ROLE.get(device.role)
            if columns[name] != wanted:
                problems.append(
                    f"`device.{name}`: decides {', '.join(sorted(columns[name])) or 'nothing'}: must be a"
                    " fixed load, a source, a store or a connection, or it cannot be run in a closed loop"
                )
        buses = sum(row.key[0] == "balance" for row in self.template.rows)
        grids = sum(device.role == "grid" for device in self.devices.values())
        if buses != 1 or grids != 1:
            problems.append(
                f"{buses} buses and {grids} connections: a closed loop is run at one bus with one connection"
            )
        return problems

    @cached_property
    def _number(self) -> dict[tuple[str, str], int]:
        return {column.key: number for number, column in enumerate(self.template.columns)}

    @cached_property
    def _stores(self) -> list[tuple[int, int, int, int]]:
        """Columns charge, discharge and energy of each store, and the row of its energy."""
        rows, number = [row.key for row in self.template.rows], self._number
        return [
            (
                number[name, "charge_mw"],
                number[name, "discharge_mw"],
                number[name, "energy_mwh"],
                rows.index((name, "energy_balance")),
            )
            for name, device in self.devices.items()
            if device.role == "store"
        ]

    def executed(
        self, planned: Array, weights: Array, initial: Array, hold_mw: float = np.inf
    ) -> tuple[Array, bool]:
        """The decisions of an interval, (columns,), and whether set points had to give way to a limit.

        `planned` are those of the plan, `weights` the actual series, (1 + series,), `initial` what each store
        held before. A store does what is planned as far as its energy allows. A source gives what it can, but
        for what no store, load or sale takes; where that is not enough, stores discharge less. Where the
        import would exceed its limit, or `hold_mw`, stores charge less, then discharge more. Raises
        InfeasibleError where that is not enough for the limit.
        """
        x, template = self._within_energy(planned.copy(), weights, initial), self.template
        upper = self._bounds(weights, "upper", np.inf)
        sources = [
            number for (name, _), number in self._number.items() if self.devices[name].role == "source"
        ]
        x[sources] = upper[sources]
        (grid,) = [name for name, device in self.devices.items() if device.role == "grid"]
        bought, sold = self._number[grid, "import_mw"], self._number[grid, "export_mw"]
        x[bought] = x[sold] = 0.0
        balance = next(row for row in template.rows if row.key[0] == "balance")
        body = weights @ template.coefficients[:, balance.body, :]
        right = 0.0 if balance.lower is None else float(weights @ template.coefficients[:, balance.lower, -1])
        short_mw = right - float(body[-1] + body[: len(x)] @ x)  # plus: power is missing at the bus
        gives_way = False
        if short_mw > (most_mw := min(hold_mw, float(upper[bought]))):
            given_mw = self._relieve(x, short_mw - most_mw, upper, initial, weights)
            gives_way, short_mw = True, short_mw - given_mw
            if short_mw > upper[bought] + WITHIN_MW:
                raise InfeasibleError(
                    f"the import of {grid} would be {short_mw:.3f} MW, {upper[bought]:.3f} at most"
                )
        if short_mw >= 0:
            x[bought] = min(short_mw, upper[bought])
        else:
            costs = weights @ template.coefficients[:, list(template.costs.values()), :].sum(axis=1)
            sale_mw = min(-short_mw, upper[sold]) if costs[sold] <= 0 else 0.0
            x[sold] = sale_mw
            gives_way |= self._curtail(x, -short_mw - sale_mw, sources)
        return self._with_energy(x, weights, initial), gives_way

    def _bounds(self, weights: Array, side: str, missing: float) -> Array:
        numbers = [getattr(column, side) for column in self.template.columns]
        constants = self.template.coefficients[:, :, -1]
        return np.array([missing if n is None else float(weights @ constants[:, n]) for n in numbers])

    def _relieve(self, x: Array, excess_mw: float, upper: Array, initial: Array, weights: Array) -> float:
        """Charge less and discharge more in place, in total by this power at most; the power relieved."""
        relieved = 0.0
        for charge, discharge, energy, row in self._stores:
            less = min(x[charge], excess_mw - relieved)
            x[charge] -= less
            relieved += less
            if relieved < excess_mw and x[charge] == 0.0:
                least = self._bounds(weights, "lower", -np.inf)[energy]
                held = self._energy(x, row, energy, weights, initial)
                body = weights @ self.template.coefficients[:, self.template.rows[row].body, :]
                per_mw = abs(body[discharge] / body[energy])
                more = min(
                    upper[discharge] - x[discharge], max(0.0, held - least) / per_mw, excess_mw - relieved
                )
                x[discharge] += max(0.0, more)
                relieved += max(0.0, more)
        return float(relieved)

    def _curtail(self, x: Array, surplus_mw: float, sources: list[int]) -> bool:
        """Curtail sources in place, then discharge less; whether stores had to.

        Raises InfeasibleError where they give less than there is too much.
        """
        for number in [*sources, *(discharge for _, discharge, *_ in self._stores)]:
            less = min(x[number], surplus_mw)
            x[number] -= less
            surplus_mw -= less
            gave_way = number not in sources and less > WITHIN_MW
            if surplus_mw <= WITHIN_MW:
                return gave_way
        raise InfeasibleError(f"{surplus_mw:.3f} MW are left that nothing takes")

    def _within_energy(self, x: Array, weights: Array, initial: Array) -> Array:
        """Set points of stores, cut in place to what their energy allows; a plan made now needs no cut."""
        lower, upper = (
            self._bounds(weights, side, value) for side, value in (("lower", -np.inf), ("upper", np.inf))
        )
        for charge, discharge, energy, row in self._stores:
            body = weights @ self.template.coefficients[:, self.template.rows[row].body, :]
            held = self._energy(x, row, energy, weights, initial)
            for power, beyond_mwh in ((charge, held - upper[energy]), (discharge, lower[energy] - held)):
                if beyond_mwh > 0:
                    x[power] = max(0.0, x[power] - beyond_mwh / abs(body[power] / body[energy]))
        return x

    def _energy(self, x: Array, row: int, energy: int, weights: Array, initial: Array) -> float:
        """What a store holds at the end [MWh], by the row that says so."""
        template, width = self.template, len(x)
        rule = template.rows[row]
        body = weights @ template.coefficients[:, rule.body, :]
        right = 0.0 if rule.lower is None else float(weights @ template.coefficients[:, rule.lower, -1])
        rest = float(body[:width] @ x) - body[energy] * x[energy] + body[-1]
        rest += float(body[width : width + len(initial)] @ initial)
        return float((right - rest) / body[energy])

    def _with_energy(self, x: Array, weights: Array, initial: Array) -> Array:
        lower, upper = (
            self._bounds(weights, side, value) for side, value in (("lower", -np.inf), ("upper", np.inf))
        )
        for *_, energy, row in self._stores:
            held = self._energy(x, row, energy, weights, initial)
            x[energy] = min(max(held, lower[energy]), upper[energy])
        return x
