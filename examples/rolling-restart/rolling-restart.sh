#!/bin/sh
# Restarts servers one at a time, each only after its last session has ended:
#
#     RESTART='ssh deploy@host restart' ./rolling-restart.sh app/web1 app/web2
#
# Stops at the first error, so that no second server is taken out of service.
set -eu

for server in "$@"; do
  ${SLUICE:-npx sluice} ctl drain "$server" --deadline "${DEADLINE:-10m}" --wait
  ${RESTART:-echo restart} "$server"
  ${SLUICE:-npx sluice} ctl ready "$server"
done
