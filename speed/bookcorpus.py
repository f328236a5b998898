"""Memory of rebuilding texts from BookCorpus: it must not grow with the corpus.

``./run_all.sh bench bookcorpus [--rows N …]`` writes Parquet files of made-up lines as
long as BookCorpus' (66 characters), reads the same number of rows out of each corpus,
and shows time and peak memory, one process a size. ``--check`` fails if the memory that
was written grows.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import bars
import numpy as np
import pyarrow
import pyarrow.parquet
from measuring import RESULTS, machine

from gradiend.errors import exit_status
from gradiend.files import read_json, write_json

CHUNK = 740_000
WANTED = 27_000  # of GENTER; the neutral data sets keep fewer
READER = """
import json, sys
from pathlib import Path
import numpy as np
from study.sources.hub.bookcorpus import bookcorpus_files, rows_at
def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(x for x in lines if x.startswith("VmHWM")).split()[1]) / 1024
before = peak()
wanted = np.random.default_rng(0).choice(int(sys.argv[2]), int(sys.argv[3]), False)
found = rows_at(bookcorpus_files(Path(sys.argv[1])), wanted)
print(json.dumps({"before_MiB": before, "peak_MiB": peak()}))
"""


def write_corpus(folder: Path, rows: int) -> None:
    """Files of ``rows`` lines in all, each a single row group of 740,000."""
    generator = np.random.default_rng(0)
    words = np.array(["word", "river", "she", "walked", "the", "old", "house", "and"])
    for number, start in enumerate(range(0, rows, CHUNK)):
        chosen = words[
            generator.integers(0, len(words), (min(CHUNK, rows - start), 14))
        ]
        lines = [" ".join(line) for line in chosen]
        path = folder / f"{number:04d}.parquet"
        table = pyarrow.table({"text": lines})
        pyarrow.parquet.write_table(table, path, row_group_size=CHUNK)


def measure(rows: int) -> dict:
    """Time and peak memory of reading rows out of a corpus of ``rows``."""
    with tempfile.TemporaryDirectory() as name:
        write_corpus(Path(name), rows)
        command = [sys.executable, "-c", READER, name, str(rows), str(WANTED)]
        start = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        seconds = time.perf_counter() - start
    return {"rows": rows, "seconds": seconds, **json.loads(done.stdout)}


def figures(measures: list[dict]) -> dict[str, float]:
    """What the bar is about."""
    by_size = sorted(measures, key=lambda each: each["rows"])
    small, large = (by_size[place]["peak_MiB"] for place in (0, -1))
    return {"peak memory, largest corpus / smallest": large / small}


def run(options: argparse.Namespace) -> None:
    """Measure, show and write; or check what was written."""
    path = options.out / "bookcorpus.json"
    if options.check:
        bars.hold(bars.BOOKCORPUS, figures(read_json(path)["measures"]))
        return
    found = []
    for rows in options.rows:
        found.append(measure(rows))
        print(
            f"{rows:>11,} rows: {found[-1]['seconds']:6.1f} s, peak "
            f"{found[-1]['peak_MiB']:6.0f} MiB ({found[-1]['before_MiB']:.0f} before)",
            flush=True,
        )
    write_json(path, {"wanted": WANTED, "machine": machine(), "measures": found})


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--rows", type=int, nargs="+", default=[740_000, 2_220_000, 7_400_000]
    )
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the JSON")
    text = "measure nothing; fail if a bar is missed"
    parser.add_argument("--check", action="store_true", help=text)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    chosen = parse()
    sys.exit(exit_status(lambda: run(chosen)))
