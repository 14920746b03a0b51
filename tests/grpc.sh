#!/bin/sh
# The gRPC port of the real server, called from Python: every method by reflection, as grpcurl would, and then the
# example worker (examples/python-worker) with real jobs. Prints a line per check.
#
#   tests/grpc.sh
#
# Keeps a virtual environment in the target folder. Exit code 77: left out, since the packages can't be had (no registry
# in reach, or no python3). GRPC_SKIP_BUILD=1 runs what is built already.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
target=${CARGO_TARGET_DIR:-$root/target}
tools=$target/grpc
left_out=77
# Longest the server may take to start, in tenths of a second, and all checks together, in seconds.
start_tenths=200
limit_seconds=180

note() { printf 'grpc.sh: %s\n' "$*" >&2; }

skip() {
    note '*****************************************************************'
    note "* GRPC WAS NOT TESTED FROM PYTHON: $1"
    note '*****************************************************************'
    exit "$left_out"
}

# --- What the checks need --------------------------------------------------------------------------------

command -v python3 >/dev/null || skip "there is no python3"
wanted=$root/examples/python-worker/requirements.txt
if ! cmp -s "$wanted" "$tools/installed.txt"; then
    note "installing grpcio into $tools"
    python3 -m venv --clear "$tools" >&2 || skip "python3 can't make a virtual environment (Debian: python3-venv)"
    "$tools/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$wanted" >&2 ||
        skip "the package index of Python can't be reached, or lacks $(tr '\n' ' ' <"$wanted")"
    cp "$wanted" "$tools/installed.txt"
fi
if [ -z "${GRPC_SKIP_BUILD:-}" ]; then
    cargo build --quiet --locked --manifest-path "$root/Cargo.toml" -p mcpd --bins >&2
fi

# --- The server -----------------------------------------------------------------------------------------

work=$(mktemp -d)
mcpd=
# shellcheck disable=SC2317 # The trap calls it.
clean_up() {
    if [ -n "$mcpd" ]; then
        kill "$mcpd" 2>/dev/null || true
        wait "$mcpd" 2>/dev/null || true
    fi
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# It says all that it can, so that a token in its log would be found.
env MCPD_LOG=trace MCPD_LISTEN=127.0.0.1:0 MCPD_GRPC_LISTEN=127.0.0.1:0 MCPD_DATA_DIR="$work/data" \
    "$target/debug/mcpd" >"$work/mcpd.log" 2>&1 &
mcpd=$!

# address_of MESSAGE: what the server says in its log.
address_of() { sed -n "s/.*$1.* address=\([0-9.:]*\).*/\1/p" "$work/mcpd.log"; }
waited=0
until [ -n "$(address_of 'mcpd is ready')" ]; do
    waited=$((waited + 1))
    if [ "$waited" -gt "$start_tenths" ] || ! kill -0 "$mcpd" 2>/dev/null; then
        note "mcpd did not start:"
        cat "$work/mcpd.log" >&2
        exit 1
    fi
    sleep 0.1
done

code=0
PYTHONDONTWRITEBYTECODE=1 timeout "$limit_seconds" "$tools/bin/python" "$here/grpc/checks.py" \
    --http "http://$(address_of 'mcpd is ready')" --grpc "$(address_of 'gRPC is served')" \
    --admin-token "$work/data/admin.token" --worker "$root/examples/python-worker" || code=$?
if [ "$code" -ne 0 ]; then
    note "failed; the server's log:"
    tail -n 30 "$work/mcpd.log" >&2
elif grep -qE 'mcp_(admin|user|publisher|worker)_[0-9A-Za-z_-]{12}|panicked at' "$work/mcpd.log"; then
    note "the server's log shows a token or a panic"
    code=1
else
    printf '  ok  no token and no panic in %s lines of the log\n' "$(wc -l <"$work/mcpd.log")"
fi
exit "$code"
