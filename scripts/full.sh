#!/usr/bin/env bash
# The long checks, run by hand; results are written down in docs/measurements.md.
#
#   scripts/full.sh [fuzz|kills|bench|invenio|deposits|advisories]...      (default: all)
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/tools.sh

fuzz() { # ten minutes a target
  need_debian g++
  need_fuzz
  run_fuzz "${ENTRENAR_FUZZ_SECONDS:-600}"
}

kills() { # 10,000 killed processes each: that write a journal, record, import; power losses; crowds
  scripts/crash.sh
}

bench() { scripts/bench.sh; }

invenio() { # against a real InvenioRDM: its first installation takes some five minutes
  need_oracles
  trap 'scripts/invenio/run.sh stop' EXIT
  scripts/invenio/run.sh start
  eval "$(scripts/invenio/run.sh env)"
  cargo test --locked --all-features -p entrenar --test citation_oracles --test invenio_conformance -- --nocapture
  ENTRENAR_DEPOSIT_FAULTS=${ENTRENAR_DEPOSIT_FAULTS:-1000} \
    cargo test --locked --all-features -p entrenar --test deposit_invenio -- --nocapture
  # zenodo-client speaks Zenodo's older API, which a plain InvenioRDM does not have.
  ENTRENAR_CLIENTS_TOKEN=$ENTRENAR_INVENIO_TOKEN "$ENTRENAR_CLIENTS_PYTHON" \
    scripts/oracle/check_clients.py "${ENTRENAR_INVENIO%/api}" inveniordm-py rocrate-inveniordm
  scripts/invenio/run.sh stop
  trap - EXIT
}

deposits() { # 1,000 faults at the archive of the tests; `invenio` has as many at a real one
  ENTRENAR_DEPOSIT_FAULTS=${ENTRENAR_DEPOSIT_FAULTS:-1000} \
    cargo test --locked --all-features -p entrenar --test deposit_faults -- --nocapture
}

advisories() { # needs the advisory database
  need_deny
  cargo deny --all-features check advisories
}

for part in "${@:-fuzz kills bench invenio deposits advisories}"; do
  for check in $part; do
    say "$check"
    "$check"
  done
done
