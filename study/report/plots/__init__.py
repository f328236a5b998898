"""Figures. Each function takes a tidy table and returns a matplotlib Figure.

``encoder`` (training, h by class), ``decoder`` (the grid of rewritten models),
``associations`` and ``shifts`` (what models say, before and after), ``anatomy`` (where
a feature sits), ``classes`` (three at once), ``first_order`` (predicted and measured),
``comparison`` and ``price`` (methods side by side) draw; ``style`` and ``methods`` say
how all of it looks.
"""

from study.report.plots.anatomy import few_weights, norm_map, places
from study.report.plots.associations import (
    offset_and_spread,
    planted_against_learned,
    shares_by_rating,
    two_probabilities,
)
from study.report.plots.classes import neuron_plane
from study.report.plots.comparison import grouped_bars, horizontal_bars
from study.report.plots.decoder import candidate_grid, decoder_heatmaps
from study.report.plots.encoder import encodings, matrix, training_progress
from study.report.plots.first_order import (
    agreement_by_rate,
    cost_at_gap,
    loss_along,
    predicted_and_measured,
    state_parts,
)
from study.report.plots.price import trade_off
from study.report.plots.shifts import shares_by_word, shifts_by_word
from study.report.plots.style import PALETTE, save_figure

__all__ = [
    "PALETTE",
    "agreement_by_rate",
    "candidate_grid",
    "cost_at_gap",
    "decoder_heatmaps",
    "encodings",
    "few_weights",
    "grouped_bars",
    "horizontal_bars",
    "loss_along",
    "matrix",
    "neuron_plane",
    "norm_map",
    "offset_and_spread",
    "places",
    "planted_against_learned",
    "predicted_and_measured",
    "save_figure",
    "shares_by_rating",
    "shares_by_word",
    "shifts_by_word",
    "state_parts",
    "trade_off",
    "training_progress",
    "two_probabilities",
]
