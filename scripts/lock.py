"""The lock of the tested packages: whether `requirements/tested.txt` still satisfies `pyproject.toml`.

`python scripts/lock.py` reads the two files and no network, prints every breach, and ends with 1 if there is
any. `python scripts/lock.py --write` makes the lock anew, with the versions installed in this environment, in
which `scripts/check` has just passed, and the hashes of their files for every system. It needs uv.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "requirements" / "tested.txt"
EXTRAS = ("test",)  # locked with the package's own dependencies
PIN = re.compile(
    r"(?P<requirement>[A-Za-z0-9][^\\\n]*?)\s*\\\n(?P<hashes>(?:\s+--hash=\S+(?:\s*\\\n|\n|$))*)"
)


def required(pyproject: str) -> list[Requirement]:
    """What the package and the locked extras ask for, with the extras that these name."""
    project = tomllib.loads(pyproject)["project"]
    optional, requirements = project["optional-dependencies"], []
    lines = [*project["dependencies"], *(line for extra in EXTRAS for line in optional[extra])]
    while lines:
        requirement = Requirement(lines.pop(0))
        if requirement.name == project.get("name"):  # an extra of the package's own
            lines += [line for extra in sorted(requirement.extras) for line in optional[extra]]
        else:
            requirements.append(requirement)
    return requirements


def pins(lock: str) -> Iterator[tuple[Requirement, list[str]]]:
    """Each locked package as a requirement, and the hashes of its files."""
    for pin in PIN.finditer(re.sub(r"^#.*\n", "", lock, flags=re.MULTILINE)):
        yield Requirement(pin["requirement"]), re.findall(r"--hash=(\S+)", pin["hashes"])


def problems(pyproject: str, lock: str) -> list[str]:
    """What is required and not locked, locked in a version that is not allowed, or locked without a hash."""
    versions: dict[str, str] = {}
    breaches = []
    for pin, hashes in pins(lock):
        exact = [part.version for part in pin.specifier if part.operator == "=="]
        if len(exact) != 1 or len(pin.specifier) != 1:
            breaches.append(f"{pin}: must have one exact version, {pin.name}==...")
            continue
        versions[canonicalize_name(pin.name)] = exact[0]
        if not hashes or not all(re.fullmatch(r"sha256:[0-9a-f]{64}", digest) for digest in hashes):
            breaches.append(f"{pin.name}=={exact[0]}: must have a sha256 hash for each of its files")
    for requirement in required(pyproject):
        version = versions.get(canonicalize_name(requirement.name))
        if version is None:
            breaches.append(f"{requirement}: is not locked")
        elif not requirement.specifier.contains(version, prereleases=True):
            breaches.append(f"{requirement}: is locked as {version}")
    return breaches


def write() -> None:
    """Make the lock anew from the versions of this environment."""
    with tempfile.TemporaryDirectory() as folder:
        installed = Path(folder) / "installed.txt"
        versions = {
            canonicalize_name(package.name): package.version.partition("+")[0]
            for package in metadata.distributions()
            if package.name != "parkdispatch"
        }
        installed.write_text("".join(f"{name}=={version}\n" for name, version in sorted(versions.items())))
        extras = [word for extra in EXTRAS for word in ("--extra", extra)]
        command = ["uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", *extras]
        command += [
            "--generate-hashes",
            "--no-annotate",
            "--custom-compile-command",
            "python scripts/lock.py --write",
        ]
        command += ["--constraint", str(installed), "--output-file", str(LOCK), str(ROOT / "pyproject.toml")]
        LOCK.unlink(missing_ok=True)  # else its versions are preferred
        subprocess.run(command, check=True)


def main() -> int:
    """Write the lock if asked to, and check it. Returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="make the lock anew")
    if parser.parse_args().write:
        write()
    breaches = problems(
        (ROOT / "pyproject.toml").read_text(encoding="utf-8"), LOCK.read_text(encoding="utf-8")
    )
    print(f"{LOCK.relative_to(ROOT)}: {'does not satisfy' if breaches else 'satisfies'} pyproject.toml")
    for breach in breaches:
        print(f"  {breach}", file=sys.stderr)
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
