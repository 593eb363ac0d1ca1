#!/usr/bin/env bash
# with-postgres.sh COMMAND… — runs the command with HUOSHUI_TEST_POSTGRES naming a throwaway PostgreSQL server.
# The server lives in a temporary directory, listens on a socket there and on no port, keeps nothing, runs in an
# awkward time zone (half an hour off), and is gone when the command ends. Without PostgreSQL on the machine the
# command runs all the same and the tests that need it say that they are skipped.
set -euo pipefail

if [ -n "${HUOSHUI_TEST_POSTGRES:-}" ]; then
  exec "$@"
fi

bin=""
for dir in "$(command -v initdb >/dev/null 2>&1 && dirname "$(readlink -f "$(command -v initdb)")")" \
  $(ls -d /usr/lib/postgresql/*/bin /usr/local/pgsql/bin /opt/homebrew/opt/postgresql*/bin 2>/dev/null | sort -rV); do
  if [ -n "$dir" ] && [ -x "$dir/initdb" ] && [ -x "$dir/postgres" ] && [ -x "$dir/pg_ctl" ]; then
    bin=$dir
    break
  fi
done
if [ -z "$bin" ]; then
  echo "with-postgres: PostgreSQL is not installed (Debian: apt-get install postgresql); its tests will be skipped" >&2
  exec "$@"
fi

dir=$(mktemp -d /tmp/huoshui-pg.XXXXXX) # short: a socket's path has at most 107 bytes
as=()
if [ "$(id -u)" = 0 ]; then # PostgreSQL refuses to run as root
  user=postgres
  id "$user" >/dev/null 2>&1 || user=nobody
  chown "$user" "$dir"
  as=(setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups)
fi

cleanup() {
  status=$?
  trap - EXIT INT TERM
  (cd "$dir" && "${as[@]}" "$bin/pg_ctl" -D "$dir/data" -m immediate -w stop) >/dev/null 2>&1 || true
  rm -rf "$dir"
  exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

log() { echo "with-postgres: $1 failed:" >&2; cat "$dir/log" >&2 2>/dev/null || true; exit 1; }
cd_run() { (cd "$dir" && "${as[@]}" env -u PGDATA -u PGPORT -u PGHOST LC_ALL=C "$@"); }

cd_run "$bin/initdb" -D "$dir/data" -U huoshui -A trust -E UTF8 --locale=C -N >"$dir/log" 2>&1 || log initdb
cat >>"$dir/data/postgresql.conf" <<CONF
listen_addresses = ''
unix_socket_directories = '$dir'
timezone = 'Asia/Kolkata'
max_connections = 300
fsync = off
synchronous_commit = off
full_page_writes = off
CONF
cd_run "$bin/pg_ctl" -D "$dir/data" -l "$dir/server.log" -w -t 60 start >>"$dir/log" 2>&1 || {
  cat "$dir/server.log" >>"$dir/log" 2>/dev/null || true
  log start
}

HUOSHUI_TEST_POSTGRES="postgres://huoshui@/postgres?host=$dir" "$@"
