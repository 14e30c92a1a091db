#!/bin/sh
# Installs Docker from its own repository and starts it with the machine.
set -eu

curl -fsSL https://get.docker.com -o /tmp/get-docker.sh
sudo sh /tmp/get-docker.sh
rm /tmp/get-docker.sh
sudo usermod -aG docker ubuntu
