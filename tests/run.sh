#!/usr/bin/env bash
# The one test command, on a laptop and in CI: formatting, lints, documentation, scripts, all tests on
# both databases, then the real binaries. Stops at the first step that fails.
#
#   tests/run.sh            everything
#   tests/run.sh --quick    without the tests that start the real binaries
#
# Installs what the tests need where it is missing: by apt-get on Debian, by `cargo install` for nextest, by pip and npm
# for the SDKs and gRPC; nginx is only unpacked. Where no package registry can be reached these are left out, and the summary says so.
set -euo pipefail

cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-$PWD/target}
# Built by cargo, not found by it: kept out of the user's own ~/.cargo/bin.
export PATH=$target/tools/bin:$PATH
# Tests on PostgreSQL fail where there is none, instead of leaving it out.
export MCPCTL_REQUIRE_POSTGRES=1
export CARGO_TERM_PROGRESS_WHEN=never
# A build that nobody goes on with: what a next one could reuse would only take time and disk.
if [ -n "${CI:-}" ]; then export CARGO_INCREMENTAL=${CARGO_INCREMENTAL:-0}; fi
# What a first run writes below the target folder, in GiB.
first_run_gib=12
if [ "${CARGO_INCREMENTAL:-1}" = 0 ]; then first_run_gib=6; fi

nextest_version=0.9.143

quick=
case ${1:-} in
'') ;;
--quick) quick=yes ;;
*)
    printf 'usage: tests/run.sh [--quick]\n' >&2
    exit 2
    ;;
esac

began=$SECONDS
summary=

# What a step ends with that can't be done here, and has said why.
left_out=77

# step WHAT COMMAND...
step() {
    local what=$1 since=$SECONDS code=0
    shift
    printf '\n=== %s\n' "$what"
    "$@" || code=$?
    if [ "$code" -eq "$left_out" ]; then
        leave_out "$what" "NOT TESTED, see above"
        return
    fi
    if [ "$code" -ne 0 ]; then
        printf '%s\n=== FAILED: %s, after %d s (%d s in all)\n' "$summary" "$what" $((SECONDS - since)) $((SECONDS - began)) >&2
        exit 1
    fi
    summary+=$(printf '\n  ✓ %-34s %5d s' "$what" $((SECONDS - since)))
}

# What tests have left out on this machine; each of them says what and why.
tell_what_was_left_out() {
    local what why
    while IFS=$'\t' read -r what why; do leave_out "$what" "$why"; done < <(sort -u "$1")
}

leave_out() { summary+=$(printf '\n  - %-34s left out: %s' "$1" "$2"); }

# --- What the tests need ----------------------------------------------------------------------------

has_postgres() { command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; }

# What is missing, as Debian's packages.
missing_packages() {
    has_postgres || printf ' postgresql'
    local program
    for program in tmux zsh fish shellcheck; do
        command -v "$program" >/dev/null || printf ' %s' "$program"
    done
    command -v man >/dev/null || printf ' man-db'
    command -v cc >/dev/null || printf ' build-essential'
    command -v setpriv >/dev/null || printf ' util-linux'
    command -v ip >/dev/null || printf ' iproute2'
}

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi; }

install_packages() {
    local packages
    read -ra packages <<<"$(missing_packages)"
    if [ ${#packages[@]} -eq 0 ]; then return 0; fi
    if ! command -v apt-get >/dev/null; then
        printf 'error: the tests need what Debian calls: %s\ntry: install them with the package manager of this system\n' "${packages[*]}" >&2
        return 1
    fi
    printf 'installing %s\n' "${packages[*]}"
    # PostgreSQL's package would make a cluster and start it; the tests make their own.
    as_root mkdir -p /etc/postgresql-common/createcluster.d
    printf 'create_main_cluster = false\n' |
        as_root tee /etc/postgresql-common/createcluster.d/no-cluster.conf >/dev/null
    if ! { as_root apt-get -qq update &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${packages[@]}" >/dev/null; }; then
        printf 'error: apt-get could not install: %s\ntry: install them by hand, or run this as root\n' "${packages[*]}" >&2
        return 1
    fi
}

install_nextest() {
    if cargo nextest --version >/dev/null 2>&1; then return 0; fi
    printf 'installing cargo-nextest %s into %s; this takes some minutes, once\n' "$nextest_version" "$target/tools"
    CARGO_TARGET_DIR=$target/tools/build cargo install --quiet --locked --root "$target/tools" \
        --version "$nextest_version" cargo-nextest && rm -rf "$target/tools/build"
}

# The program alone, out of its package: installed whole it would serve on port 80.
unpack_nginx() {
    if command -v nginx >/dev/null || [ -x /usr/sbin/nginx ]; then return 0; fi
    local folder=$target/tools/nginx
    printf 'unpacking nginx into %s\n' "$folder"
    mkdir -p "$folder" "$target/tools/bin"
    if ! (
        cd "$folder"
        { apt-get -qq download nginx || { as_root apt-get -qq update && apt-get -qq download nginx; }; } 2>/dev/null &&
            dpkg-deb -x nginx_*.deb . && usr/sbin/nginx -v 2>/dev/null
    ); then
        printf 'nginx can not be had here: a test behind the real one leaves itself out\n'
        return "$left_out"
    fi
    ln -sf ../nginx/usr/sbin/nginx "$target/tools/bin/nginx"
}

# A full disk shows late, and in words of the compiler's.
has_room() {
    if [ -d "$target/debug" ]; then return 0; fi
    mkdir -p "$target"
    local free_kib
    free_kib=$(df -Pk "$target" | awk 'NR == 2 { print $4 }')
    if [ "$free_kib" -ge $((first_run_gib * 1024 * 1024)) ]; then return 0; fi
    printf 'error: a first run writes about %d GiB into %s, where %d MiB are free\n' \
        "$first_run_gib" "$target" $((free_kib / 1024)) >&2
    printf 'try: make room, or set CARGO_TARGET_DIR to a folder on another disk\n' >&2
    return 1
}

prepare() {
    has_room || return 1
    if ! { cargo fmt --version && cargo clippy --version; } >/dev/null 2>&1; then
        printf 'error: rustfmt or clippy is missing\ntry: rustup component add rustfmt clippy\n' >&2
        return 1
    fi
    install_packages && install_nextest
}

# --- The steps --------------------------------------------------------------------------------------

# Scripts that are no programs of their own, and so name no shell, are run by `sh`.
scripts() {
    local script
    git ls-files -z -- '*.sh' .ci/run | while IFS= read -r -d '' script; do
        case $(head -c 2 "$script") in
        '#!') shellcheck "$script" ;;
        *) shellcheck --shell=sh "$script" ;;
        esac || return 1
    done
}

# For whoever works on the code: private items too, and links to them.
documentation() {
    RUSTDOCFLAGS="-D warnings -A rustdoc::private-intra-doc-links" \
        cargo doc --quiet --locked --workspace --no-deps --document-private-items
}

# Doctests are rare, and a run without any must not look like the run of all tests.
has_doctests() {
    # shellcheck disable=SC2016 # The backticks are what is looked for.
    git ls-files -z -- '*/src/*.rs' | xargs -0 awk '
        FNR == 1 { fenced = 0 }
        /^ *\/\/[\/!] *```/ {
            if (!fenced && $0 ~ /```(rust|should_panic|no_run|compile_fail)?$/) { found = 1; exit }
            fenced = !fenced
        }
        END { exit !found }'
}

system_tests='package(system-tests) and kind(test)'
nextest() { cargo nextest run --locked --workspace --no-tests=pass "$@"; }
# With all that the programs can say, so that a secret among it is found.
on_real_binaries() {
    MCPCTL_LEFT_OUT=$left_out_there MCPCTL_TEST_LOG=${MCPCTL_TEST_LOG:-trace} nextest -E "$system_tests"
}
has_system_tests() { [ -n "$(cargo nextest list --locked --workspace --message-format oneline -E "$system_tests" 2>/dev/null)" ]; }

step "what the tests need" prepare
step "nginx" unpack_nginx
step "formatting" cargo fmt --all --check
step "shell scripts" scripts
step "lints" cargo clippy --quiet --locked --workspace --all-targets -- -D warnings
step "documentation" documentation
if cargo deny --version >/dev/null 2>&1; then
    step "dependencies" tests/audit.sh --offline
else
    leave_out "dependencies" "no cargo-deny; tests/audit.sh installs it"
fi
step "build" cargo build --quiet --locked --workspace --all-targets
if has_doctests; then step "examples in the documentation" cargo test --quiet --locked --workspace --doc; fi
step "tests" nextest -E "not ($system_tests)"
if [ -n "$quick" ]; then
    leave_out "tests on the real binaries" "--quick"
elif has_system_tests; then
    left_out_there=$(mktemp)
    trap 'rm -f "$left_out_there"' EXIT
    step "tests on the real binaries" on_real_binaries
    tell_what_was_left_out "$left_out_there"
fi
if [ -n "$quick" ]; then
    leave_out "unmodified SDKs" "--quick"
    leave_out "gRPC from Python" "--quick"
else
    step "unmodified SDKs" env SDK_SKIP_BUILD=1 tests/sdk.sh
    step "gRPC from Python" env GRPC_SKIP_BUILD=1 tests/grpc.sh
fi

printf '\n=== passed%s\n  %-36s %5d s\n' "$summary" "in all" $((SECONDS - began))
