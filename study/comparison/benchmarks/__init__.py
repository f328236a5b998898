"""The paper's bias benchmarks, scored in batches, one row of results an example.

StereoSet (``stereoset``), CrowS-Pairs (``crows``), SEAT (``seat``) and perplexity
(``perplexity``). Each reads the public file's schema (the world's files have it, too),
scores a model into a table of examples, and computes its metrics from such tables, so
that intervals need no model (:mod:`study.comparison.bootstrap`).
"""
