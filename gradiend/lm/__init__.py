"""A language model that answers cloze rows.

``tokens`` (rows → token ids) → ``packing`` (where they stand in a batch) → ``batches``
→ ``slots`` (what is computed where) → ``running`` (a forward pass, in the ``ways`` that
the model allows) → ``cloze`` (:class:`~gradiend.lm.cloze.ClozeLM`). ``selfcheck`` finds
out, at loading, which ways these are.
"""
