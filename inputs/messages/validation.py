"""Former home of `inputs.messages.problem_sentences`; kept until all importers have followed."""

from parkdispatch.inputs.messages.problem_sentences import problem_sentences as problems

__all__ = ["problems"]
