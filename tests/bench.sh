#!/bin/sh
# Builds the release binaries and measures them beside nginx and bore, on loopback, against one mock provider.
#
#   tests/bench.sh                                   three full rounds of everything, some minutes
#   tests/bench.sh --quick                           one short round
#   tests/bench.sh --quick --paths nginx,public --sections requests,paced
#   tests/bench.sh --report bench.md                 also write the report to a file
#
# Installs nginx-light (apt-get) and bore-cli (cargo install, into the target folder) where they are missing.
# Everything it starts, it ends. BENCH_SKIP_BUILD=1 measures what is built already.
set -eu

bore_version=0.6.0
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

build() {
    [ -n "${BENCH_SKIP_BUILD:-}" ] && return
    note "building"
    cargo build --release -p mcpd -p mcplocal -p mcpctl --manifest-path "$root/Cargo.toml" >&2
    cargo build --release -p system-tests --bin bench --manifest-path "$root/Cargo.toml" >&2
}

need_nginx
need_bore
build
# The bench ends its processes and removes its folder by itself, also when it is told to stop.
exec "$target/release/bench" --bore "$tools/bin/bore" "$@"
