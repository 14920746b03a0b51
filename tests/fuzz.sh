#!/usr/bin/env bash
# Fuzz targets for a time each, one after another: docs/fuzzing.md says what they are and what to do with a finding.
#
#   tests/fuzz.sh                    every target for one minute
#   tests/fuzz.sh 10                 every target for ten minutes
#   tests/fuzz.sh 10 gemini sse      those whose name has one of these words in it
#   tests/fuzz.sh --list             their names
#
# The first build takes about twenty minutes on two cores; FUZZ_PROFILE=dev builds sooner and runs several times slower.
# FUZZ_MEMORY is what one target may take, in KiB of address space, 4 GiB; FUZZ_LOGS the folder for what they say.
set -euo pipefail

cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-$PWD/target}
logs=${FUZZ_LOGS:-$target/fuzz}
memory=${FUZZ_MEMORY:-4194304}
profile=${FUZZ_PROFILE:-fuzzing}

list=
minutes=1
case ${1:-} in
--list)
    list=yes
    shift
    ;;
'') ;;
*[!0-9.]* | .*)
    printf 'usage: tests/fuzz.sh [--list | MINUTES] [TARGET...]\n' >&2
    exit 2
    ;;
*)
    minutes=$1
    shift
    ;;
esac
seconds=$(awk -v minutes="$minutes" 'BEGIN { printf "%d", minutes * 60 }')

# The crates that have targets say so in their manifests.
packages=()
tests=()
while IFS= read -r manifest; do
    name=$(sed -n 's/^name = "\(.*\)"/\1/p' "$manifest" | head -1)
    [ "$name" = fuzzing ] || packages+=(-p "$name")
done < <(git ls-files -- '*Cargo.toml' | xargs grep -l '^fuzzing\.workspace')

# Of their integration tests only those with targets: the others take long to build.
mapfile -t files < <(git grep -l --untracked 'fuzzing::targets!' -- '*/tests/*.rs' | grep -v '/src/')
for file in "${files[@]}"; do
    file=${file##*/tests/}
    tests+=(--test "$(basename "${file%%/*}" .rs)")
done

printf 'building ...\n' >&2
built=$(cargo test --profile "$profile" --quiet --locked --no-run --message-format json "${packages[@]}" --lib --bins "${tests[@]}")
# "FOLDER BINARY" of each: many binaries are called `fuzz`.
mapfile -t binaries < <(sed -n \
    's/.*"package_id":"[^"]*\/\([^/"#]*\)#.*"test":true}.*"executable":"\([^"]*\)".*/\1 \2/p' <<<"$built")

is_asked_for() {
    local title=$1 word
    shift
    if [ $# -eq 0 ]; then return 0; fi
    for word; do
        case $title in *"$word"*) return 0 ;; esac
    done
    return 1
}

# play BINARY TEST TITLE: one target; the process may end in any way.
play() {
    local log=$logs/${3//[^A-Za-z0-9_]/-}.log
    if (
        ulimit -v "$memory"
        FUZZ_SECONDS=$seconds FUZZ_TELL=1 RUST_BACKTRACE=0 \
            timeout -k 5 $((seconds * 2 + 300)) "$1" --exact "$2" --nocapture >"$log" 2>&1
    ); then
        printf '%s:%s\n' "$3" "$(sed -n 's/^fuzzed .*:: *[^:]*: / /p; s/^fuzzed [^ ]*: / /p' "$log" | head -1)"
    else
        printf '%s: FAILED\n' "$3"
        grep -v '^FUZZ_BATCH=' "$log" | tail -n 20 | cut -c1-2000
        printf 'all of it: %s\n' "$log"
        grep '^FUZZ_BATCH=' "$log" | tail -n 1
        return 1
    fi
}

mkdir -p "$logs"
failed=0
ran=0
for built in "${binaries[@]}"; do
    binary=${built#* }
    while IFS= read -r test; do
        title=${built%% *}::$test
        is_asked_for "$title" "$@" || continue
        ran=$((ran + 1))
        if [ -n "$list" ]; then
            printf '%s\n' "$title"
        else
            play "$binary" "$test" "$title" || failed=$((failed + 1))
        fi
    done < <("$binary" --list 2>/dev/null | sed -n 's/: test$//p' | grep -E '(^|::)fuzz::')
done
if [ "$ran" -eq 0 ]; then
    printf 'error: no target is called so\ntry: tests/fuzz.sh --list\n' >&2
    exit 2
fi
[ -n "$list" ] || printf '%d targets, %d failed\n' "$ran" "$failed"
[ "$failed" -eq 0 ]
