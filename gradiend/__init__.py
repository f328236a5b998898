"""GRADIEND: learn one feature of a language model from its gradients, and rewrite it.

Reference implementation of Drechsel and Herbold, *GRADIEND: Feature Learning within
Neural Networks Exemplified through Biases* (ICLR 2026). Start with notebook 01;
:mod:`gradiend.autoencoder` has the table of symbols.
"""

__version__ = "0.1.0"
