#!/bin/sh
# Prints a numbered line every 10 ms until the file named by its first argument is there, then "end" and exits 7.
line=0
while [ ! -e "$1" ]; do
  line=$((line + 1))
  echo "line $line"
  sleep 0.01
done
echo end
exit 7
