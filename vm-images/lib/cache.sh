# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# The cache of kernels, initramfs images and module trees: sourced by run, kernel-dir and the makers.
#
# Every entry is a directory named <what>-<hash of all it is made from>. It is made in a temporary
# directory beside it, under a lock, and renamed into place when complete: an entry that exists is whole,
# and two builds at once make it once. Touches nothing outside ${XDG_CACHE_HOME:-~/.cache}/sluice.

vm_cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/sluice

# vm_say TEXT…: a progress line on stderr.
vm_say()
{
	echo "vm-images: $*" >&2
}

# vm_die TEXT…: one sentence saying what is wrong and how to mend it, then exit status 99, which is
# kept for faults of the runner itself.
vm_die()
{
	vm_say "$*"
	exit 99
}

# vm_hash FILE-OR-TEXT…: prints 16 hex digits over the arguments: the contents of those that name a
# file, the text of the others.
vm_hash()
{
	local part
	for part in "$@"; do
		if [[ -f $part ]]; then
			sha256sum <"$part"
		else
			printf '%s\n' "$part"
		fi
	done | sha256sum | cut -c 1-16
}

# vm_entry NAME HASH WHAT MAKER [ARGUMENT…]: prints the path of the cache entry NAME-HASH, made first
# when absent by running "MAKER TEMPORARY-DIRECTORY FINAL-DIRECTORY ARGUMENT…". WHAT goes in the
# progress line; empty for none. The maker's output is kept in FINAL-DIRECTORY/make.log.
# Exits 99 when the maker fails, with the end of its log.
vm_entry()
{
	local name=$1 what=$3 maker=$4 final=$vm_cache/$1-$2 temporary lock
	shift 4
	if [[ ! -d $final ]]; then
		mkdir -p "$vm_cache" || vm_die "cannot create $vm_cache; set XDG_CACHE_HOME to a writable folder."
		exec {lock}>"$vm_cache/.lock-$name"
		flock "$lock"
	fi
	if [[ ! -d $final ]]; then
		temporary=$(mktemp -d "$vm_cache/.making-$name.XXXXXX")
		chmod 755 "$temporary"
		[[ -z $what ]] || vm_say "$what (log: $temporary/make.log) …"
		if ! "$maker" "$temporary" "$final" "$@" >"$temporary/make.log" 2>&1 </dev/null; then
			tail -n 20 "$temporary/make.log" >&2
			mv -f "$temporary/make.log" "$vm_cache/$name-failed.log"
			rm -rf "$temporary"
			vm_die "making $name failed, see $vm_cache/$name-failed.log; mend that, or delete $vm_cache to begin anew."
		fi
		mv -T "$temporary" "$final"
	fi
	[[ -z ${lock:-} ]] || exec {lock}>&-
	echo "$final"
}
