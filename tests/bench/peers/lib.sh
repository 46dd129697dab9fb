# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# What the adapters of this folder share. Each is one relay:
#
#     NAME UDP-PORT[-PORT] TCP-PORT    relays from those ports of 127.0.0.1 to that one of it, in
#                                      the foreground, until SIGTERM; PEER_ADDRESS: it receives at
#                                      that address (rsyslog, recvmmsg, sluice)
#     NAME --framing                   prints how it divides datagrams on the way out
#     NAME --missing                   says in a sentence what this machine lacks for it; nothing:
#                                      it can run
#
# They are configured for speed, as their own documents say; PEER_FOR=latency: as they are shipped.
# PEER_FOLDER is where their files go, else a new folder of /tmp. Programs of ours come from PATH.

# peer FRAMING PROGRAM WORD...: reads the command line and sets `first`, `last` and `to`, which are
# ports, `address` and `folder`. Ends the adapter when it was only asked something, or cannot run.
peer()
{
	local framing=$1 program=$2
	shift 2
	case ${1:-} in
	--framing)
		echo "$framing"
		exit 0
		;;
	--missing)
		type "$program" >/dev/null 2>&1 || echo "$(basename "$0"): there is no program $program"
		exit 0
		;;
	esac
	if ! [[ $# -eq 2 && $1 =~ ^[0-9]+(-[0-9]+)?$ && $2 =~ ^[0-9]+$ ]]; then
		echo "usage: $(basename "$0") UDP-PORT[-PORT] TCP-PORT | --framing | --missing" >&2
		exit 2
	fi
	# shellcheck disable=SC2034 # for the adapter
	first=${1%-*} last=${1#*-} to=$2 address=${PEER_ADDRESS:-127.0.0.1}
	folder=${PEER_FOLDER:-$(mktemp -d /tmp/sluice-peer.XXXXXX)}
}
