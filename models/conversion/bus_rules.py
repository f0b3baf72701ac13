"""What holds of the buses of every device that has several."""

from collections.abc import Mapping

import numpy as np

from parkdispatch.models.device import Array, Device, Seen, largest_residual


def equal_bus_problems(device: Device) -> list[str]:
    """One line for each bus that two fields of a device name: what enters there would leave there."""
    fields_of: dict[str, list[str]] = {}
    for field in device.ports:
        if (bus := getattr(device, field)) is not None:
            fields_of.setdefault(bus, []).append(field)
    return [
        f"{' and '.join(fields)} = '{bus}': must be different buses"
        for bus, fields in fields_of.items()
        if len(fields) > 1
    ]


def injection_residual_mw(seen: Seen, expected_mw: Mapping[str | None, Array]) -> float:
    """Largest difference of the power into each bus from what is expected there [MW]; None is no bus."""
    return largest_residual(
        *(np.abs(seen.injection[bus] - power_mw) for bus, power_mw in expected_mw.items() if bus is not None)
    )
