"""Set points by Modbus TCP: scaled whole numbers in holding registers, written and read back.

From the first register on, each of two registers with the high word first:

    0  number of the plan's version (unsigned)
    2  beginning of the interval, seconds since 1970 in UTC (unsigned)
    4  set point of the first battery, in steps (signed, plus is discharge)
    6  set point of the second battery, and so on, in the order of the rules

A step is `kw_per_step` kW. The set points are written before the beginning and the version, so that an EMS
that waits for a new beginning never takes half of them.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

from pydantic import Field

from parkdispatch.models.declaration import Declaration, declared
from parkdispatch.models.errors import InputError
from parkdispatch.operations.setpoints.plan_in_force import IntervalSetPoints

if TYPE_CHECKING:
    from pymodbus.client import ModbusTcpClient

HEADER_REGISTERS = 4
WAIT_S = 5.0
KW_PER_MW = 1000.0


class ModbusRules(Declaration):
    """Where set points are written by Modbus TCP."""

    host: str = declared("-", "Name or address of the server")
    port: Annotated[int, Field(ge=1, le=65535)] = declared("-", "Its port", default=502)
    device_id: Annotated[int, Field(ge=0, le=247)] = declared("-", "Device behind it", default=1)
    first_register: Annotated[int, Field(ge=0, le=65000)] = declared(
        "-", "First of the holding registers, from zero", default=0
    )
    kw_per_step: Annotated[float, Field(gt=0, le=1000)] = declared("kW", "Power of a step", default=1.0)
    batteries: Annotated[tuple[str, ...], Field(min_length=1, max_length=50)] = declared(
        "-", "Batteries in the order of their registers"
    )


def require_ems_extra() -> None:
    """Raise InputError where the library of Modbus is not installed."""
    if find_spec("pymodbus") is None:
        raise InputError(
            "set points by Modbus need pymodbus, which is not installed: pip install 'parkdispatch[ems]'"
        )


def register_values(
    rules: ModbusRules, interval: IntervalSetPoints, timezone: str
) -> tuple[int, int, list[int]]:
    """Version, beginning [s since 1970, UTC] and set points in steps, as they are written.

    Raises InputError for a battery without a set point.
    """
    if missing := [name for name in rules.batteries if name not in interval.devices]:
        known = ", ".join(interval.devices) or "none"
        raise InputError(
            f"`modbus.batteries`: {', '.join(missing)} has no set point in the plan, which has {known}"
        )
    begin = int(interval.begin.replace(tzinfo=ZoneInfo(timezone)).timestamp())
    steps = [
        round(interval.devices[name].power_mw * KW_PER_MW / rules.kw_per_step) for name in rules.batteries
    ]
    return interval.version, begin, steps


def write_registers(rules: ModbusRules, interval: IntervalSetPoints, timezone: str) -> dict[str, float]:
    """Write an interval's set points, read them back, and return them as the server has them [MW].

    Raises InputError where the server cannot be reached, refuses, or holds other numbers afterwards.
    """
    require_ems_extra()
    from pymodbus.client import ModbusTcpClient
    from pymodbus.exceptions import ModbusException

    version, begin, steps = register_values(rules, interval, timezone)
    shown = f"{rules.host}:{rules.port}"
    kind = ModbusTcpClient.DATATYPE
    words = [word for step in steps for word in _words(step, kind.INT32)]
    header = [*_words(version, kind.UINT32), *_words(begin, kind.UINT32)]
    client = ModbusTcpClient(rules.host, port=rules.port, timeout=WAIT_S, retries=1)
    try:
        if not client.connect():  # type: ignore[no-untyped-call]
            raise InputError(f"modbus {shown}: cannot be reached")
        _write(client, rules, rules.first_register + HEADER_REGISTERS, words)
        _write(client, rules, rules.first_register, header)
        count = HEADER_REGISTERS + len(words)
        answer = client.read_holding_registers(rules.first_register, count=count, device_id=rules.device_id)
        if answer.isError() or list(answer.registers) != [*header, *words]:
            raise InputError(f"modbus {shown}: holds other set points than were written")
        held = list(answer.registers)[HEADER_REGISTERS:]
        numbers = [
            client.convert_from_registers(held[2 * n : 2 * n + 2], kind.INT32) for n in range(len(steps))
        ]
    except (ModbusException, OSError) as error:
        raise InputError(f"modbus {shown}: {error}") from error
    finally:
        client.close()  # type: ignore[no-untyped-call]
    return {
        name: float(number) * rules.kw_per_step / KW_PER_MW  # type: ignore[arg-type] # of one number
        for name, number in zip(rules.batteries, numbers, strict=True)
    }


def _words(number: int, kind: object) -> list[int]:
    """The two registers of a number, the high word first. Raises InputError where it has no place in them."""
    from pymodbus.client import ModbusTcpClient

    try:
        return list(ModbusTcpClient.convert_to_registers(number, kind))  # type: ignore[arg-type]
    except Exception as error:
        raise InputError(f"`modbus.kw_per_step`: {number} steps have no place in two registers") from error


def _write(client: "ModbusTcpClient", rules: ModbusRules, first: int, words: Sequence[int]) -> None:
    answer = client.write_registers(first, list(words), device_id=rules.device_id)
    if answer.isError():
        raise InputError(f"modbus {rules.host}:{rules.port}: refuses to be written: {answer}")
