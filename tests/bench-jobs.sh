#!/bin/sh
# Builds mcpd and measures its queue beside plain SQL and graphile-worker, on one PostgreSQL that waits for the disk.
#
#   tests/bench-jobs.sh                                  three full rounds, about twenty minutes
#   tests/bench-jobs.sh --quick                          one short round
#   tests/bench-jobs.sh --quick --lanes postgres --sections enqueue,work
#   tests/bench-jobs.sh --rounds 3 --report docs/bench-jobs.md
#
# Installs PostgreSQL (apt-get) and graphile-worker (npm, into a folder under the temporary one) where they are missing.
# The PostgreSQL it measures is its own, in a temporary folder; none of yours is touched. Everything it starts, it ends.
# BENCH_SKIP_BUILD=1 measures what is built already.
set -eu

graphile_version=0.17.3
root=$(cd "$(dirname "$0")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
tools=${TMPDIR:-/tmp}/mcpctl-bench-tools-$(id -u)

note() { printf 'bench-jobs.sh: %s\n' "$*" >&2; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

has_postgres() {
    command -v initdb >/dev/null && return
    for initdb in /usr/lib/postgresql/*/bin/initdb; do
        [ -x "$initdb" ] && return
    done
    return 1
}

need_postgres() {
    has_postgres && return
    note "installing postgresql"
    # Its package would make a cluster and start it; the bench makes its own.
    as_root mkdir -p /etc/postgresql-common/createcluster.d
    printf 'create_main_cluster = false\n' |
        as_root tee /etc/postgresql-common/createcluster.d/no-cluster.conf >/dev/null
    as_root apt-get -qq update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends postgresql >&2
}

need_graphile() {
    graphile=$tools/graphile-worker-$graphile_version
    [ -f "$graphile/installed" ] && return
    if ! command -v npm >/dev/null || ! command -v node >/dev/null; then
        note "npm or node is not there; graphile-worker's columns are missing in the report"
        graphile=
        return
    fi
    note "installing graphile-worker $graphile_version into $graphile"
    mkdir -p "$graphile"
    if npm install --silent --no-audit --no-fund --prefix "$graphile" "graphile-worker@$graphile_version" >&2; then
        : >"$graphile/installed"
        return
    fi
    note "graphile-worker could not be installed; its columns are missing in the report"
    graphile=
}

build() {
    [ -n "${BENCH_SKIP_BUILD:-}" ] && return
    note "building"
    cargo build --release -p mcpd --manifest-path "$root/Cargo.toml" >&2
    cargo build --release -p system-tests --bin jobs-bench --manifest-path "$root/Cargo.toml" >&2
}

need_postgres
need_graphile
build
[ -z "$graphile" ] || set -- --graphile "$graphile" "$@"
# The bench ends its processes and removes its folder by itself, also when it is told to stop.
exec "$target/release/jobs-bench" "$@"
