"""Runs a module as ``python -m`` does, and writes the memory that it took.

``python peaked.py FILE MODULE [ARGUMENT …]``
"""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

from measuring import peak

if __name__ == "__main__":
    path, module, *arguments = sys.argv[1:]
    sys.argv = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        Path(path).write_text(json.dumps(peak()), encoding="utf-8")
