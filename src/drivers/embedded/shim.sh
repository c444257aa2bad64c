#!/bin/sh
# Runs one program for Reeve, and goes on without it: whatever becomes of the agent, this waits and notes how the
# program ended. Named after its content, so that an upgrade changes nothing that runs.
#   sh shim FOLDER GENERATION [CGROUP.PROCS ...] -- PROGRAM [ARGUMENT ...]
# 1 and 2 are the program's output files; 3 is the run's life line. REEVE_SHIM holds the marker.
# Nothing may be assigned that the program's environment could hold: it would reach the program.
reeve_folder=$1 reeve_generation=$2
shift 2
REEVE_RUN=$REEVE_SHIM
export REEVE_RUN
unset REEVE_SHIM
# A stray signal to the shim must not cost the exit code; the program has them at their defaults again.
trap : HUP INT TERM
# Says one line to the record and then to the agent, in one write each: a reader sees all of it or nothing.
reeve_say() { echo "$1 $reeve_generation $2" >&2 && echo "$1 $reeve_generation $2" >&9; }
reeve_ticks() { shift 19; reeve_start=$1; }
exec 9>&3 3>&- 8>&2 2>"$reeve_folder/record" || exit 1
read -r reeve_stat </proc/self/stat
reeve_ticks ${reeve_stat##*) }
reeve_shim="$$ $reeve_start"

# A shell that can not fork ends at once: no more processes are allowed.
trap 'echo "refused $reeve_generation fork" >&9' EXIT
# In the foreground, for a shell lets its background children ignore SIGINT and SIGQUIT.
(
  while [ "$1" != -- ]; do
    echo 0 >"$1" || { echo "refused $reeve_generation cgroup $1" >&9; exit 125; }
    shift
  done
  shift
  # exec keeps pid and start time: the record is on disk before the program begins.
  read -r reeve_stat </proc/self/stat
  reeve_ticks ${reeve_stat##*) }
  reeve_say started "${reeve_stat%% *} $reeve_start $reeve_shim" || { echo "refused $reeve_generation record" >&9; exit 125; }
  exec "$@" 2>&8 8>&-
)
reeve_code=$? reeve_how=exited reeve_word=
trap - EXIT
# A shell says "Killed" and the like on its own stderr, for signals only: that tells them from exit codes above 128.
{ read -r reeve_stat; read -r reeve_word; } <"$reeve_folder/record"
[ -n "$reeve_word" ] && reeve_how=killed
reeve_say ended "$reeve_how $reeve_code"
exit 0
