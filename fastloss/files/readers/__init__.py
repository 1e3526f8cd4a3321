"""Formats in: what opens as batches of rows."""
