"""Reproduction of a published study: its figures compared with those computed here."""
