"""Write instances as files: `python -m benchmarks.write FOLDER NAME:HORIZON ...`."""

import sys
from pathlib import Path

from benchmarks.instance import file_of
from benchmarks.make import make_instance, make_year
from benchmarks.works.works_instance import WORKS
from benchmarks.works.works_make import make_works


def main(folder: Path, problems: list[str]) -> None:
    """Write instances, each asked for as NAME:HORIZON."""
    year = make_year()
    for name, horizon in (problem.split(":") for problem in problems):
        instance = make_works(year, horizon) if name == WORKS else make_instance(year, name, horizon)
        instance.save(file_of(folder, name, horizon))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
