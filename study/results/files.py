"""The result files that each step makes, by the notebook that runs it.

Nothing of a model is imported here: plans and the report need the names alone.
"""

from __future__ import annotations

from pathlib import Path

GRADIEND = "gradiend.safetensors"
SEEDS_FOLDER = "seeds"  # GRADIENDs of all seeds, where they are kept
HISTORY, SIZES, TRAINING = "history.csv", "sizes.csv", "training.json"
ENCODINGS, ENCODER = "encodings.csv", "encoder.json"
GRID, REFINED, SELECTED = "grid.csv", "refined.csv", "selected.csv"
DECODER = "decoder.json"
FETCHED = "fetched.json"  # of a model of the hub: which commit, and which weights
# Of features with a checkpoint that others published: which it was, what it changes.
PUBLISHED, DIFFERENCES = "published.json", "differences.csv"
ASSOCIATIONS = "associations.csv"
PREDICTIONS = "predictions.csv"  # of domains with example texts
# Of domains with names.
NAMES, WORDS, PROBE, FRAMES = "names.csv", "words.csv", "probe.csv", "frames.csv"
PRONOUNS = "pronouns.csv"
TASKS = "tasks.csv"
# Folders beside the features' own, of what belongs to a model.
METHODS_FOLDER, BENCHMARKS_FOLDER = "methods", "benchmarks"
TASKS_FOLDER, ROBUSTNESS_FOLDER = "tasks", "robustness"
# What a model state's benchmark results are kept in: a table each, and SEAT's cosines.
RESULT_TABLES = ("stereoset", "crows", "likelihoods")
SEAT_RESULTS = "seat.safetensors"
LEFT_OUT = "left_out.json"  # examples that were not asked, and why
SCORES = (*(f"{name}.csv" for name in RESULT_TABLES), SEAT_RESULTS)
BENCHMARKED = (*SCORES, LEFT_OUT, ASSOCIATIONS, FRAMES, PRONOUNS)
SURVIVED = (*SCORES, ASSOCIATIONS, TASKS)  # of robustness

# In a feature's folder.
TRAINED = (GRADIEND, TRAINING, HISTORY, SIZES)
TRAINING_COST, DECODER_COST = "training.run.json", "decoder.run.json"
CHOSEN = (GRID, REFINED, SELECTED, DECODER, DECODER_COST)  # with what that cost
ENCODED = (ENCODINGS, ENCODER)
DECODED = (GRID, REFINED, SELECTED, DECODER, ASSOCIATIONS)
NAMED = (NAMES, WORDS, PROBE, FRAMES)
# Of an analysis.
NORMS, FEW, PLACES, READING = "norms.csv", "few.csv", "places.csv", "reading.csv"
ENOUGH, SEEDS, SEED_PAIRS = "enough.csv", "seeds.csv", "seed_pairs.csv"
ANATOMY_JSON = "anatomy.json"
ANATOMY = (NORMS, FEW, PLACES, READING, ENOUGH, SEEDS, SEED_PAIRS, ANATOMY_JSON)
CHANGES, AGREEMENT, HOLDS = "changes.csv", "agreement.csv", "holds.csv"
LOSSES, LIMITS, STATES, NORM = "losses.csv", "limits.csv", "states.csv", "norm.csv"
DECODERS, COSINES, PUSHES = "decoders.csv", "cosines.csv", "pushes.csv"
PROJECTED = "projected.csv"
SHUFFLED, SHUFFLED_SAID = "shuffled.csv", "shuffled_said.csv"
MEANS_COST = "class_means.run.json"  # what the closed form's one pass cost
FIRST_ORDER = (
    *(DECODERS, COSINES, PUSHES, CHANGES, AGREEMENT, HOLDS),
    *(LOSSES, LIMITS, STATES, NORM, PROJECTED, SHUFFLED, SHUFFLED_SAID),
)
CROSS, SIMILAR, CLOSED = "cross.csv", "similar.csv", "closed.csv"
COMPOSED, POINTS, THEY = "composed.csv", "points.csv", "they.csv"
NEURONS, BALANCED, CLASSES_JSON = "neurons.csv", "balanced.csv", "classes.json"
CLASSES = (
    *(CROSS, SIMILAR, CLOSED, COMPOSED, NEURONS, POINTS, BALANCED, THEY),
    CLASSES_JSON,
)
# What is asked of some models alone (their ``analyses``): by its name, which is also
# that of its group of settings and of its folder, the notebook and what that makes.
ANALYSES: dict[str, tuple[str, tuple[str, ...]]] = {
    "anatomy": ("08_where_the_feature_sits", ANATOMY),
    "first_order": ("11_why_it_works", FIRST_ORDER),
    "classes": ("13_beyond_two_classes", CLASSES),
}


def cost_of(fitted: Path) -> Path:
    """Where time, memory and passes of a fitted method are kept: beside its file."""
    return fitted.with_suffix(".run.json")


# The notebook that makes a file: by the name of its folder or, if that is not here, by
# its own.
MAKERS = {
    **dict.fromkeys((*TRAINED, SEEDS_FOLDER), "02_train"),
    **dict.fromkeys(ENCODED, "03_encoder"),
    **dict.fromkeys((*DECODED, PREDICTIONS, DIFFERENCES), "04_decoder_and_rewriting"),
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
