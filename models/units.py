"""Factors between the units of computation and those of tariffs, contracts and reports.

Computation uses MW, MWh, hours and yuan. A value in the unit on the right of `_PER_` times the factor is the
value in the unit on its left.
"""

KW_PER_MW = 1000.0
KWH_PER_MWH = 1000.0
MWH_PER_GWH = 1000.0
KWH_PER_GWH = 1e6
W_PER_KW = 1000.0
W_PER_MW = 1e6
WH_PER_MWH = 1e6
T_PER_GWH_PER_KG_PER_KWH = 1000.0  # emission factors: kg/kWh to t/GWh
T_PER_GWH_PER_G_PER_KWH = 1.0
YUAN_PER_WAN = 1e4  # 万: Chinese money is reported in units of ten thousand yuan
