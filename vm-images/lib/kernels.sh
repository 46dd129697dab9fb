# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154
#
# The kernels a machine can boot, one stanza each, and how their cache entries are found or made.
# Sourced by run and kernel-dir, after cache.sh (vm_cache, vm_die, vm_hash and vm_entry are from there).
#
# An entry holds: release (the name as in uname -r), vmlinux or vmlinuz, config, tree/lib/modules/RELEASE,
# and headers: the directory for "make -C … M=", a symbolic link or a path in a file of that name.

vm_lib=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
vm_kernel_names=(5.10 6.1 6.12 7 6.1-rt debug)

# vm_stanza NAME: sets kind and what belongs to it.
#   kind=stock   pattern = regular expression of the release, newest one that has headers wins
#                suites   = other Debian releases it comes from, in a list of packages of its own; else this machine's
#   kind=source  package = Debian's source package, fragment = configuration on top of tinyconfig
# memory is the machine's default size in MiB. Exits 99 for a name that is not in the list.
vm_stanza()
{
	pattern='' suites='' package='' fragment='' memory=1024
	case $1 in
	5.10)
		kind=stock
		pattern='5\.10\.0-[0-9]+-amd64'
		suites='bullseye bullseye-security'
		;;
	6.1-rt)
		kind=stock
		pattern='6\.1\.0-[0-9]+-rt-amd64'
		;;
	7)
		kind=stock
		pattern='7\.[0-9]+\.[0-9]+\+deb13-amd64'
		suites='trixie trixie-backports'
		;;
	6.1)
		kind=stock
		pattern='6\.1\.0-[0-9]+-amd64'
		;;
	6.12)
		kind=stock
		pattern='6\.12\.[0-9]+\+deb12-amd64'
		;;
	debug)
		kind=source
		package=linux-source-6.12
		fragment=$vm_lib/../debug.config
		memory=1024
		;;
	*)
		vm_die "there is no kernel \"$1\"; choose one of: ${vm_kernel_names[*]}."
		;;
	esac
}

# vm_suites SUITES: prints the name of an apt configuration that knows nothing but those suites of the archive
# this machine's apt already uses, with the same keys. Neither reads nor changes the machine's own lists, and
# installs nothing. Its lists are fetched when absent or older than the machine's own.
vm_suites()
{
	local suites=$1 folder=$vm_cache/apt-${1// /+} suite uri key lock
	mkdir -p "$folder"/{state/lists/partial,cache/archives/partial,parts,empty} ||
		vm_die "cannot create $folder; set XDG_CACHE_HOME to a writable folder."
	exec {lock}>"$folder/.lock"
	flock "$lock"
	cat >"$folder/apt.conf" <<-END
		Dir::State "$folder/state";
		Dir::State::status "/dev/null";
		Dir::Cache "$folder/cache";
		Dir::Etc::sourcelist "/dev/null";
		Dir::Etc::sourceparts "$folder/parts";
		Dir::Etc::preferences "/dev/null";
		Dir::Etc::preferencesparts "$folder/empty";
		APT::Sandbox::User "";
		APT::Default-Release "";
	END
	for suite in $suites; do
		uri=$(vm_archive "$suite")
		[[ -n $uri ]] || vm_die "no source in /etc/apt serves Debian, so nothing is known of its release $suite; add one."
		key=$(vm_archive_key "${uri%/}")
		printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\n' "$uri" "$suite"
		[[ -z $key ]] || echo "Signed-By: $key"
		echo
	done >"$folder/parts/suites.sources"
	if [[ ! -f $folder/updated || /var/lib/apt/lists -nt $folder/updated ]]; then
		APT_CONFIG=$folder/apt.conf apt-get -q update >"$folder/update.log" 2>&1 ||
			vm_die "apt cannot read the lists of $suites, see $folder/update.log; is the network there?"
		touch "$folder/updated"
	fi
	exec {lock}>&-
	echo "$folder/apt.conf"
}

# vm_archive SUITE: prints the URI of the archive that has SUITE, as this machine's apt configuration has it; the
# security archive for a suite called so.
vm_archive()
{
	local codename
	# shellcheck disable=SC1091
	codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	[[ $1 != *-security ]] || codename+=-security
	# The format is apt's, not the shell's.
	# shellcheck disable=SC2016
	apt-get indextargets --format '$(RELEASE)|$(COMPONENT)|$(REPO_URI)' 'Created-By: Packages' |
		sed -n "s/^$codename|main|//p" | head -n 1
}

# vm_archive_key URI: prints the Signed-By of the apt source that has URI; nothing when it has none.
vm_archive_key()
{
	local file
	for file in /etc/apt/sources.list.d/*.sources; do
		[[ -f $file ]] || continue
		awk -v RS= -v uri="$1" 'index($0, uri) && match($0, /Signed-By:[ \t]*\/[^\n]*/) {
			print substr($0, RSTART, RLENGTH); exit }' "$file"
	done | sed -n 's/^Signed-By:[[:space:]]*//p' | head -n 1
}

# vm_newest_release PATTERN: prints the newest release matching PATTERN of which both image and
# headers can be downloaded; nothing when there is none.
vm_newest_release()
{
	local release names
	names=$(apt-cache pkgnames linux-)
	grep -xE "linux-image-$1" <<<"$names" | sed 's/^linux-image-//' | sort -rV |
		while read -r release; do
			if grep -qxF "linux-headers-$release" <<<"$names"; then
				echo "$release"
				break
			fi
		done
}

# vm_package_version PACKAGE: prints the version apt would download; nothing when it knows none.
vm_package_version()
{
	apt-cache policy "$1" | sed -n 's/^  Candidate: //p' | grep -vxF '(none)'
}

# vm_make_kernel NAME: prints the cache entry of kernel NAME as the package lists of this moment want it,
# made first when absent.
vm_make_kernel()
{
	local name=$1 kind pattern suites package fragment memory release version APT_CONFIG=''
	vm_stanza "$name"
	if [[ -n $suites ]]; then
		APT_CONFIG=$(vm_suites "$suites") || exit
		export APT_CONFIG
	else
		unset APT_CONFIG
	fi
	if [[ $kind == stock ]]; then
		release=$(vm_newest_release "$pattern") || true
		[[ -n $release ]] ||
			vm_die "apt knows no kernel for \"$name\"; run apt-get update, and see that the security suite is among the sources."
		version=$(vm_package_version "linux-image-$release")
		vm_entry "kernel-$name" "$(vm_hash "$release" "$version" "$vm_lib/stock-kernel")" \
			"downloading kernel $release and its headers" "$vm_lib/stock-kernel" "$release"
	else
		version=$(vm_package_version "$package") ||
			vm_die "apt knows no $package; run apt-get update, and see that the security suite is among the sources."
		vm_entry "kernel-$name" "$(vm_hash "$version" "$fragment" "$vm_lib/source-kernel")" \
			"building $name kernel from $package $version (10 min on two idle processors, up to 30 on busy ones)" \
			"$vm_lib/source-kernel" "$package" "$version" "$fragment"
	fi
}

# vm_kernel NAME [fresh]: prints the cache entry of kernel NAME. Asking apt takes a moment, so the answer is
# kept in a pointer file, and looked up again when the stanza or its files have changed, or, with
# "fresh", when apt's lists have. Only those who build modules ask for fresh: so a new kernel in the
# archive never comes between a module and the machine that loads it.
vm_kernel()
{
	local name=$1 pointer=$vm_cache/kernel-$1.current kind pattern suites package fragment memory entry made_from
	vm_stanza "$name"
	made_from=$(vm_hash "$kind" "$pattern" ${suites:+"$suites"} "$package" "$fragment" "$vm_lib/$kind-kernel")
	if [[ -f $pointer ]] && read -r entry <"$pointer" && [[ -d ${entry% *} && ${entry#* } == "$made_from" ]] &&
		[[ ${2:-} != fresh || ! /var/lib/apt/lists -nt $pointer ]]; then
		echo "${entry% *}"
		return
	fi
	entry=$(vm_make_kernel "$name") || exit
	echo "$entry $made_from" >"$pointer.$$"
	mv -f "$pointer.$$" "$pointer"
	echo "$entry"
}

# vm_system: prints the folder with a small Debian 12 with systemd, made first when absent.
vm_system()
{
	local packages=$vm_lib/../system-packages configuration='' hash entry
	hash=$(vm_hash "$vm_lib/system-image" "$packages")
	if [[ ! -d $vm_cache/system-$hash ]]; then
		configuration=$(vm_suites "bookworm bookworm-security") || exit
	fi
	entry=$(vm_entry system "$hash" "making a Debian 12 with systemd (one to four minutes)" "$vm_lib/system-image" \
		"${configuration%/*}/parts/suites.sources" "$packages") || exit
	echo "$entry/root"
}
