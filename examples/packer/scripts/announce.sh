#!/bin/sh
# Tells the list of built images to whoever waits for it.
set -eu

printf 'release %s:\n' "$1"
jq -r '.builds[] | .name + " " + .artifact_id' "$2"
