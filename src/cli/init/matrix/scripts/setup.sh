#!/bin/sh
# Runs on the machine of each build.
set -eu

echo "setting up version $VERSION"
sudo apt-get update -q
sudo apt-get install -qy nginx
