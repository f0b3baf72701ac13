"""Every kind of device there is. A new device is one file, one line here, one test file."""

from typing import Annotated

from pydantic import Field

from parkdispatch.models.loads.load import Load
from parkdispatch.models.network.grid import Grid
from parkdispatch.models.sources.photovoltaic_plant import Pv
from parkdispatch.models.stores.battery import Battery

AnyDevice = Annotated[Battery | Grid | Load | Pv, Field(discriminator="kind")]
