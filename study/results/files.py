"""The result files that each step makes, by the notebook that runs it.

Nothing of a model is imported here: plans and the report need the names alone.
"""

from __future__ import annotations

GRADIEND = "gradiend.safetensors"
HISTORY, SIZES, TRAINING = "history.csv", "sizes.csv", "training.json"
ENCODINGS, ENCODER = "encodings.csv", "encoder.json"
GRID, REFINED, SELECTED = "grid.csv", "refined.csv", "selected.csv"
DECODER = "decoder.json"
ASSOCIATIONS = "associations.csv"
PREDICTIONS = "predictions.csv"  # of domains with example texts
NAMES, WORDS, PROBE = "names.csv", "words.csv", "probe.csv"  # of domains with names
TASKS = "tasks.csv"
# Folders beside the features' own, of what belongs to a model.
METHODS_FOLDER, BENCHMARKS_FOLDER = "methods", "benchmarks"
TASKS_FOLDER, ROBUSTNESS_FOLDER = "tasks", "robustness"
# What a model state's benchmark results are kept in: a table each, and SEAT's cosines.
RESULT_TABLES = ("stereoset", "crows", "likelihoods")
SEAT_RESULTS = "seat.safetensors"
LEFT_OUT = "left_out.json"  # examples that were not asked, and why
SCORES = (*(f"{name}.csv" for name in RESULT_TABLES), SEAT_RESULTS)
BENCHMARKED = (*SCORES, LEFT_OUT, ASSOCIATIONS)
SURVIVED = (*SCORES, ASSOCIATIONS, TASKS)  # of robustness

# In a feature's folder.
TRAINED = (GRADIEND, TRAINING, HISTORY, SIZES)
ENCODED = (ENCODINGS, ENCODER)
DECODED = (GRID, REFINED, SELECTED, DECODER, ASSOCIATIONS)
NAMED = (NAMES, WORDS, PROBE)
# What is asked of some models alone (their ``analyses``): by its name, which is also
# that of its group of settings and of its folder, the notebook and what that makes.
ANALYSES: dict[str, tuple[str, tuple[str, ...]]] = {}
# The notebook that makes a file: by the name of its folder or, if that is not here, by
# its own.
MAKERS = {
    **dict.fromkeys(TRAINED, "02_train"),
    **dict.fromkeys(ENCODED, "03_encoder"),
    **dict.fromkeys((*DECODED, PREDICTIONS), "04_decoder_and_rewriting"),
    METHODS_FOLDER: "05_baselines",
    BENCHMARKS_FOLDER: "06_benchmarks",
    **dict.fromkeys(NAMED, "07_names_and_gender_words"),
    **dict.fromkeys((TASKS_FOLDER, ROBUSTNESS_FOLDER), "09_fine_tuning"),
    **{name: notebook for name, (notebook, _) in ANALYSES.items()},
}
# Notebook → the list of the figures and tables that it draws, in their folder.
INDEXES = {
    "10_tables_and_figures": "index.json",
    "10b_comparison_tables": "comparison.json",
}
