"""Sentences on what was understood of the series files of a case, in the words of a language."""

from collections.abc import Mapping
from typing import Any

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.series.series_reading import SeriesReading
from parkdispatch.results.wording.display_names import device_label


def reading_sentences(case: Case, words: Mapping[str, Any]) -> list[str]:
    """A line for each series file that was read: its encoding, column, unit, stamps, interval and gaps."""
    return [
        reading_sentence(device_label(device, words), reading, words)
        for (device, _), reading in case.readings.items()
    ]


def reading_sentence(series: str, reading: SeriesReading, words: Mapping[str, Any]) -> str:
    """What was understood of one file, in one line."""
    text = words["reading"]
    source = text["sheet"].format(name=reading.source) if reading.is_workbook else reading.source
    line = str(text["line"]).format(
        series=series,
        file=reading.file,
        source=source,
        column=reading.column,
        unit=""
        if not reading.unit or reading.unit in reading.column
        else text["unit"].format(unit=reading.unit),
        minutes=f"{reading.minutes:g}",
        stamps=text[reading.stamps],
        why=text["why"][reading.why],
        first=reading.first,
        end=reading.end,
    )
    if reading.filled:
        line += str(text["filled"]).format(count=reading.filled)
    notes = [str(text["notes"][note.key]).format(detail=note.detail) for note in reading.notes]
    return line + "".join(str(text["note"]).format(note=note) for note in notes)
