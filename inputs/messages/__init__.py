"""How a wrong input is reported: the field, the value, what is allowed."""
