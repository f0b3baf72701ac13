"""What storage, foresight and the parts of a park save: dispatches compared."""
