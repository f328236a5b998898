"""Figures. Each function takes a tidy table and returns a matplotlib Figure.

``encoder`` (training, h by class), ``decoder`` (the grid of rewritten models),
``associations`` (what models say, before and after) and ``comparison`` (methods side
by side) draw; ``style`` says how all of it looks.
"""

from study.report.plots.associations import (
    dot_pairs,
    offset_and_spread,
    planted_against_learned,
    shares_by_rating,
    shares_by_word,
    two_probabilities,
)
from study.report.plots.comparison import grouped_bars, horizontal_bars, trade_off
from study.report.plots.decoder import candidate_grid, decoder_heatmaps
from study.report.plots.encoder import encodings, matrix, training_progress
from study.report.plots.style import PALETTE, save_figure

__all__ = [
    "PALETTE",
    "candidate_grid",
    "decoder_heatmaps",
    "dot_pairs",
    "encodings",
    "grouped_bars",
    "horizontal_bars",
    "matrix",
    "offset_and_spread",
    "planted_against_learned",
    "save_figure",
    "shares_by_rating",
    "shares_by_word",
    "trade_off",
    "training_progress",
    "two_probabilities",
]
