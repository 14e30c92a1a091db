#!/bin/sh
# Shows the welcome to whoever logs in.
set -eu

sudo install -m 644 /home/ubuntu/welcome.txt /etc/motd
