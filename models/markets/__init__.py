"""Markets beside the tariff: spot settlement, regulation and reserve, mechanism price, green certificates."""
