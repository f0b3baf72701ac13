"""Words of a language: names of devices, costs and lines, numbers as text, sentences."""
