/* SPDX-License-Identifier: MIT */
/*
 * ctl_reload.c - config.reload, and what is told of credentials
 */

#include "daemon/ctl_int.h"
#include "daemon/reload.h"
#include "daemon/tls_files.h"

static void put_cert(struct json *j, const struct tls_cert_info *info)
{
	char fp[TLS_FINGERPRINT_TEXT];

	json_str(j, "subject", info->subject);
	json_str(j, "issuer", info->issuer);
	json_str(j, "key", info->key);
	json_str(j, "fingerprint", tls_fingerprint_text(info->fingerprint, fp));
	json_i64(j, "not_before", info->not_before);
	json_i64(j, "not_after", info->not_after);
	json_u64(j, "chain", info->chain);
}

static void put_credentials(struct json *j, const struct tls_files *tls)
{
	struct tls_cert_info info;

	tls_context_info(tls->ctx, tls_now(), &info);
	json_str(j, "source", tls_source_name(tls->source));
	if (info.chain)
		put_cert(j, &info);
	json_bool(j, "client_ca", info.client_ca);
	json_u64(j, "psks", info.psks);
	json_arr(j, "warnings");
	for (uint32_t i = 0; i < info.nwarnings; i++)
		json_str(j, NULL, info.warning[i]);
	json_arr_end(j);
}

void ctl_put_creds(struct json *j, const struct ctl *ctl)
{
	char library[TLS_LIBRARY_MAX];
	const char *version = tls_library(library);

	json_obj(j, "tls");
	json_str(j, "library", library);
	json_str(j, "version", version);
	if (ctl->tls && ctl->tls->ctx)
		put_credentials(j, ctl->tls);
	json_obj_end(j);
}

void ctl_config_reload(struct ctl_request *rq)
{
	struct ctl *ctl = rq->client->ctl;
	struct reload_result res;
	struct json *j;

	if (!ctl->on_reload) {
		ctl_reply_error(rq, CTL_E_REFUSED,
				"there is nothing to reload");
		return;
	}
	ctl_log_change(rq, "");
	if (!ctl->on_reload(ctl->arg, &res)) {
		ctl_reply_error(rq, CTL_E_REFUSED, "%s", res.error);
		return;
	}
	j = ctl_reply_begin(rq);
	if (j) {
		json_obj(j, "result");
		json_arr(j, "changed");
		for (uint32_t i = 0; i < res.n; i++)
			json_str(j, NULL, res.changed[i]);
		json_arr_end(j);
		if (ctl->tls && ctl->tls->ctx)
			ctl_put_creds(j, ctl);
		json_obj_end(j);
	}
	ctl_reply_end(rq);
}
