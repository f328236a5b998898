"""The paper's bias benchmarks, scored in batches, one row of results an example.

StereoSet (:mod:`~gradiend.benchmarks.stereoset`), CrowS-Pairs
(:mod:`~gradiend.benchmarks.crows`), SEAT (:mod:`~gradiend.benchmarks.seat`) and
perplexity (:mod:`~gradiend.benchmarks.perplexity`). Each reads the public file's schema
(the world's files have it, too), scores a model into a table of examples, and computes
its metrics from such tables, so that intervals need no model
(:mod:`gradiend.bootstrap`).
"""
