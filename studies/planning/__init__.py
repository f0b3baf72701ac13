"""A plan under the orders of an operator: from now, for as long as it takes."""
