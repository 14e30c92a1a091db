#!/bin/sh
# Brings the base up to date and installs what every user's machine has.
set -eu

export DEBIAN_FRONTEND=noninteractive
sudo -E apt-get -qq update
sudo -E apt-get -qq -y dist-upgrade
sudo -E apt-get -qq -y install build-essential curl git tmux
sudo install -m 644 /tmp/motd /etc/motd
sudo apt-get clean
