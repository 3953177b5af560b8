# For a shell in the repository's root, beside a running `make run`:  . docs/runbooks/local.sh
# STATE is the folder of that run's data (.local unless it was started with --state).
STATE=$(realpath "${STATE:-.local}")

environment() { tr '\0' '\n' < "/proc/$1/environ" 2>/dev/null; }

# Several systems may run on one machine: ours is the one whose sinks write into $STATE.
FAMILY=$(for one in $(pgrep -f 'deploy[.]local[.]sinks'); do
  environment "$one" | grep -qx "SINK_DIRECTORY=$STATE/data/sinks" && environment "$one" | sed -n 's/^NHIPDOAN_FAMILY=//p'
done | head -1)

# process scheduling consume      the process id
process() {
  local one
  for one in $(pgrep -f -- "-m $1 $2\$"); do
    environment "$one" | grep -qx "NHIPDOAN_FAMILY=$FAMILY" && { echo "$one"; return; }
  done
  echo "no $1 $2 runs from $STATE" >&2; return 1
}

# health scheduling consume readyz      /livez, /readyz or /metrics of one process
health() {
  local one; one=$(process "$1" "$2") || return
  curl -s "http://127.0.0.1:$(environment "$one" | sed -n 's/^HEALTH_PORT=//p')/$3"; echo
}

# with scheduling python -m scheduling dead-letters list      a command in the service's own environment
with() {
  local one; one=$(process "$1" web) || return; shift
  ( while IFS= read -r -d '' pair; do export "$pair"; done < "/proc/$one/environ"; unset NHIPDOAN_FAMILY
    PATH="$PWD/.venv/bin:$PATH" "$@" )
}

# mongo scheduling 'db.outbox.count_documents({"state": "pending"})'      Python, in the service's own database
mongo() {
  with "$1" python -c 'import datetime, os, pprint, pymongo, sys
db = pymongo.MongoClient(os.environ["MONGODB_URI"])[os.environ["MONGODB_DATABASE"]]
pprint.pprint(eval(sys.argv[1]), width=110)' "$2"
}
