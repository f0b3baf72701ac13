"""Published figures beside those computed here."""
