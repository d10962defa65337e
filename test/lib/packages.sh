# SPDX-License-Identifier: ISC
#
# packages.sh - what quickstart and test/run install, and how. Sourced by bash, with -eu.
#
# Only packages that dpkg does not have are asked for, the package lists are fetched only when there are any, and a DNS server
# that comes along (bind9, unbound: the tests start their own) is neither started nor enabled. Services that were there before
# are not touched.

BUILD_PACKAGES=(cmake ninja-build gcc libc6-dev pkg-config libc-ares-dev libldns-dev libevent-dev
	libxxhash-dev)
SERVE_PACKAGES=(bind9-dnsutils ca-certificates)
TEST_PACKAGES=(libcmocka-dev bind9 bind9-dnsutils bind9-utils unbound dnsperf python3-pytest
	python3-dnspython iproute2 busybox-static musl-tools procps git)

say() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die() {
	say "$*"
	exit 1
}

# Run as root: as we are, or through sudo.
as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo -- "$@"
	else
		die "needs root for: $* (run this as root, or install sudo)"
	fi
}

is_installed() {
	[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# A policy-rc.d that keeps the servers which the packages bring from being started. A machine's own one stays.
hold_services() {
	[ ! -e /usr/sbin/policy-rc.d ] || return 1
	printf '#!/bin/sh\ncase "$1" in\nnamed*|bind9*|unbound*) exit 101 ;;\nesac\nexit 0\n' |
		as_root tee /usr/sbin/policy-rc.d >/dev/null
	as_root chmod 755 /usr/sbin/policy-rc.d
}

install_missing() {
	local package missing=() held=no
	for package in "$@"; do
		is_installed "$package" || missing+=("$package")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	say "installing ${missing[*]}"
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update ||
		die "apt-get update failed; install by hand: ${missing[*]}"
	if hold_services; then
		held=yes
	fi
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
		-o Dpkg::Use-Pty=0 install "${missing[@]}" >&2 || {
		[ $held = no ] || as_root rm -f /usr/sbin/policy-rc.d
		die "apt-get install failed; install by hand: ${missing[*]}"
	}
	[ $held = no ] || as_root rm -f /usr/sbin/policy-rc.d
	# Nor shall they start with the machine, when it was we who brought them.
	for package in "${missing[@]}"; do
		case $package in
		bind9) disable_service named ;;
		unbound) disable_service unbound ;;
		esac
	done
}

disable_service() {
	if command -v systemctl >/dev/null; then
		as_root systemctl --quiet disable "$1.service" 2>/dev/null || true
	fi
}
