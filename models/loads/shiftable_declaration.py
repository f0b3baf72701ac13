"""What a shiftable load is: its declaration, with what only the whole of it can judge."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from parkdispatch.models.capacity import Sized, largest_capacity
from parkdispatch.models.declaration import ASSUMED, declared
from parkdispatch.models.limits import (
    LARGEST_PRICE_YUAN_PER_MWH,
    Energy,
    PositiveEnergy,
    PositivePower,
    Power,
)
from parkdispatch.models.loads.demand_profile import Hourly
from parkdispatch.models.loads.identical_machines import LONGEST_BLOCK_H
from parkdispatch.models.loads.work_windows import (
    FULL,
    DailyHours,
    Order,
    daily_window,
    overlapping_orders,
    window_hours,
)
from parkdispatch.models.reactive_load import ReactiveLoad


class ShiftableDeclaration(ReactiveLoad):
    """The parameters of work that is due within windows."""

    kind: Literal["shiftable_load"] = declared("-", "Kind of device", default="shiftable_load")
    bus: str = declared("-", "Name of the bus the load draws from", default="ac")
    daily_energy_mwh: PositiveEnergy | None = declared(
        "MWh", "Energy of the work of each daily window; left out where `orders` are given", default=None
    )
    window: DailyHours = declared(
        "-", 'Hours of each day in which the work is done, such as "22:00-06:00" across midnight',
        ASSUMED, "00:00-24:00",
    )  # fmt: skip
    orders: tuple[Order, ...] = declared(
        "-", "Work between two dates each, one after the other; left out: work of every day", default=()
    )
    machine_mw: PositivePower = declared("MW", "Power of one machine at work")
    machines: Annotated[int, Field(ge=1, le=10_000)] = declared("-", "Number of like machines", ASSUMED, 1)
    min_power_mw: Power = declared(
        "MW", "Power that is drawn at least in every interval of a window: work that cannot be moved",
        ASSUMED, 0.0,
    )  # fmt: skip
    max_power_mw: Power | None = declared(
        "MW", "Largest power of all machines together; left out: that of all", default=None
    )
    added_mw: Power | Sized = declared(
        "MW", "Power of machines that are added, on top of the largest power; without `in_blocks` only",
        ASSUMED, 0.0,
    )  # fmt: skip
    in_blocks: bool = declared(
        "-", "Whether whole machines run, each at its full power; false: any power up to that of all",
        ASSUMED, False,
    )  # fmt: skip
    block_hours: Annotated[float, Field(ge=0, le=LONGEST_BLOCK_H)] = declared(
        "h", "Hours that a machine runs at least once it has started; with `in_blocks` only", ASSUMED, 0.0
    )
    usual_shape: Hourly = declared(
        "-", "Usual mean power of each hour of a day; only proportions matter", ASSUMED, (1.0,) * 24
    )
    shift_yuan_per_mwh: Annotated[float, Field(ge=0, le=LARGEST_PRICE_YUAN_PER_MWH)] = declared(
        "yuan/MWh", "Cost of each MWh drawn above the usual power of its hour", ASSUMED, 0.0
    )
    done_mwh: Energy | None = declared(
        "MWh", "Energy of the open window that is done before the horizon begins; left out: the share of the"
        " hours gone", default=None,
    )  # fmt: skip
    running: tuple[Annotated[int, Field(ge=0, le=10_000)], ...] = declared(
        "-", "Machines that ran in each interval before the horizon, the latest last; with `in_blocks` only",
        default=(),
    )  # fmt: skip

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = [*self._contradictions(), *self._impossible_work()]
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def _contradictions(self) -> list[str]:
        problems = []
        if (self.daily_energy_mwh is None) == (not self.orders):
            both = self.daily_energy_mwh is not None
            problems.append(f"must have {'not both' if both else 'either'} `daily_energy_mwh`"
                            f" {'and' if both else 'or'} `orders`")  # fmt: skip
        if self.min_power_mw > self.most_mw:
            problems.append(
                f"min_power_mw = {self.min_power_mw:.15g}: must be at most {self.most_mw:.15g}, the largest"
                " power"
            )
        if self.in_blocks and self.added_mw != 0.0:
            added = f"{self.added_mw:.15g}" if isinstance(self.added_mw, float) else "a size to be decided"
            problems.append(
                f"added_mw = {added}: must be 0, because `in_blocks` is true: whole machines run, and their"
                " number is not a continuous size"
            )
        if not self.in_blocks:
            problems += [
                f"{name} = {value:.15g}: must be left out, because `in_blocks` is false"
                for name, value in (("block_hours", self.block_hours), ("running", len(self.running)))
                if value
            ]
        if max(self.running, default=0) > self.machines:
            problems.append(f"running = {self.running}: must be at most {self.machines}, the `machines`")
        return [*problems, *overlapping_orders(self.orders)]

    def _impossible_work(self) -> list[str]:
        """Work that all machines cannot do in its window, or that is less than the least power."""
        works = [(f"orders[{k}].energy_mwh", o.energy_mwh, o.hours) for k, o in enumerate(self.orders)]
        if self.daily_energy_mwh is not None:
            works.append(("daily_energy_mwh", self.daily_energy_mwh, window_hours(daily_window(self.window))))
        # a least power above the largest is told by itself
        least_mw, most_mw = self.min_power_mw if self.min_power_mw <= self.most_mw else 0.0, self.most_mw
        return [
            f"{name} = {energy_mwh:.15g}: must be in [{least_mw * hours:.15g}, {most_mw * hours:.15g}],"
            f" least and largest power for {hours:.15g} h"
            for name, energy_mwh, hours in works
            if not least_mw * hours * (1 - FULL) <= energy_mwh <= most_mw * hours * (1 + FULL)
        ] + [
            f"block_hours = {self.block_hours:.15g}: must be at most {hours:.15g}, the hours for {name}"
            for name, _, hours in works
            if self.block_hours > hours
        ]

    @property
    def declared_mw(self) -> float:
        """Largest power of the declared machines together, without those added [MW]."""
        all_mw = self.machines * self.machine_mw
        return all_mw if self.max_power_mw is None else min(all_mw, self.max_power_mw)

    @property
    def most_mw(self) -> float:
        """Largest power of all machines together; with the most that may be added [MW]."""
        return self.declared_mw + largest_capacity(self.added_mw)

    def grown(self, factor: float) -> Self:
        """More work for machines that are larger by as much, so that hours at work stay the same."""
        grown = {
            name: factor * value
            for name in (
                "daily_energy_mwh",
                "machine_mw",
                "min_power_mw",
                "max_power_mw",
                "added_mw",
                "done_mwh",
            )
            if (value := getattr(self, name)) is not None and not isinstance(value, Sized)
        }
        orders = tuple(
            order.model_copy(update={"energy_mwh": factor * order.energy_mwh}) for order in self.orders
        )
        return self.model_copy(update={**grown, "orders": orders})
