"""Factors between the units that are computed with and those that people read."""

KW_PER_MW = 1000.0
KWH_PER_MWH = 1000.0
MWH_PER_GWH = 1000.0
YUAN_PER_WAN = 1e4  # 万: Chinese money is read in ten thousands
