"""Components read one by one are those of the whole library, to the last bit."""

import pandas as pd
import pytest

from parkdispatch.models.sources import component_library
from parkdispatch.models.sources.component_library import Library, component_parameters


@pytest.mark.parametrize("library", ["CECMod", "CECInverter"])
def test_a_component_is_the_one_of_the_whole_library(library: Library) -> None:
    table = component_library._whole_library(library)
    with_commas = [name for name in table.columns if "__" in name]
    for name in [*table.columns[:: len(table.columns) // 20], *with_commas[:5]]:
        column = pd.to_numeric(table[name], errors="coerce").dropna()
        assert component_library._component(library, name) is not None, name
        assert dict(component_parameters(library, name)) == {key: float(x) for key, x in column.items()}


def test_where_pvlib_keeps_its_libraries_otherwise_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "Solaria_Corporation_Solaria_PowerXT_440C_PD"
    alone = component_parameters("CECMod", name)
    component_parameters.cache_clear()
    monkeypatch.setitem(component_library.FILES, "CECMod", "no-such-file.csv")
    assert component_parameters("CECMod", name) == alone
    component_parameters.cache_clear()
