"""The optimal value as a function of a few parameters of the park, such as the size of a battery."""
