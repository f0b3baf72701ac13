"""Ranges of physical and economic quantities, wide enough for any park and narrow enough to catch a slip.

A number outside is a slip of unit or decimal point, or larger than what a solver can compute with. Each limit
is declared here once, with its reason; `tests/models/test_declarations.py` holds every field to having two.
"""

from typing import Annotated

from pydantic import Field

LARGEST_POWER_MW = 1e5  # 100 GW: the load of a large Chinese province
LARGEST_ENERGY_MWH = 1e6  # of a store: ten hours of that power
LARGEST_YEAR_MWH = LARGEST_POWER_MW * 8760
LARGEST_PRICE_YUAN_PER_KWH = 1000.0  # two hundred times the highest price of a Chinese spot market
LARGEST_PRICE_YUAN_PER_MWH = 1000 * LARGEST_PRICE_YUAN_PER_KWH
LARGEST_DEMAND_PRICE_YUAN_PER_KW_MONTH = 1e5  # a thousand times the highest
LARGEST_DEMAND_PRICE_YUAN_PER_MW_MONTH = 1000 * LARGEST_DEMAND_PRICE_YUAN_PER_KW_MONTH
LARGEST_COST_YUAN_PER_KW = 1e6  # of equipment; a hundred times a nuclear plant
LARGEST_MONEY_YUAN = 1e12  # four times the Three Gorges
LARGEST_COUNT = 10**8  # modules of the largest solar plants: 10**7
LARGEST_FACTOR = 1e6  # of proportions, multiples and weights
LARGEST_NUMBER = 1e12  # of a number in the unit of another field, which has a limit of its own
LARGEST_SEED = 2**63 - 1  # of TOML

Power = Annotated[float, Field(ge=0, le=LARGEST_POWER_MW)]  # MW or MVA
PositivePower = Annotated[float, Field(gt=0, le=LARGEST_POWER_MW)]
Energy = Annotated[float, Field(ge=0, le=LARGEST_ENERGY_MWH)]  # MWh
PositiveEnergy = Annotated[float, Field(gt=0, le=LARGEST_ENERGY_MWH)]
YearlyEnergy = Annotated[float, Field(ge=0, le=LARGEST_YEAR_MWH)]  # MWh a year
Price = Annotated[float, Field(ge=0, le=LARGEST_PRICE_YUAN_PER_KWH)]  # yuan/kWh
SignedPrice = Annotated[float, Field(ge=-LARGEST_PRICE_YUAN_PER_KWH, le=LARGEST_PRICE_YUAN_PER_KWH)]
DemandPrice = Annotated[float, Field(ge=0, le=LARGEST_DEMAND_PRICE_YUAN_PER_KW_MONTH)]  # yuan/kW/month
UnitCost = Annotated[float, Field(ge=0, le=LARGEST_COST_YUAN_PER_KW)]  # yuan/kW, yuan/kWh of equipment
Money = Annotated[float, Field(ge=0, le=LARGEST_MONEY_YUAN)]  # yuan
PositiveMoney = Annotated[float, Field(gt=0, le=LARGEST_MONEY_YUAN)]
Factor = Annotated[float, Field(ge=0, le=LARGEST_FACTOR)]
PositiveFactor = Annotated[float, Field(gt=0, le=LARGEST_FACTOR)]
Number = Annotated[float, Field(ge=-LARGEST_NUMBER, le=LARGEST_NUMBER)]  # in the unit of another field
PositiveNumber = Annotated[float, Field(gt=0, le=LARGEST_NUMBER)]
Count = Annotated[int, Field(ge=1, le=LARGEST_COUNT)]
Seed = Annotated[int, Field(ge=0, le=LARGEST_SEED)]
