#!/bin/sh
# Runs on this machine, once for each build.
set -eu

echo "$GREETING, $NAME, from the $PLACE"
