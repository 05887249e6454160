"""The laboratory: the whole system on loopback, made, started and stopped by scripts/lab. Only Python's own library."""
