"""The form of the files a case names, without asking which times they cover."""

from pathlib import Path

from parkdispatch.inputs.messages.validation import named
from parkdispatch.inputs.schema.case_file import Parts, WeatherFile
from parkdispatch.inputs.series.series_file import series_problems


def file_problems(case: Parts, folder: Path) -> list[str]:
    """What is wrong with the series and weather files of a case, as far as its sound parts tell."""
    found: list[str] = []
    if case.calendar is not None:
        for key, file in case.series.items():
            name, _, series = key.partition(".")
            device = case.devices.get(name)
            if device is not None and series in device.series_specs:
                spec, hours = device.series_specs[series], case.calendar.hours
                path = file.path(folder)
                found += named(f'series."{key}".file', path, series_problems(path, spec, hours, file.column))
    if isinstance(case.weather, WeatherFile) and case.site is not None:
        from parkdispatch.inputs.weather.weather_files import weather_problems

        path = case.weather.path(folder)
        found += named("weather.file", path, weather_problems(path, case.site, case.weather.typical))
    return found
