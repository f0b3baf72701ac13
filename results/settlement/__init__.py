"""What a day brought against its plan: the money, its causes, and the bill of the month."""
