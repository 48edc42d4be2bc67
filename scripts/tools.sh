# Installs what the tests need into a cache folder outside the clone; sourced by the other scripts.
#
# ENTRENAR_CACHE   the folder (default: $XDG_CACHE_HOME/entrenar, else ~/.cache/entrenar)
#
# Each function installs one thing if it is not there yet and says so; nothing is done twice.

cache=${ENTRENAR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/entrenar}
mkdir -p "$cache"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$cache/target}

say() { printf '\n== %s\n' "$*"; }

# Debian packages, by name; needs root or sudo only if one is missing.
need_debian() {
  local missing=()
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  say "installing Debian packages: ${missing[*]}"
  local sudo=()
  [ "$(id -u)" = 0 ] || sudo=(sudo)
  "${sudo[@]}" apt-get update -qq
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

# A program from the package registry, at an exact version.
need_cargo_tool() { # need_cargo_tool CRATE VERSION [ARGS...]
  local crate=$1 version=$2 root=$cache/tools/$1-$2
  shift 2
  if [ ! -e "$root/.installed" ]; then
    say "building $crate $version"
    env -u RUSTFLAGS -u CARGO_TARGET_DIR cargo install "$crate" --version "=$version" --locked --root "$root" --quiet "$@"
    touch "$root/.installed"
  fi
  export PATH=$root/bin:$PATH
}

# A Python environment with the exact versions of a list; its folder is named after the list.
need_venv() { # need_venv NAME, of scripts/python/NAME.txt
  local name=$1 list=scripts/python/$1.txt venv
  venv=$cache/venv-$name-$(grep -v '^#' "$list" | sha256sum | cut -c1-12)
  if [ ! -e "$venv/.installed" ]; then
    say "making the Python environment $name of $list"
    rm -rf "$venv"
    python3 -m venv "$venv"
    # Without dependencies: the list is complete, and cffconvert runs with a newer jsonschema than it asks for.
    "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --requirement "$list"
    touch "$venv/.installed"
  fi
  printf -v "venv_$name" %s "$venv"
}

# roc-validator fetches the contexts of RO-Crate, which its package does not hold. They are put into its
# cache from ENTRENAR_VALIDATORS (default ../shared/validators), or from the network where that is absent.
need_roc_contexts() {
  local seed=${ENTRENAR_VALIDATORS:-../shared/validators}/seed_rocrate_cache.py folder=$cache/roc-validator-0.13.0
  if [ ! -e "$folder/.installed" ]; then
    rm -rf "$folder"
    mkdir -p "$folder"
    if [ -e "$seed" ]; then
      say "filling the cache of roc-validator with $seed"
      "$venv_oracle/bin/python" "$seed" "$folder/contexts" && touch "$folder/.installed"
    else
      say "filling the cache of roc-validator from the network ($seed is not there)"
      "$venv_oracle/bin/rocrate-validator" -y cache warm --all-profiles --cache-path "$folder/contexts" \
        >"$folder/warm.log" 2>&1 && touch "$folder/.installed"
    fi || echo "the contexts of RO-Crate are not to be had: the tests with roc-validator will be SKIPPED" >&2
  fi
  # An unset variable makes the tests say SKIPPED.
  [ ! -e "$folder/.installed" ] || export ENTRENAR_ROC_CACHE=$folder/contexts
}

# Programs of the field that judge what is written. For the tests:
#   ENTRENAR_PYTHON          Python with all of scripts/python/oracle.txt
#   ENTRENAR_TABLES_PYTHON   Python with mlcroissant, pyarrow and prov
#   ENTRENAR_CLIENTS_PYTHON  Python with zenodo-client, inveniordm-py and rocrate-inveniordm
#   ENTRENAR_ROC_VALIDATOR   rocrate-validator, to be run with --offline --cache-path $ENTRENAR_ROC_CACHE
#   ENTRENAR_DATACITE_XSD    folder with kernel-4.6/metadata.xsd and kernel-4.7/metadata.xsd
#   ENTRENAR_CITATION_JS     folder with node_modules/citation-js
#   ENTRENAR_ZENODO_SCHEMA   schema.json of zenodraft/zenodo-upload-metadata-schema, which may not be copied:
#                            from ENTRENAR_VALIDATORS (default ../shared/validators) if it is there
# biber, bibtex with its styles, openssl, minisign and zip are on the PATH.
need_oracles() {
  need_debian python3 python3-venv biber texlive-binaries texlive-base openssl minisign zip unzip
  need_venv oracle
  need_venv tables
  need_venv clients
  # shellcheck disable=SC2154 # set by need_venv
  export ENTRENAR_PYTHON=$venv_oracle/bin/python ENTRENAR_ROC_VALIDATOR=$venv_oracle/bin/rocrate-validator
  # shellcheck disable=SC2154
  export ENTRENAR_TABLES_PYTHON=$venv_tables/bin/python ENTRENAR_CLIENTS_PYTHON=$venv_clients/bin/python
  need_roc_contexts
  export ENTRENAR_DATACITE_XSD=$venv_oracle/datacite-xsd
  if [ ! -d "$ENTRENAR_DATACITE_XSD" ]; then
    "$ENTRENAR_PYTHON" scripts/oracle/datacite_xsd.py "$ENTRENAR_DATACITE_XSD.new"
    mv "$ENTRENAR_DATACITE_XSD.new" "$ENTRENAR_DATACITE_XSD"
  fi

  command -v npm >/dev/null || need_debian nodejs npm
  local citation_js=$cache/citation-js-0.7.21
  if [ ! -e "$citation_js/.installed" ]; then
    say "installing citation-js 0.7.21"
    npm install --silent --no-audit --no-fund --prefix "$citation_js" citation-js@0.7.21
    touch "$citation_js/.installed"
  fi
  export ENTRENAR_CITATION_JS=$citation_js

  local foreign=${ENTRENAR_VALIDATORS:-../shared/validators}
  foreign=$(cd "$foreign" 2>/dev/null && pwd) || return 0
  [ ! -e "$foreign/zenodo/schema.json" ] || export ENTRENAR_ZENODO_SCHEMA=$foreign/zenodo/schema.json
}

# The real Ruchy, against which exported scripts are run; its build takes some 15 minutes.
need_ruchy() {
  need_cargo_tool ruchy 4.2.1
  export ENTRENAR_RUCHY=$cache/tools/ruchy-4.2.1/bin/ruchy
}

need_deny() { need_cargo_tool cargo-deny 0.20.2; }

# cargo-fuzz wants nightly's sanitizer flags; the stable compiler takes them with this variable,
# which is set for the fuzz targets alone.
need_fuzz() { need_debian g++; need_cargo_tool cargo-fuzz 0.13.2; }

fuzz_targets() { cargo metadata --manifest-path fuzz/Cargo.toml --no-deps --offline --format-version 1 2>/dev/null |
  python3 -c 'import json,sys; print(*sorted(t["name"] for p in json.load(sys.stdin)["packages"] for t in p["targets"]))'; }

run_fuzz() { # run_fuzz SECONDS: each target for so long, as many at once as there are processors
  RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=$cache/fuzz-target cargo fuzz build --fuzz-dir fuzz
  export -f fuzz_one
  export cache
  fuzz_targets | tr ' ' '\n' | xargs -P "$(nproc)" -I{} bash -c 'fuzz_one "$@"' fuzz_one {} "$1"
}

fuzz_one() { # fuzz_one TARGET SECONDS
  local target=$1 seconds=$2 log=$cache/fuzz-$1.log
  mkdir -p "$cache/fuzz-corpus/$target"
  if ! "$cache/fuzz-target/x86_64-unknown-linux-gnu/release/$target" \
    -artifact_prefix="$cache/fuzz-$target-" "$cache/fuzz-corpus/$target" crates/entrenar/tests/data \
    -max_total_time="$seconds" -rss_limit_mb=4096 -timeout=30 >"$log" 2>&1; then
    tail -n 60 "$log"
    echo "fuzz $target failed; the whole log is $log" >&2
    return 255 # xargs starts no more
  fi
  echo "$target: $(grep -E '^Done [0-9]+ runs' "$log")"
}
