# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What the scenarios of vm-selftest share: sourced, not run. Each scenario is a program that shows one
# promise of vm-images/run and exits 0 when it holds. They touch only the folder $work, which is removed.
set -euo pipefail

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
run=$repository/vm-images/run
work=$(mktemp -d "${TMPDIR:-/tmp}/vm-selftest.XXXXXX")
trap 'rm -rf "$work"' EXIT

# fail TEXT…: says what was not as promised, shows what run printed, and ends the scenario.
fail()
{
	echo "FAIL: $*" >&2
	sed 's/^/    stdout: /' "$work/out" >&2 || true
	tail -n 30 "$work/err" | sed 's/^/    stderr: /' >&2 || true
	exit 1
}

# expect STATUS ARGUMENT…: runs vm-images/run (or $run) with the arguments, its output into $work/out and
# $work/err; the scenario fails when the exit status is not STATUS.
expect()
{
	local wanted=$1 status=0
	shift
	"$run" "$@" >"$work/out" 2>"$work/err" || status=$?
	((status == wanted)) || fail "exit status $status instead of $wanted from: run $*"
}

# module_source FOLDER NAME START: writes into FOLDER the source of a module NAME whose start runs the
# statements START.
module_source()
{
	mkdir -p "$1"
	echo "obj-m := $2.o" >"$1/Makefile"
	cat >"$1/$2.c" <<-END
		// SPDX-License-Identifier: GPL-2.0
		#include <linux/module.h>
		#include <linux/slab.h>
		static int __init selftest_start(void) { $3; return 0; }
		static void __exit selftest_stop(void) { }
		module_init(selftest_start);
		module_exit(selftest_stop);
		MODULE_DESCRIPTION("vm-selftest");
		MODULE_LICENSE("GPL");
	END
}
