/* SPDX-License-Identifier: MIT */
/*
 * sandbox_seccomp.c - the system calls of a daemon that runs
 *
 * Any other one ends it by SIGSYS, with a line that names the call.  A call that
 * only some architectures have is left out on the others.
 *
 * System calls: seccomp, by libseccomp; rt_sigaction.
 */

#include "daemon/sandbox.h"

#include <errno.h>
#include <linux/sockios.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define NAMES_MAX 512 /* numbers of calls that have names below */

/* call, why */
#define CALLS(X)                                                               \
	/* the loops: what is ready, deadlines, wake-ups */                    \
	X(epoll_wait, "libev's loops")                                         \
	X(epoll_pwait, "the same, where there is no epoll_wait")               \
	X(epoll_ctl, "descriptors to watch")                                   \
	X(epoll_create1, "libev, once clients keep what they have passed")     \
	X(timerfd_settime, "exact deadlines of the stack")                     \
	X(poll, "sending to the kernel's netlink, looking up names")           \
	X(ppoll, "the same")                                                   \
	X(restart_syscall, "any of them after SIGSTOP")                        \
	/* bytes */                                                            \
	X(read, "TUN, wake-ups, files")                                        \
	X(readv, "TUN")                                                        \
	X(pread64, "credentials from passed descriptors")                      \
	X(write, "TUN, wake-ups, log, captures")                               \
	X(writev, "TUN, captures, joined sockets")                             \
	X(recvfrom, "control socket, joined sockets")                          \
	X(recvmsg, "descriptors over the control socket, netlink")             \
	X(sendto, "control socket, service manager")                           \
	X(sendmsg, "journal, netlink, joined sockets")                         \
	X(lseek, "standard I/O")                                               \
	/* sockets */                                                          \
	X(accept, "control socket")                                            \
	X(accept4, "control socket")                                           \
	X(connect, "forward, journal, service manager")                        \
	X(bind, "netlink")                                                     \
	X(getsockname, "netlink")                                              \
	X(getpeername, "joined sockets")                                       \
	X(getsockopt, "peer of a control client, how a connect ended")         \
	X(setsockopt, "joined sockets, netlink")                               \
	X(shutdown, "a FIN of a joined socket")                                \
	X(close, "all of these")                                               \
	X(fcntl, "descriptors that are passed become non-blocking")            \
	/* files: configuration, credentials, log, captures, control socket */ \
	X(openat, "Landlock says which")                                       \
	X(open, "the same, by older C libraries")                              \
	X(fstat, "what it is that was passed or opened")                       \
	X(newfstatat, "the same")                                              \
	X(stat, "the same, by older C libraries")                              \
	X(statx, "the same, by newer ones")                                    \
	X(faccessat, "may it be written?")                                     \
	X(access, "the same, by older C libraries")                            \
	X(ftruncate, "a capture file begins anew")                             \
	X(fsync, "credentials that were made")                                 \
	X(fchmod, "modes of these")                                            \
	X(rename, "they take their place at once")                             \
	X(renameat, "the same")                                                \
	X(unlink, "the control socket at the end")                             \
	X(unlinkat, "the same")                                                \
	X(getuid, "owners of credentials")                                     \
	X(geteuid, "the same")                                                 \
	X(getgid, "the same")                                                  \
	X(getegid, "the same")                                                 \
	/* memory */                                                           \
	X(brk, "malloc")                                                       \
	X(munmap, "malloc, the stack's areas")                                 \
	X(mremap, "malloc")                                                    \
	X(madvise, "malloc, the stack's areas")                                \
	/* threads and signals */                                              \
	X(futex, "locks")                                                      \
	X(rseq, "a thread begins")                                             \
	X(set_robust_list, "the same")                                         \
	X(sched_yield, "locks")                                                \
	X(rt_sigprocmask, "signals are the main thread's")                     \
	X(rt_sigaction, "abort")                                               \
	X(rt_sigreturn, "a signal is handled")                                 \
	X(gettid, "abort")                                                     \
	X(getpid, "status, abort")                                             \
	X(tgkill, "abort")                                                     \
	X(exit, "a thread ends")                                               \
	X(exit_group, "the daemon ends")                                       \
	/* time, randomness, the machine */                                    \
	X(clock_gettime, "where the vDSO does not do it")                      \
	X(gettimeofday, "the same")                                            \
	X(clock_nanosleep, "pauses of libraries")                              \
	X(nanosleep, "the same")                                               \
	X(getrandom, "secrets")                                                \
	X(sysinfo, "memory-limit=auto at a reload")

/* What the sanitizers of a test build want on their way out. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MORE_CALLS(X)                                                          \
	X(arch_prctl, "sanitizer")                                             \
	X(clone, "sanitizer")                                                  \
	X(getdents, "sanitizer")                                               \
	X(getdents64, "sanitizer")                                             \
	X(getppid, "sanitizer")                                                \
	X(getrlimit, "sanitizer")                                              \
	X(kill, "sanitizer")                                                   \
	X(mincore, "sanitizer")                                                \
	X(mlock, "sanitizer")                                                  \
	X(munlock, "sanitizer")                                                \
	X(pipe, "sanitizer")                                                   \
	X(pipe2, "sanitizer")                                                  \
	X(prctl, "sanitizer")                                                  \
	X(prlimit64, "sanitizer")                                              \
	X(process_vm_readv, "sanitizer")                                       \
	X(ptrace, "sanitizer")                                                 \
	X(readlink, "sanitizer")                                               \
	X(readlinkat, "sanitizer")                                             \
	X(sched_getaffinity, "sanitizer")                                      \
	X(sigaltstack, "sanitizer")                                            \
	X(uname, "sanitizer")                                                  \
	X(wait4, "sanitizer")
#else
#define MORE_CALLS(X)
#endif

/* Requests of ioctl: nothing that changes an interface. */
static const unsigned long requests[] = {
	FIONREAD,   /* libraries */
	FIONBIO,    /* libraries */
	TCGETS,	    /* is standard error a terminal? */
	SIOCGIFMTU, /* of an interface that is not ours to manage */
};

static const int families[] = { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK };

static const struct call {
	int number;
} calls[] = {
#define CALL(name, why) { SCMP_SYS(name) },
	CALLS(CALL) MORE_CALLS(CALL)
#undef CALL
};

/* Made in advance: a signal handler must not ask the library. */
static char *names[NAMES_MAX];

/* ------------------------------------------------------ a forbidden call */

static void put(const char *text)
{
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		return; /* nothing is left to be done about it */
}

static void put_number(unsigned int n)
{
	char digits[12];
	size_t at = sizeof(digits) - 1;

	digits[at] = '\0';
	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	put(digits + at);
}

/* Tell, and let the signal end us when this returns. */
static void on_forbidden(int sig, siginfo_t *info, void *context)
{
	unsigned int n = (unsigned int)info->si_syscall;

	(void)context;
	put("ustackd: sandbox: system call ");
	put_number(n);
	if (n < NAMES_MAX && names[n]) {
		put(" (");
		put(names[n]);
		put(")");
	}
	put(" is not on the list: ended.  Please report it; [security] "
	    "sandbox=no goes on without.\n");
	(void)signal(sig, SIG_DFL);
	(void)raise(sig);
}

static int watch_for_it(void)
{
	struct sigaction act = { .sa_sigaction = on_forbidden,
				 .sa_flags = SA_SIGINFO };

	for (int n = 0; n < NAMES_MAX; n++)
		if (!names[n])
			names[n] = seccomp_syscall_resolve_num_arch(
				SCMP_ARCH_NATIVE, n);
	return sigaction(SIGSYS, &act, NULL) ? -errno : 0;
}

/* ---------------------------------------------------------------- the list */

/* Memory can be had, but none that is both ours to write and to run. */
static int allow_memory(scmp_filter_ctx ctx)
{
	const struct scmp_arg_cmp no_exec = SCMP_A2(SCMP_CMP_MASKED_EQ,
						    PROT_EXEC, 0);
	int rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
				  no_exec);

	return rc ? rc
		  : seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
				     no_exec);
}

/* The worker names itself, perhaps when the filter is in force already. */
static int allow_thread_name(scmp_filter_ctx ctx)
{
	return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
				SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
}

/* How many descriptors there may be, for a forward service; none is set. */
static int allow_limits(scmp_filter_ctx ctx)
{
	return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1,
				SCMP_A2(SCMP_CMP_EQ, 0));
}

static int allow_sockets(scmp_filter_ctx ctx)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < sizeof(families) / sizeof(families[0]);
	     i++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
				      SCMP_A0(SCMP_CMP_EQ,
					      (scmp_datum_t)families[i]));
	return rc;
}

static int allow_requests(scmp_filter_ctx ctx)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < sizeof(requests) / sizeof(requests[0]);
	     i++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
				      SCMP_A1(SCMP_CMP_EQ, requests[i]));
	return rc;
}

/* The length of the list, or -errno. */
static int allow_all(scmp_filter_ctx ctx)
{
	int n = 6; /* those whose arguments are looked at */
	int rc = 0;

	for (size_t i = 0; !rc && i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (calls[i].number < 0)
			continue;
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, calls[i].number, 0);
		n++;
	}
	if (!rc)
		rc = allow_memory(ctx);
	if (!rc)
		rc = allow_thread_name(ctx);
	if (!rc)
		rc = allow_limits(ctx);
	if (!rc)
		rc = allow_sockets(ctx);
	if (!rc)
		rc = allow_requests(ctx);
	return rc ? rc : n;
}

int sandbox_seccomp(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_TRAP);
	int rc = ctx ? 0 : -ENOMEM;
	int n = 0;

	if (!rc)
		rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
	if (!rc)
		rc = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH,
				      SCMP_ACT_KILL_PROCESS);
	/* a binary tree: few comparisons for each call, however long the list */
	if (!rc)
		rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (!rc)
		rc = n = allow_all(ctx);
	if (rc >= 0)
		rc = watch_for_it();
	if (!rc)
		rc = seccomp_load(ctx);
	seccomp_release(ctx);
	return rc < 0 ? rc : n;
}
