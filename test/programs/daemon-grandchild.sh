#!/bin/sh
# Leaves a daemon behind: forked twice, in a session of its own, every inherited file closed. Prints its pid.
( setsid sh -c 'echo $$; exec sleep 100000 >/dev/null 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-' & )
exec sleep 100000
