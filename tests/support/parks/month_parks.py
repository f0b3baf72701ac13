"""Parks of months by the hour or by five minutes whose storage couples days and months."""

import numpy as np

from parkdispatch.models.stores.battery import Battery
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.highs import Solver
from tests.support.small_parks import SmallPark

HOURS = 24 * 90  # January to March


def quarter_year(seed: int, *, demand: float | None = 300.0, **battery: float) -> SmallPark:
    """Three months of hours with random prices; what is stored over midnight matters."""
    rng = np.random.default_rng(seed)
    park = SmallPark(HOURS, start="2026-01-01")
    park.grid(rng.uniform(100, 900, HOURS), 0.0, demand=demand).load(rng.uniform(3.0, 8.0, HOURS))
    return park.add("battery", Battery(power_mw=2, energy_mwh=9, **battery))


def in_one_piece(tiled: Tiled) -> float:
    solver = Solver()
    solver.load(tiled.program)
    return tiled.program.objective(solver.solve().x)


def month_with_candidate_violations(seed: int = 0, days: int = 14) -> SmallPark:
    """Days of hours with a surplus at noon that sells above the price of buying, and a demand charge."""
    rng = np.random.default_rng(seed)
    hours = np.arange(24 * days)
    sun = np.maximum(0.0, np.sin((hours % 24 - 6) / 12 * np.pi)) * np.repeat(rng.uniform(2, 16, days), 24)
    price = np.where((hours % 24 >= 11) & (hours % 24 < 15), 300.0, np.where(hours % 24 < 17, 500.0, 900.0))
    park = SmallPark(len(hours), start="2026-03-01")
    park.grid(price, 400.0, export_limit=20.0, demand=3000.0)
    park.load(6.0 + rng.uniform(0, 3, len(hours))).pv(sun)
    return park.add("battery", Battery(power_mw=5, energy_mwh=10, auxiliary_share=0.0))
