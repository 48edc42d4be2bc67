#!/usr/bin/env bash
# Kills, power losses and crowds, at length, by hand; results are written down in docs/measurements.md.
#
#   scripts/crash.sh [journal|recorder|store|losses|crowd]...      (default: all)
#
# ENTRENAR_KILLS (10,000), ENTRENAR_LOSSES (10,000), ENTRENAR_CROWD (200)
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/tools.sh

in_release() { cargo test --locked --release "$@" -- --nocapture; }

journal() { # processes that write a journal alone
  ENTRENAR_KILLS=${ENTRENAR_KILLS:-10000} in_release -p entrenar-journal --features faults --test crash
}

recorder() { # processes that record, seal and finish
  ENTRENAR_KILLS=${ENTRENAR_KILLS:-10000} \
    cargo test --locked --release -p entrenar --features record --test recorder -- --nocapture kills::
}

store() { # processes that import
  ENTRENAR_KILLS=${ENTRENAR_KILLS:-10000} in_release -p entrenar --features record --test store_crash
}

losses() { # power losses while a recording is flushed, sealed and released
  ENTRENAR_LOSSES=${ENTRENAR_LOSSES:-10000} \
    cargo test --locked --release -p entrenar --features record --test recording -- --nocapture torn::
}

crowd() { # recorders at once
  ENTRENAR_CROWD=${ENTRENAR_CROWD:-200} \
    cargo test --locked --release -p entrenar --features record --test recorder -- --nocapture crowd::
}

for part in "${@:-journal recorder store losses crowd}"; do
  for check in $part; do
    say "$check"
    "$check"
  done
done
