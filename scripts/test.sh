#!/usr/bin/env bash
# Installs what the tests need (into a cache outside the clone) and runs all of them.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/tools.sh

need_oracles
need_deny
need_fuzz
need_ruchy
export RUST_BACKTRACE=1 RUSTFLAGS="-D warnings"

say "format, dependencies"
cargo fmt --all --check
scripts/check-deps.sh
cargo deny --all-features --log-level error check licenses bans sources

say "clippy: no features, ruchy-sessions, all"
cargo clippy --locked --quiet -p entrenar --no-default-features --all-targets
cargo clippy --locked --quiet -p entrenar --no-default-features --features ruchy-sessions --all-targets
cargo clippy --locked --quiet --workspace --all-features --all-targets

say "each feature alone"
for feature in store record preserve preserve,citations citations signing ro-crate deposit parquet; do
  cargo check --locked --quiet -p entrenar --lib --no-default-features --features "$feature"
done

say "model check of the journal's publication order"
RUSTFLAGS="--cfg loom" cargo test --locked --quiet --release --target-dir "$cache/loom-target" \
  --manifest-path crates/entrenar-journal/model/Cargo.toml

say "documentation"
RUSTDOCFLAGS="-D warnings" cargo doc --locked --quiet --workspace --all-features --no-deps

say "README's first command"
scripts/readme-example.sh

say "fuzz"
unset RUSTFLAGS
run_fuzz 10
export RUSTFLAGS="-D warnings"

say "tests"
log=$cache/test.log
# Root may read and write everything; the tests of permissions need a user who may not.
without=(setpriv --bounding-set=-dac_override,-dac_read_search --inh-caps=-dac_override,-dac_read_search)
if [ "$(id -u)" != 0 ] || ! "${without[@]}" true 2>/dev/null; then without=(); fi
"${without[@]}" cargo test --locked --workspace --all-features --no-fail-fast -- --show-output >"$log" 2>&1 ||
  {
    grep -vE '^(test .* ok|running [0-9]+ tests?|successes:)$' "$log" | tail -n 300
    say "what failed"
    grep -E -A 12 '^(thread .* panicked at|error: |error\[)' "$log" | grep -vE '^ +([0-9]+: |at )' | tail -n 120
    grep -E '^test .* FAILED$' "$log"
    exit 1
  }
grep -E '^(     Running|   Doc-tests|test result)' "$log"
if grep -hE '^SKIPPED' "$log" | sort -u >"$cache/skipped.txt"; [ -s "$cache/skipped.txt" ]; then
  say "tests that were SKIPPED"
  cat "$cache/skipped.txt"
fi
