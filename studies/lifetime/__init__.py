"""The years of a storage, each dispatched anew, and their sensitivities."""
