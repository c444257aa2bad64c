#!/bin/sh
# Starts a daemon (forked twice, its own session, every inherited file closed), prints its pid, and ends at once.
( setsid sh -c 'echo $$; exec sleep 100000 >/dev/null 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-' & )
exit 0
