/* SPDX-License-Identifier: MIT */
/*
 * rtt.c - round-trip time estimator (RFC 6298)
 */

#include "rtt.h"

#include "stack/base/bytes.h"

void rtt_init(struct rtt *r)
{
	*r = (struct rtt){ .min_us = UINT32_MAX };
}

void rtt_sample(struct rtt *r, uint32_t sample_us)
{
	uint32_t err;

	sample_us = max_u32(sample_us, 1);
	r->min_us = min_u32(r->min_us, sample_us);
	r->backoff = 0;
	r->floor_ms = 0;
	if (r->srtt_us == 0) { /* (2.2) */
		r->srtt_us = sample_us;
		r->var_us = sample_us / 2;
		return;
	}
	/* (2.3): RTTVAR first, with the old SRTT; rounded to nearest */
	err = sample_us > r->srtt_us ? sample_us - r->srtt_us
				     : r->srtt_us - sample_us;
	r->var_us = (uint32_t)((3 * (uint64_t)r->var_us + err + 2) / 4);
	r->srtt_us = (uint32_t)((7 * (uint64_t)r->srtt_us + sample_us + 4) / 8);
	r->srtt_us = max_u32(r->srtt_us, 1);
}

void rtt_backoff(struct rtt *r)
{
	if (r->backoff < RTT_BACKOFF_MAX)
		r->backoff++;
}

void rtt_spurious(struct rtt *r, uint32_t sample_us)
{
	r->srtt_us = max_u32(r->srtt_us, sample_us);
	r->var_us = max_u32(r->var_us, sample_us / 2);
	r->backoff = 0;
}

uint32_t rtt_rto_us(const struct rtt *r, const struct rtt_limits *l)
{
	uint64_t rto = l->init_us;

	if (r->srtt_us != 0)
		rto = (uint64_t)r->srtt_us +
		      max_u64(RTT_GRANULARITY_US, 4 * (uint64_t)r->var_us);
	rto = max_u64(rto, max_u32(l->min_us, r->floor_ms * 1000u));
	return (uint32_t)min_u64(rto << r->backoff, l->max_us);
}
