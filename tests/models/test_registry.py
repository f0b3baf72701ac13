"""Words of a device of one's own: what no page would show is refused where the device is registered."""

from typing import Any, ClassVar, Literal

import pytest

from parkdispatch.models import registry
from parkdispatch.models.device import Device
from parkdispatch.models.errors import InputError


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"en": {"devices": {"lamp": "lamp"}}},
            ["devices.lamp is given in English, must be in Chinese (zh) too"],
        ),
        ({"en": {"costs": {"a": "b"}}, "zh": {"costs": {}}}, ["costs.a is given in English"]),
        ({"cn": {"devices": {"lamp": "灯"}}}, ["language 'cn' is unknown, must be one of en, zh"]),
        (
            {"zh": {"device": {"lamp": "灯"}}},
            ["section 'device' is unknown, must be one of devices, quantities"],
        ),
        ({"zh": {"devices": {"lamp": 3}}}, ["zh.devices.lamp = 3: must be text"]),
        (
            {"zh": {"device": {"lamp": 3}}},
            ["section 'device' is unknown", "zh.device.lamp = 3: must be text"],
        ),
    ],
)
def test_words_that_no_page_would_show(given: Any, said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    class Lamp(Device):
        kind: Literal["lamp"] = "lamp"
        words: ClassVar[Any] = given

    monkeypatch.setattr(registry, "_KINDS", dict(registry.device_kinds()))
    with pytest.raises(InputError) as caught:
        registry.register_device(Lamp)
    assert len(caught.value.problems) == len(said)
    for problem, words in zip(caught.value.problems, said, strict=True):
        assert problem.startswith(f"argument `device` = Lamp: `words`: {words}")
    assert "lamp" not in registry.device_kinds()
