"""The park that an investment is compared with: without its storage, or as `finance.instead` says."""

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.variations.changes import with_values


def without_investment(case: Case) -> Case:
    """The case as it is without the investment, whose saving is the difference of both.

    With `finance.instead`, a device of which a number is zero is left out; of a load only that number is
    changed. Raises InputError where there is no such number.
    """
    instead = {} if case.finance is None else case.finance.instead
    if not instead:
        return case.without_storage()
    left_out = {
        path.split(".")[1]
        for path, number in instead.items()
        if number == 0
        if path.startswith("device.") and path.count(".") > 1
        if (device := case.devices.get(path.split(".")[1])) is not None and device.role != "load"
    }
    devices = {name: device for name, device in case.devices.items() if name not in left_out}
    kept = {
        path: number
        for path, number in instead.items()
        if not any(path.startswith(f"device.{name}.") for name in left_out)
    }
    return with_values(case.with_devices(devices), kept)
