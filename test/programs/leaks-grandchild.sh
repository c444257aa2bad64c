#!/bin/sh
# Ends when told to, and leaves a child of its own behind. Prints that child's pid.
sleep 100000 &
echo "$!"
trap 'exit 0' TERM
wait
