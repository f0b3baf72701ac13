"""Every kind of device there is. A built-in device is one file and one line here; others are registered."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, Union

from pydantic import Field

from parkdispatch.models.conversion.absorption_chiller import AbsorptionChiller
from parkdispatch.models.conversion.boiler import Boiler
from parkdispatch.models.conversion.chiller import Chiller
from parkdispatch.models.conversion.generator import Generator
from parkdispatch.models.conversion.heat_pump import HeatPump
from parkdispatch.models.device import Device
from parkdispatch.models.errors import InputError
from parkdispatch.models.loads.ev_fleet import EvFleet
from parkdispatch.models.loads.interruptible_load import InterruptibleLoad
from parkdispatch.models.loads.load import Load
from parkdispatch.models.loads.shiftable_load import ShiftableLoad
from parkdispatch.models.markets.green_certificates import GreenCertificates
from parkdispatch.models.markets.mechanism_price import MechanismPrice
from parkdispatch.models.markets.spot_market import SpotMarket
from parkdispatch.models.network.grid import Grid
from parkdispatch.models.network.link import Link
from parkdispatch.models.network.park_rules import ParkRules
from parkdispatch.models.network.transformer import BusTransformer
from parkdispatch.models.sources.photovoltaic_plant import Pv
from parkdispatch.models.sources.waste_heat import WasteHeat
from parkdispatch.models.sources.wind_farm import Wind
from parkdispatch.models.stores.battery import Battery
from parkdispatch.models.stores.heat_store import ColdStore, HeatStore

BUILT_IN: tuple[type[Device], ...] = (  # a new one is added here
    AbsorptionChiller,
    Battery,
    Boiler,
    BusTransformer,
    Chiller,
    ColdStore,
    EvFleet,
    Generator,
    GreenCertificates,
    Grid,
    HeatPump,
    HeatStore,
    InterruptibleLoad,
    Link,
    Load,
    MechanismPrice,
    ParkRules,
    Pv,
    ShiftableLoad,
    SpotMarket,
    WasteHeat,
    Wind,
)
if TYPE_CHECKING:
    AnyDevice = Device
else:
    AnyDevice = Annotated[Union[BUILT_IN], Field(discriminator="kind")]  # noqa: UP007 - made from the list
LANGUAGES = ("en", "zh")  # of pages and workbooks
WORD_SECTIONS = ("devices", "quantities", "costs", "checks", "prices", "book")
D = TypeVar("D", bound=type[Device])
K = TypeVar("K", bound=Device)


def kind_of(device: type[Device]) -> str:
    """What a case file calls this kind of device: the default of its field `kind`."""
    field = device.model_fields.get("kind")
    return str(field.default) if field is not None and isinstance(field.default, str) else ""


_KINDS: dict[str, type[Device]] = {kind_of(device): device for device in BUILT_IN}


def is_built_in(device: Device) -> bool:
    """Whether a device is of this program, not of a user's own code."""
    return type(device) in BUILT_IN


def devices_of(kind: type[K], devices: Mapping[str, Device]) -> dict[str, K]:
    """The devices of one kind among others, by name: only models ask what kind a device is."""
    return {name: device for name, device in devices.items() if isinstance(device, kind)}


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
        InputError: it is no device, names no kind, has the kind of a built-in one, or has English words
            without Chinese ones. What has no words at all is called by its name on every page.

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
    if problems := _word_problems(device):
        raise InputError([f"argument `device` = {device.__name__}: {line}" for line in problems])
    _KINDS[kind] = device
    any_device.cache_clear()
    return device


def _word_problems(device: type[Device]) -> list[str]:
    """Words that no page would show: of another language or section, no text, English without Chinese."""
    problems = [
        f"`words`: {what} '{name}' is unknown, must be one of {', '.join(known)}"
        for what, known, names in (
            ("language", LANGUAGES, list(device.words)),
            ("section", WORD_SECTIONS, [section for table in device.words.values() for section in table]),
        )
        for name in dict.fromkeys(names)
        if name not in known
    ]
    english, chinese = (device.words.get(lang, {}) for lang in LANGUAGES)
    for section, entries in english.items():
        missing = [key for key in entries if key not in chinese.get(section, {})]
        problems += [
            f"`words`: {section}.{key} is given in English, must be in Chinese (zh) too" for key in missing
        ]
    for lang, table in device.words.items():
        problems += [
            f"`words`: {lang}.{section}.{key} = {word!r}: must be text"
            for section, entries in table.items()
            for key, word in entries.items()
            if not isinstance(word, str)
        ]
    return problems


@cache
def any_device() -> Any:
    """The type of a device in a case file: one of the registered kinds, told apart by `kind`."""
    kinds = tuple(_KINDS.values())
    return Annotated[Union[kinds], Field(discriminator="kind")]  # noqa: UP007 - members are known at run time
