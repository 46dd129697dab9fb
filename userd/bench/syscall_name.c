// SPDX-License-Identifier: MIT
/*
 * Names of system calls: see syscall_name.h. Those that a daemon may use; not all are there on all
 * architectures. Touches: nothing.
 */
#include <stdio.h>
#include <sys/syscall.h>
#include "syscall_name.h"

/* Names by number; NULL where there is none. */
static const char *const names[] = {
	[SYS_read] = "read",
	[SYS_write] = "write",
#ifdef SYS_open
	[SYS_open] = "open",
#endif
	[SYS_close] = "close",
#ifdef SYS_stat
	[SYS_stat] = "stat",
#endif
	[SYS_fstat] = "fstat",
	[SYS_newfstatat] = "newfstatat",
	[SYS_statx] = "statx",
#ifdef SYS_lstat
	[SYS_lstat] = "lstat",
#endif
#ifdef SYS_poll
	[SYS_poll] = "poll",
#endif
	[SYS_ppoll] = "ppoll",
	[SYS_lseek] = "lseek",
	[SYS_mmap] = "mmap",
	[SYS_mprotect] = "mprotect",
	[SYS_munmap] = "munmap",
	[SYS_brk] = "brk",
	[SYS_rt_sigaction] = "rt_sigaction",
	[SYS_rt_sigprocmask] = "rt_sigprocmask",
	[SYS_rt_sigreturn] = "rt_sigreturn",
	[SYS_rt_sigtimedwait] = "rt_sigtimedwait",
	[SYS_ioctl] = "ioctl",
	[SYS_pread64] = "pread64",
	[SYS_pwrite64] = "pwrite64",
	[SYS_readv] = "readv",
	[SYS_writev] = "writev",
	[SYS_preadv] = "preadv",
	[SYS_pwritev] = "pwritev",
	[SYS_preadv2] = "preadv2",
	[SYS_pwritev2] = "pwritev2",
#ifdef SYS_access
	[SYS_access] = "access",
#endif
#ifdef SYS_faccessat2
	[SYS_faccessat2] = "faccessat2",
#endif
	[SYS_pipe2] = "pipe2",
#ifdef SYS_select
	[SYS_select] = "select",
#endif
	[SYS_pselect6] = "pselect6",
	[SYS_sched_yield] = "sched_yield",
	[SYS_mremap] = "mremap",
	[SYS_msync] = "msync",
	[SYS_mincore] = "mincore",
	[SYS_madvise] = "madvise",
	[SYS_dup] = "dup",
#ifdef SYS_dup2
	[SYS_dup2] = "dup2",
#endif
	[SYS_dup3] = "dup3",
	[SYS_nanosleep] = "nanosleep",
	[SYS_clock_nanosleep] = "clock_nanosleep",
	[SYS_clock_gettime] = "clock_gettime",
	[SYS_gettimeofday] = "gettimeofday",
#ifdef SYS_time
	[SYS_time] = "time",
#endif
	[SYS_getpid] = "getpid",
	[SYS_gettid] = "gettid",
	[SYS_sendfile] = "sendfile",
	[SYS_splice] = "splice",
	[SYS_tee] = "tee",
	[SYS_vmsplice] = "vmsplice",
	[SYS_socket] = "socket",
	[SYS_socketpair] = "socketpair",
	[SYS_connect] = "connect",
	[SYS_accept] = "accept",
	[SYS_accept4] = "accept4",
	[SYS_sendto] = "sendto",
	[SYS_recvfrom] = "recvfrom",
	[SYS_sendmsg] = "sendmsg",
	[SYS_recvmsg] = "recvmsg",
	[SYS_sendmmsg] = "sendmmsg",
	[SYS_recvmmsg] = "recvmmsg",
	[SYS_shutdown] = "shutdown",
	[SYS_bind] = "bind",
	[SYS_listen] = "listen",
	[SYS_getsockname] = "getsockname",
	[SYS_getpeername] = "getpeername",
	[SYS_setsockopt] = "setsockopt",
	[SYS_getsockopt] = "getsockopt",
	[SYS_clone] = "clone",
	[SYS_clone3] = "clone3",
#ifdef SYS_fork
	[SYS_fork] = "fork",
#endif
#ifdef SYS_vfork
	[SYS_vfork] = "vfork",
#endif
	[SYS_execve] = "execve",
	[SYS_exit] = "exit",
	[SYS_exit_group] = "exit_group",
	[SYS_wait4] = "wait4",
	[SYS_waitid] = "waitid",
	[SYS_kill] = "kill",
	[SYS_tgkill] = "tgkill",
	[SYS_fcntl] = "fcntl",
	[SYS_flock] = "flock",
	[SYS_fsync] = "fsync",
	[SYS_fdatasync] = "fdatasync",
	[SYS_sync_file_range] = "sync_file_range",
	[SYS_truncate] = "truncate",
	[SYS_ftruncate] = "ftruncate",
	[SYS_fallocate] = "fallocate",
	[SYS_getdents64] = "getdents64",
	[SYS_getcwd] = "getcwd",
	[SYS_chdir] = "chdir",
#ifdef SYS_rename
	[SYS_rename] = "rename",
#endif
	[SYS_renameat] = "renameat",
	[SYS_renameat2] = "renameat2",
#ifdef SYS_mkdir
	[SYS_mkdir] = "mkdir",
#endif
	[SYS_mkdirat] = "mkdirat",
#ifdef SYS_rmdir
	[SYS_rmdir] = "rmdir",
#endif
#ifdef SYS_unlink
	[SYS_unlink] = "unlink",
#endif
	[SYS_unlinkat] = "unlinkat",
#ifdef SYS_link
	[SYS_link] = "link",
#endif
	[SYS_linkat] = "linkat",
#ifdef SYS_symlink
	[SYS_symlink] = "symlink",
#endif
#ifdef SYS_readlink
	[SYS_readlink] = "readlink",
#endif
	[SYS_readlinkat] = "readlinkat",
#ifdef SYS_chmod
	[SYS_chmod] = "chmod",
#endif
	[SYS_fchmod] = "fchmod",
	[SYS_fchown] = "fchown",
	[SYS_umask] = "umask",
#ifdef SYS_getrlimit
	[SYS_getrlimit] = "getrlimit",
#endif
	[SYS_prlimit64] = "prlimit64",
	[SYS_getrusage] = "getrusage",
	[SYS_sysinfo] = "sysinfo",
	[SYS_times] = "times",
	[SYS_uname] = "uname",
	[SYS_getuid] = "getuid",
	[SYS_getgid] = "getgid",
	[SYS_geteuid] = "geteuid",
	[SYS_getegid] = "getegid",
	[SYS_futex] = "futex",
#ifdef SYS_futex_waitv
	[SYS_futex_waitv] = "futex_waitv",
#endif
	[SYS_sched_setaffinity] = "sched_setaffinity",
	[SYS_sched_getaffinity] = "sched_getaffinity",
	[SYS_sched_setscheduler] = "sched_setscheduler",
	[SYS_sched_getscheduler] = "sched_getscheduler",
	[SYS_getcpu] = "getcpu",
	[SYS_epoll_create1] = "epoll_create1",
	[SYS_epoll_ctl] = "epoll_ctl",
#ifdef SYS_epoll_wait
	[SYS_epoll_wait] = "epoll_wait",
#endif
	[SYS_epoll_pwait] = "epoll_pwait",
#ifdef SYS_epoll_pwait2
	[SYS_epoll_pwait2] = "epoll_pwait2",
#endif
	[SYS_eventfd2] = "eventfd2",
	[SYS_signalfd4] = "signalfd4",
	[SYS_timerfd_create] = "timerfd_create",
	[SYS_timerfd_settime] = "timerfd_settime",
	[SYS_timerfd_gettime] = "timerfd_gettime",
	[SYS_inotify_init1] = "inotify_init1",
	[SYS_inotify_add_watch] = "inotify_add_watch",
	[SYS_inotify_rm_watch] = "inotify_rm_watch",
	[SYS_fanotify_init] = "fanotify_init",
	[SYS_io_uring_setup] = "io_uring_setup",
	[SYS_io_uring_enter] = "io_uring_enter",
	[SYS_io_uring_register] = "io_uring_register",
	[SYS_bpf] = "bpf",
	[SYS_perf_event_open] = "perf_event_open",
	[SYS_prctl] = "prctl",
#ifdef SYS_arch_prctl
	[SYS_arch_prctl] = "arch_prctl",
#endif
	[SYS_set_tid_address] = "set_tid_address",
	[SYS_set_robust_list] = "set_robust_list",
	[SYS_rseq] = "rseq",
	[SYS_restart_syscall] = "restart_syscall",
	[SYS_memfd_create] = "memfd_create",
	[SYS_getrandom] = "getrandom",
	[SYS_membarrier] = "membarrier",
	[SYS_pidfd_open] = "pidfd_open",
	[SYS_pidfd_send_signal] = "pidfd_send_signal",
#ifdef SYS_pidfd_getfd
	[SYS_pidfd_getfd] = "pidfd_getfd",
#endif
	[SYS_setns] = "setns",
	[SYS_unshare] = "unshare",
	[SYS_mbind] = "mbind",
	[SYS_set_mempolicy] = "set_mempolicy",
	[SYS_get_mempolicy] = "get_mempolicy",
	[SYS_move_pages] = "move_pages",
	[SYS_mlock] = "mlock",
	[SYS_mlock2] = "mlock2",
	[SYS_munlock] = "munlock",
	[SYS_mlockall] = "mlockall",
	[SYS_statfs] = "statfs",
	[SYS_fstatfs] = "fstatfs",
	[SYS_openat] = "openat",
#ifdef SYS_openat2
	[SYS_openat2] = "openat2",
#endif
	[SYS_open_by_handle_at] = "open_by_handle_at",
	[SYS_name_to_handle_at] = "name_to_handle_at",
	[SYS_fadvise64] = "fadvise64",
	[SYS_readahead] = "readahead",
	[SYS_copy_file_range] = "copy_file_range",
#ifdef SYS_close_range
	[SYS_close_range] = "close_range",
#endif
	[SYS_syncfs] = "syncfs",
	[SYS_utimensat] = "utimensat",
};

/* As syscall_name.h says. @threadsafe */
const char *sluice_syscall_name(long number, char *text, size_t size)
{
	if (number >= 0 && (size_t)number < sizeof(names) / sizeof(names[0]) && names[number])
		snprintf(text, size, "%s", names[number]);
	else
		snprintf(text, size, "system call %ld", number);
	return text;
}
