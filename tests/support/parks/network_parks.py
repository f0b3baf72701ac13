"""Small parks with several buses, and lines and transformers with losses between them."""

from itertools import pairwise
from typing import Any

import numpy as np

from parkdispatch.models.network.link import Link
from parkdispatch.models.network.transformer import BusTransformer
from tests.support.small_parks import SmallPark, Values


def add_transformer(
    park: SmallPark,
    limit_mw: float,
    loss_share: float,
    *,
    bus: str = "ac",
    to_bus: str = "low",
    name: str = "transformer",
    availability: Values = 1.0,
    **changes: Any,
) -> SmallPark:
    """A transformer whose load loss is a straight share of the flow, unless `segments` says otherwise."""
    fields = {"rating_mva": limit_mw, "power_factor": 1.0, "load_loss_mw": loss_share * limit_mw}
    fields |= {"bus": bus, "to_bus": to_bus, "no_load_loss_mw": 0.0, "segments": 1}
    return park.add(name, BusTransformer.model_validate(fields | changes), availability=availability)


def add_link(
    park: SmallPark,
    forward_mw: float,
    backward_mw: float,
    *,
    bus: str = "ac",
    to_bus: str = "low",
    name: str = "link",
    losses: tuple[float, float] = (0.0, 0.0),
    availability: Values = 1.0,
    price: Values = 0.0,
) -> SmallPark:
    """A line with these limits and losses forward and backward."""
    line = Link(
        bus=bus,
        to_bus=to_bus,
        forward_limit_mw=forward_mw,
        backward_limit_mw=backward_mw,
        forward_loss=losses[0],
        backward_loss=losses[1],
    )
    series = {"forward_limit_mw": forward_mw, "backward_limit_mw": backward_mw, "availability": availability}
    return park.add(name, line, wheeling_price_yuan_per_mwh=price, **series)


def random_network_park(seed: int) -> SmallPark:
    """Two or three buses in a row: sale often above purchase, curtailable sun, and any prices."""
    random = np.random.default_rng(seed)
    count = int(random.choice([4, 8]))
    park = SmallPark(count)
    buses = ["ac", "middle", "low"][: int(random.choice([2, 3]))]

    def whole(lower: int, upper: int) -> Any:
        return random.integers(lower, upper + 1, count).astype(float)

    buy = whole(-60, 120)
    sell = buy + whole(-30, 40) if random.random() < 0.7 else whole(-40, 80)
    park.grid(
        buy,
        sell,
        import_limit=float(random.choice([20, 60])),
        export_limit=float(random.choice([0, 5, 20])),
        demand=random.choice([None, 0.0, 80.0]),
    )
    for number, (bus, to_bus) in enumerate(pairwise(buses)):
        limit_mw, is_turned = float(random.choice([6, 15, 40])), random.random() < 0.3
        ends = {"bus": to_bus, "to_bus": bus} if is_turned else {"bus": bus, "to_bus": to_bus}
        if random.random() < 0.25:
            losses = (float(random.choice([0, 0.1])), float(random.choice([0, 0.05])))
            availability, price = random.choice([0.5, 1.0], count), float(random.choice([0, 5]))
            backward_mw = float(random.choice([0, limit_mw]))
            add_link(
                park,
                limit_mw,
                backward_mw,
                name=f"link_{number}",
                losses=losses,
                availability=availability,
                price=price,
                **ends,
            )
        else:
            add_transformer(
                park,
                limit_mw,
                float(random.choice([0, 0.02, 0.15])),
                name=f"transformer_{number}",
                availability=random.choice([0.6, 1.0], count),
                segments=int(random.choice([1, 2, 3])),
                no_load_loss_mw=float(random.choice([0, 0.01])) * limit_mw,
                **ends,
            )
    park.load(whole(0, 12), bus=str(random.choice(buses)))
    for number in range(int(random.choice([1, 2]))):
        most_mw = whole(0, 25) * (random.random(count) < 0.8)
        price = whole(-40, 60) if random.random() < 0.5 else 0.0
        least_mw = 0.0 if random.random() < 0.8 else 0.3 * most_mw
        park.source(most_mw, price, least_mw, name=f"sun_{number}", bus=str(random.choice(buses)))
    if random.random() < 0.5:
        park.battery(power_mw=3.0, energy_mwh=6.0, eta_charge=0.9, bus=str(random.choice(buses)))
    if random.random() < 0.2:
        park.grid(buy + 5, buy - 5, import_limit=10, export_limit=5, name="second", bus=buses[-1])
    return park
