"""Devices that draw reactive power with what they draw from an electric bus."""

from parkdispatch.models.declaration import declared
from parkdispatch.models.device import Device, Efficiency
from parkdispatch.models.network_elements import NetworkElements, PowerInjection


class ReactiveLoad(Device):
    """Base of loads and motors, whose power factor matters for the AC power flow, not for the dispatch."""

    kind: str = declared("-", "Kind of device", default="")
    power_factor: Efficiency = declared(
        "-", "Power factor of what is drawn, for the AC power flow",
        "assumption: compensated above the 0.9 of the power-factor rule", 0.95,
    )  # fmt: skip

    @property
    def network_elements(self) -> NetworkElements:
        """The dispatched power at each electric bus, with the reactive power of the power factor."""
        return NetworkElements(tuple(PowerInjection(bus, self.power_factor) for bus in self.electric_buses))
