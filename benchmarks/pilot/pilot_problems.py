"""What is solved of the case gaoan-pilot: as it is, and with a device besides, on four horizons.

Nothing heavy is imported here: on Linux a process inherits the peak memory of the one that started it.
"""

from dataclasses import dataclass

AS_IS, WITH_UNIT = "gaoan-pilot", "gaoan-pilot-gas"
WITH_TANK, WITH_PIT, WITH_CAP = "gaoan-pilot-tank", "gaoan-pilot-pit", "gaoan-pilot-co2"
INSTANCES = {
    AS_IS: "the shipped case: five voltages, transformers, wind, mills, polishing, heat, both batteries",
    WITH_UNIT: "the same and one gas unit of 5 MW with least power, start cost and least times",
}
LONG_MEMORIES = {  # what the devices besides tie together, and how far
    AS_IS: "as it is",
    WITH_TANK: "a heat tank of 80 MWh",
    WITH_PIT: "a pit of 20 GWh of heat",
    WITH_CAP: "a cap on the CO2 of the year",
}
EXACT = 1e-9  # relative gap; what counts as optimal, of this project and of HiGHS
LOOSER = (1e-3, 1e-4)


@dataclass(frozen=True)
class PilotProblem:
    """One instance on one horizon, to be solved to a relative gap."""

    instance: str
    horizon: str
    gap: float

    @property
    def title(self) -> str:
        """What it is called in the table."""
        unit = " with a gas unit" if self.instance == WITH_UNIT else ""
        return f"{self.horizon}{unit}" + (f", to {self.gap:.0e}" if self.gap > EXACT else "")


PROBLEMS = (
    *(PilotProblem(AS_IS, horizon, EXACT) for horizon in ("day", "week", "month", "year")),
    *(PilotProblem(WITH_UNIT, horizon, EXACT) for horizon in ("week", "year")),
    *(PilotProblem(instance, "year", gap) for instance in INSTANCES for gap in LOOSER),
)
