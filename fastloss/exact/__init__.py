"""Exact sums and summaries: nothing is rounded before it is read, so that parts merge in any order."""
