"""What is known of a size: worth, risk, decision."""
