"""The Python interface: what `import parkdispatch` offers to notebooks and energy management systems."""
