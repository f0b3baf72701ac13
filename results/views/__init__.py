"""Tables, charts and sentences as data, shared by pages, workbooks and the screen."""
