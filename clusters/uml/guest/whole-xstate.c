/*
 * Loaded into a user-mode-Linux kernel that knows less of a processor's state than there is. Such a kernel writes back as
 * much of a process's state as it has read, and the host takes nothing but the whole of it: the first process of the guest
 * is then killed before its first instruction. What it leaves out (the tiles of AMX, which nothing in a guest has asked
 * for) is filled in with what is there.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/uio.h>

/* With the tiles it is 11 KiB. */
enum { MOST = 1 << 16 };

typedef long (*call)(enum __ptrace_request, ...);

long ptrace(enum __ptrace_request request, ...)
{
	static call real;
	/* The guest has one processor, and its kernel one thread that calls this. */
	static _Alignas(64) char whole[MOST];
	va_list given;

	va_start(given, request);
	pid_t pid = va_arg(given, pid_t);
	void *address = va_arg(given, void *);
	void *data = va_arg(given, void *);
	va_end(given);

	if (!real)
		real = (call)dlsym(RTLD_NEXT, "ptrace");
	if (request == PTRACE_SETREGSET && (unsigned long)address == NT_X86_XSTATE) {
		const struct iovec *part = data;
		struct iovec state = { whole, sizeof(whole) };

		if (real(PTRACE_GETREGSET, pid, address, &state) == 0 && part->iov_len < state.iov_len) {
			memcpy(whole, part->iov_base, part->iov_len);
			return real(request, pid, address, &state);
		}
	}
	return real(request, pid, address, data);
}
