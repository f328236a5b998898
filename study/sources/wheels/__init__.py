"""Python packages that carry weights, texts and benchmarks: real ones, and no hub.

:mod:`.manifest` says which, and what is read of them; :mod:`.carried` finds the files
and checks them.
"""
