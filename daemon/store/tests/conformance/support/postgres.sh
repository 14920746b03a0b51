# Runs a throwaway PostgreSQL server until nobody holds a lease on it: see postgres.rs.
#
# $1: directory of the programs; $2: base directory; $3: the user to run as, where root starts it.
set -eu
bin=$1
base=$2
user=$3
server=$base/server

rm -rf "$server"
mkdir -m 0700 "$server"
as=""
if [ -n "$user" ]; then
    chown "$user" "$server"
    as="--reuid=$user --regid=$user --clear-groups"
fi

# The server dies with this script, however the script ends.
# shellcheck disable=SC2086
setpriv $as "$bin/initdb" --no-sync -A trust -U postgres --locale=C -E UTF8 -D "$server/data"
# shellcheck disable=SC2086
setpriv $as --pdeathsig KILL "$bin/postgres" -D "$server/data" -k "$server" \
    -c listen_addresses= -c fsync=off -c synchronous_commit=off -c full_page_writes=off \
    -c max_connections=200 -c shared_buffers=16MB -c autovacuum=off &
pid=$!
until [ -S "$server/.s.PGSQL.5432" ] && "$bin/pg_isready" -q -h "$server"; do
    kill -0 "$pid"
    sleep 0.02
done
touch "$server/ready"

while :; do
    flock -x "$base/lease" true
    # A runner starts its next test in a moment: linger, then look once more and keep the lock.
    sleep 1
    exec 9>>"$base/lease"
    if flock -n -x 9; then
        kill -INT "$pid"
        wait "$pid" || true
        rm -rf "$server"
        exit 0
    fi
    exec 9>&-
done
