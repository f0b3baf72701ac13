"""Names of `parkdispatch.models.units` for modules of results that still import them from here."""

from parkdispatch.models.units import KW_PER_MW, KWH_PER_MWH, MWH_PER_GWH, YUAN_PER_WAN

__all__ = ["KWH_PER_MWH", "KW_PER_MW", "MWH_PER_GWH", "YUAN_PER_WAN"]
