"""Set points of the plan in force, and how they reach an energy management system."""
