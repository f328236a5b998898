"""Profiles: which models and features a run covers, and with which settings.

``ranges`` (which values there may be) → ``settings`` (what one run of one model on one
feature depends on) → ``origins`` (how a model's folder comes about) → ``profile`` (all
of it) → ``variants`` (the rows of its comparison) → ``checks`` (what only the whole of
a profile shows; ``called``: the names in it) → ``reading`` (from ``yaml_files``;
``mistakes`` are told in one line).
``devices``: is what a profile wants to run on here.
"""
