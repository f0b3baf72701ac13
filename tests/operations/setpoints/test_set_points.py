"""Set points of the plan in force: of what was sent, as a file, and by Modbus as they are read back."""

import asyncio
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from pymodbus.client import ModbusTcpClient
from pymodbus.datastore import ModbusDeviceContext, ModbusSequentialDataBlock, ModbusServerContext
from pymodbus.server import ModbusTcpServer

from parkdispatch.inputs.case import Case
from parkdispatch.models.errors import InputError
from parkdispatch.operations.ledger.ledger_store import Ledger
from parkdispatch.operations.ledger.plan_versions import add_plan, send_plan
from parkdispatch.operations.setpoints.drop_folder import drop_set_points
from parkdispatch.operations.setpoints.modbus_registers import ModbusRules, register_values, write_registers
from parkdispatch.operations.setpoints.plan_in_force import (
    DeviceSetPoint,
    IntervalSetPoints,
    set_points_at,
    set_points_of_day,
)
from tests.support.ledgers.ledger_cases import DAY, LI, fake_plan, new_ledger, small_park

NOON = datetime(2026, 7, 15, 12, 7)
POINT = IntervalSetPoints(
    datetime(2026, 7, 15, 12), datetime(2026, 7, 15, 12, 15), 3, {"battery_1": DeviceSetPoint(-12.345, 20.0)}
)


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return small_park(tmp_path / "park")


@pytest.fixture
def ledger(tmp_path: Path, case: Case) -> Ledger:
    return new_ledger(tmp_path / "ledger.sqlite", case)


def plan_of(case: Case, charge_mw: float, discharge_mw: float) -> object:
    """A plan whose battery runs at one power all day."""
    plan = fake_plan(case)
    for key, power_mw in (("charge_mw", charge_mw), ("discharge_mw", discharge_mw)):
        plan[f"battery_1.{key}"] = (
            plan["battery_1.energy_mwh"].dims,
            plan["battery_1.energy_mwh"].to_numpy() * 0 + power_mw,
            {"units": "MW", "kind": "variable", "device": "battery_1", "key": key},
        )
    return plan


def test_set_points_are_those_of_the_version_that_was_sent(ledger: Ledger, case: Case) -> None:
    add_plan(ledger, case, plan_of(case, 0.0, 7.0), LI, {})  # type: ignore[arg-type]
    assert set_points_at(ledger, case, NOON) is None  # planned is not sent
    send_plan(ledger, case, DAY, 1, LI)
    add_plan(ledger, case, plan_of(case, 9.0, 0.0), LI, {})  # type: ignore[arg-type]
    found = set_points_at(ledger, case, NOON)
    assert found is not None
    assert (found.begin, found.version) == (datetime(2026, 7, 15, 12), 1)
    assert found.devices == {"battery_1": DeviceSetPoint(7.0, 12.5)}
    assert len(set_points_of_day(ledger, case, DAY)) == 96


def test_the_file_is_whole_and_replaced_by_a_whole_one(tmp_path: Path) -> None:
    path = drop_set_points(tmp_path, "small", [POINT])
    assert path.name == "setpoints-small-2026-07-15.csv"
    assert path.read_text(encoding="utf-8").splitlines() == [
        "begin,end,device,power_mw,energy_mwh,version",
        "2026-07-15T12:00,2026-07-15T12:15,battery_1,-12.345000,20.000000,3",
    ]
    drop_set_points(tmp_path, "small", [POINT, POINT])
    assert [item.name for item in tmp_path.iterdir()] == [path.name]
    with pytest.raises(InputError, match="cannot be written"):
        drop_set_points(tmp_path / "nowhere", "small", [POINT])


def test_registers_are_scaled_and_a_battery_without_set_point_is_named() -> None:
    rules = ModbusRules(host="h", batteries=("battery_1",), kw_per_step=0.5)
    assert register_values(rules, POINT, "Asia/Shanghai") == (3, 1784088000, [-24690])
    with pytest.raises(InputError, match="battery_2 has no set point"):
        register_values(ModbusRules(host="h", batteries=("battery_2",)), POINT, "Asia/Shanghai")


@pytest.fixture
def port() -> Iterator[int]:
    """The port of a Modbus server in this process."""
    ready, loop = threading.Event(), asyncio.new_event_loop()
    found: list[int] = []
    server: list[ModbusTcpServer] = []

    async def serve() -> None:
        block = ModbusSequentialDataBlock(1, [0] * 200)
        context = ModbusServerContext(devices=ModbusDeviceContext(hr=block), single=True)
        server.append(ModbusTcpServer(context, address=("127.0.0.1", 0)))
        await server[0].serve_forever(background=True)
        found.append(server[0].transport.sockets[0].getsockname()[1])
        ready.set()
        await server[0].serving

    def run() -> None:
        loop.run_until_complete(serve())

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(10)
    yield found[0]
    asyncio.run_coroutine_threadsafe(server[0].shutdown(), loop).result(10)
    thread.join(10)
    loop.close()


def test_set_points_are_written_by_modbus_and_read_back(port: int) -> None:
    rules = ModbusRules(host="127.0.0.1", port=port, first_register=40, batteries=("battery_1",))
    assert write_registers(rules, POINT, "Asia/Shanghai") == {"battery_1": -12.345}
    client = ModbusTcpClient("127.0.0.1", port=port)
    assert client.connect()  # type: ignore[no-untyped-call]
    words = client.read_holding_registers(40, count=6).registers
    client.close()  # type: ignore[no-untyped-call]
    kind = ModbusTcpClient.DATATYPE
    numbers = [client.convert_from_registers(words[n : n + 2], kind.UINT32) for n in (0, 2)]
    assert numbers == [3, 1784088000]
    assert client.convert_from_registers(words[4:6], kind.INT32) == -12345


def test_a_server_that_is_not_there_is_named() -> None:
    rules = ModbusRules(host="127.0.0.1", port=1, batteries=("battery_1",))
    with pytest.raises(InputError, match=r"^modbus 127\.0\.0\.1:1: cannot be reached$"):
        write_registers(rules, POINT, "Asia/Shanghai")
