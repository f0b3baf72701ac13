"""The published study of Gao'an beside the current park: which figures and parks are compared."""

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.published.published_figures import read_published
from parkdispatch.results.reproduction.reproduction import Reproduction
from parkdispatch.studies.reproduction.reproduce_figures import reproduce_figures
from parkdispatch.studies.solve_options import SolveContext

PLAN, FACTORS = "gaoan-pilot-plan", "factors"  # files of published figures
STUDY = "gaoan-study"  # the case that the published study is replicated with
PARK, VARIANTS = "gaoan", (None, "first_phase")  # the current park, with both storage phases and with one


def reproduce_published(case: Case, context: SolveContext, quick: bool = False) -> Reproduction:
    """Reproduce the published figures with the study's case, and set the current park beside them.

    `quick` dispatches the first two years and the last, and interpolates the others. Raises what
    `reproduce_figures` raises.
    """
    parks = [load_case(PARK, variant, whole_year=True) for variant in VARIANTS]
    only = () if quick else None
    return reproduce_figures(case, read_published(PLAN), read_published(FACTORS), parks, context, only)
