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

# A Python environment with exact versions; its folder is named after the wish list.
need_venv() { # need_venv NAME REQUIREMENT...
  local name=$1 venv
  shift
  venv=$cache/venv-$name-$(printf '%s\n' "$@" | sha256sum | cut -c1-12)
  if [ ! -e "$venv/.installed" ]; then
    say "making the Python environment $name: $*"
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "$@"
    touch "$venv/.installed"
  fi
  printf -v "venv_$name" %s "$venv"
}

need_oracles() {
  need_debian python3 python3-venv biber g++
  need_venv oracle nbformat==5.11.1 pybtex==0.25.1 jsonschema==4.26.0 PyYAML==6.0.3
  # cffconvert needs an older jsonschema than the others.
  need_venv cff cffconvert==2.0.0
  # shellcheck disable=SC2154 # set by need_venv
  export ENTRENAR_PYTHON=$venv_oracle/bin/python ENTRENAR_CFFCONVERT=$venv_cff/bin/cffconvert
}

# The real Ruchy, against which exported scripts are run; its build takes some 15 minutes.
need_ruchy() {
  need_cargo_tool ruchy 4.2.1
  export ENTRENAR_RUCHY=$cache/tools/ruchy-4.2.1/bin/ruchy
}

need_deny() { need_cargo_tool cargo-deny 0.20.2; }

# cargo-fuzz wants nightly's sanitizer flags; the stable compiler takes them with this variable,
# which is set for the fuzz targets alone.
need_fuzz() { need_cargo_tool cargo-fuzz 0.13.2; }

fuzz_targets() { cargo metadata --manifest-path fuzz/Cargo.toml --no-deps --offline --format-version 1 2>/dev/null |
  python3 -c 'import json,sys; print(*sorted(t["name"] for p in json.load(sys.stdin)["packages"] for t in p["targets"]))'; }

run_fuzz() { # run_fuzz SECONDS
  local seconds=$1 target
  for target in $(fuzz_targets); do
    say "fuzz $target for $seconds s"
    local corpus=$cache/fuzz-corpus/$target
    mkdir -p "$corpus"
    RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=$cache/fuzz-target \
      cargo fuzz run --fuzz-dir fuzz "$target" "$corpus" crates/entrenar/tests/data -- \
      -max_total_time="$seconds" -rss_limit_mb=4096 -timeout=30 -print_final_stats=0 -verbosity=0
  done
}
