"""What reproduces the paper with :mod:`gradiend`, which never imports it."""
