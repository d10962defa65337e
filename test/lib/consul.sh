# shellcheck shell=bash
# SPDX-License-Identifier: ISC
#
# consul.sh - a Consul agent for the tests. Sourced by bash after packages.sh.
#
# A `consul` on PATH is used. Debian 12 and 13 have none, Debian 11 has 1.8.7 and it runs on all of them: it is fetched with apt
# from the machine's own Debian source under the suite bullseye, with lists and state of our own, so that nothing of the
# machine's apt changes. It is kept in .cache/, which git ignores.

# Print the URI of the machine's Debian archive: of the entry with the release's own name as suite.
debian_uri() {
	local codename
	codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	{
		cat /etc/apt/sources.list.d/*.sources 2>/dev/null || true
		echo
	} | awk -v suite="$codename" '
		function flush() {
			if (on && index(" " suites " ", " " suite " ") && uri != "") print uri
			on = 1; suites = uri = ""
		}
		BEGIN { on = 1 }
		/^[ \t]*$/ { flush(); next }
		tolower($1) == "enabled:" && tolower($2) == "no" { on = 0 }
		tolower($1) == "uris:" { uri = $2 }
		tolower($1) == "suites:" { $1 = ""; suites = $0 }
		END { flush() }'
	cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null | awk -v suite="$codename" '
		$1 == "deb" { sub(/\[[^]]*\]/, ""); if ($3 == suite) print $2 }' || true
}

# apt-get with its lists and state in $1.
apt_private() {
	local state=$1
	shift
	apt-get -qq -o Dir::Etc::SourceList="$state/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::State::Lists="$state/lists" -o Dir::Cache="$state/cache" \
		-o Dir::Cache::Archives="$state/cache/archives" -o APT::Sandbox::User="$(id -un)" \
		-o Acquire::Check-Valid-Until=false -o Acquire::Languages=none \
		-o APT::Update::Post-Invoke::= -o APT::Update::Post-Invoke-Success::= "$@"
}

# Print the path of a consul program, which is fetched if there is none. A failure is reported.
find_consul() {
	local cache=$1 state uri
	if command -v consul; then
		return 0
	fi
	if [ -x "$cache/usr/bin/consul" ]; then
		echo "$cache/usr/bin/consul"
		return 0
	fi
	uri=$(debian_uri | head -n 1)
	[ -n "$uri" ] || die "no consul on PATH and no Debian source in /etc/apt to fetch it from"
	say "fetching consul of Debian 11"
	mkdir -p "$cache"
	state=$(mktemp -d)
	mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri bullseye main" \
		>"$state/sources.list"
	apt_private "$state" update >&2 || die "cannot fetch the package lists of bullseye"
	(cd "$state" && apt_private "$state" download consul) >&2 || die "cannot fetch the package consul"
	dpkg -x "$state"/consul_*.deb "$cache.new"
	rm -rf "$cache" "$state"
	mv "$cache.new" "$cache"
	[ -x "$cache/usr/bin/consul" ] || die "the package consul has no /usr/bin/consul"
	echo "$cache/usr/bin/consul"
}
