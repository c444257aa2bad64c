#!/bin/sh
# Every transition and exit code of the lock, as a team's own scripts meet them. $1 is reeve; REEVE_HOME is an empty folder.
# Prints one line for each step that went otherwise than expected, and ends with 1 then.
reeve=$1
failed=0

expect() {
  want=$1
  shift
  output=$("$reeve" --stack shop lock "$@" 2>&1 </dev/null)
  code=$?
  if [ "$code" -ne "$want" ]; then
    echo "lock $*: exit $code, expected $want: $output"
    failed=1
  fi
}

owner_is() {
  found=$("$reeve" --stack shop lock current)
  if [ "$found" != "$1" ]; then
    echo "owner is $found, expected $1, after: $2"
    failed=1
  fi
}

owner_is free 'nothing'
expect 0 status
expect 0 release --task anything

expect 0 acquire export --task nightly --reason 'nightly dump'
owner_is export 'acquire'
expect 0 acquire export --task nightly
expect 2 acquire deploy --task change-1
expect 2 acquire export --task weekly
expect 4 acquire deploy --task change-1 --wait 150ms
owner_is export 'contention'
expect 3 release --task change-1
expect 2 release
expect 2 release --force
expect 3 release --force --yes-i-mean deploy
owner_is export 'refused releases'
expect 0 release --task nightly
owner_is free 'release'
expect 0 release --task nightly

expect 0 acquire export --task nightly
expect 0 release --force --yes-i-mean export
owner_is free 'forced release'

expect 2 acquire free --task t
expect 2 acquire 'No Name' --task t
expect 2 acquire export
expect 2 acquire export --task t --wait soon
expect 2 acquire export --task t --pid 999999999
expect 2 acquire export --task t --pid "1; true"
owner_is free 'bad input'

sleep 1000 &
holder=$!
expect 0 acquire export --task nightly --pid "$holder"
expect 2 acquire deploy --task change-1
kill -9 "$holder"
wait "$holder" 2>/dev/null
owner_is export 'death of the holder'
expect 0 acquire deploy --task change-1
owner_is deploy 'take-over'
case $("$reeve" --stack shop lock status) in
  *'taken over from export (nightly)'*) ;;
  *) echo 'status does not tell from whom the lock was taken over' && failed=1 ;;
esac
expect 0 release --task change-1

expect 0 run -- true
expect 7 run -- sh -c 'exit 7'
expect 143 run -- sh -c 'kill -TERM $$'
expect 127 run -- no-such-program-anywhere
owner_is free 'runs that ended'
expect 0 run --owner backup --task dump -- sh -c "[ \"\$('$reeve' --stack shop lock current)\" = backup ]"
expect 0 run --task dump -- "$reeve" --stack shop lock run --task dump -- true
expect 0 run --task dump -- "$reeve" --stack shop lock acquire export --task dump
owner_is free 'nested runs'
expect 0 acquire export --task nightly
expect 2 run -- touch "$REEVE_HOME/ran"
expect 4 run --wait 150ms -- touch "$REEVE_HOME/ran"
expect 2 run --task nightly -- touch "$REEVE_HOME/ran"
if [ -e "$REEVE_HOME/ran" ]; then
  echo 'a command ran without its lock' && failed=1
fi
expect 0 release --task nightly

exit "$failed"
