"""The tables of an AC power flow on a screen of eighty columns."""

from rich.console import Console

from parkdispatch.results.console.network_screen import fitted_table
from parkdispatch.results.network.network_tables import NetworkTable

REASON = "220/110 kV 主变反向、售电、110/10 kV 变压器反向（按日第 2）、10 kV/380 V 用户变压器反向"
HEADS = ["时段", "受电 MW", "无功 Mvar", "潮流损耗 MW", "线性 MW", "多", "严重原因"]
FORMS = ("", ".1f", ".1f", ".2f", ".2f", "+.1%", "")


def test_numbers_and_stamps_stay_whole_beside_long_reasons() -> None:
    """The reasons of several days took all the room, and left one digit of each number."""
    row = ["10-02 18:45", 165.2, 184.1, 11.26, 11.28, -0.014, REASON]
    console = Console(width=80, record=True)
    console.print(fitted_table(NetworkTable(HEADS, FORMS, [row, row])))
    text = console.export_text()
    line = next(line for line in text.splitlines() if "10-02 18:45" in line)
    for number in ("165.2", "184.1", "11.26", "11.28", "-1.4%"):
        assert number in line, number
    assert max(map(len, text.splitlines())) <= 80
    for word in ("售电", "按日", "用户变压器反向"):
        assert word in text, word
