#!/bin/sh
# keep-connections.sh start|stop ADDRESS PEER INTERFACE: open connections survive a move of the shared address.
#
# When the address has moved, packets of connections that are open on the other gateway arrive here, where nobody knows
# them: the kernel would reset them. With these rules it forwards them to the other gateway, which has them and answers
# the client directly. Run it on both machines, before keepalived starts; PEER is the own address of the other one.
# It needs root, iproute2 and iptables. Listeners must be on :PORT, not on the shared address itself.
set -eu
[ $# -eq 4 ] || { echo "usage: $0 start|stop ADDRESS PEER INTERFACE" >&2; exit 2; }
action=$1 address=$2 peer=$3 interface=$4
table=77        # of routes, and the mark of packets that take them
forwarded=0x3f  # the DSCP of packets that were forwarded once, and are not sent back

stop() {
  iptables -t mangle -D PREROUTING -i "$interface" -d "$address" -p tcp ! --syn -m dscp ! --dscp $forwarded -j OPEN_ELSEWHERE
  iptables -t mangle -F OPEN_ELSEWHERE
  iptables -t mangle -X OPEN_ELSEWHERE
  ip rule delete priority 100
  ip route flush table $table
  ip address delete "$address/32" dev lo
  ip rule show | grep -q '^0:' || ip rule add lookup local priority 0
  ip rule delete lookup local priority 200
} 2>/dev/null

start() {
  # The address is also on `lo`, so that forwarded packets are accepted; only the one who has it on the interface says so.
  sysctl -q -w net.ipv4.ip_forward=1 "net.ipv4.conf.$interface.arp_ignore=1" "net.ipv4.conf.$interface.arp_announce=2" \
    net.ipv4.conf.all.send_redirects=0 "net.ipv4.conf.$interface.send_redirects=0" \
    net.ipv4.conf.all.rp_filter=0 "net.ipv4.conf.$interface.rp_filter=0"
  ip address add "$address/32" dev lo
  # Marked packets are routed to the peer before the kernel sees that their destination is local.
  ip route add default via "$peer" dev "$interface" table $table
  ip rule add lookup local priority 200
  ip rule add fwmark $table lookup $table priority 100
  ip rule delete lookup local priority 0
  # Not the first packet of a connection, and no socket here that it belongs to.
  iptables -t mangle -N OPEN_ELSEWHERE
  iptables -t mangle -A OPEN_ELSEWHERE -m socket -j RETURN
  iptables -t mangle -A OPEN_ELSEWHERE -j DSCP --set-dscp $forwarded
  iptables -t mangle -A OPEN_ELSEWHERE -j MARK --set-mark $table
  iptables -t mangle -A PREROUTING -i "$interface" -d "$address" -p tcp ! --syn -m dscp ! --dscp $forwarded -j OPEN_ELSEWHERE
}

case $action in
  start) stop || true; start ;;
  stop) stop || true ;;
  *) echo "$0: $action is neither start nor stop" >&2; exit 2 ;;
esac
