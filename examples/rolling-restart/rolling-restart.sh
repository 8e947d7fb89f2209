#!/bin/sh
# Restarts servers one after the other, each only when nobody is on it any more:
#
#     RESTART='ssh deploy@host restart' ./rolling-restart.sh app/web1 app/web2
#
# Stops at the first thing that goes wrong, so that no second server is taken out then.
set -eu

for server in "$@"; do
  ${SLUICE:-npx sluice} ctl drain "$server" --deadline "${DEADLINE:-10m}" --wait
  ${RESTART:-echo restart} "$server"
  ${SLUICE:-npx sluice} ctl ready "$server"
done
