"""Running a profile: its plan, its notebooks, what is checked before it starts."""
