"""The cases that a request may name: built in, or folders in the service's own folder. Never a path."""

import re
import threading
from pathlib import Path

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.loader import BUILT_IN, load_case
from parkdispatch.inputs.user_files import read_toml
from parkdispatch.models.errors import InputError, ParkdispatchError

NAME = re.compile(r"[A-Za-z0-9_\u4e00-\u9fff][A-Za-z0-9_.\u4e00-\u9fff-]{0,99}")


class KnownCases:
    """Cases by name: built in, or `NAME/case.toml` in a folder that the owner of the service fills."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._sites: dict[tuple[str, int], str] = {}
        self._cases: dict[tuple[str, str | None, int], Case] = {}

    def names(self) -> list[str]:
        """The names of all cases; one in the folder goes before a built-in one of its name."""
        folders: list[str] = []
        if self.folder.is_dir():
            folders = [path.parent.name for path in self.folder.glob("*/case.toml")]
        return sorted({*(name for name in folders if NAME.fullmatch(name)), *BUILT_IN})

    def word(self, name: str) -> str:
        """What a command calls a case: its name, or the folder of one that is not built in.

        Raises InputError for a name that is not known.
        """
        if name not in self.names():
            raise InputError(f"argument `case` = {name}: must be one of {', '.join(self.names())}")
        folder = self.folder / name
        return str(folder.resolve()) if (folder / "case.toml").is_file() else name

    def site(self, name: str) -> str:
        """The name of the park of a case, which ledger and tokens know it by."""
        word = self.word(name)
        stamp = self._stamp(word)
        with self._lock:
            known = self._sites.get((word, stamp))
        if known is None:
            known = name if word == name else str(read_toml(Path(word) / "case.toml").get("name", name))
            with self._lock:
                self._sites[word, stamp] = known
        return known

    def case(self, name: str, variant: str | None = None) -> Case:
        """A case, read again where its file has changed. Raises InputError with what is wrong in it."""
        word = self.word(name)
        key = (word, variant, self._stamp(word))
        with self._lock:
            case = self._cases.get(key)
        if case is None:
            case = load_case(word, variant)
            with self._lock:
                self._cases[key] = case
        return case

    def case_of_site(self, site: str) -> Case:
        """The case of a site. Raises InputError where no case has that name."""
        return self.case(self.name_of_site(site))

    def name_of_site(self, site: str) -> str:
        """The name of the case of a site. Raises InputError where no case has it."""
        sites = self.sites()
        if site not in sites:
            raise InputError(f"argument `site` = {site}: must be one of {', '.join(sites)}")
        return sites[site]

    def sites(self) -> dict[str, str]:
        """The name of a case for each site, the first where several have one."""
        sites: dict[str, str] = {}
        for site, name in self.all_sites():
            sites.setdefault(site, name)
        return sites

    def all_sites(self) -> list[tuple[str, str]]:
        """The site and the name of every case; what cannot be read is left out."""
        pairs = []
        for name in self.names():
            try:
                pairs.append((self.site(name), name))
            except ParkdispatchError:
                continue
        return pairs

    def _stamp(self, word: str) -> int:
        try:
            return (Path(word) / "case.toml").stat().st_mtime_ns
        except OSError:
            return 0  # built in
