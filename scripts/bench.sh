#!/usr/bin/env bash
# Measures speed and size, everything compared in one run; prints medians and ratios.
#
#   scripts/bench.sh [NOTEBOOK-FOLDER]     (default: $ENTRENAR_CORPUS/notebooks or ../shared/corpus/notebooks)
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/tools.sh
need_oracles

notebooks=${1:-${ENTRENAR_CORPUS:-../shared/corpus}/notebooks}
cargo build --locked --quiet --release --workspace --all-features --bins --examples
bin=$CARGO_TARGET_DIR/release

if compgen -G "$notebooks/*.ipynb" >/dev/null; then
  say "reading $(ls "$notebooks"/*.ipynb | wc -l) public notebooks: entrenar and nbformat.read"
  "$ENTRENAR_PYTHON" scripts/oracle/bench_notebooks.py "$bin" "$notebooks"/*.ipynb
else
  echo "SKIPPED: no notebooks in $notebooks"
fi

say "bytes per point in the store, 1,000,000 points"
"$bin/examples/store_size"

say "a store with 100,000 sessions"
"$bin/examples/store_scale"

say "a crate with 1 GB of attachments: entrenar, and sha256sum with zip -0"
need_debian zip
"$bin/examples/crate_speed"

if compgen -G "$notebooks/*.ipynb" >/dev/null; then
  say "the secret gate over the same notebooks; its recall and that of detect-secrets on planted credentials"
  "$bin/examples/secret_gate" --speed "$notebooks"/*.ipynb
  planted=$(mktemp -d)
  python3 scripts/oracle/plant_secrets.py "$planted" --notebooks "$notebooks"
  "$ENTRENAR_PYTHON" scripts/oracle/check_secrets.py --gate "$bin/examples/secret_gate" --planted "$planted" \
    --clean "$notebooks" --detect-secrets
  rm -rf "$planted"
fi
