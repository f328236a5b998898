"""Profiles: which models and features a run covers, and with which settings.

``settings`` (what one run of one model on one feature depends on) → ``origins`` (how a
model's folder comes about) → ``profile`` (a checked profile) → ``reading`` (from YAML
files; ``mistakes`` says what is wrong with one) and ``variants`` (the rows of a
profile's comparison).
"""
