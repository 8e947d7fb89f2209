#!/bin/sh
# announce.sh [SOCKET]: announces the shared address while the gateway is ready. It runs for as long as bird does, as a
# service of its own, as a user who may run birdc.
here=$(dirname "$0")
was=  # what bird was told last
while :; do
  if "$here/../is-ready.sh" "$@"; then is=enable; else is=disable; sleep 0.2; fi
  # Said again as long as bird does not take it, as while it starts.
  [ "$is" = "$was" ] || { ${BIRDC:-birdc} $is announced >/dev/null && was=$is; }
done
