#!/usr/bin/env bash
# A long run with the release binaries: chats, streams, cancels and jobs, while publishers, workers and the server die,
# freeze and start anew and networks fail, by a seed. At the end every publisher serves, every job has ended and every
# program is at rest; memory and open files over time are drawn.
#
#   tests/endure.sh                               30 minutes; the drawing goes to docs/endurance.svg
#   tests/endure.sh --minutes 5 --plot /tmp/a.svg
#   tests/endure.sh --seed 42                     what a run that failed has done
#
# ENDURE_SKIP_BUILD=1 plays with what is built already.
set -euo pipefail

cd "$(dirname "$0")/.."
minutes=30
seed=$((RANDOM * 32768 + RANDOM))
plot=docs/endurance.svg

usage() {
    printf 'usage: tests/endure.sh [--minutes N] [--seed S] [--plot FILE]\n' >&2
    exit 2
}

while [ $# -gt 0 ]; do
    case $1 in
    --minutes) minutes=${2:-} ;;
    --seed) seed=${2:-} ;;
    --plot) plot=${2:-} ;;
    *) usage ;;
    esac
    shift 2 || usage
done
[[ $minutes =~ ^[0-9]+$ && $seed =~ ^[0-9]+$ && -n $plot ]] || usage

if [ -z "${ENDURE_SKIP_BUILD:-}" ]; then
    cargo build --quiet --locked --release -p mcpd -p mcplocal -p system-tests --bins
fi
exec "${CARGO_TARGET_DIR:-target}/release/endure" --minutes "$minutes" --seed "$seed" --plot "$plot"
