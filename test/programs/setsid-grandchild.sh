#!/bin/sh
# Has a child in a session of its own, which a signal to the group does not reach. Prints that child's pid.
setsid sleep 100000 &
echo "$!"
wait
