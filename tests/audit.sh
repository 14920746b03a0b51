#!/usr/bin/env bash
# Checks what stands in Cargo.lock against deny.toml: banned and doubled crates, licences, sources, and
# known vulnerabilities where their database can be reached.
#
#   tests/audit.sh             everything
#   tests/audit.sh --offline   all but the vulnerabilities; a second or two
#
# Installs cargo-deny into the target folder where it is missing (some minutes, once).
set -euo pipefail

cargo_deny_version=0.20.2
fetch_wait=60 # seconds for the vulnerability database

cd "$(dirname "$0")/.."
tools=${CARGO_TARGET_DIR:-$PWD/target}/tools
export PATH=$tools/bin:$PATH

note() { printf 'audit.sh: %s\n' "$*" >&2; }

case ${1:-} in
'' | --offline) ;;
*)
    note "usage: tests/audit.sh [--offline]"
    exit 2
    ;;
esac

if ! cargo deny --version >/dev/null 2>&1; then
    note "installing cargo-deny $cargo_deny_version into $tools; this takes some minutes, once"
    CARGO_TARGET_DIR=$tools/build cargo install --quiet --locked --root "$tools" \
        --version "$cargo_deny_version" cargo-deny
    rm -rf "$tools/build"
fi

# It reads the crates of every platform, of which a build here has fetched its own alone. Without a registry it
# says itself what it lacks.
cargo fetch --quiet --locked || note "crates of other platforms can't be fetched"

# Doubled small crates are warnings: a count is enough here, `cargo deny check bans` tells all.
doubled=$(cargo deny --offline --log-level warn --format json check bans 2>&1 |
    grep -c '"code":"duplicate"') || true
cargo deny --offline --log-level error check --hide-inclusion-graph --allow duplicate \
    --allow license-not-encountered bans licenses sources
note "bans, licences and sources are as deny.toml wants them ($doubled small crates in two versions)"

if [ "${1:-}" = --offline ]; then exit 0; fi

# Only a database that can't be had is excused; what it says is not.
if timeout "$fetch_wait" cargo deny --log-level off fetch db >/dev/null 2>&1; then
    cargo deny --offline --log-level error check advisories
    note "no known vulnerability"
else
    note "NOT CHECKED: the database of vulnerabilities can't be reached from here"
fi
