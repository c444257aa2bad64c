#!/bin/sh
# Leaves a daemon behind that also cleared its environment; only its open files, or a cgroup, still tell whose it is.
( env -i /usr/bin/setsid /bin/sh -c 'echo $$; exec sleep 100000 >/dev/null 2>&1' & )
exec sleep 100000
