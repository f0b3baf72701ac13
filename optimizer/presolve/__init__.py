"""What is decided before anything is solved: bounds, identical units, valid inequalities."""
