"""The optimum as a function of a few numbers of the park, such as a battery's size."""
