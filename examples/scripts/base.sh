#!/bin/sh
# What every server has: the latest packages, unattended updates, no root login.
set -eu

export DEBIAN_FRONTEND=noninteractive
sudo -E apt-get -qq update
sudo -E apt-get -qq -y dist-upgrade
sudo -E apt-get -qq -y install unattended-upgrades
echo 'PermitRootLogin no' | sudo tee /etc/ssh/sshd_config.d/10-root.conf > /dev/null
