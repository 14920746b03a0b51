#!/usr/bin/env bash
# Crash rounds for durable jobs, on SQLite and on a PostgreSQL of its own: submits, external workers and deaths at seeded
# moments, then a check that all that was acknowledged was kept.
#
#   tests/crash.sh                             500 rounds on each database, with the debug binaries
#   tests/crash.sh --rounds 2000 --release     more of them, with the release binaries
#   tests/crash.sh --seed 42                   those of a run that failed
#
# CRASH_SKIP_BUILD=1 plays with what is built already.
set -euo pipefail

cd "$(dirname "$0")/.."
rounds=500
seed=$((RANDOM * 32768 + RANDOM))
profile=debug
cargo_profile=()

usage() {
    printf 'usage: tests/crash.sh [--rounds N] [--seed S] [--release]\n' >&2
    exit 2
}

while [ $# -gt 0 ]; do
    case $1 in
    --rounds)
        rounds=${2:-}
        shift
        ;;
    --seed)
        seed=${2:-}
        shift
        ;;
    --release)
        profile=release
        cargo_profile=(--release)
        ;;
    *) usage ;;
    esac
    shift || usage
done
[[ $rounds =~ ^[0-9]+$ && $seed =~ ^[0-9]+$ ]] || usage

if [ -z "${CRASH_SKIP_BUILD:-}" ]; then
    cargo build --quiet --locked "${cargo_profile[@]}" -p mcpd -p system-tests --bins
fi
exec "${CARGO_TARGET_DIR:-target}/$profile/crash" --rounds "$rounds" --seed "$seed"
