"""What a local worker process of a test imports first: July stands for every year that it dispatches."""

import pandas as pd

from parkdispatch.studies.dask_client import dask_setup
from parkdispatch.studies.sizing import existing_park

__all__ = ["dask_setup"]  # called by Dask

existing_park.year_times = lambda _: pd.date_range("2026-07-01", "2026-08-01", freq="h", inclusive="left")
