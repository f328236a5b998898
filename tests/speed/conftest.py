"""The scripts of speed/ are no package: tests find them where a script does."""

import sys

from study.results.places import REPOSITORY

# Behind all else, so that none of them hides another module.
sys.path.append(str(REPOSITORY / "speed"))
