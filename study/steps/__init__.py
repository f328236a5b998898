"""The steps of the study, each from its settings to its result files."""
