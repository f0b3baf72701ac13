"""What is asked about the size of one more battery: its prices, its bounds, offers, paths and doubts.

Declarations only. The *increment* is one battery of the case; everything else of the case stands. A *choice*
is a size at a price, and one of them is always to build nothing. Money is yuan, VAT included.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from parkdispatch.models.declaration import ASSUMED, GIVEN
from parkdispatch.models.declaration import declared as _field
from parkdispatch.models.device import Array, Fraction, NonNegative, Positive
from parkdispatch.models.units import KW_PER_MW, KWH_PER_MWH, WH_PER_MWH

MOST_STEPS = 101  # of one side of a surface: beyond, a step is most likely a mistake
JUST = 1e-9  # [-] of a step: how near to the end the last one counts as being there

Change = Annotated[float, Field(gt=-1, le=1)]  # [1/year] 0.02: two per cent more every year
Name = Annotated[str, Field(min_length=1)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Steps(_Table):
    """A range, and the step at which a surface looks at it; both ends are looked at."""

    min: NonNegative
    max: Positive
    step: Positive

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min >= self.max:
            raise ValueError(f"min = {self.min:g} must be below max = {self.max:g}")
        if (self.max - self.min) / self.step > MOST_STEPS - 1:
            raise ValueError(
                f"step = {self.step:g}: makes more than {MOST_STEPS} of {self.min:g} to {self.max:g},"
                f" must be at least {(self.max - self.min) / (MOST_STEPS - 1):g}"
            )
        return self

    @property
    def values(self) -> Array:
        """What a surface looks at, rising; the last step may be a shorter one."""
        count = int(np.floor((self.max - self.min) / self.step + JUST))
        found: Array = self.min + self.step * np.arange(count + 1, dtype=np.float64)
        return found if self.max - found[-1] <= JUST * self.step else np.append(found, self.max)


class Price(_Table):
    """What a size costs, turn-key."""

    yuan_per_kwh: NonNegative = _field("yuan/kWh", "Of rated energy: cells, racks, containers", GIVEN)
    yuan_per_kw: NonNegative = _field("yuan/kW", "Of rated power: converters, transformer, bay", ASSUMED, 0.0)
    fixed_yuan: NonNegative = _field("yuan", "Whatever the size, if anything is built", ASSUMED, 0.0)

    def investment_yuan(self, power_mw: float, energy_mwh: float) -> float:
        """Of a size; nothing where nothing is built."""
        if power_mw <= 0 or energy_mwh <= 0:
            return 0.0
        sized = self.yuan_per_kwh * KWH_PER_MWH * energy_mwh + self.yuan_per_kw * KW_PER_MW * power_mw
        return self.fixed_yuan + sized


class Offer(_Table):
    """A size somebody sells: as it is, or in modules of which any whole number may be bought up to it."""

    name: Name
    name_zh: str = ""  # left out: `name`
    power_mw: Positive
    energy_mwh: Positive
    investment_yuan: Positive | None = None  # of the whole
    yuan_per_wh: Positive | None = None  # or of each Wh; one of the two must be given
    modules: Annotated[int, Field(ge=1, le=1000)] = 1  # equal parts the offer can be bought in
    source: str = ASSUMED

    @model_validator(mode="after")
    def _priced(self) -> Self:
        if self.investment_yuan is None and self.yuan_per_wh is None:
            raise ValueError(
                "investment_yuan, yuan_per_wh: must be one of them, because an offer has a price"
            )
        if self.investment_yuan is not None and self.yuan_per_wh is not None:
            raise ValueError("investment_yuan and yuan_per_wh: must be one of them, not both")
        return self

    @property
    def price_yuan(self) -> float:
        """Of the whole offer."""
        if self.investment_yuan is not None:
            return self.investment_yuan
        return (self.yuan_per_wh or 0.0) * WH_PER_MWH * self.energy_mwh


class Paths(_Table):
    """How the world moves each year from the year of the case; 0 stays as it is."""

    battery_price: Change = _field("1/year", "Of what the increment costs", ASSUMED, 0.0)
    battery_fade: Change = _field("1/year", "Of the fade of cells bought a year later", ASSUMED, 0.0)
    purchase_price: Change = _field("1/year", "Of purchased energy, flat period", ASSUMED, 0.0)
    spread: Change = _field("1/year", "Of each period's distance from the flat price", ASSUMED, 0.0)
    load: Change = _field("1/year", "Of the park's energy", ASSUMED, 0.0)


class Uncertainty(_Table):
    """A number nobody knows, and how it may lie.

    `fields` are paths of the case, such as "finance.discount_rate", "sizing.price_multiple" or
    "sizing.paths.load"; or "tariff.spread", a multiple of each period's distance from the flat price; or
    "tariff.midday_valley", 0 where the valley between 10:00 and 16:00 has become flat and 1 where it stays.
    With `times` the numbers are multiples of what the case says.
    """

    name: Name
    name_zh: str = ""  # left out: `name`
    fields: Annotated[tuple[Name, ...], Field(min_length=1)]
    kind: Literal["uniform", "triangular", "normal", "choice"]
    low: float | None = None  # uniform, triangular; of a normal one, where it is cut off
    high: float | None = None
    mode: float | None = None  # triangular; left out: the middle
    mean: float | None = None  # normal
    std: Positive | None = None  # normal
    values: tuple[float, ...] = ()  # choice
    weights: tuple[NonNegative, ...] = ()  # choice; left out: equal
    times: bool = False
    source: str = ASSUMED

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if wrong := list(self._problems()):
            raise ValueError("\n".join(wrong))
        return self

    def _problems(self) -> Iterator[str]:
        needed = {
            "uniform": ("low", "high"),
            "triangular": ("low", "high"),
            "normal": ("mean", "std"),
            "choice": ("values",),
        }[self.kind]
        may = {"triangular": ("mode",), "normal": ("low", "high"), "choice": ("weights",)}.get(self.kind, ())
        for name in ("low", "high", "mode", "mean", "std", "values", "weights"):
            given = getattr(self, name) not in (None, ())
            if name in needed and not given:
                yield f"{name} is missing: must be given for kind = '{self.kind}'"
            elif given and name not in needed + may:
                yield f"{name}: cannot matter for kind = '{self.kind}', must be left out"
        known = [x for x in (self.low, self.mode, self.high) if x is not None]
        if self.kind != "choice" and any(a > b for a, b in pairwise(known)):
            yield f"low, mode, high = {', '.join(f'{x:g}' for x in known)}: must rise"
        if self.kind == "uniform" and self.low is not None and self.low == self.high:
            yield f"low = high = {self.low:g}: must differ, or nothing is in doubt"
        if self.weights and (len(self.weights) != len(self.values) or sum(self.weights) <= 0):
            yield f"weights: must be {len(self.values)} like the values, and not all zero"


class Sizing(_Table):
    """The question: how large the increment should be, at what price, and what is not known."""

    device: Name = _field("", "The battery whose size is asked for; all else stands", GIVEN)
    power_mw: Steps
    duration_hours: Steps  # rated energy over rated power
    price: Price
    price_multiple: Positive = _field("-", "Of every price, offers too; what a doubt may vary", ASSUMED, 1.0)
    # numbers of the case that are others by the time the increment comes, by path: what stands has aged
    standing: dict[Name, float] = {}
    offer: tuple[Offer, ...] = ()
    paths: Paths = Paths()
    last_commissioning_year: Annotated[int, Field(ge=0, le=30)] = _field(
        "years", "The increment may come so many years after the year of the case, or at once", ASSUMED, 10
    )
    co2_t_per_mwh: Annotated[float, Field(ge=0, le=2)] = _field(
        "t/MWh", "Of energy drawn from the grid; Jiangxi 2023 by default",
        "Emission factors of electricity, Ministry of Ecology and Environment", 0.5836,
    )  # fmt: skip
    doubt: tuple[Uncertainty, ...] = ()
    scenarios: Annotated[int, Field(ge=1, le=100_000)] = _field("", "Drawn from the doubts", ASSUMED, 64)
    seed: Annotated[int, Field(ge=0)] = 1
    tail: Annotated[Fraction, Field(gt=0)] = _field("-", "Worst share of scenarios that CVaR is the mean of",
                                                    ASSUMED, 0.1)  # fmt: skip

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        wrong = []
        for what, names in (("offer", [o.name for o in self.offer]), ("doubt", [d.name for d in self.doubt])):
            twice = sorted({name for name in names if names.count(name) > 1})
            wrong += [f"{what}: '{name}' is the name of several, must be of one" for name in twice]
        if self.duration_hours.min <= 0:
            wrong.append("duration_hours.min = 0: must be above 0, because a battery without energy is none")
        if wrong:
            raise ValueError("\n".join(wrong))
        return self

    def investment_yuan(self, power_mw: float, energy_mwh: float) -> float:
        """Of a size at the general price."""
        return self.price_multiple * self.price.investment_yuan(power_mw, energy_mwh)
