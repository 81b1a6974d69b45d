/* SPDX-License-Identifier: MIT */
/*
 * ctl_int.h - between the ctl*.c files
 *
 *	ctl.c		the socket: probing, listening, accepting
 *	ctl_client.c	one client: bytes <-> lines, limits, life and death
 *	ctl_rpc.c	a line -> a request -> its method; replies and errors
 *	ctl_cmds.c	the methods, but for
 *	ctl_conns.c	conns.*
 *	ctl_capture.c	capture.*
 *	ctl_trace.c	trace.*
 *	ctl_events.c	events.*
 *	ctl_impair.c	impair.set and the like
 *	ctl_impair_get.c	impair.get
 *	ctl_fault.c	fault.set
 *	ctl_connect.c	connect.open: what is asked for
 *	ctl_connect_tls.c	its secure channel
 *	ctl_connect_life.c	what becomes of it
 *	ctl_ping.c	ping
 *	ctl_config.c	config.get
 *	ctl_reload.c	config.reload
 *
 * A request under way holds a reference to its client, a client on a list
 * belongs to struct ctl.  Either may go first: a client whose peer vanished,
 * or whose ctl was freed, has no @ctl any more, and its replies go nowhere.
 */

#ifndef DAEMON_CTL_INT_H
#define DAEMON_CTL_INT_H

#include <cjson/cJSON.h>
#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/config.h"
#include "daemon/counters.h"
#include "daemon/ctl_proto.h"
#include "daemon/json.h"
#include "daemon/worker.h"
#include "stack/ustack.h"

struct ctl_captures;
struct reload_result;
struct stream_tls_info;
struct tls_files;
struct tls_info;
struct ctl_connect;

#define CTL_OUT_MARK  262144u /* with more unsent bytes a client isn't served */
#define CTL_SUB_MARK  196608u /* with more, it gets no events		*/
#define CTL_EVENT_MAX 4096u   /* bytes of an event */

/**
 * struct ctl_sub - what a client wants to be told of
 * @mask:	kinds of event, bits (1 << kind)
 * @port:	only of connections with this port at either end, 0 = any
 * @next:	it waits for the next connection that begins; then that is @conn
 * @conn:	only of this connection, 0 = all
 * @newest:	greatest number of a connection when it began
 * @lost:	events that it did not take, and has not been told of
 * @overrun:	the same of events that the worker could not deliver to anybody;
 *		who would have wanted them is not known
 */
struct ctl_sub {
	uint32_t mask;
	uint16_t port;
	bool next;
	uint64_t conn;
	uint64_t newest;
	uint64_t lost;
	uint64_t overrun;
};

/**
 * struct ctl_client - one connection of the control socket
 * @next:	neighbours in ctl->clients
 * @prev:	the same
 * @ctl:	what it belongs to; NULL = closed, only waits for @refs
 * @refs:	requests under way, the list, and who works on it right now
 * @fd:		its socket, -1 when closed
 * @io:		watches @fd
 * @uid:	who it is
 * @pid:	which process it was
 * @heard_us:	when it was last heard, monotonic
 * @busy:	a request is under way; the next line has to wait
 * @pumping:	ctl_client_pump() is at work
 * @eof:	no more will be read
 * @sub:	what it is told of, NULL = nothing
 * @sub_new:	the same, asked for
 * @nconnects:	connections that were opened for it
 * @nfds:	descriptors received that no request has had yet
 * @fds:	they
 * @out:	bytes to be sent
 * @out_off:	start of what is unsent there
 * @in_off:	start of the first line not handled
 * @in_scan:	from here on no newline has been looked for
 * @in_len:	end of what was read
 * @in:		what was read
 */
struct ctl_client {
	struct ctl_client *next;
	struct ctl_client *prev;
	struct ctl *ctl;
	uint32_t refs;
	int fd;
	struct ev_io io;
	uid_t uid;
	pid_t pid;
	uint64_t heard_us;
	bool busy;
	bool pumping;
	bool eof;
	struct ctl_sub *sub;
	struct ctl_sub *sub_new;
	uint32_t nconnects;
	uint32_t nfds;
	int fds[CTL_FDS_MAX];
	struct json out;
	size_t out_off;
	size_t in_off;
	size_t in_scan;
	size_t in_len;
	char in[CTL_LINE_MAX + 1];
};

/**
 * struct ctl - the control socket
 * @loop:	borrowed
 * @worker:	borrowed; NULL when it must not be touched any more
 * @cfg:	borrowed
 * @sandbox:	borrowed, NULL = nothing was given up
 * @tls:	borrowed, NULL = none
 * @on_reload:	see struct ctl_args
 * @on_shutdown: the same
 * @arg:	their argument
 * @fd:		listens
 * @handed:	others have made the socket and will remove it
 * @dev:	device of the socket's file: is it still ours?
 * @ino:	its inode
 * @io:		watches @fd
 * @pause:	accepting rests, because descriptors ran out
 * @clients:	connected clients
 * @nclients:	their number
 * @connects:	connections opened for clients
 * @captures:	captures
 * @reply:	the reply being written
 * @event:	the event being written
 * @lost:	the notification of losses being written
 * @rebound:	a subscription has found its connection
 * @start_us:	when it began, monotonic
 * @reset_us:	when counters were last reset
 * @base:	what they showed then
 */
struct ctl {
	struct ev_loop *loop;
	struct worker *worker;
	const struct config *cfg;
	const struct sandbox *sandbox;
	const struct tls_files *tls;
	bool (*on_reload)(void *arg, struct reload_result *res);
	void (*on_shutdown)(void *arg);
	void *arg;
	int fd;
	bool handed;
	dev_t dev;
	ino_t ino;
	struct ev_io io;
	struct ev_timer pause;
	struct ctl_client *clients;
	uint32_t nclients;
	struct ctl_connect *connects;
	struct ctl_captures *captures;
	struct json reply;
	struct json event;
	struct json lost;
	bool rebound;
	uint64_t start_us;
	uint64_t reset_us;
	struct counters base;
};

/**
 * struct ctl_request - a request, from its line to its reply
 * @client:	who asked; a reference
 * @msg:	the whole of it
 * @params:	its parameters, NULL = none
 * @id:		its id as JSON, NULL = not to be answered
 * @method:	its method's name, inside @msg
 * @nfds:	descriptors that ctl_take_fds() took; closed with it
 * @fds:	they
 */
struct ctl_request {
	struct ctl_client *client;
	cJSON *msg;
	const cJSON *params;
	char *id;
	const char *method;
	uint32_t nfds;
	int fds[CTL_FDS_MAX];
};

/* ------------------------------------------------------------ ctl_client.c */

/** ctl_client_new() - Serve the connected socket @fd, which is taken */
void ctl_client_new(struct ctl *ctl, int fd);

/** ctl_client_close() - Disconnect; the memory goes with the last reference */
void ctl_client_close(struct ctl_client *c);

/** ctl_client_put() - Give up a reference */
void ctl_client_put(struct ctl_client *c);

/** ctl_client_send() - Send bytes, now or when there is room */
void ctl_client_send(struct ctl_client *c, const char *buf, size_t len);

/**
 * ctl_client_queue() - Have bytes sent by the next ctl_client_push()
 * @c:		client
 * @buf:	whole lines
 * @len:	bytes
 * @mark:	with more than that unsent they are not taken
 *
 * Return: they were taken
 */
bool ctl_client_queue(struct ctl_client *c, const char *buf, size_t len,
		      size_t mark);

/** ctl_client_push() - Send what is queued */
void ctl_client_push(struct ctl_client *c);

/** ctl_client_drop_fds() - Close descriptors that no request has had */
void ctl_client_drop_fds(struct ctl_client *c);

/** ctl_client_pump() - Handle lines as long as there are any and it may */
void ctl_client_pump(struct ctl_client *c);

/* ------------------------------------------------------------ ctl_events.c */

/** ctl_events_init() - Get ready for subscriptions */
void ctl_events_init(struct ctl *ctl);

/** ctl_events_fini() - Free what that took; all clients are gone */
void ctl_events_fini(struct ctl *ctl);

/** ctl_events_end() - End a client's subscription, if it has one */
void ctl_events_end(struct ctl_client *c);

/** ctl_events_tell_lost() - Tell of events that were lost, if there is room again */
void ctl_events_tell_lost(struct ctl_client *c);

/* --------------------------------------------------------------- ctl_rpc.c */

/** ctl_rpc_line() - Handle a line of @len bytes, followed by a NUL */
void ctl_rpc_line(struct ctl_client *c, const char *line, size_t len);

/** ctl_rpc_refuse() - Send an error that belongs to no request */
void ctl_rpc_refuse(struct ctl_client *c, int code, const char *message);

/**
 * ctl_reply_begin() - Start a reply; its "result" is to be written
 * @rq:		request
 *
 * Return: where to write, or NULL when nobody waits for it: then call only
 * ctl_reply_end()
 */
struct json *ctl_reply_begin(struct ctl_request *rq);

/** ctl_reply_end() - Send what was written; takes @rq */
void ctl_reply_end(struct ctl_request *rq);

/** ctl_reply_empty() - The result {}; takes @rq */
void ctl_reply_empty(struct ctl_request *rq);

/** ctl_reply_error() - An error instead of a result; takes @rq */
__attribute__((format(printf, 3, 4))) void ctl_reply_error(
	struct ctl_request *rq, int code, const char *fmt, ...);

/**
 * ctl_param_u64() - A whole number among the parameters
 * @rq:		request
 * @obj:	object to look in, may be NULL
 * @name:	parameter
 * @max:	largest value
 * @v:		set to it, left alone when it is absent
 *
 * Return: 1 there, 0 absent, -1 something else: an error was sent and @rq is
 * gone
 */
int ctl_param_u64(struct ctl_request *rq, const cJSON *obj, const char *name,
		  uint64_t max, uint64_t *v);

/** ctl_param_str() - A text among the parameters, in the same way */
int ctl_param_str(struct ctl_request *rq, const cJSON *obj, const char *name,
		  const char **v);

/**
 * ctl_take_fds() - Let a request have the descriptors that came with it
 * @rq:		request whose method has just been called
 *
 * A method that does not ask for them has none: they are closed.
 */
void ctl_take_fds(struct ctl_request *rq);

/** ctl_log_change() - Log that a client changed something */
void ctl_log_change(const struct ctl_request *rq, const char *what);

/* ------------------------------ methods: ctl_cmds.c, ctl_conns.c, ctl_trace.c */

#define CTL_PARAMS_MAX 8u

/**
 * struct ctl_method - a method
 * @name:	its name
 * @params:	parameters it knows, NULL at the end
 * @run:	carries it out; takes the request
 */
struct ctl_method {
	const char *name;
	const char *params[CTL_PARAMS_MAX];
	void (*run)(struct ctl_request *rq);
};

/** ctl_methods() - The table; @n is set to its length */
const struct ctl_method *ctl_methods(size_t *n);

/** ctl_read_counters() - Read all counters as they are */
void ctl_read_counters(const struct worker *w, struct counters *out);

/** ctl_now_us() - The monotonic clock */
uint64_t ctl_now_us(void);

/** ctl_put_endpoint() - An address and a port */
void ctl_put_endpoint(struct json *j, const char *addr_key,
		      const struct ustack_addr *a, const char *port_key,
		      uint16_t port);

#define CTL_SERVICE_CONNECT "connect"

/** ctl_put_service() - The name of the service that a connection belongs to: of the
 * one that takes connections at @lport, unless the stack has opened it
 */
void ctl_put_service(struct json *j, const struct config *cfg, bool active,
		     uint16_t lport);

/** ctl_read_tls() - A connection's secure channel, for jobs; false = it has none */
bool ctl_read_tls(struct worker *w, const struct ustack_info *in,
		  struct stream_tls_info *tls);

/** ctl_put_tls() - A secure channel, as an object "tls" */
void ctl_put_tls(struct json *j, const struct stream_tls_info *tls);

/** ctl_put_agreed() - What a secure channel has agreed on, into the object at hand */
void ctl_put_agreed(struct json *j, const struct tls_info *t);

/** ctl_put_conn() - A connection, as conns.get answers; @tls: NULL = it is plain */
void ctl_put_conn(struct json *j, const char *key, const struct config *cfg,
		  const struct ustack_info *in,
		  const struct stream_tls_info *tls);

/** ctl_put_creds() - The TLS library and the credentials in force */
void ctl_put_creds(struct json *j, const struct ctl *ctl);

void ctl_config_get(struct ctl_request *rq);
void ctl_config_reload(struct ctl_request *rq);
void ctl_conns_list(struct ctl_request *rq);
void ctl_conns_get(struct ctl_request *rq);
void ctl_conns_abort(struct ctl_request *rq);
void ctl_conns_close(struct ctl_request *rq);
void ctl_events_subscribe(struct ctl_request *rq);
void ctl_events_unsubscribe(struct ctl_request *rq);
void ctl_fault_set(struct ctl_request *rq);
void ctl_ping(struct ctl_request *rq);
void ctl_impair_get(struct ctl_request *rq);
void ctl_impair_set(struct ctl_request *rq);
void ctl_impair_preset(struct ctl_request *rq);
void ctl_impair_script(struct ctl_request *rq);
void ctl_impair_clear(struct ctl_request *rq);
void ctl_impair_undo(struct ctl_request *rq);
void ctl_capture_start(struct ctl_request *rq);
void ctl_capture_stop(struct ctl_request *rq);
void ctl_capture_status(struct ctl_request *rq);
void ctl_trace_get(struct ctl_request *rq);
void ctl_trace_list(struct ctl_request *rq);
void ctl_connect_open(struct ctl_request *rq);

/* ------------------------------------------------------ ctl_connect_life.c */

/** ctl_connects_leave() - A client goes: end the connections opened for it */
void ctl_connects_leave(struct ctl_client *client);

/* ------------------------------------------------------- ctl_capture_life.c */

/** ctl_captures_new() - No captures yet; NULL = out of memory */
struct ctl_captures *ctl_captures_new(struct ev_loop *loop,
				      struct worker *worker);

/** ctl_captures_free() - End all; where there are any, the worker has been freed before */
void ctl_captures_free(struct ctl_captures *set);

#endif /* DAEMON_CTL_INT_H */
