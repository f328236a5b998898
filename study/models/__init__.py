"""Models that are made here: the stand-ins, and the head of MiniLM-L6."""
