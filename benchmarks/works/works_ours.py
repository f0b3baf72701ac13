"""This project on `works`, asked for the same gap as the others.

A park with a unit that is committed is searched by HiGHS, as a whole or in blocks; the bound of such a search
is HiGHS's word, which the certificate does not check.
"""

from benchmarks.instance import GAP
from benchmarks.peers import ours
from benchmarks.works.works_declared import declared_works


class Tool(ours.Tool):
    certified_by = "certificate, HiGHS's searches"
    declared = staticmethod(declared_works)
    gap = GAP
