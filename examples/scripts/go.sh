#!/bin/sh
# Installs the Go tool chain and a user for the application.
set -eu

export DEBIAN_FRONTEND=noninteractive
sudo -E apt-get -qq update
sudo -E apt-get -qq -y install golang-go
sudo useradd --system --create-home --shell /usr/sbin/nologin app
