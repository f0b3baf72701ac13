"""What a day brought: its plan against the meter and perfect foresight, and the cause of each yuan."""
