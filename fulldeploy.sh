#!/usr/bin/env bash
# Builds mcpd, mcplocal and mcpctl, installs and starts them, publishes the models that answer on
# this machine, and sends one request the whole way to see that it works.
#
# Needs Linux, Rust with a C linker, and what every system has: bash, coreutils, awk, sed. Safe to
# run again: what is up to date stays as it is, what changed is replaced and restarted.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
programs="mcpd mcplocal mcpctl"

# How long things may take, in seconds.
ready_wait=30    # mcpd, from its start to its first 200 on /readyz
stop_wait=60     # a daemon, from SIGTERM to its end; what runs is finished first
row_wait=30      # a published row, from mcplocal's start to `active`
gone_wait=10     # a published row, from mcplocal's end to `inactive`
answer_wait=180  # one answer; a cold model is loaded first
probe_wait=2     # one question to a port

usage() {
    cat <<'USAGE'
Usage: ./fulldeploy.sh [OPTIONS]

Builds, installs and starts mcpd, mcplocal and mcpctl on this machine, and proves that they work.

Options:
  --prefix DIR    install into DIR/bin (default: ~/.local)
  --listen ADDR   where mcpd listens (default: MCPD_LISTEN, else as last time, else 127.0.0.1:8765)
  --no-smoke      don't send requests at the end
  --status        show what runs, and stop
  --down          stop mcpd and mcplocal; programs, data and configuration stay
  --help          show this

Honours HOME, XDG_CONFIG_HOME, XDG_DATA_HOME, XDG_STATE_HOME, MCPD_DATA_DIR, MCPCTL_HOME, CARGO,
CARGO_HOME and CARGO_TARGET_DIR.
USAGE
}

# --- What is said ---------------------------------------------------------------------------------

say() { printf '%s\n' "$*"; }
warn() { printf 'warning: %s\n' "$*" >&2; }

# die WHAT [TRY...]
die() {
    clear_line
    printf 'error: %s\n' "$1" >&2
    shift
    while [ $# -gt 0 ]; do
        printf 'try: %s\n' "$1" >&2
        shift
    done
    exit 1
}

# misuse WHAT: the command line can't be understood.
misuse() {
    printf 'error: %s\n\n' "$1" >&2
    usage >&2
    exit 2
}

on_terminal=
[ -t 1 ] && on_terminal=yes
clear_line() { if [ -n "$on_terminal" ]; then printf '\r\033[K'; fi; }

# Milliseconds; only differences mean something.
now_ms() {
    local now=${EPOCHREALTIME:-}
    if [ -n "$now" ]; then
        now=${now/[.,]/}
        printf '%s' $((now / 1000))
    else
        printf '%s' $((SECONDS * 1000))
    fi
}

begin() { step_began=$(now_ms); }

# tick WHAT: the step that `begin` began is done.
tick() {
    local took=$(($(now_ms) - step_began))
    clear_line
    printf '  ✓ %-64s %4d.%02d s\n' "$1" $((took / 1000)) $((took % 1000 / 10))
    begin
}

# until_true SECONDS COMMAND...: runs the command until it succeeds; fails when the time is over.
until_true() {
    local end=$(($(now_ms) + $1 * 1000))
    shift
    until "$@"; do
        [ "$(now_ms)" -lt "$end" ] || return 1
        sleep 0.1
    done
}

# --- JSON, as far as it is needed -------------------------------------------------------------------

# json_paths < TEXT: one line per value: byte offset, path, kind (object, array, string, literal),
# and the value as it is written. Fails where the brackets don't match.
json_paths() {
    LC_ALL=C awk '
        function here() { return in_array[depth] ? path[depth] "[" count[depth] "]" : path[depth] "." key[depth] }
        function value(at, kind, raw) { print at "\t" (depth ? here() : "") "\t" kind "\t" raw; wants_key[depth] = 0 }
        function push(array) {
            path[depth + 1] = depth ? here() : ""
            depth++
            in_array[depth] = array; count[depth] = 0; wants_key[depth] = !array
        }
        { text = text $0 "\n" }
        END {
            n = length(text)
            for (i = 1; i <= n; i++) {
                c = substr(text, i, 1)
                if (c == "{") { value(i, "object", ""); push(0) }
                else if (c == "[") { value(i, "array", ""); push(1) }
                else if (c == "}" || c == "]") {
                    if (depth == 0 || in_array[depth] != (c == "]")) exit 1
                    depth--
                }
                else if (c == ",") { if (in_array[depth]) count[depth]++; else wants_key[depth] = 1 }
                else if (c == "\"") {
                    for (j = i + 1; j <= n && (d = substr(text, j, 1)) != "\""; j++) if (d == "\\") j++
                    raw = substr(text, i + 1, j - i - 1)
                    if (wants_key[depth]) { key[depth] = raw; wants_key[depth] = 0 }
                    else value(i, "string", raw)
                    i = j
                }
                else if (c ~ /[-+.0-9A-Za-z]/) {
                    for (j = i; substr(text, j, 1) ~ /[-+.0-9A-Za-z]/; j++);
                    value(i, "literal", substr(text, i, j - i))
                    i = j - 1
                }
            }
            exit depth != 0
        }'
}

# json_value PATH < LINES of json_paths: the first value at that path.
json_value() { awk -F '\t' -v path="$1" '$2 == path && !found { print $4; found = 1 } END { exit !found }'; }

# --- HTTP, as far as it is needed -------------------------------------------------------------------

# http_get HOST PORT PATH: the answer, head and body. An endless answer is cut.
http_get() {
    # shellcheck disable=SC2016 # The inner shell expands its own arguments.
    timeout "$probe_wait" bash -c '
        exec 3<>"/dev/tcp/$1/$2"
        printf "GET %s HTTP/1.0\r\nHost: %s:%s\r\nAccept: application/json\r\nConnection: close\r\n\r\n" "$3" "$1" "$2" >&3
        head -c 4000000 <&3' http_get "$1" "$2" "$3" 2>/dev/null
}

# http_body HOST PORT PATH: the body of a 200; fails for all else.
http_body() {
    { http_get "$@" || true; } | LC_ALL=C awk '
        NR == 1 { good = $2 == 200 }
        body && good { print }
        /^\r?$/ { body = 1 }
        END { exit !good }'
}

somebody_listens() {
    # shellcheck disable=SC2016 # The inner shell expands its own arguments.
    timeout "$probe_wait" bash -c 'exec 3<>"/dev/tcp/$1/$2"' probe "$host" "$port" 2>/dev/null
}

mcpd_is_ready() { http_body "$host" "$port" /readyz >/dev/null; }

# Who listens on our port, as far as this user may see it.
port_owner() {
    local hex inode fd pid
    hex=$(printf '%04X' "$port")
    while read -r inode; do
        fd=$(find /proc/[0-9]*/fd -lname "socket:\\[$inode\\]" 2>/dev/null | head -n 1) || true
        pid=${fd#/proc/}
        pid=${pid%%/*}
        if [ -n "$pid" ]; then
            printf "%s (pid %s)" "$(cat "/proc/$pid/comm" 2>/dev/null)" "$pid"
            return
        fi
    done < <(awk -v end=":$hex\$" '$4 == "0A" && $2 ~ end { print $10 }' /proc/net/tcp /proc/net/tcp6 2>/dev/null)
    printf 'another program'
}

# --- Places and memory of the last run --------------------------------------------------------------

absolute() { case $1 in /*) printf '%s' "$1" ;; *) printf '%s/%s' "$PWD" "$1" ;; esac; }

# remembered NAME: what the last run wrote down.
remembered() { { sed -n "s/^$1=//p" "$state_dir/deploy.conf" 2>/dev/null || true; } | head -n 1; }

remember() {
    printf 'prefix=%s\nlisten=%s\nservices=%s\n' "$prefix" "$listen" "$services" >"$state_dir/deploy.conf.new"
    mv -f "$state_dir/deploy.conf.new" "$state_dir/deploy.conf"
}

find_places() {
    [ -n "${HOME:-}" ] || die "HOME is not set" "run it as \`HOME=/home/you ./fulldeploy.sh\`"
    config_home=$(absolute "${XDG_CONFIG_HOME:-$HOME/.config}")
    data_dir=$(absolute "${MCPD_DATA_DIR:-${XDG_DATA_HOME:-$HOME/.local/share}/mcpd}")
    mcpctl_home=$(absolute "${MCPCTL_HOME:-$HOME/.mcpctl}")
    state_dir=$(absolute "${XDG_STATE_HOME:-$HOME/.local/state}/mcpctl")
    config=$mcpctl_home/config.json
    prefix=${prefix:-$(remembered prefix)}
    prefix=$(absolute "${prefix:-$HOME/.local}")
    bin=$prefix/bin
    listen=${listen:-${MCPD_LISTEN:-$(remembered listen)}}
    listen=${listen:-127.0.0.1:8765}
    port=${listen##*:}
    host=${listen%:*}
    if ! [[ $listen =~ ^[^/]+:[0-9]{1,5}$ ]] || [ "$port" -eq 0 ] || [ "$port" -gt 65535 ]; then
        die "\`$listen\` is not an address to listen on" "--listen 127.0.0.1:8765"
    fi
    # Everything on this machine reaches a wildcard address by loopback.
    case $host in
    0.0.0.0) host=127.0.0.1 ;;
    '[::]') host='[::1]' ;;
    esac
    url=http://$host:$port
    host=${host#[}
    host=${host%]}
    services=$(remembered services)
}

# --- The two daemons --------------------------------------------------------------------------------

# User services serve where systemd runs for this user and means the same home as we do.
user_services_work() {
    local environment
    command -v systemctl >/dev/null || return 1
    environment=$(timeout 5 systemctl --user show-environment 2>/dev/null) || return 1
    printf '%s\n' "$environment" | grep -qxF "HOME=$HOME"
}

unit_is_active() { systemctl --user --quiet is-active "$1.service" 2>/dev/null; }

started_at() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20; }

# pid_of DAEMON: its process id, where it is surely the one that we started.
pid_of() {
    local pid started exe found
    if [ "$services" = yes ]; then
        unit_is_active "$1" || return 1
        pid=$(systemctl --user show --property MainPID --value "$1.service")
        [ "${pid:-0}" -gt 0 ] || return 1
        printf '%s' "$pid"
        return
    fi
    { read -r pid && read -r started && read -r exe; } 2>/dev/null <"$state_dir/$1.pid" || return 1
    found=$(readlink "/proc/$pid/exe" 2>/dev/null) || return 1
    # A program that was replaced meanwhile is shown as deleted.
    [ "${found% (deleted)}" = "$exe" ] || return 1
    [ "$(started_at "$pid")" = "$started" ] || return 1
    printf '%s' "$pid"
}

is_gone() { ! pid_of "$1" >/dev/null; }

# Whether the running daemon is the installed program.
is_current() {
    local pid
    pid=$(pid_of "$1") && [ "/proc/$pid/exe" -ef "$bin/$1" ]
}

stop() {
    local pid
    if [ "$services" = yes ]; then
        systemctl --user stop "$1.service" 2>/dev/null || true
        return
    fi
    if pid=$(pid_of "$1"); then
        kill "$pid" 2>/dev/null || true
        if ! until_true "$stop_wait" is_gone "$1"; then
            warn "$1 (pid $pid) did not stop within $stop_wait s and is ended by force"
            kill -9 "$pid" 2>/dev/null || true
            until_true 5 is_gone "$1" || die "$1 (pid $pid) can't be stopped"
        fi
    fi
    rm -f "$state_dir/$1.pid"
}

# launch DAEMON COMMAND...: in the background, outliving this shell and its terminal.
launch() {
    local name=$1 log=$state_dir/$1.log detach=
    shift
    if [ "$(stat -c %s "$log" 2>/dev/null || printf 0)" -gt 10000000 ]; then
        mv -f "$log" "$log.1"
    fi
    if command -v setsid >/dev/null; then detach=setsid; fi
    (
        cd /
        exec 9>&- # The lock of this script is not the daemon's to hold.
        # shellcheck disable=SC2086 # No word where there is no setsid.
        exec $detach nohup "$@" </dev/null >>"$log" 2>&1
    ) &
    local pid=$!
    # The last of the chain of execs is the daemon itself.
    runs_daemon() { [ "/proc/$pid/exe" -ef "$bin/$name" ] || ! kill -0 "$pid" 2>/dev/null; }
    until_true 5 runs_daemon || true
    printf '%s\n%s\n%s\n' "$pid" "$(started_at "$pid")" "$(readlink -f "$bin/$name")" >"$state_dir/$name.pid"
}

start_mcpd() {
    if [ "$services" = yes ]; then
        write_mcpd_unit
        systemctl --user daemon-reload
        systemctl --user --quiet enable mcpd.service
        systemctl --user restart --no-block mcpd.service
        return
    fi
    launch mcpd env MCPD_LISTEN="$listen" MCPD_DATA_DIR="$data_dir" "$bin/mcpd"
}

# For a value in a unit file: `%` and `"` mean something there.
in_unit() { printf '%s' "$1" | sed 's/%/%%/g; s/[\\"]/\\&/g'; }

write_mcpd_unit() {
    local dir=$config_home/systemd/user
    mkdir -p "$dir"
    cat >"$dir/mcpd.service.new" <<UNIT
[Unit]
Description=mcpd, one endpoint over all your LLMs

[Service]
Type=notify
ExecStart="$(in_unit "$bin/mcpd")"
Environment="MCPD_LISTEN=$(in_unit "$listen")"
Environment="MCPD_DATA_DIR=$(in_unit "$data_dir")"
Restart=always
RestartSec=2
TimeoutStopSec=$stop_wait
NoNewPrivileges=yes

[Install]
WantedBy=default.target
UNIT
    mv -f "$dir/mcpd.service.new" "$dir/mcpd.service"
}

start_mcplocal() {
    if [ "$services" = yes ]; then
        env -u MCPCTL_TOKEN -u MCPCTL_SERVER "$bin/mcplocal" install >>"$state_dir/mcplocal.log" 2>&1 ||
            die "\`mcplocal install\` failed: $(tail -n 3 "$state_dir/mcplocal.log")"
        systemctl --user restart mcplocal.service
        return
    fi
    launch mcplocal env -u MCPCTL_TOKEN -u MCPCTL_SERVER MCPCTL_HOME="$mcpctl_home" "$bin/mcplocal" run
}

# recent_log DAEMON
recent_log() {
    if [ "$services" = yes ]; then
        journalctl --user --quiet --no-pager -n 20 -u "$1.service" 2>/dev/null || true
    else
        tail -n 20 "$state_dir/$1.log" 2>/dev/null || true
    fi
}

show_log() {
    clear_line
    printf -- '--- the last lines of %s:\n' "$1" >&2
    recent_log "$1" >&2
    printf -- '---\n' >&2
}

# mcpctl against our own server, whatever the shell's variables say.
ctl() { timeout "$answer_wait" env -u MCPCTL_TOKEN -u MCPCTL_SERVER MCPCTL_HOME="$mcpctl_home" "$bin/mcpctl" --server "$url" "$@"; }

# --- Build and install ------------------------------------------------------------------------------

find_rust() {
    local wanted found
    cargo=${CARGO:-$(command -v cargo || true)}
    [ -n "$cargo" ] || cargo=${CARGO_HOME:-$HOME/.cargo}/bin/cargo
    wanted=$(sed -n 's/^rust-version *= *"\(.*\)"/\1/p' "$root/Cargo.toml" | head -n 1)
    [ -x "$cargo" ] || die "there is no \`cargo\` on this machine" \
        "install Rust $wanted or newer as https://rustup.rs tells, open a new shell, and run this again"
    found=$(cd "$root" && "$cargo" --version 2>/dev/null | awk '{ print $2 }') || true
    [ -n "$found" ] || die "\`$cargo --version\` fails" "rustup default stable"
    [ "$(printf '%s\n%s\n' "$wanted" "$found" | sort -V | head -n 1)" = "$wanted" ] ||
        die "Rust $found is too old: $wanted is needed" "rustup update stable"
    command -v cc >/dev/null || command -v gcc >/dev/null || command -v clang >/dev/null ||
        die "there is no C compiler, which Rust links with" \
            "apt-get install build-essential   (Debian, Ubuntu)" "dnf install gcc   (Fedora)"
}

# What cargo is at: the last line of its log, without its progress bar's bar.
building_now() {
    tail -c 600 "$1" 2>/dev/null | tr '\r' '\n' | sed -n 's/ *$//; s/^.*Building \[[^]]*\] //p; s/^ *\(Blocking .*\)/\1/p' |
        tail -n 1 | cut -c 1-70
}

build() {
    local log=$state_dir/build.log elapsed said=0 arguments=() program
    for program in $programs; do arguments+=(-p "$program"); done
    (
        cd "$root"
        exec env CARGO_TERM_PROGRESS_WHEN=always CARGO_TERM_PROGRESS_WIDTH=120 CARGO_TERM_COLOR=never \
            "$cargo" build --release --locked "${arguments[@]}"
    ) >"$log" 2>&1 &
    build_pid=$!
    while kill -0 "$build_pid" 2>/dev/null; do
        elapsed=$((($(now_ms) - step_began) / 1000))
        if [ -n "$on_terminal" ]; then
            printf '\r\033[K    building %d:%02d  %s' $((elapsed / 60)) $((elapsed % 60)) "$(building_now "$log")"
        elif [ $((elapsed - said)) -ge 20 ]; then
            said=$elapsed
            printf '    building %d:%02d  %s\n' $((elapsed / 60)) $((elapsed % 60)) "$(building_now "$log")"
        fi
        sleep 0.2
    done
    if ! wait "$build_pid"; then
        build_pid=
        clear_line
        tr '\r' '\n' <"$log" | grep -v -e '^ *Building \[' -e '^ *Compiling ' -e '^ *$' | tail -n 40 >&2
        die "the build failed; the whole log is $log"
    fi
    build_pid=
    built_dir=$(cd "$root" && "$cargo" metadata --no-deps --format-version 1 --locked 2>/dev/null |
        json_paths | json_value .target_directory) || die "\`cargo metadata\` fails in $root"
    built_dir=$built_dir/release
    tick "built"
}

install_programs() {
    local program replaced=""
    for program in $programs; do
        if cmp -s "$built_dir/$program" "$bin/$program"; then continue; fi
        # A rename, so that a running program keeps its file and nobody ever sees half of one.
        if ! { cp "$built_dir/$program" "$bin/.$program.new" && chmod 755 "$bin/.$program.new" &&
            mv -f "$bin/.$program.new" "$bin/$program"; }; then
            die "can't install $program into $bin" "--prefix with a folder of your own"
        fi
        replaced="$replaced $program"
    done
    install_completions
    install_manual
    if [ -n "$replaced" ]; then tick "installed into $bin:$replaced"; else tick "nothing new to install into $bin"; fi
    case :$PATH: in
    *:"$bin":*) ;;
    *) bin_is_off_path=yes ;;
    esac
}

# Into the folders that shells look into, where the prefix has them.
install_completions() {
    local shell file
    while read -r shell file; do
        [ -d "${file%/*}" ] || continue
        if "$bin/mcpctl" completions "$shell" >"$file.new" 2>/dev/null; then
            mv -f "$file.new" "$file"
        else
            rm -f "$file.new"
            warn "no completions for $shell: \`mcpctl completions $shell\` fails"
        fi
    done <<FILES
bash $prefix/share/bash-completion/completions/mcpctl
zsh $prefix/share/zsh/site-functions/_mcpctl
fish $prefix/share/fish/vendor_completions.d/mcpctl.fish
FILES
}

install_manual() {
    "$bin/mcpctl" man --quiet --dir "$prefix/share/man/man1" 2>/dev/null || warn "no manual pages: \`mcpctl man\` fails"
}

# --- Start and log in -------------------------------------------------------------------------------

# Before the long build: is the address ours to take?
check_port() {
    somebody_listens || return 0
    if ! is_gone mcpd && [ "$(remembered listen)" = "$listen" ]; then return 0; fi
    die "$listen is in use by $(port_owner), which this script did not start" \
        "stop it, or choose another address: --listen 127.0.0.1:$((port + 1))"
}

choose_services() {
    local now=no
    if user_services_work; then now=yes; fi
    if [ "$services" != "$now" ]; then
        # Whatever an earlier run started in the other way must not stay beside it.
        if [ -n "$services" ]; then
            stop mcplocal
            stop mcpd
        fi
        services=$now
    fi
    if [ "$services" = yes ] && [ -n "${MCPD_DATABASE_URL:-}" ]; then
        warn "MCPD_DATABASE_URL of this shell does not reach the service: write database_url into $data_dir/mcpd.toml"
    fi
}

mcpd_is_ready_or_dead() { mcpd_is_ready || { [ "$services" != yes ] && is_gone mcpd; }; }

bring_up_mcpd() {
    if is_current mcpd && [ "$(remembered listen)" = "$listen" ] && mcpd_is_ready; then
        tick "mcpd runs at $url (pid $(pid_of mcpd))"
        return
    fi
    stop mcpd
    remember
    start_mcpd
    until_true "$ready_wait" mcpd_is_ready_or_dead || true
    if ! mcpd_is_ready; then
        show_log mcpd
        if is_gone mcpd; then die "mcpd ended at once; its log stands above"; fi
        die "mcpd was not ready within $ready_wait s; its log stands above"
    fi
    if is_gone mcpd; then
        die "$url answers, but it is not the mcpd that was started: $(port_owner) has the port" \
            "--listen 127.0.0.1:$((port + 1))"
    fi
    tick "mcpd started at $url (pid $(pid_of mcpd))"
}

log_in() {
    local token=$data_dir/admin.token before now
    if ctl whoami >/dev/null 2>&1; then
        tick "logged in already"
        return
    fi
    [ -r "$token" ] || die "not logged in to $url, and there is no $token to log in with" \
        "mcpctl login $url, with a token that an admin made; then run this again"
    before=$(config_value .currentContext)
    # The token goes from file to stdin: no command line and no variable ever holds it.
    ctl login "$url" --with-token <"$token" >"$state_dir/login.log" 2>&1 || {
        cat "$state_dir/login.log" >&2
        die "\`mcpctl login $url\` failed"
    }
    now=$(config_value .currentContext)
    tick "logged in"
    if [ -n "$before" ] && [ "$before" != "$now" ]; then
        say "    mcpctl's context is \`$now\` now; back to the former one: mcpctl context use $before"
    fi
}

# --- Publish ----------------------------------------------------------------------------------------

# config_value PATH: from config.json; empty where it is not there.
config_value() { { json_paths <"$config" | json_value "$1"; } 2>/dev/null || true; }

# models_of KIND PORT: the model ids that a server lists, as they are written in its JSON. Ollama's
# cloud models are not on this machine, and not ours to publish.
models_of() {
    case $1 in
    ollama) http_body 127.0.0.1 "$2" /api/tags | json_paths | awk -F '\t' '
        $2 ~ /^\.models\[[0-9]+\]\.name$/ { name[++n] = $4; row[n] = $2; sub(/\.name$/, "", row[n]) }
        $2 ~ /^\.models\[[0-9]+\]\.remote_host$/ && $4 != "" { sub(/\.remote_host$/, "", $2); remote[$2] = 1 }
        END { for (i = 1; i <= n; i++) if (!(row[i] in remote)) print name[i] }' ;;
    *) http_body 127.0.0.1 "$2" /v1/models | json_paths | awk -F '\t' '$2 ~ /^\.data\[[0-9]+\]\.id$/ { print $4 }' ;;
    esac
}

# A name to call a model by: its last path part, in lower case, fit for a shell and a URL.
name_for() {
    printf '%s' "$1" | LC_ALL=C sed 's|.*/||; s/\.gguf$//; s/:latest$//; s/[^A-Za-z0-9._:-]/-/g; s/^[^A-Za-z0-9]*//' |
        tr '[:upper:]' '[:lower:]' | cut -c 1-55 | sed 's/[^a-z0-9]*$//'
}

# Fills `entries` (JSON objects) and `found` (what to tell).
discover() {
    local label type port_ url_ model name n names taken
    entries=()
    found=()
    taken=$(json_paths <"$config" 2>/dev/null | awk -F '\t' '$2 ~ /^\.providers\[[0-9]+\]\.name$/ { print $4 }')
    while read -r label type port_ url_; do
        names=
        while IFS= read -r model; do
            name=$(name_for "$model")
            [ -n "$name" ] || name=$label
            n=2
            while printf '%s\n' "$taken" | grep -qxF "$name"; do
                name=$(name_for "$model")-$n
                n=$((n + 1))
            done
            taken="$taken
$name"
            names="$names $name"
            entries+=("{ \"name\": \"$name\", \"type\": \"$type\", \"url\": \"$url_\", \"model\": \"$model\", \"publish\": true }")
        done < <(models_of "$type" "$port_" 2>/dev/null | head -n 50)
        if [ -n "$names" ]; then found+=("$label on port $port_:$names"); fi
    done <<'SERVERS'
ollama ollama 11434 http://127.0.0.1:11434
vllm openai 8000 http://127.0.0.1:8000/v1
llama-cpp openai 8080 http://127.0.0.1:8080/v1
lm-studio openai 1234 http://127.0.0.1:1234/v1
SERVERS
    if [ ${#entries[@]} -eq 0 ]; then
        entries=('{ "name": "demo", "type": "demo", "model": "demo", "publish": true }')
        found=("no model server here: the built-in \`demo\`, which repeats what it is told")
    fi
}

# write_config FILE: FILE becomes config.json, at once or not at all. A link stays a link.
write_config() {
    local target
    target=$(readlink -f "$config")
    chmod 600 "$1"
    mv -f "$1" "$target"
}

# insert_at OFFSET TEXT: puts TEXT behind that many bytes of config.json.
insert_at() {
    { head -c "$1" "$config" && printf '%s' "$2" && tail -c "+$(($1 + 1))" "$config"; } >"$config.new"
    json_paths <"$config.new" >/dev/null || die "can't add to $config" "add a provider with \"publish\": true by hand"
    write_config "$config.new"
}

publish() {
    local lines text array line
    mkdir -p "$mcpctl_home"
    [ -s "$config" ] || (umask 077 && printf '{\n  "server": "%s"\n}\n' "$url" >"$config")
    lines=$(json_paths <"$config") || die "$config is not valid JSON" "mend it, and run this again"
    printf '%s\n' "$lines" | awk -F '\t' 'NR == 1 { exit $3 != "object" }' ||
        die "$config is not a JSON object" "mend it, and run this again"
    follow_listen "$lines"
    lines=$(json_paths <"$config")
    if printf '%s\n' "$lines" | awk -F '\t' '
        $2 ~ /^\.providers\[[0-9]+\]\.publish$/ && $4 == "true" { found = 1 } END { exit !found }'; then
        tick "publishing what $config says"
        return
    fi
    discover
    text=
    for line in "${entries[@]}"; do text="$text${text:+,}
    $line"; done
    array=$(printf '%s\n' "$lines" | awk -F '\t' '$2 == ".providers" { print $1, $3 }')
    case $array in
    *' array')
        # Before what is there already.
        printf '%s\n' "$lines" | grep -q "$(printf '\t')\\.providers\\[0\\]" && text="$text,"
        insert_at "${array% *}" "$text"
        ;;
    '')
        text="
  \"providers\": [$text
  ]"
        printf '%s\n' "$lines" | awk -F '\t' '$2 ~ /^\./ { found = 1 } END { exit !found }' && text="$text,"
        insert_at "$(printf '%s\n' "$lines" | awk -F '\t' 'NR == 1 { print $1 }')" "$text"
        ;;
    *) die "\`providers\` in $config is not an array" "mend it, and run this again" ;;
    esac
    for line in "${found[@]}"; do tick "publishing: $line"; done
}

# `server` of config.json says where mcplocal publishes to. Where it names our own former address,
# it follows; another server is its owner's choice.
follow_listen() {
    local line at server
    line=$(printf '%s\n' "$1" | awk -F '\t' '$2 == ".server" { print $1 "\t" $4 }')
    at=${line%%	*}
    server=${line#*	}
    server=${server%/}
    [ -n "$line" ] && [ "$server" != "$url" ] || return 0
    if [ "$server" = "$former_url" ]; then
        { head -c "$at" "$config" && printf '%s' "$url" && tail -c "+$((at + 1 + ${#former_url}))" "$config"; } >"$config.new"
        write_config "$config.new"
        return
    fi
    publishes_elsewhere=$server
    warn "$config publishes to $server, not to $url: it is left so, and the requests at the end are left out"
}

bring_up_mcplocal() {
    if is_current mcplocal; then
        tick "mcplocal runs (pid $(pid_of mcplocal))"
        return
    fi
    stop mcplocal
    start_mcplocal
    if is_gone mcplocal; then
        show_log mcplocal
        die "mcplocal ended at once; its log stands above"
    fi
    tick "mcplocal started (pid $(pid_of mcplocal))"
}

# --- Smoke ------------------------------------------------------------------------------------------

# The provider to ask: the demo, else the first published one that looks as if it could talk.
pick_llm() {
    json_paths <"$config" | awk -F '\t' '
        $2 ~ /^\.providers\[[0-9]+\]\.[a-z]+$/ {
            field = $2; sub(/.*\./, "", field)
            row = $2; sub(/^\.providers\[/, "", row); sub(/\].*/, "", row)
            if (!(row in seen)) { seen[row] = 1; rows[++n] = row }
            is[row, field] = $4
        }
        END {
            for (pass = 1; pass <= 2; pass++) for (i = 1; i <= n; i++) {
                row = rows[i]
                if (is[row, "publish"] != "true" || is[row, "name"] ~ /embed/) continue
                if (pass == 2 || is[row, "type"] == "demo") { print is[row, "name"]; exit }
            }
        }'
}

# row_is KIND PHASE
row_is() {
    last_row=$(ctl get llm "$llm" -o json 2>/dev/null | json_paths 2>/dev/null) || true
    last_seen="$(printf '%s\n' "$last_row" | json_value .spec.kind) $(printf '%s\n' "$last_row" | json_value .status.phase)" || true
    [ "$last_seen" = "$1 $2" ]
}

wait_for_row() {
    if until_true "$1" row_is virtual "$2"; then return; fi
    clear_line
    ctl local status >&2 || true
    show_log mcplocal
    die "\`$llm\` is not virtual and $2 after $1 s, but ${last_seen:-not there}; mcplocal's state stands above"
}

# ask WHAT ARGUMENTS...: one question, whose answer must not be empty.
ask() {
    local what=$1 answer code=0
    shift
    answer=$(ctl chat-llm "$llm" --max-tokens 32 "$@" 2>"$state_dir/smoke.log" </dev/null) || code=$?
    if [ "$code" -ne 0 ]; then
        cat "$state_dir/smoke.log" >&2
        show_log mcplocal
        die "\`$llm\` did not answer: \`mcpctl chat-llm\` ended with exit code $code"
    fi
    [ -n "$answer" ] || die "\`$llm\` gave an empty answer"
    tick "$what: $(printf '%s' "$answer" | tr '\n' ' ' | cut -c 1-36)"
}

smoke() {
    local code=0
    if [ -n "$publishes_elsewhere" ]; then return; fi
    if [ -z "$llm" ]; then
        warn "nothing that is published can be asked; no request was sent"
        return
    fi
    wait_for_row "$row_wait" active
    tick "\`$llm\` is virtual and active"
    ask "answered in one piece" --no-stream -m "Say hello in one word."
    ask "answered as a stream" -m "Say hello in one word."
    # A publisher that goes away must be seen to go, and to come back.
    publisher_is_down=yes
    stop mcplocal
    wait_for_row "$gone_wait" inactive
    tick "publisher stopped: \`$llm\` is inactive"
    ctl chat-llm "$llm" --no-stream -m "Are you there?" >/dev/null 2>"$state_dir/smoke.log" </dev/null || code=$?
    if [ "$code" -ne 6 ]; then
        cat "$state_dir/smoke.log" >&2
        die "a request to a stopped publisher ended with exit code $code, not 6 (unavailable)"
    fi
    tick "a request is refused as unavailable (exit code 6)"
    start_mcplocal
    publisher_is_down=
    wait_for_row "$row_wait" active
    tick "publisher started: \`$llm\` is active again"
}

# --- The whole --------------------------------------------------------------------------------------

say_next() {
    local path=mcpctl logs=$state_dir
    [ -z "$bin_is_off_path" ] || path=$bin/mcpctl
    [ "$services" != yes ] || logs="journalctl --user -u mcpd -u mcplocal"
    printf '\nUp in %d s. Next:\n' $((($(now_ms) - began) / 1000))
    next_line() { printf "  %-$((${#path} + 24))s %s\n" "$@"; }
    next_line "$path get llm" "what can be called"
    next_line "$path chat-llm ${llm:-NAME}" "talk to one"
    next_line "$path local status" "what this machine publishes"
    next_line "$root/fulldeploy.sh --down" "stop it all"
    printf '\nConfiguration %s\nData          %s\nLogs          %s\n' "$config" "$data_dir" "$logs"
    if [ -n "$bin_is_off_path" ]; then
        # shellcheck disable=SC2016 # To be typed as it stands.
        printf '\nwarning: %s is not on your PATH. Add this line to your shell profile:\n  export PATH="%s:$PATH"\n' "$bin" "$bin" >&2
    fi
    if [ "$services" = yes ] && command -v loginctl >/dev/null &&
        [ "$(loginctl show-user "$(id -u)" --property Linger --value 2>/dev/null)" = no ]; then
        printf '\nBoth stop when you log out. To keep them: loginctl enable-linger\n'
    fi
}

status() {
    local daemon pid missing=0
    if [ ! -e "$state_dir/deploy.conf" ]; then
        say "not deployed for this user"
        return 3
    fi
    for daemon in mcpd mcplocal; do
        if pid=$(pid_of "$daemon"); then
            say "$daemon: runs (pid $pid)"
        else
            say "$daemon: does not run"
            missing=1
        fi
    done
    [ "$missing" -eq 0 ] || return 1
    if mcpd_is_ready; then
        say "ready at $url"
    else
        say "not ready at $url"
        return 1
    fi
    ctl get llm || return 1
}

down() {
    local daemon
    for daemon in mcplocal mcpd; do
        if is_gone "$daemon"; then
            tick "$daemon does not run"
        else
            stop "$daemon"
            tick "$daemon stopped"
        fi
        if [ "$services" = yes ]; then systemctl --user --quiet disable "$daemon.service" 2>/dev/null || true; fi
    done
    say "Programs, data and configuration stay: $bin, $data_dir, $mcpctl_home"
}

leave() {
    local code=$?
    trap - EXIT
    if [ -n "$build_pid" ]; then
        kill "$build_pid" 2>/dev/null || true
        printf '\n'
    fi
    # Interrupted between stop and start, the publisher must not stay away.
    if [ -n "$publisher_is_down" ] && is_gone mcplocal; then start_mcplocal || true; fi
    exit "$code"
}

# One at a time: two would stop what the other starts.
lock_out_others() {
    command -v flock >/dev/null || return 0
    exec 9>"$state_dir/deploy.lock"
    flock -n 9 || die "another fulldeploy.sh of this user is at work" "wait until it is done"
}

main() {
    local action=deploy with_smoke=yes
    prefix=
    listen=
    while [ $# -gt 0 ]; do
        case $1 in
        --prefix | --listen)
            [ -n "${2:-}" ] || misuse "$1 needs a value"
            if [ "$1" = --prefix ]; then prefix=$2; else listen=$2; fi
            shift
            ;;
        --prefix=*) prefix=${1#*=} ;;
        --listen=*) listen=${1#*=} ;;
        --no-smoke) with_smoke= ;;
        --status) action=status ;;
        --down) action=down ;;
        -h | --help)
            usage
            exit 0
            ;;
        *)
            misuse "there is no option \`$1\`"
            ;;
        esac
        shift
    done
    began=$(now_ms)
    begin
    build_pid="" publisher_is_down="" publishes_elsewhere="" bin_is_off_path="" llm="" last_seen=""
    [ -r /proc/self/stat ] || die "this script knows Linux only" \
        "cargo build --release -p mcpd -p mcplocal -p mcpctl, and start mcpd and \`mcplocal run\` by hand"
    find_places
    case $action in
    status)
        status
        exit
        ;;
    esac
    { mkdir -p "$state_dir" && chmod 700 "$state_dir"; } || die "can't make $state_dir"
    lock_out_others
    trap leave EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    if [ "$action" = down ]; then
        down
        return
    fi
    former_url=$(remembered listen)
    former_url=http://${former_url:-$listen}
    find_rust
    choose_services
    check_port
    { mkdir -p "$bin" && [ -w "$bin" ]; } 2>/dev/null || die "can't install into $bin" "--prefix with a folder of your own"
    build
    install_programs
    bring_up_mcpd
    log_in
    publish
    bring_up_mcplocal
    remember
    llm=$(pick_llm)
    if [ -n "$with_smoke" ]; then smoke; fi
    say_next
}

main "$@"
