"""A published path of CO2, energy and value added by year, as a table of a plan has it."""

from importlib import resources
from typing import Annotated, Self

from pydantic import Field, model_validator

from parkdispatch.inputs.user_files import read_toml
from parkdispatch.models.declaration import Declaration

ByYear = Annotated[tuple[float, ...], Field(min_length=2)]


class CarbonPath(Declaration):
    """CO2 by sector and in all [10^4 t], energy [10^4 tce], value added [10^8 yuan], intensities, by year."""

    name: str
    title: str
    title_zh: str
    first_year: int
    co2_wan_t: ByYear
    energy_wan_tce: ByYear
    co2_t_per_wan_yuan: ByYear
    energy_tce_per_wan_yuan: ByYear
    value_added_yi_yuan: ByYear
    growth_per_cent: ByYear  # of value added over the year before, from the second year on
    sectors_wan_t: dict[str, ByYear]

    @model_validator(mode="after")
    def _same_years(self) -> Self:
        count = len(self.co2_wan_t)
        whole = (self.energy_wan_tce, self.co2_t_per_wan_yuan, self.energy_tce_per_wan_yuan)
        columns = (*whole, self.value_added_yi_yuan, *self.sectors_wan_t.values())
        if any(len(column) != count for column in columns) or len(self.growth_per_cent) != count - 1:
            raise ValueError(f"each column must have {count} years, growth one less")
        return self

    @property
    def years(self) -> tuple[int, ...]:
        """The years of the table."""
        return tuple(range(self.first_year, self.first_year + len(self.co2_wan_t)))


def read_carbon_path(name: str) -> CarbonPath:
    """Read a built-in path. Raises InputError or pydantic's ValidationError where the file is damaged."""
    with resources.as_file(resources.files("parkdispatch.inputs") / "published" / f"{name}.toml") as file:
        return CarbonPath.model_validate(read_toml(file))
