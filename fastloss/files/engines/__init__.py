"""What runs a job: the unit of work that all engines call, records of what is done, and the engines."""
