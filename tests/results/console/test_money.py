"""Amounts of money on the screen."""

from parkdispatch.results.console.screen_parts import money


def test_no_amount_is_minus_nothing() -> None:
    """-0.3 yuan rounds to nothing, which has no sign."""
    assert money(-0.3) == "0 yuan"
    assert money(-0.7) == "-1 yuan"
    assert money(-123_456.0) == "-123,456 yuan (-12.35 万元)"
