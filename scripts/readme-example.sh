#!/usr/bin/env bash
# Runs the command of README.md on a store and a folder of its own and checks what it wrote.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
ENTRENAR_STORE=$folder/store.db cargo run --locked --quiet --release -- \
  preserve examples/gradient-descent.replay -o "$folder/artifact"
(cd "$folder/artifact" && sha256sum --check --quiet SHA256SUMS)
cmp examples/gradient-descent.replay "$folder/artifact/source/gradient-descent.replay"
echo "the artifact folder is complete and its checksums are right"
