"""``python -m gradiend``: the command line of :mod:`gradiend.cli`."""

import sys

from gradiend.cli import main

if __name__ == "__main__":
    sys.exit(main())
