"""Output folders and file formats, digests, provenance, and the checkpoint store of scenarios."""
