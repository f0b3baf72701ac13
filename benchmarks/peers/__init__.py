"""Who is timed. One file a tool; `PEERS` says what each is called, needs and can answer."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, ClassVar

from benchmarks.instance import Array, Instance
from benchmarks.works.works_instance import WORKS
from parkdispatch.interfaces.startup import start_quickly

if TYPE_CHECKING:
    from benchmarks.instance import Declared


@dataclass(frozen=True)
class Sizes:
    """The model as the solver got it."""

    rows: int
    columns: int
    nonzeros: int
    binaries: int


@dataclass(frozen=True)
class Answer:
    """What a tool says, in arrays a user would go on with."""

    objective_yuan: float
    bound_yuan: float
    finished: bool  # or else stopped at the limit of time
    import_mw: Array
    energy_mwh: Array  # of all batteries together


class Peer(ABC):
    """One tool on one instance. The worker calls the steps in this order and times each.

    What a step cannot do apart from the next is done there: `lumped` says which phase holds which.
    """

    certified_by = "HiGHS"
    lumped: ClassVar[Mapping[str, str]] = {}

    def __init__(self, exclusive: bool, options: Mapping[str, Any]) -> None:
        self.exclusive = exclusive  # whether import and export, charge and discharge exclude each other
        self.options = options

    def read(self, instance: Instance) -> None:
        """Bring the numbers into the tool's own data, such as its tables; most need nothing."""
        self.instance = instance

    @abstractmethod
    def build(self) -> None:
        """Write the model in the tool's own words."""

    @abstractmethod
    def hand_over(self) -> None:
        """Give it to the solver."""

    @abstractmethod
    def solve(self, limit_s: float) -> None:
        """Let the solver find the optimum."""

    @abstractmethod
    def extract(self) -> Answer:
        """Bring the answer back into arrays."""

    def own_seconds(self) -> dict[str, float]:
        """Phases the tool did inside solving and timed itself, to be taken out of it."""
        return {}

    @abstractmethod
    def sizes(self) -> Sizes:
        """Not timed."""


class DeclaringPeer(Peer):
    """What reads the instance as devices of this project."""

    @staticmethod
    def declared(instance: Instance) -> "Declared":
        """The instance in this project's words; another kind of instance does not need that of the case."""
        from benchmarks.make import declared

        return declared(instance)

    def read(self, instance: Instance) -> None:
        super().read(instance)
        self.devices, self.times, self.series = self.declared(instance)


@dataclass(frozen=True)
class Entry:
    """A line of the table."""

    title: str
    module: str
    options: Mapping[str, Any] = field(default_factory=dict)
    needs: tuple[str, ...] = ()  # distributions beyond the project's own
    exact: bool = True  # on `gaoan`: has binaries, or else what it says is a bound and not an answer
    instances: tuple[str, ...] = ("gaoan-lp", "gaoan")  # of the one park
    on_works: str = ""  # module of `benchmarks.works`; empty: takes no part there

    def takes_part(self, instance: str) -> bool:
        """Whether the tool is written for that instance."""
        return bool(self.on_works) if instance == WORKS else instance in self.instances

    def missing(self) -> list[str]:
        """Distributions that are not installed."""
        absent = []
        for name in self.needs:
            try:
                version(name)
            except PackageNotFoundError:
                absent.append(name)
        return absent


LP_ONLY = ("gaoan-lp",)
OWN = ("ours", "with_highs", "reference")  # modules of this project's code: they start as its commands do
PEERS: Mapping[str, Entry] = {
    "parkdispatch": Entry("**parkdispatch**", "ours", on_works="works_ours"),
    "highs-lp": Entry("HiGHS on the arrays, LP", "with_highs", exact=False),
    "highs-ipm": Entry(
        "HiGHS on the arrays, LP by interior point", "with_highs", {"solver": "ipm"}, (), False
    ),
    "highs-milp": Entry(
        "HiGHS on the arrays, MILP", "with_highs", {"binaries": True}, on_works="works_highs"
    ),
    "scipy": Entry("scipy `linprog`", "with_scipy", instances=LP_ONLY),
    "pyomo-appsi": Entry(
        "Pyomo, `appsi_highs`", "with_pyomo", {"interface": "appsi"}, on_works="works_pyomo"
    ),
    "pyomo-highs": Entry(
        "Pyomo, new `highs` interface", "with_pyomo", {"interface": "new"}, on_works="works_pyomo"
    ),
    "reference-appsi": Entry(
        "our devices as plain Pyomo, `appsi_highs`", "reference", {"interface": "appsi"}
    ),
    "reference-highs": Entry("our devices as plain Pyomo, new `highs`", "reference", {"interface": "new"}),
    "linopy": Entry('linopy, `io_api="direct"`', "with_linopy", needs=("linopy",), on_works="works_linopy"),
    "pypsa": Entry(
        'PyPSA, `io_api="direct"`', "with_pypsa", needs=("pypsa",), instances=LP_ONLY, on_works="works_pypsa"
    ),
    "oemof": Entry(
        "oemof.solph",
        "with_oemof",
        {"interface": "appsi"},
        ("oemof.solph",),
        instances=LP_ONLY,
        on_works="works_oemof",
    ),
    "flixopt": Entry("flixopt", "", needs=("flixopt",), instances=(), on_works="works_flixopt"),
}


def make_peer(who: str, instance_name: str) -> Peer:
    """Import the tool and make the peer; who has no binaries solves the relaxation."""
    entry = PEERS[who]
    if entry.module in OWN:
        start_quickly()
    is_works = instance_name == WORKS
    module = import_module(
        f"benchmarks.works.{entry.on_works}" if is_works else f"benchmarks.peers.{entry.module}"
    )
    exclusive = instance_name == "gaoan" and entry.exact
    peer: Peer = module.Tool(exclusive, entry.options)
    return peer
