"""Arrow columns: as arrays, as keys of groups, and the schemas of what is written."""
