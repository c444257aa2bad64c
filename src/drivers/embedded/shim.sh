#!/bin/sh
# Runs one program for Reeve, and goes on without it: whatever becomes of the agent, this waits and notes how the
# program ended. A copy lies in each run's folder, so that an upgrade changes nothing that runs.
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
reeve_ticks() { shift 19; reeve_start=$1; }
# One line, one write, with the generation in it: a reader sees all of it or nothing, and no program has to be called.
reeve_note() { echo "$reeve_generation $2" >"$reeve_folder/$1"; }
# The shell says "Killed" and the like on its own stderr, for signals only: that tells them from exit codes above 128.
exec 9>&3 3>&- 8>&2 2>"$reeve_folder/notice" || exit 1
read -r reeve_stat </proc/self/stat
reeve_ticks ${reeve_stat##*) }
reeve_shim="$$ $reeve_start"

# In the foreground, for a shell lets its background children ignore SIGINT and SIGQUIT.
(
  # exec keeps pid and start time: the record is on disk before the program begins.
  read -r reeve_stat </proc/self/stat
  reeve_ticks ${reeve_stat##*) }
  reeve_self="${reeve_stat%% *} $reeve_start $reeve_shim"
  reeve_note started "$reeve_self" || { echo "refused $reeve_generation record" >&9; exit 125; }
  while [ "$1" != -- ]; do
    echo 0 >"$1" || { echo "refused $reeve_generation cgroup $1" >&9; exit 125; }
    shift
  done
  shift
  echo "started $reeve_generation $reeve_self" >&9
  exec "$@" 2>&8 8>&-
)
reeve_code=$? reeve_how=exited
[ -s "$reeve_folder/notice" ] && reeve_how=killed
reeve_note exit "$reeve_how $reeve_code"
echo "ended $reeve_generation $reeve_how $reeve_code" >&9
exit 0
