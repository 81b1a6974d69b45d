/* SPDX-License-Identifier: MIT */
/*
 * ctl_tls.c - what the control protocol says of a connection's secure channel
 */

#include <stdio.h>

#include "daemon/ctl_int.h"
#include "daemon/svc/stream_tcp.h"
#include "daemon/svc/stream_tls.h"
#include "daemon/svc/svc.h"

#define FINGERPRINT_TEXT                                                       \
	(2 * sizeof(((struct tls_info *)NULL)->fingerprint) + 1)

bool ctl_read_tls(struct worker *w, const struct ustack_info *in,
		  struct stream_tls_info *tls)
{
	struct svc_set *services = worker_svc(w);
	struct tls_set *set = services ? svc_secure(services) : NULL;

	return set && in->conn.gen &&
	       stream_tls_info(set, stream_tcp_key(in->conn), tls);
}

/* SHA-256 in hexadecimal; false if it is all zero, of no certificate. */
static bool fingerprint_text(const struct tls_info *t,
			     char text[FINGERPRINT_TEXT])
{
	uint8_t any = 0;

	for (size_t i = 0; i < sizeof(t->fingerprint); i++) {
		any |= t->fingerprint[i];
		(void)snprintf(text + 2 * i, 3, "%02x", t->fingerprint[i]);
	}
	return any;
}

void ctl_put_agreed(struct json *j, const struct tls_info *t)
{
	char print[FINGERPRINT_TEXT];

	json_str(j, "version", t->version);
	json_str(j, "suite", t->suite);
	json_str(j, "group", t->group);
	json_str(j, "kx", t->kx);
	json_str(j, "cipher", t->cipher);
	json_str(j, "mac", t->mac);
	json_bool(j, "etm", t->etm);
	json_bool(j, "resumed", t->resumed);
	if (t->peer[0])
		json_str(j, "peer", t->peer);
	if (t->servername[0])
		json_str(j, "servername", t->servername);
	if (fingerprint_text(t, print))
		json_str(j, "fingerprint", print);
}

void ctl_put_tls(struct json *j, const struct stream_tls_info *tls)
{
	static const char *const phases[] = {
		[STREAM_TLS_HANDSHAKE] = "handshake",
		[STREAM_TLS_OPEN] = "open",
		[STREAM_TLS_CLOSING] = "closing",
	};

	json_obj(j, "tls");
	json_str(j, "state", phases[tls->phase]);
	if (tls->agreed)
		ctl_put_agreed(j, &tls->tls);
	json_obj_end(j);
}
