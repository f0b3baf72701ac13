"""Green certificates: one for each MWh of renewable energy that has no mechanism price, sold at a price.

    revenue = price x share x renewable energy, put out or exported

Energy with a mechanism price has no second income from certificates (发改价格〔2025〕136号, second-hand):
`share` leaves it out. Of energy used in the park certificates are issued too, but may not be sold
(发改能源〔2023〕1044号, from memory).
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from parkdispatch.models.declaration import ASSUMED, declared
from parkdispatch.models.device import Array, Carrier, Device, Fraction, Park, Role, Seen, SeriesSpec
from parkdispatch.models.markets.market_terms import IN_FORCE, in_force, ordered_days, words_of
from parkdispatch.models.tariff.tariff_tables import Day
from parkdispatch.models.vocabulary import Amount, Interval, Terms

CERTIFICATES = "certificates"
COUNTED: Mapping[str, Amount] = {"export": "export_mwh", "output": "renewable_output_mwh"}

CertificatePrice = Annotated[float, Field(ge=0, le=10_000)]  # a thousand times the usual price


class GreenCertificates(Device):
    """Income from certificates of the park's renewable energy; it is on no bus itself."""

    role: ClassVar[Role] = "network"
    market_costs: ClassVar[tuple[str, ...]] = (CERTIFICATES,)
    yearly_prices: ClassVar[Mapping[str, str]] = {"price_yuan_per_mwh": "market_price"}
    ports: ClassVar[Mapping[str, Carrier | Literal["any"]]] = {}
    series_specs: ClassVar[Mapping[str, SeriesSpec]] = {"in_force": IN_FORCE}
    words: ClassVar[Mapping[str, Mapping[str, Mapping[str, str]]]] = words_of(
        "green_certificates", "green certificates", "绿证",
        costs={CERTIFICATES: ("green certificates", "绿证收入")},
    )  # fmt: skip

    kind: Literal["green_certificates"] = declared("-", "Kind of device", default="green_certificates")
    price_yuan_per_mwh: CertificatePrice = declared("yuan/MWh", "Price of a certificate", ASSUMED, 5.0)
    counted: Literal["export", "output"] = declared(
        "-", "Energy that certificates are sold of: what is exported, or all that sun and wind put out",
        "发改能源〔2023〕1044号, from memory: none of own use", "export",
    )  # fmt: skip
    share: Fraction = declared("-", "Share of it without a mechanism price", ASSUMED, 1.0)
    first_day: Day | None = declared("-", "First day of sales; left out: always", default=None)
    last_day: Day | None = declared("-", "Last day, included; left out: always", default=None)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        ordered_days(self.first_day, self.last_day)
        return self

    def series(self, park: Park) -> Mapping[str, Array]:
        """When certificates are sold, shape (intervals,)."""
        return {"in_force": in_force(park.times, self.first_day, self.last_day)}

    def interval(self, block: Any, interval: Interval) -> Terms:
        """Return the income as a negative cost."""
        certified_mwh = self.share * interval.series("in_force") * interval.park_amount(COUNTED[self.counted])
        return Terms(costs={CERTIFICATES: -self.price_yuan_per_mwh * certified_mwh})

    def self_check(self, seen: Seen) -> Mapping[str, float]:
        """Nothing is decided."""
        return {}

    def costs_yuan(self, seen: Seen) -> Mapping[str, Array]:
        """The income of each interval."""
        certified_mwh = seen.values[COUNTED[self.counted]] * seen.values["in_force"] * self.share
        return {CERTIFICATES: -certified_mwh * self.price_yuan_per_mwh}
