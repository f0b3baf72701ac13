"""Built-in tariffs, and the reader of tariff files."""
