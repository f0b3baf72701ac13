"""Files, digests, provenance and the store of finished scenarios."""
