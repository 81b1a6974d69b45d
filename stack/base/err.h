/* SPDX-License-Identifier: MIT */
/*
 * err.h - the one list of error codes
 *
 * Functions return 0 or a positive count for success and -ERR_X for failure.
 * Each code says what an errno of the same name says, so that an embedder who
 * builds a socket layer maps them one to one.
 */

#ifndef STACK_BASE_ERR_H
#define STACK_BASE_ERR_H

#define MUST_USE __attribute__((warn_unused_result))

enum err {
	ERR_NONE = 0,
	ERR_AGAIN,	  /* EAGAIN: nothing to do now, try later */
	ERR_INVAL,	  /* EINVAL: an argument makes no sense */
	ERR_NOMEM,	  /* ENOMEM: the memory budget is spent */
	ERR_NOENT,	  /* EBADF: no such connection or object */
	ERR_NOTCONN,	  /* ENOTCONN: not (or no longer) connected */
	ERR_INPROGRESS,	  /* EINPROGRESS: the handshake still runs */
	ERR_PIPE,	  /* EPIPE: our side is closed for sending */
	ERR_CONNREFUSED,  /* ECONNREFUSED: reset in answer to SYN */
	ERR_CONNRESET,	  /* ECONNRESET: reset by the peer */
	ERR_CONNABORTED,  /* ECONNABORTED: aborted by our side */
	ERR_TIMEDOUT,	  /* ETIMEDOUT: the peer stopped answering */
	ERR_ADDRINUSE,	  /* EADDRINUSE: port or 4-tuple is taken */
	ERR_ADDRNOTAVAIL, /* EADDRNOTAVAIL: not an address of ours */
	ERR_HOSTUNREACH,  /* EHOSTUNREACH: ICMP host unreachable */
	ERR_NETUNREACH,	  /* ENETUNREACH: ICMP net unreachable */
	ERR_MSGSIZE,	  /* EMSGSIZE: does not fit */
	ERR_LIMIT,	  /* EMFILE: a configured limit is reached */
	ERR_PERM,	  /* EPERM: refused by policy */
	ERR_ISCONN,	  /* EISCONN: connected already */
	ERR_ALREADY,	  /* EALREADY: the handshake was begun already */
	ERR_NOBUFS,	  /* ENOBUFS: no room in a queue or table */
	ERR_ACCES,	  /* EACCES: prohibited, ICMP said so */
	ERR_NOPROTOOPT,	  /* ENOPROTOOPT: no such option or protocol */
	ERR_HOSTDOWN,	  /* EHOSTDOWN: the host is down, ICMP said so */
	ERR_PROTO,	  /* EPROTO: the peer did not understand a header */
	ERR_MAX,
};

/**
 * err_str() - Text for an error
 * @err:	code, with either sign
 *
 * Return: a constant string such as "connection refused", never NULL
 */
const char *err_str(int err);

#endif /* STACK_BASE_ERR_H */
