"""Form of the files that a case names, independent of the times they cover."""

from pathlib import Path

from parkdispatch.inputs.checks.case_parts import CaseParts
from parkdispatch.inputs.schema.case_file import WeatherFile
from parkdispatch.inputs.series.series_file import series_problems
from parkdispatch.inputs.user_files import with_field


def file_problems(case: CaseParts, folder: Path) -> list[str]:
    """Problems with the form of the series and weather files of the valid parts of a case."""
    problems: list[str] = []
    timezone = None if case.site is None else case.site.timezone
    if case.calendar is not None:
        for key, file in case.series.items():
            name, _, series = key.partition(".")
            device = case.devices.get(name)
            spec = None if device is None else device.needed_series.get(series)
            if spec is not None and not spec.internal:
                hours = case.calendar.hours
                path = file.path(folder)
                problems += with_field(
                    f'series."{key}".file', path, series_problems(path, spec, hours, file.options(timezone))
                )
    if isinstance(case.weather, WeatherFile) and case.site is not None:
        from parkdispatch.inputs.weather.weather_files import weather_problems

        path = case.weather.path(folder)
        problems += with_field("weather.file", path, weather_problems(path, case.site, case.weather.typical))
    return problems
