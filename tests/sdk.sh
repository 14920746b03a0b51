#!/bin/sh
# Runs the unmodified SDKs against the real programs, for a public and a virtual LLM: OpenAI's for Python and Node,
# Anthropic's for Python. Each script prints a line per check.
#
#   tests/sdk.sh                     all of them
#   tests/sdk.sh openai_python       only this one (or openai_node, anthropic_python; several are fine)
#
# Keeps a virtual environment and node_modules in the target folder. Exit code 77: left out, since the packages can't
# be had (no registry in reach, or no python3 or node). SDK_SKIP_BUILD=1 runs what is built already.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
target=${CARGO_TARGET_DIR:-$root/target}
tools=$target/sdk
left_out=77
# Longest one script may take against one LLM.
limit_seconds=180

note() { printf 'sdk.sh: %s\n' "$*" >&2; }

skip() {
    note '*****************************************************************'
    note "* THE SDKs WERE NOT TESTED: $1"
    note '*****************************************************************'
    exit "$left_out"
}

# --- Inside the stage: the servers run, their addresses are in the environment ------------------------

# one SCRIPT LLM
one() {
    case $1 in
    openai_python) set -- "$2" "$tools/openai/bin/python" "$here/sdk/openai_python.py" ;;
    anthropic_python) set -- "$2" "$tools/anthropic/bin/python" "$here/sdk/anthropic_python.py" ;;
    openai_node) set -- "$2" node "$here/sdk/openai_node.mjs" ;;
    esac
    llm=$1
    shift
    printf '\n--- %s on %s\n' "$(basename "$2")" "$llm"
    SDK_NODE_DIR=$tools/node PYTHONDONTWRITEBYTECODE=1 timeout "$limit_seconds" "$@" \
        --base-url "$STAGE_BASE_URL" --key "$STAGE_KEY" --limited-key "$STAGE_LIMITED_KEY" \
        --model "$llm" --mock-admin "$STAGE_MOCK"
}

if [ "${1:-}" = --inside ]; then
    shift
    failed=
    for script in "$@"; do
        for llm in "$STAGE_PUBLIC" "$STAGE_VIRTUAL"; do
            one "$script" "$llm" || failed="$failed $script/$llm"
        done
    done
    [ -z "$failed" ] && exit 0
    note "failed:$failed"
    exit 1
fi

# --- What the scripts need -------------------------------------------------------------------------------

# Environments of their own, so that one SDK's dependencies don't bend the other's.
python_env() {
    wanted=$here/sdk/requirements-$1.txt
    cmp -s "$wanted" "$tools/$1/installed.txt" && return
    note "installing $1's SDK for Python into $tools/$1"
    python3 -m venv --clear "$tools/$1" >&2 || skip "python3 can't make a virtual environment (Debian: python3-venv)"
    "$tools/$1/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$wanted" >&2 ||
        skip "the package index of Python can't be reached, or lacks $(grep -v '^#' "$wanted")"
    cp "$wanted" "$tools/$1/installed.txt"
}

node_modules() {
    cmp -s "$here/sdk/package.json" "$tools/node/installed.json" && return
    note "installing OpenAI's SDK for Node into $tools/node"
    mkdir -p "$tools/node"
    cp "$here/sdk/package.json" "$tools/node/package.json"
    (cd "$tools/node" && npm install --silent --no-audit --no-fund --no-update-notifier >&2) ||
        skip "the registry of npm can't be reached, or lacks what sdk/package.json names"
    cp "$here/sdk/package.json" "$tools/node/installed.json"
}

[ $# -gt 0 ] || set -- openai_python openai_node anthropic_python
for script in "$@"; do
    case $script in
    openai_python | anthropic_python)
        command -v python3 >/dev/null || skip "there is no python3"
        python_env "${script%_python}"
        ;;
    openai_node)
        { command -v node && command -v npm; } >/dev/null || skip "there is no node or no npm"
        node_modules
        ;;
    *)
        note "there is no script $script: openai_python, openai_node, anthropic_python"
        exit 2
        ;;
    esac
done

if [ -z "${SDK_SKIP_BUILD:-}" ]; then
    cargo build --quiet --locked --manifest-path "$root/Cargo.toml" -p mcpd -p mcplocal -p system-tests --bins >&2
fi
exec "$target/debug/stage" sh "$here/sdk.sh" --inside "$@"
