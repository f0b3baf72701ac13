"""Tables, charts and sentences as data, for every page, workbook and screen."""
