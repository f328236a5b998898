"""Where texts and benchmarks come from; each source is a folder of its own."""
