# shellcheck shell=bash disable=SC2034 # the lists are for the scripts that source this file
# SPDX-License-Identifier: ISC
#
# packages.sh - what quickstart and test/run install, and how. Sourced by bash, with -eu.
#
# Only missing packages are installed, the package lists are fetched only if there are any, and a DNS server that is
# installed (bind9, unbound, the peers of the benchmark: the tests start their own) is neither started nor enabled.
# Existing services are not changed.

BUILD_PACKAGES=(cmake ninja-build gcc libc6-dev pkg-config libc-ares-dev libldns-dev libevent-dev
	libxxhash-dev libcap-dev libssl-dev libjson-c-dev)
SERVE_PACKAGES=(bind9-dnsutils ca-certificates)
TEST_PACKAGES=(libcmocka-dev bind9 bind9-dnsutils bind9-utils unbound dnsmasq-base dnsperf python3-pytest
	python3-dnspython prometheus iproute2 busybox-static musl-tools procps git tmux zsh valgrind binutils zlib1g-dev libzstd-dev
	clang clang-format clang-tidy libclang-rt-dev shellcheck mandoc pyflakes3 pycodestyle) # this line: test/lint
# The peers of test/bench/run, A|B where releases of Debian differ, and tools to analyse a bad figure.
BENCH_PACKAGES=(bind9 unbound dnsmasq-base dnsdist "knot-resolver|knot-resolver6" pdns-recursor linux-perf valgrind)

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

# A policy-rc.d that prevents the start of servers in these packages. An existing one stays.
hold_services() {
	[ ! -e /usr/sbin/policy-rc.d ] || return 1
	# shellcheck disable=SC2016 # what it prints is a script
	printf '#!/bin/sh\ncase "$1" in\n%s) exit 101 ;;\nesac\nexit 0\n' \
		'named*|bind9*|unbound*|prometheus*|dnsdist*|kres*|knot-resolver*|pdns-recursor*' |
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
	# Nor may a service start at boot if this script installed its package.
	for package in "${missing[@]}"; do
		case $package in
		bind9) disable_service named ;;
		unbound) disable_service unbound ;;
		prometheus) disable_service prometheus ;;
		dnsdist) disable_service dnsdist ;;
		knot-resolver*)
			disable_service kresd.target
			disable_service kres-cache-gc
			disable_service knot-resolver
			;;
		pdns-recursor) disable_service pdns-recursor ;;
		esac
	done
}

disable_service() {
	if command -v systemctl >/dev/null; then
		as_root systemctl --quiet disable "$1" 2>/dev/null || true
	fi
}

# The same for optional packages: one that this Debian lacks is reported and left out. A|B: the first that exists.
install_available() {
	local choice package there=() wanted=()
	for choice in "$@"; do
		for package in ${choice//|/ }; do
			! is_installed "$package" || continue 2
		done
		wanted+=("$choice")
	done
	[ ${#wanted[@]} -gt 0 ] || return 0
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update ||
		say "apt-get update failed: installing what the package lists on this machine have"
	for choice in "${wanted[@]}"; do
		for package in ${choice//|/ }; do
			if apt-cache policy "$package" | grep -q '^  Candidate: [^(]'; then
				there+=("$package")
				continue 2
			fi
		done
		say "Debian has no ${choice//|/ nor } here: skipping it"
	done
	[ ${#there[@]} -eq 0 ] || (install_missing "${there[@]}") || say "going on without: ${there[*]}"
}
