"""The audit refuses every damage of an answer, and tells apart what an answer names alike."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import xarray as xr

from parkdispatch.inputs.prepare import Prepared
from parkdispatch.models.device import Role, largest_residual
from parkdispatch.optimizer.dataset import to_dataset
from parkdispatch.optimizer.solve import optimize
from parkdispatch.results.audit import audit
from parkdispatch.results.solution import read_solution, save_solution
from tests.support.audited import audit_of, prepared_with_series_of
from tests.support.cases.round_tariff import grid
from tests.support.harnesses.damages import DAMAGES, answers
from tests.support.parks.demand_election_parks import case_of, park_of
from tests.support.small_parks import Source

SEED = 20260715


def changed(solution: xr.Dataset, name: str, values: Any) -> xr.Dataset:
    quantity = solution[name]
    return solution.assign({name: (quantity.dims, np.asarray(values, dtype=float), quantity.attrs)})


def test_every_random_damage_is_refused(damages: int, tmp_path: Path, capsys: Any) -> None:
    """`pytest tests/results/test_audit.py --damages 1000` makes more of them, and prints the counts."""
    random, given = np.random.default_rng(SEED), list(answers())
    for number, (solution, prepared) in enumerate(answers()):
        assert audit(solution, prepared).failed == []
        save_solution(solution, tmp_path / f"{number}.nc")
        given.append((read_solution(tmp_path / f"{number}.nc"), prepared))
    refused, accepted = Counter[str](), list[str]()
    while refused.total() + len(accepted) < damages:
        damage = DAMAGES[random.integers(len(DAMAGES))]
        number = int(random.integers(len(given)))
        solution, prepared = given[number]
        damaged = damage(solution, random)
        if damaged is None:  # nothing there to damage in this way
            continue
        if audit(damaged, prepared).holds:
            different = [str(name) for name in solution if not solution[name].equals(damaged[name])]
            accepted.append(f"{damage.__name__} of answer {number}: {different}, {damaged.attrs}")
        else:
            refused[damage.__name__] += 1
    with capsys.disabled():
        if damages > 100:
            print(f"\n{refused.total()} of {damages} damages refused: {dict(sorted(refused.items()))}")
    assert accepted == []


def test_a_number_that_is_none_is_no_small_residual() -> None:
    """`max(0.0, nan)` is 0: every charge NaN held."""
    assert np.isnan(largest_residual(np.array([np.nan, 1.0])))
    assert np.isnan(largest_residual(0.0, float("nan")))
    assert largest_residual(np.array([-2.0, -1.0])) == 0.0
    solution, prepared = answers()[0]
    nothing = changed(solution, "battery.charge_mw", np.full(48, np.nan))
    failed = audit(nothing, prepared).failed
    assert {"numbers_not_finite", "battery.energy_balance_mwh", "battery.charge_limit_mw"} <= set(failed)


def test_buses_that_differ_behind_a_dot_are_balanced_each() -> None:
    """A megawatt taken from one bus and given to the other balances in sum, and on neither."""
    solution, prepared = answers()[2]
    assert {"balance.0.4kV_mw", "balance.0.69kV_mw"} <= set(audit(solution, prepared).residuals)
    shifted = solution
    for bus, mw in (("0.4kV", 1.0), ("0.69kV", -1.0)):
        name = f"load_2.injection_{bus}_mw" if bus == "0.4kV" else f"load.injection_{bus}_mw"
        shifted = changed(shifted, name, shifted[name].to_numpy() + mw)
    assert {"balance.0.4kV_mw", "balance.0.69kV_mw"} <= set(audit(shifted, prepared).failed)


def test_costs_are_compared_interval_by_interval() -> None:
    solution, prepared = answers()[0]
    yuan = solution["grid.purchase_yuan"].to_numpy().copy()
    yuan[3], yuan[4] = yuan[3] + 1.0, yuan[4] - 1.0
    assert audit(changed(solution, "grid.purchase_yuan", yuan), prepared).failed == [
        "grid.cost.purchase_yuan"
    ]


def test_inputs_are_those_of_the_case() -> None:
    """A solution that is right for other inputs is not an answer to this case."""
    solution, prepared = answers()[0]
    series = {**prepared.series, ("load", "demand_mw"): prepared.series["load", "demand_mw"] * 1.0001}
    assert audit(solution, replace(prepared, series=series)).failed == ["load.inputs_of_the_case"]
    later = replace(prepared, times=prepared.times.shift(1))
    assert audit(solution, later).failed == ["intervals_not_of_the_case"]


def test_a_cost_that_no_device_recomputes_is_said() -> None:
    park = park_of(grid(), 8, 60)
    park.source(2.0, 500.0)
    solution = to_dataset(park.solve().optimum, {})
    audited = audit_of(solution, case_of(park))
    assert audited.holds
    assert [(cost.device, cost.key) for cost in audited.not_recomputed] == [("source", "fuel")]


class Neighbour(Source):
    """A connection of a kind of its own, of which no bill can be computed."""

    role: ClassVar[Role] = "grid"


def test_a_connection_without_a_bill_is_said() -> None:
    park = park_of(grid(), 8, 60)
    park.source(2.0, 500.0, name="neighbour")
    park.devices["neighbour"] = Neighbour()
    solution = to_dataset(optimize(park.devices, park.times, park.hours, park.series), {})
    prepared: Prepared = prepared_with_series_of(solution, case_of(park))
    audited = audit(solution, prepared)
    assert audited.holds
    assert audited.not_billed == ("neighbour",)
