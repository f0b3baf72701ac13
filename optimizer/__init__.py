"""From a park to a certified optimum: formulation, presolve, relaxation, decomposition, proof."""
