#!/bin/sh
# Builds the release binaries and measures them beside nginx and bore, on loopback, against one mock provider.
#
#   tests/bench.sh                                   three full rounds of everything, some minutes
#   tests/bench.sh --quick                           one short round
#   tests/bench.sh --quick --paths nginx,public --sections requests,paced
#   tests/bench.sh --litellm                         LiteLLM's proxy too, less than two minutes more
#   tests/bench.sh --report bench.md                 also write the report to a file
#
# Installs nginx-light (apt-get), bore-cli (cargo install) and, with --litellm, LiteLLM (pip) where they are missing; the
# last two into the target folder.
# Everything it starts, it ends. BENCH_SKIP_BUILD=1 measures what is built already.
set -eu

bore_version=0.6.0
litellm_version=1.104.5
root=$(cd "$(dirname "$0")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
tools=${BENCH_TOOLS_DIR:-$target/tools}

note() { printf 'bench.sh: %s\n' "$*" >&2; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

need_nginx() {
    [ -x /usr/sbin/nginx ] && return
    note "installing nginx-light"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends nginx-light >&2 ||
        note "nginx-light could not be installed; its column stays empty"
}

need_bore() {
    case $("$tools/bin/bore" --version 2>/dev/null) in
    *" $bore_version") return ;;
    esac
    note "installing bore-cli $bore_version into $tools"
    cargo install --quiet --locked --root "$tools" --version "$bore_version" bore-cli >&2 ||
        note "bore-cli could not be installed; its column stays empty"
}

need_litellm() {
    litellm=$tools/litellm/bin/litellm
    [ "$(cat "$tools/litellm/version" 2>/dev/null)" = "$litellm_version" ] && return
    note "installing litellm[proxy] $litellm_version into $tools/litellm; this takes some minutes, once"
    if python3 -m venv --clear "$tools/litellm" >&2 &&
        "$tools/litellm/bin/python" -m pip install --quiet --disable-pip-version-check "litellm[proxy]==$litellm_version" >&2; then
        printf '%s\n' "$litellm_version" >"$tools/litellm/version"
        return
    fi
    litellm=
    note '*********************************************************************'
    note '* LITELLM COULD NOT BE INSTALLED: ITS COLUMN IS MISSING IN THE REPORT'
    note '*********************************************************************'
}

build() {
    [ -n "${BENCH_SKIP_BUILD:-}" ] && return
    note "building"
    cargo build --release -p mcpd -p mcplocal -p mcpctl --manifest-path "$root/Cargo.toml" >&2
    cargo build --release -p system-tests --bin bench --manifest-path "$root/Cargo.toml" >&2
}

# `--litellm` is this script's; everything else is the bench's.
litellm=
count=$#
while [ "$count" -gt 0 ]; do
    case $1 in
    --litellm) litellm=wanted ;;
    *) set -- "$@" "$1" ;;
    esac
    shift
    count=$((count - 1))
done

need_nginx
need_bore
[ -z "$litellm" ] || need_litellm
build
[ -z "$litellm" ] || set -- --litellm "$litellm" "$@"
# The bench ends its processes and removes its folder by itself, also when it is told to stop.
exec "$target/release/bench" --bore "$tools/bin/bore" "$@"
