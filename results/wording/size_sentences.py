"""The sizes that a dispatch chose, as sentences."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from parkdispatch.results.chosen_sizes import ChosenSize
from parkdispatch.results.power_scale import PowerScale
from parkdispatch.results.wording.display_names import device_label


def size_label(chosen: ChosenSize, words: Mapping[str, Any]) -> str:
    """The device and which of its sizes it is."""
    text = words["sizes"]
    what = text.get(chosen.field, chosen.field)
    return str(text["label"]).format(device=device_label(chosen.device, words), what=what)


def size_sentences(sizes: Sequence[ChosenSize], words: Mapping[str, Any], scale: PowerScale) -> list[str]:
    """One sentence for each size: what was chosen, between what, and its capital cost."""
    shown: dict[str, Callable[[float], str]] = {
        "MW": scale.text,
        "MWh": scale.capacity_text,
        "1": lambda multiple: f"{multiple:z.4g}",
    }
    return [
        str(words["sizes"]["sentence"]).format(
            label=size_label(chosen, words),
            size=shown[chosen.unit](chosen.size),
            least=shown[chosen.unit](chosen.least),
            most=shown[chosen.unit](chosen.most),
            yuan=f"{chosen.capital_yuan:z,.0f}",
        )
        for chosen in sizes
    ]
