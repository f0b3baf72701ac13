"""The service: what the commands do, by REST, for energy management systems and for pages."""
