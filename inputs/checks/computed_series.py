"""What is missing to compute the series that are not given."""

from collections.abc import Container

from parkdispatch.models.device import Device


def uncomputable_series(
    name: str, device: Device, given: Container[tuple[str, str]], has_weather: bool
) -> list[str]:
    """What a device lacks, of its fields and the weather, for the series that are not among those `given`.

    A forecast may still stand in for a series that a case file leaves out, so a case is asked for this as it
    is prepared.
    """
    computed = [
        key for key, spec in device.needed_series.items() if not spec.internal and (name, key) not in given
    ]
    problems = []
    for field in device.missing_for_series():
        served = [key for key, spec in device.needed_series.items() if field in spec.computed_from]
        if wanted := [key for key in served if key in computed]:
            problems.append(
                f'`device.{name}.{field}` is missing: must be given, or `series."{name}.{wanted[0]}"`'
            )
    if not has_weather and device.needs_weather and computed:
        problems.append(f"`weather` is missing: `device.{name}` needs it for {', '.join(computed)}")
    return problems
