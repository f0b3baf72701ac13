"""The service's addresses, one subject a module."""
