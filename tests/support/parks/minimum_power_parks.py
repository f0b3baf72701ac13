"""Random parks whose batteries have a minimum power."""

import numpy as np

from tests.support.small_parks import SmallPark


def random_park(seed: int, batteries: int, lowest_price: int) -> SmallPark:
    """A lossy battery, or two equal ones, of 4 MW that run at 1.5 or more, beside load and perhaps sun."""
    random = np.random.default_rng(seed)
    count = int(random.integers(4, 9))
    park = SmallPark(count, int(random.choice([15, 60])))
    buy = random.integers(lowest_price, 100, count).astype(float)
    park.grid(buy, buy + random.integers(-20, 10, count), import_limit=20, export_limit=random.choice([0, 8]))
    park.load(random.integers(0, 9, count).astype(float))
    if random.random() < 0.5:
        park.pv(random.integers(0, 13, count).astype(float))
    least = {
        "min_charge_mw": float(random.choice([1.5, 4.0])),
        "min_discharge_mw": float(random.choice([0.0, 2.0])),
        "energy_mwh": float(random.choice([1.0, 10.0])),
        "initial_soc": float(random.choice([0.0, 0.5])),
    }
    for number in range(batteries):
        park.battery(f"battery_{number}", power_mw=4.0, eta_charge=0.9, eta_discharge=0.95, **least)
    return park
