#!/bin/sh
# Installs a release of the API from the nearest mirror.
set -eu

: "${RELEASE:?}" "${TOKEN:?}" "${MIRROR:?}"
mkdir -p /opt/api /etc/api
curl -fsS -H "Authorization: Bearer $TOKEN" -o /opt/api/api "https://$MIRROR.example.org/api/$RELEASE"
chmod 755 /opt/api/api
install -m 644 /tmp/api.service /etc/systemd/system/api.service
systemctl enable api
