#!/bin/sh
# take-address.sh: gives this machine the flexible IP address IP_ID. Here for Scaleway's instances; other providers have a
# call like it. keepalived runs it when this gateway becomes MASTER. It asks again until the provider has agreed, or
# another run of it has begun.
#
# /etc/keepalived/cloud.env, readable by the user of keepalived's scripts only, has
#   SCW_SECRET_KEY=…  ZONE=fr-par-1  IP_ID=…  SERVER_ID=…  (API=https://api.scaleway.com)
set -u
. "${CLOUD_ENV:-/etc/keepalived/cloud.env}"
latest=${RUN:-/run/sluice}/take-address  # the process that asked last
echo $$ >"$latest"
for pause in 0 1 1 2 5 10; do
  sleep $pause
  [ "$(cat "$latest")" = $$ ] || exit 0
  curl --fail --silent --show-error --max-time 10 --request PATCH \
    --header "X-Auth-Token: $SCW_SECRET_KEY" --header 'Content-Type: application/json' \
    --data "{\"server\":\"$SERVER_ID\"}" \
    "${API:-https://api.scaleway.com}/instance/v1/zones/$ZONE/ips/$IP_ID" >/dev/null && exit 0
done
echo "the provider did not give the address to this machine" >&2
exit 1
