#!/bin/sh
# Sluice @VERSION@, with the Node.js that it runs on: unpacks itself once per version and user, and runs the command from there.
#
# It is unpacked into SLUICE_HOME, or else the folder that systemd gives the service, the user's cache, or /tmp. Whoever can write there
# decides what runs, so the folder must be the user's own, and gets its name when it is complete.
set -eu

version=@VERSION@-@DIGEST@
digest=@SHA256@
start=@START@

fail() {
	echo "sluice: cannot be unpacked: $1; set SLUICE_HOME to a folder that only you can write to" >&2
	exit 1
}

# Only this user can write to it.
is_own() {
	[ -d "$1" ] && [ ! -L "$1" ] && [ -O "$1" ] && [ -z "$(find "$1" -maxdepth 0 -perm /022)" ]
}

is_usable() {
	case $1 in /*) ;; *) return 1 ;; esac
	(umask 077 && mkdir -p "$1") 2>/dev/null && is_own "$1" && [ -w "$1" ]
}

find_home() {
	if [ -n "${SLUICE_HOME:-}" ]; then
		is_usable "$SLUICE_HOME" || fail "$SLUICE_HOME is not a folder that only this user can write to"
		echo "$SLUICE_HOME"
		return
	fi
	for folder in "${CACHE_DIRECTORY:-}" "${XDG_CACHE_HOME:+$XDG_CACHE_HOME/sluice}" "${HOME:+$HOME/.cache/sluice}" \
		"${TMPDIR:-/tmp}/sluice-$(id -u)"; do
		if is_usable "$folder"; then
			echo "$folder"
			return
		fi
	done
	fail 'there is no folder to unpack it into'
}

unpack() {
	part=$(mktemp -d "$home/unpacking.XXXXXX") || fail "no folder can be created in $home"
	trap 'rm -rf "$part"' EXIT
	[ "$(tail -c "+$start" "$0" | sha256sum | cut -d ' ' -f 1)" = "$digest" ] || fail "$0 is damaged"
	tail -c "+$start" "$0" | tar -xzf - -C "$part" --no-same-owner || fail "$home has no room for it"
	# Two may do this at the same time: the first has won, and both have the same.
	mv -T "$part" "$home/$version" 2>/dev/null || [ -d "$home/$version" ] || fail "$home/$version cannot be written"
	rm -rf "$part"
	trap - EXIT
}

home=$(find_home) || exit 1
[ -d "$home/$version" ] || unpack
is_own "$home/$version" || fail "$home/$version is not a folder that only this user can write to"
exec "$home/$version/node" "$home/$version/node_modules/sluice/bin/sluice.js" "$@"
