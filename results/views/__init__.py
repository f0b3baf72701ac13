"""Tables and charts as data, shared by pages, workbooks and the screen."""
