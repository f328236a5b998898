"""A language model that answers cloze rows.

``tokens`` (rows → token ids) → ``packing`` (where they stand in a batch) → ``batches``
→ ``slots`` (what is computed where) → ``cloze`` (:class:`~gradiend.lm.cloze.ClozeLM`).
"""
