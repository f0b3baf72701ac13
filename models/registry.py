"""Every kind of device there is. A new device is one file, one line here, one test file."""

from typing import Annotated

from pydantic import Field

from models.battery import Battery
from models.grid import Grid
from models.load import Load
from models.pv import Pv

AnyDevice = Annotated[Battery | Grid | Load | Pv, Field(discriminator="kind")]
