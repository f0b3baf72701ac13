"""Sentences on units, shifted work and interruptions, in the words of a language."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from parkdispatch.models.units import KW_PER_MW
from parkdispatch.results.schedule.activity_schedule import ActivityBlock
from parkdispatch.results.schedule.schedule import clock_text
from parkdispatch.results.wording.display_names import activity_label, label
from parkdispatch.results.wording.sentences import listed, range_text

Words = Mapping[str, Any]


class ActivityRow(NamedTuple):
    """A block as text: start and end such as "12:00", whose, action, power, energy, price, reason."""

    start: str
    end: str
    who: str
    action: str  # "run", "more", "less", "rest" or "interrupt"
    power: str
    energy: str
    price: str
    why: str


def activity_row(block: ActivityBlock, words: Words, digits: int = 4) -> ActivityRow:
    """A block as the cells of a table row; its price is that of the energy, of an interruption its own."""
    text, scale = words["why"], block.scale
    least, most = (scale.number(mw, block.activity.most_mw) for mw in (block.least_mw, block.most_mw))
    power = most if least == most else text["range"].format(least=least, most=most)
    energy = scale.energy_text(block.energy_mwh)
    if block.usual_mwh is not None:
        energy = text["instead"].format(energy=energy, usual=scale.energy_text(block.usual_mwh))
    price = (
        range_text(block.least_yuan_per_kwh, block.most_yuan_per_kwh, digits, words) if block.purposes else ""
    )
    why, own_price = _reason(block, words), block.activity.price_yuan_per_mwh
    if own_price is not None:
        why = text["against"].format(why=why, price=price) if price else why
        price = f"{own_price / KW_PER_MW:z.{digits}f}"
    start = clock_text(block.first, block.first, dated=block.dated).rpartition("-")[0]
    end = clock_text(block.first, block.last).partition("-")[2]
    who = activity_label(block.device, block.activity, words)
    return ActivityRow(start, end, who, block.action, f"{power} {scale.power}", energy, price, why)


def _reason(block: ActivityBlock, words: Words) -> str:
    """When it is: the tariff period in which energy is bought, surplus, a blackout, and the limit kept."""
    text, parts = words["why"], []
    if block.periods or "purchase" in block.purposes:
        names = [text["periods"].get(period, label(period)) for period in block.periods] or [
            text["no_period"]
        ]
        parts.append(listed(names, words))
    parts += [text["surplus_alone"][fate] for fate in ("unsold", "curtailed") if fate in block.purposes]
    reason = listed(parts, words)
    if block.held is None:
        return reason
    return str(text[block.held]).format(period=reason, limit=block.scale.text(block.held_mw)).lstrip("，, ")


def activity_line(block: ActivityBlock, words: Words) -> str:
    """A block as one line."""
    row = activity_row(block, words, digits=3)
    line = str(words["why"][f"line_{block.action}"]).format(
        clock=f"{row.start}-{row.end}",
        who=row.who,
        power=row.power,
        energy=row.energy,
        why=row.why,
        usual=block.scale.energy_text(block.usual_mwh or 0.0),
    )
    return line + (str(words["why"]["line_price"]).format(price=row.price) if row.price else "")
