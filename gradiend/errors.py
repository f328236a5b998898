"""The one exception of the package that a user is meant to read."""


class InputError(ValueError):
    """A mistake in the input: the message names it and says the way out."""
