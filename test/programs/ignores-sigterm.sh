#!/bin/sh
# Does not end when it is asked to. Says so once it is deaf.
trap '' TERM
echo deaf
while :; do sleep 1000; done
