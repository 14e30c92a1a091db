#!/bin/sh
# Installs nginx and a page that says that it lives.
set -eu

export DEBIAN_FRONTEND=noninteractive
sudo -E apt-get -qq update
sudo -E apt-get -qq -y install nginx
echo ok | sudo tee /var/www/html/health > /dev/null
