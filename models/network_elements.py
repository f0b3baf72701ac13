"""What devices are in an AC power flow, as plain data: injections, transformers, switches, supply points."""

from dataclasses import dataclass
from math import sqrt


@dataclass(frozen=True)
class PowerInjection:
    """Power of a device at a bus, as it was dispatched; reactive power follows from the power factor."""

    bus: str
    power_factor: float = 1.0  # [-] what is drawn draws reactive power too, inductive

    @property
    def reactive_share(self) -> float:
        """Reactive over active power [-]: tan(phi)."""
        return sqrt(1.0 - self.power_factor**2) / self.power_factor


@dataclass(frozen=True)
class TransformerBranch:
    """Identical transformers in parallel; losses are those of one, load loss at its rating."""

    bus: str
    to_bus: str
    nominal_kv: float | None  # of `bus`; None: as the name of the bus says
    to_nominal_kv: float | None
    count: int
    rating_mva: float
    no_load_loss_mw: float
    load_loss_mw: float
    short_circuit_voltage: float  # [-] of the rated voltage
    allowed_loading: float  # [-] of the rating of all units, while all are available
    tap_steps: int = 0  # either way, on load; 0: the ratio is that of the nominal voltages
    tap_step: float = 0.0125  # [-] change of the ratio by one step


@dataclass(frozen=True)
class SwitchBranch:
    """A connection without impedance between two buses of one voltage; its losses are those dispatched."""

    bus: str
    to_bus: str


@dataclass(frozen=True)
class SupplyPoint:
    """A connection to a grid that holds the voltage of its bus."""

    bus: str
    voltage_pu: float


@dataclass(frozen=True)
class NetworkElements:
    """What one device is in an AC power flow."""

    injections: tuple[PowerInjection, ...] = ()
    transformer: TransformerBranch | None = None
    switch: SwitchBranch | None = None
    supply: SupplyPoint | None = None
