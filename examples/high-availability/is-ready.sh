#!/bin/sh
# is-ready.sh [SOCKET]: ends with 0 after a second in which the gateway was ready, and with 1 as soon as it is not.
# keepalived can start a script once per second at most, so this one asks four times.
socket=${1:-/run/sluice/admin.sock}
for _ in 1 2 3 4; do
  curl --fail --silent --output /dev/null --max-time 1 --unix-socket "$socket" http://localhost/-/ready || exit 1
  sleep 0.2
done
