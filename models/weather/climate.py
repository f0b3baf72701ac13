"""Climate statistics from which a representative year of weather is generated."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from parkdispatch.models.declaration import Declaration, declared
from parkdispatch.models.device import Fraction
from parkdispatch.models.limits import Seed
from parkdispatch.models.weather.sky import Decomposition

Celsius = Annotated[float, Field(ge=-60, le=60)]
Wind = Annotated[float, Field(ge=0, le=75)]
PositiveIndex = Annotated[float, Field(gt=0, le=2)]  # deviations of an index of at most 1.1
DailyIrradiation = Annotated[float, Field(gt=0, le=12_000)]  # [Wh/m2]; above the atmosphere at most 12 kWh
Index = Annotated[float, Field(gt=0, le=1.1)]
Twelve = Annotated[tuple[DailyIrradiation, ...], Field(min_length=12, max_length=12)]
TwelveIndex = Annotated[tuple[Index, ...], Field(min_length=12, max_length=12)]
TwelveCelsius = Annotated[tuple[Celsius, ...], Field(min_length=12, max_length=12)]
TwelveWind = Annotated[tuple[Wind, ...], Field(min_length=12, max_length=12)]
Five = Annotated[tuple[PositiveIndex, ...], Field(min_length=5, max_length=5)]


class Climate(Declaration):
    """Statistics of a climate; monthly values from January to December.

    Every number is data of the case; its source belongs beside it in the case file.
    """

    annual_ghi_mj_per_m2: Annotated[float, Field(gt=0, le=15_000)] = declared(
        "MJ/m2", "Global horizontal irradiation of a year, which the generated year sums to exactly"
    )
    daily_ghi_wh_per_m2: Twelve = declared(
        "Wh/m2", "Mean daily global horizontal irradiation by month; only the shape of the year matters"
    )
    clear_index_p10: TwelveIndex = declared("-", "10th percentile of the daily clear-sky index by month")
    clear_index_p50: TwelveIndex = declared("-", "Median of the daily clear-sky index by month")
    clear_index_p90: TwelveIndex = declared("-", "90th percentile of the daily clear-sky index by month")
    temp_mean_c: TwelveCelsius = declared("degC", "Mean air temperature by month")
    temp_min_c: TwelveCelsius = declared("degC", "Mean of the daily minima of air temperature by month")
    temp_max_c: TwelveCelsius = declared("degC", "Mean of the daily maxima of air temperature by month")
    wind_speed_m_per_s: TwelveWind = declared("m/s", "Mean wind speed at 10 m by month")
    day_correlation: Fraction = declared(
        "-", "Correlation of the daily clear-sky index with that of the day before"
    )
    day_class_below: Annotated[tuple[PositiveIndex, ...], Field(min_length=4, max_length=4)] = declared(
        "-", "Upper limits of the daily clear-sky index of the first four of five classes of days"
    )
    step_std: Five = declared(
        "-", "Standard deviation of the 15-minute step of the clear-sky index, by class of day"
    )
    deviation_std: Five = declared(
        "-", "Standard deviation of the clear-sky index from the day's mean, by class of day"
    )
    correlation_15min: Fraction = declared("-", "Autocorrelation of that deviation at a lag of 15 minutes")
    correlation_60min: Fraction = declared("-", "Autocorrelation of that deviation at a lag of an hour")
    intermittency: Annotated[float, Field(ge=0, le=1.5)] = declared(
        "-", "Standard deviation of the logarithm of the scale that separates steady from intermittent spells"
    )
    decomposition: Decomposition = declared(
        "-", "Model that decomposes global into direct and diffuse irradiance",
        "Driesse et al. 2024, pvlib", "erbs_driesse",
    )  # fmt: skip
    seed: Seed = declared("-", "Seed of the random draws; selects one year of weather")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        problems = []
        for m in range(12):
            low, middle, high = self.clear_index_p10[m], self.clear_index_p50[m], self.clear_index_p90[m]
            if not low < middle < high:
                problems.append(
                    f"month {m + 1}: clear_index p10 < p50 < p90 needed, got {low}, {middle}, {high}"
                )
            cold, mean, warm = self.temp_min_c[m], self.temp_mean_c[m], self.temp_max_c[m]
            if not cold <= mean <= warm:
                problems.append(f"month {m + 1}: temp_min <= mean <= max needed, got {cold}, {mean}, {warm}")
        if list(self.day_class_below) != sorted(set(self.day_class_below)):
            problems.append(f"day_class_below must ascend, got {self.day_class_below}")
        if not 0 < self.correlation_60min <= self.correlation_15min:
            problems.append("0 < correlation_60min <= correlation_15min needed")
        if problems:
            raise ValueError("; ".join(problems))
        return self
