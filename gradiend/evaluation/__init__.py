"""What a GRADIEND has learned: of the encoder (h of test rows) and of the decoder (a
grid of rewritten models, their indices, the selection)."""
