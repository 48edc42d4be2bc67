#!/usr/bin/env bash
# Keeps the dependency arrows of ARCHITECTURE.md true, and the number of packages small.
set -euo pipefail
cd "$(dirname "$0")/.."

# Raise this by hand, in the commit that adds the dependency, with the reason in its message.
cap=340

packages=$(grep -c '^name = ' Cargo.lock)
if ((packages > cap)); then
  echo "Cargo.lock has $packages packages, more than the cap of $cap" >&2
  exit 1
fi

tree() { cargo tree --locked -p entrenar -e normal --prefix none --format '{p}' "$@" | sort -u; }

refuse() { # refuse WHAT "NAMES" TREE-ARGS...
  local what=$1 names=$2
  shift 2
  local found
  found=$(tree "$@" | grep -E "^(${names// /|}) v" || true)
  if [ -n "$found" ]; then
    printf 'entrenar with %s must not depend on:\n%s\n' "$what" "$found" >&2
    exit 1
  fi
}

heavy="tokio clap axum pyo3 rusqlite pco ammonia ureq hayagriva biblatex granit-parser toml parquet zip ring"
refuse "default features" "$heavy entrenar-cli"
refuse "ruchy-sessions" "$heavy entrenar-cli" --features ruchy-sessions
refuse "all features" "tokio clap axum pyo3 entrenar-cli" --all-features

# Lower layers of the library must not name upper ones (see ARCHITECTURE.md).
check_layer() { # check_layer FOLDER "FORBIDDEN MODULES"
  local folder=crates/entrenar/src/$1 hits
  hits=$(grep -rnE "crate::(${2// /|})\b" "$folder" --include='*.rs' | grep -vE '^[^:]+:[0-9]+:\s*//' || true)
  if [ -n "$hits" ]; then
    printf 'the module %s uses a layer above it:\n%s\n' "$1" "$hits" >&2
    exit 1
  fi
}
check_layer window "files extract bridge export store research ecosystem preserve secrets"
check_layer session "files window extract bridge export store research ecosystem preserve secrets record"
check_layer research "session extract bridge export store ecosystem preserve secrets record"
check_layer extract "bridge export store research ecosystem preserve secrets record"
check_layer export "bridge store ecosystem preserve record"
check_layer bridge "export store research ecosystem preserve record"
check_layer store "bridge export extract ecosystem preserve record"
check_layer record "bridge export extract ecosystem preserve"

echo "dependencies: $packages packages in Cargo.lock (cap $cap), arrows as drawn"
