/* SPDX-License-Identifier: MIT */
/*
 * dial.h - opens connections for somebody, and joins each with a socket
 *
 *	dial() --opened--> joined (join.c) --over--> the dialler's again
 *	       \----------- refused, timed out, cut ----/
 *
 * The dialler owns the memory of a struct dial, and hears of it by callbacks on
 * the stack's thread.
 */

#ifndef DAEMON_SVC_DIAL_H
#define DAEMON_SVC_DIAL_H

#include "stream.h"
#include "stream_tls.h"

struct join;
struct svc_set;
struct svc_timer;
struct svc_watch;

/**
 * struct dial - a connection that we open
 * @fd:		connected stream socket of the host, non-blocking; taken when dial()
 *		succeeds.  It must not be written to before @opened: it tells meanwhile
 *		whether anybody is left behind it.
 * @timeout_us:	for the connection and its secure channel, 0 = as long as TCP tries
 * @opened:	it is established: @st, @connect_us, @took_us and @tls are valid
 * @over:	the last word, made once: it is over, or came to nothing; @end and
 *		@problem are valid, and in the callback the stack still knows @st.
 *		@fd is closed.
 * @st:		its stream
 * @began_us:	when it began
 * @took_us:	until it was established
 * @secure:	it is a secure channel
 * @tls:	what was agreed on
 * @end:	0 = both directions ended; -ERR_PIPE: the host's side is gone; other
 *		-ERR_*: why, as in stream.end
 * @problem:	of a secure channel; its kind is TLS_OK if there is none
 * @is_open:	@opened was called
 * @is_over:	@over was called
 * @why:	what becomes @end, if it is known before the stream's end
 * @watch:	on @fd, until it is established
 * @timer:	for @timeout_us, NULL = none
 * @join:	once it is established
 */
struct dial {
	int fd;
	uint64_t timeout_us;
	void (*opened)(struct dial *d);
	void (*over)(struct dial *d);
	struct stream st;
	uint64_t began_us;
	uint64_t took_us;
	bool secure;
	struct tls_info tls;
	int end;
	struct tls_problem problem;
	bool is_open;
	bool is_over;
	int why;
	struct svc_watch *watch;
	struct svc_timer *timer;
	struct join *join;
};

/**
 * dial() - Open a connection
 * @set:	services, whose stack and loop are used
 * @d:		what is known before, the rest zero
 * @a:		where to; borrowed for the call
 *
 * Return: 0, and @over will follow; or -ERR_*: nothing was done
 */
int dial(struct svc_set *set, struct dial *d,
	 const struct stream_connect_args *a) MUST_USE;

/** dial_cut() - Finish with it: FIN if all was read, else RST; @over follows, unless
 * it was called already
 */
void dial_cut(struct dial *d);

#endif /* DAEMON_SVC_DIAL_H */
