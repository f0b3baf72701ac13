"""Allowed deviations of the supply voltage, GB/T 12325-2008.

35 kV and above        sum of the absolute values of the highest and the lowest deviation at most 0.10; where
                       both have one sign, the larger of them
20 kV and below        three-phase, 380 V too: -0.07 to +0.07
220 V                  single-phase: -0.10 to +0.07
"""

from dataclasses import dataclass

HIGH_KV = 35.0
SINGLE_PHASE_KV = 0.22
ROUNDING = 1e-9  # [-] so that a voltage at its limit is within it


@dataclass(frozen=True)
class VoltageLimits:
    """Deviations that are allowed [-]; `span` is the sum of both where only that is limited."""

    lowest: float | None = None
    highest: float | None = None
    span: float | None = None

    def hold(self, lowest_pu: float, highest_pu: float) -> bool:
        """Whether the lowest and the highest voltage of a bus are allowed."""
        return (
            (self.lowest is None or lowest_pu - 1.0 >= self.lowest - ROUNDING)
            and (self.highest is None or highest_pu - 1.0 <= self.highest + ROUNDING)
            and (self.span is None or deviation_span(lowest_pu, highest_pu) <= self.span + ROUNDING)
        )


def deviation_span(lowest_pu: float, highest_pu: float) -> float:
    """The highest and the lowest deviation together, or the larger one where both have one sign [-]."""
    return max(highest_pu - 1.0, 0.0) - min(lowest_pu - 1.0, 0.0)


def voltage_limits(nominal_kv: float) -> VoltageLimits:
    """The limits of a bus of this nominal voltage."""
    if nominal_kv >= HIGH_KV:
        return VoltageLimits(span=0.10)
    if nominal_kv <= SINGLE_PHASE_KV:
        return VoltageLimits(-0.10, 0.07)
    return VoltageLimits(-0.07, 0.07)
