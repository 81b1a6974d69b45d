/* SPDX-License-Identifier: MIT */
/*
 * err.c - texts of the error codes
 */

#include "err.h"

#include "bytes.h"

/* clang-format off */
static const char *const texts[ERR_MAX] = {
	[ERR_NONE]	    = "no error",
	[ERR_AGAIN]	    = "try again later",
	[ERR_INVAL]	    = "invalid argument",
	[ERR_NOMEM]	    = "out of memory",
	[ERR_NOENT]	    = "no such object",
	[ERR_NOTCONN]	    = "not connected",
	[ERR_INPROGRESS]    = "connection in progress",
	[ERR_PIPE]	    = "closed for sending",
	[ERR_CONNREFUSED]   = "connection refused",
	[ERR_CONNRESET]	    = "connection reset by peer",
	[ERR_CONNABORTED]   = "connection aborted",
	[ERR_TIMEDOUT]	    = "connection timed out",
	[ERR_ADDRINUSE]	    = "address in use",
	[ERR_ADDRNOTAVAIL]  = "address not available",
	[ERR_HOSTUNREACH]   = "host unreachable",
	[ERR_NETUNREACH]    = "network unreachable",
	[ERR_MSGSIZE]	    = "message too long",
	[ERR_LIMIT]	    = "limit reached",
	[ERR_PERM]	    = "refused by policy",
	[ERR_ISCONN]	    = "connected already",
	[ERR_ALREADY]	    = "connecting already",
	[ERR_NOBUFS]	    = "no room in a queue",
	[ERR_ACCES]	    = "prohibited on the way",
	[ERR_NOPROTOOPT]    = "protocol not spoken",
	[ERR_HOSTDOWN]	    = "host down",
	[ERR_PROTO]	    = "protocol error",
};
/* clang-format on */

const char *err_str(int err)
{
	/* The absolute value without the overflow of -INT_MIN. */
	unsigned int code = err < 0 ? 0u - (unsigned int)err
				    : (unsigned int)err;

	if (code >= ARRAY_LEN(texts) || !texts[code])
		return "unknown error";
	return texts[code];
}
