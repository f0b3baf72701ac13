"""Every kind of device there is. A built-in device is one file and one line here; others are registered."""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, TypeVar, Union, get_args

from pydantic import Field

from parkdispatch.models.device import Device
from parkdispatch.models.errors import InputError
from parkdispatch.models.loads.ev_fleet import EvFleet
from parkdispatch.models.loads.interruptible_load import InterruptibleLoad
from parkdispatch.models.loads.load import Load
from parkdispatch.models.loads.shiftable_load import ShiftableLoad
from parkdispatch.models.network.grid import Grid
from parkdispatch.models.sources.photovoltaic_plant import Pv
from parkdispatch.models.stores.battery import Battery

AnyDevice = Annotated[
    Battery | EvFleet | Grid | InterruptibleLoad | Load | Pv | ShiftableLoad,  # a new one is added here
    Field(discriminator="kind"),
]
BUILT_IN: tuple[type[Device], ...] = get_args(get_args(AnyDevice)[0])
D = TypeVar("D", bound=type[Device])


def kind_of(device: type[Device]) -> str:
    """What a case file calls this kind of device: the default of its field `kind`."""
    field = device.model_fields.get("kind")
    return str(field.default) if field is not None and isinstance(field.default, str) else ""


_KINDS: dict[str, type[Device]] = {kind_of(device): device for device in BUILT_IN}


def device_kinds() -> Mapping[str, type[Device]]:
    """Every registered kind of device, by the name that a case file gives it."""
    return dict(_KINDS)


def register_device(device: D) -> D:
    """Make a kind of device known to case files; usable as a decorator.

    Args:
        device: a subclass of `Device` with a field `kind: Literal["..."] = "..."`. One that is registered
            again, as a notebook does when a cell runs twice, takes the place of the one before.

    Returns:
        The class itself.

    Raises:
        InputError: it is no device, names no kind, or has the kind of a built-in one.

    Example:
        >>> from typing import Literal
        >>> import parkdispatch as pdx
        >>> class Lamp(pdx.Device):
        ...     kind: Literal["lamp"] = "lamp"
        ...     role = "load"
        >>> pdx.register_device(Lamp).__name__
        'Lamp'

    """
    if not (isinstance(device, type) and issubclass(device, Device)):
        raise InputError(f"argument `device` = {device!r}: must be a subclass of parkdispatch.Device")
    kind = kind_of(device)
    if not kind:
        raise InputError(
            f'argument `device` = {device.__name__}: must have a field such as kind: Literal["lamp"] = "lamp"'
        )
    if kind in map(kind_of, BUILT_IN) and device is not _KINDS[kind]:
        raise InputError(f"argument `device` = {device.__name__}: kind '{kind}' is built in, must be another")
    _KINDS[kind] = device
    any_device.cache_clear()
    return device


@cache
def any_device() -> Any:
    """The type of a device in a case file: one of the registered kinds, told apart by `kind`."""
    kinds = tuple(_KINDS.values())
    return Annotated[Union[kinds], Field(discriminator="kind")]  # noqa: UP007 - members are known at run time
