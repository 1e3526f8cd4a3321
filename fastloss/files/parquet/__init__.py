"""Parquet files as bytes: their footers, and outputs that copy the column chunks of inputs."""
