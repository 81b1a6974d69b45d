/* SPDX-License-Identifier: MIT */
/*
 * ctl_proto.h - the protocol of the control socket
 *
 * JSON-RPC 2.0 without batches over a Unix stream socket: each request and
 * each reply is one JSON object on one line.  A request names its parameters;
 * one without "id" is carried out and not answered.  A client gets its replies
 * in the order of its requests, and may send more before they have come.
 *
 *	--> {"jsonrpc":"2.0","id":1,"method":"conns.get","params":{"id":3}}
 *	<-- {"jsonrpc":"2.0","id":1,"result":{"id":3,"state":"ESTABLISHED",...}}
 *	<-- {"jsonrpc":"2.0","id":1,"error":{"code":4,"message":"..."}}
 *
 * Methods and what they answer (a "?" marks what may be left out):
 *
 *	status		{version, protocol, pid, uptime_us, interface:{name, mode,
 *			managed, mtu, rx_packets, rx_bytes, tx_packets,
 *			tx_bytes, rx_errors, tx_errors, bad_vnet, dev_drops},
 *			addresses:{host:[], stack:[]}, services:[{name, type,
 *			port, tls, target?}], connections:{STATE: n}, memory:{used, peak,
 *			taken, limit, short, per_idle_conn}, timers,
 *			impairment:{rules, scripts, faults, queued},
 *			sandbox:{no_core_dumps, no_capabilities,
 *			no_new_privileges, landlock, seccomp}, the last two 0 when
 *			not in force, else a version and a number of calls,
 *			tls:{library, version, source?, subject?, issuer?, key?,
 *			fingerprint?: "AA:BB:...", not_before?, not_after?, chain?,
 *			client_ca?, psks?, warnings?:[text]}, log:{level, lost}}
 *	stats.get	{pattern?: glob} -> {since_us, counters:[{name, value,
 *			unit, help}]}; since_us ago they were reset, or began
 *	stats.reset	{} ; for all who ask, the stack's own go on
 *	conns.list	{filter?:{state?, port?}, cursor?, limit?} ->
 *			{conns:[connection], cursor: text or null}.  Give the
 *			cursor back for the next piece.  A piece may be empty;
 *			null means the end.  limit: at most 256
 *	conns.get	{id} -> connection
 *	conns.abort	{id} -> {} ; RST, data in flight is lost
 *	conns.close	{id} -> {} ; FIN behind what is queued, after close_notify
 *			on a secure channel
 *	services.list	{services:[{name, type, port, tls, target?, open,
 *			accepted, bytes_in, bytes_out}], replaced}; target: of a
 *			forward service, as configured; replaced: connections open
 *			of services that a reload has replaced
 *	trace.get	{id? or last?: true} -> {id, conn: connection or null, open,
 *			active, service?, local, lport, remote, rport,
 *			wall_offset_us, iss?, irs?, skipped, unwatched?:{from_us, to_us?},
 *			events:[event and "n"]}.  What is remembered of a
 *			connection, open or closed not long ago.  last, and
 *			neither: of those, the one opened last
 *	trace.list	{} -> {wall_offset_us, traces:[{id, open, active, service?,
 *			local, lport, remote, rport, events, skipped, first_us,
 *			last_us}]}, the one opened last first
 *	events.subscribe {conn? or next?: true, port?, types?: [name]} ->
 *			{wall_offset_us}; then events come as notifications,
 *			see below
 *	events.unsubscribe {}
 *	impair.get	{rules:[rule], scripts:[script], totals:{matched, bytes,
 *			by:{KNOB: n}}, flows, queued, queued_bytes, undo,
 *			exempt:[service name], faults:[fault]}
 *	impair.set	{rule: text} -> {rules:[{id, text}]}
 *	impair.preset	{preset: text} -> the same.  Without preset: {presets:
 *			[{name, help, source, rules:[text]}]}
 *	impair.script	{script: text} -> {id, text}
 *	impair.clear	{id?} -> {cleared: n} ; a rule or a script, or all
 *	impair.undo	{undo: n} ; n changes more can be taken back
 *	capture.start	{name?, side?: wire|stack|both, conn?, port?, snaplen?,
 *			limit?, rotate?} and descriptors -> {id}.  name is for
 *			display.  snaplen: bytes kept of a packet, 40 to 262144, by
 *			default all.  limit, rotate: bytes in all, of a file, at least
 *			65536
 *	capture.stop	{id? or all?: true} -> {captures:[capture]} once all is
 *			written; without id: the only one
 *	capture.status	{} -> {captures:[capture], over:[capture]}, over: the last four
 *			that have ended
 *	fault.set	{id or port or service, fault: stall|slow-read|half-open|
 *			reset|off, rate?: text} -> {reset?: n, ended?: n}
 *	ping		{address, local?, seq?, size?, ttl?, df?: bool,
 *			timeout_ms?} -> {outcome, seq, from?, bytes?, ttl?,
 *			rtt_us?, reason?, mtu?} ; one ICMP echo request from the
 *			stack, and what became of it, see below
 *	connect.open	{address, port, bind?, cc?: cubic|reno, timeout_ms?,
 *			tls?: {servername?, fingerprint?, insecure?: true, ca?: true,
 *			cert?: true, key?: true, psk?: true}} and descriptors -> {id,
 *			local, lport, remote, rport, took_us, rtt_us, tls?: {version,
 *			suite, group, kx, cipher, mac, etm, resumed, peer,
 *			fingerprint?}}.  Opens a connection from the stack; then, and
 *			when its secure channel is established, there is the reply.
 *			bind: ADDRESS, ADDRESS:PORT or :PORT
 *	log.set		{level} -> {level, was}
 *	config.get	{} -> {config:[{section, key, value}]} ; what is in force, in the
 *			order of the manual, values as the file has them; rule, preset
 *			and script as often as there are
 *	config.reload	{} -> {changed:[text], tls?: as in status} ; text: "log",
 *			it was opened again; "tls", new connections get other
 *			credentials; "[SECTION] KEY"; "[service NAME]", with
 *			" (new)" or " (gone)".  Refused with the reasons when the
 *			file is faulty, or says what cannot change while the daemon
 *			runs: then nothing has changed
 *	shutdown	{} ; then the daemon closes its connections and ends
 *
 * A connection: {id, service?, state, active, local, lport, remote, rport, cc,
 * cc_state, wscale?:{snd, rcv}, timestamps, sack, ecn, peer_closed, rto_us, srtt_us,
 * rttvar_us, minrtt_us, mss, advmss, pmtu, cwnd, ssthresh?, snd_wnd, rcv_wnd,
 * rcv_buf, inflight, unacked, unsent, rcvq, ooo, backoff, bytes_received,
 * bytes_sent, bytes_acked, bytes_retrans, segs_in, segs_out, retrans, age_us,
 * idle_us, last_sent_us, mem, sacked, lost, reordering, reo_wnd_us, rcv_mss,
 * urgent, probes, soft_error, user_timeout_us, tls?}.  soft_error is empty when
 * all is well.  Sizes and windows are bytes, unless segs_ or retrans.
 *
 * tls, of a secure channel: {state: handshake, open or closing, version?, suite?,
 * group?, kx?, cipher?, mac?, etm?, resumed?, peer?, servername?, fingerprint?}.
 * What the ends have agreed on is there once they have; peer, the subject of the
 * peer's certificate or the identity of its key, and fingerprint, SHA-256 of that
 * certificate, are if it has shown one.
 *
 * Impairment is asked for, and answered, in the language that ustackctl(8)
 * describes.  A rule: {id, text, preset?, dir: in, out or both, seed: text,
 * left_us?, queued, bound?, conns, matched, bytes, by:{KNOB: n}, hit?}, in the
 * order in which they are asked.  left_us: until it expires; bound: the connection
 * that next has found; conns: connections under it so far; by: packets that each
 * knob has acted on; hit: {ago_us, event} of the last one.  A script: {id, text,
 * target, bound?, steps:[{text, fired, done}], hit?}.  done: it cannot act any more
 * on the connection it is bound to.  A fault: {id? or port, fault, rate?: text, held?:
 * connections whose service wanted to read more, rule?: what silences it}.
 *
 * ping: address is a number, not a name; local one of the stack's addresses; size
 * the bytes behind the ICMP header, 56 unless told; df forbids fragments.  The
 * answer comes after at most timeout_ms, 2000 unless told.  outcome: reply, with
 * bytes (of the ICMP message), ttl (it came with) and rtt_us; timeout; unreachable,
 * with the reason, time_exceeded, or too_big, with mtu if it is told: from says so.
 *
 * A capture: {id, name, side, conn?, port?, snaplen, limit?, rotate?, files, file,
 * packets, dropped, bytes, age_us, end?}.  file: the one being written, from 0; end:
 * why it is over.
 *
 * tls: version is the greatest that the library speaks; what follows it is there if
 * some service has tls=yes.  source: file, made (and kept), memory (gone when the
 * daemon ends) or none, then only PSKs.  fingerprint: SHA-256 of the certificate; times
 * are seconds since 1970; chain: certificates in it.
 *
 * Descriptors travel with the request by SCM_RIGHTS, at most 32; surplus ones are
 * closed, and so are those that come with a method that wants none.  Who sends some
 * waits for earlier replies first.  capture.start wants a pipe, which is made
 * non-blocking and loses packets when it is full, or a regular file, which is
 * emptied; or several files, with rotate, that are written in turn.
 *
 * connect.open wants one end of a socket pair: what is read from it is sent, what
 * comes is written to it, an end of either direction is passed on by itself.
 * Nothing may be written to it before the reply.  Behind it come the files, opened
 * for reading, that tls names: ca, cert, key, psk, in that order; they are read at
 * once.  The connection ends with the client.  Its end is a notification
 * connect.closed {id, code, reason, bytes_in, bytes_out, retrans, age_us}: code 0
 * is an end of both directions, the others are those of errors.
 *
 * An event: {time_us, event, conn?, local?, remote?, ...}.  time_us is the daemon's
 * monotonic clock, endpoints are texts "10.7.0.2:7".  What follows depends on
 * event, a name of qlog's:
 *
 *	connectivity:connection_started		{active, mss, wscale?:{snd, rcv},
 *						timestamps, sack, ecn, cc}
 *	connectivity:connection_state_updated	{old, new}
 *	connectivity:connection_closed		{reason, bytes_in, bytes_out, retrans,
 *						segs_in, segs_out, srtt_us?,
 *						minrtt_us?, age_us}
 *	connectivity:soft_error			{error}
 *	transport:packet_sent, _received	{flags, seq, ack, wnd, len, iss, irs,
 *						gso?, ecn?, sack?:[[first, end]],
 *						cause?, since_us?, cwnd?,
 *						ssthresh?, rto_us?}
 *	transport:packet_dropped		{counter}
 *	recovery:packet_lost			{cause, seq, len, iss, rto_us?}
 *	recovery:metrics_updated		{cwnd, ssthresh?, srtt_us, rto_us}
 *	resource:memory_pressure		{short, used, limit, connections,
 *						dropped, age_us}
 *	impairment:applied			{dir: in|out, faults:[], knob, rule,
 *						step?, flags, seq, ack, len, tx,
 *						offset, delay_us?}
 *
 * seq and ack are as on the wire: less iss and irs they are relative.  gso: the
 * packet stands for wire segments of so many bytes.  ecn: of the IP header, 3 =
 * CE.  since_us: of what is sent again, since it was sent before.
 *
 * A packet_sent that is impaired is followed by one impairment:applied for each
 * of its wire segments that is; of what comes in, impairment:applied precedes
 * packet_received, which is absent when the packet is lost.
 *
 * In trace.get events stand in order, and "n" numbers those of the connection from
 * 1: where it jumps, events in between were dropped to make room for rarer ones,
 * skipped in all.  They are the first ones, the last ones, and of the rest
 * rather what tells more than an ordinary segment.  unwatched: between these
 * times (to_us absent = until now) segments sent for the first time, and those
 * received, may not have been looked at, to save time; then they are not counted
 * in n and skipped.  iss and irs: the initial sequence numbers, once known.
 * wall_offset_us: what is added to a time_us to get the time of day, in
 * microseconds since 1970.
 *
 * Notifications are objects without "id", which come between replies:
 *
 *	<-- {"jsonrpc":"2.0","method":"event","params":{event}}
 *	<-- {"jsonrpc":"2.0","method":"events.lost","params":{"n":9,"overrun":0}}
 *
 * events.subscribe: conn, only of a connection that is there; next, only of the
 * first one that begins from now on; port, only of connections with that port at
 * either end; types, only of those names, or of what begins so, before or behind
 * the colon: "recovery", "packet_lost".  A client has one subscription, another
 * one takes its place.  Events are lost rather than waited for: n that the
 * client did not take, overrun that came faster than they could be handed out,
 * some of which may have been for others.  They stand where they are missing.
 *
 * Numbers may exceed 2^53; cursors are opaque.  Fields may be added.
 */

#ifndef DAEMON_CTL_PROTO_H
#define DAEMON_CTL_PROTO_H

#define CTL_PROTOCOL		1 /* grows when something changes its meaning */

#define CTL_SOCKET_SYSTEM	"/run/ustack/control.sock"
#define CTL_SOCKET_USER		"ustack/control.sock" /* in $XDG_RUNTIME_DIR */

#define CTL_LINE_MAX		65536u /* bytes of a request, newline included    */
#define CTL_REPLY_MAX		1048576u /* bytes of a reply			    */
#define CTL_DEPTH_MAX		8u /* objects inside objects in a request	    */
#define CTL_CLIENTS_MAX		64u /* one more, and the longest idle one goes */
#define CTL_PAGE_MAX		256u /* connections in one piece of conns.list  */
#define CTL_CONNECTS_MAX	32u	 /* connections opened for clients */
#define CTL_CONNECT_TIMEOUT_MAX 3600000u /* ms */
#define CTL_SUBSCRIBERS_MAX	16u	 /* clients that events are told to */
#define CTL_PING_SIZE		56u	 /* bytes behind the ICMP header	    */
#define CTL_PING_SIZE_MAX	65507u
#define CTL_PING_TIMEOUT_MS	2000u
#define CTL_PING_TIMEOUT_MAX	10000u

#define CTL_STATUS		"status"
#define CTL_STATS_GET		"stats.get"
#define CTL_STATS_RESET		"stats.reset"
#define CTL_CONNS_LIST		"conns.list"
#define CTL_CONNS_GET		"conns.get"
#define CTL_CONNS_ABORT		"conns.abort"
#define CTL_CONNS_CLOSE		"conns.close"
#define CTL_SERVICES_LIST	"services.list"
#define CTL_TRACE_GET		"trace.get"
#define CTL_TRACE_LIST		"trace.list"
#define CTL_EVENTS_SUBSCRIBE	"events.subscribe"
#define CTL_EVENTS_UNSUBSCRIBE	"events.unsubscribe"
#define CTL_IMPAIR_GET		"impair.get"
#define CTL_IMPAIR_SET		"impair.set"
#define CTL_IMPAIR_PRESET	"impair.preset"
#define CTL_IMPAIR_SCRIPT	"impair.script"
#define CTL_IMPAIR_CLEAR	"impair.clear"
#define CTL_IMPAIR_UNDO		"impair.undo"
#define CTL_FAULT_SET		"fault.set"
#define CTL_PING		"ping"
#define CTL_LOG_SET		"log.set"
#define CTL_CONNECT_OPEN	"connect.open"
#define CTL_CONFIG_GET		"config.get"
#define CTL_CONFIG_RELOAD	"config.reload"
#define CTL_SHUTDOWN		"shutdown"

/* Methods of notifications. */
#define CTL_EVENT	   "event"
#define CTL_EVENTS_LOST	   "events.lost"
#define CTL_CONNECT_CLOSED "connect.closed"

#define CTL_CAP_START	   "capture.start"
#define CTL_CAP_STOP	   "capture.stop"
#define CTL_CAP_STATUS	   "capture.status"

#define CTL_FDS_MAX	   32u /* descriptors that come with a request */

/* Codes of errors: those of JSON-RPC, and our own. */
enum ctl_error {
	CTL_E_PARSE = -32700,	 /* no JSON, or beyond a limit	   */
	CTL_E_REQUEST = -32600,	 /* JSON, but no request	   */
	CTL_E_METHOD = -32601,	 /* no such method		   */
	CTL_E_PARAMS = -32602,	 /* parameters make no sense	   */
	CTL_E_INTERNAL = -32603, /* our fault			   */
	CTL_E_REFUSED = 1,	 /* understood, but cannot be done */
	CTL_E_NO_OBJECT = 4,	 /* no such connection		   */
	CTL_E_PEER_REFUSED = 5,	 /* connect: RST for our SYN	   */
	CTL_E_TIMED_OUT = 6,	 /* connect: no answer		   */
	CTL_E_PEER_RESET = 7,	 /* connect: RST later on	   */
	CTL_E_NOT_TRUSTED =
		8, /* connect: the secure channel's policy or trust */
};

#endif /* DAEMON_CTL_PROTO_H */
