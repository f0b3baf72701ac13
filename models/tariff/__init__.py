"""Time-of-use tariffs and the national rules that go with them."""
