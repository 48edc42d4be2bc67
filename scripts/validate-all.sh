#!/usr/bin/env bash
# Every validator of the field on N generated sessions (default 1000); the result belongs into docs/validation.md.
#
#   scripts/validate-all.sh [N [CRATES]]     (roc-validator reads CRATES of them; default: all)
#
# ENTRENAR_VALIDATE_FOLDER keeps the folders there, to look at.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/tools.sh
need_oracles

export ENTRENAR_VALIDATE=${1:-1000}
export ENTRENAR_VALIDATE_CRATES=${2:-$ENTRENAR_VALIDATE} ENTRENAR_VALIDATE_LARGEST=1000000000
cargo test --locked --release --all-features -p entrenar --test validators -- --nocapture
