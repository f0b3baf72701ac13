"""The instance `works`: a park that every tool can state exactly, with a link, a store and a unit."""
