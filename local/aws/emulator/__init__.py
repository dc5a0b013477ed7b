"""The local cloud's AWS: ministack, with what it lacks added in its own process (see __main__.py)."""
