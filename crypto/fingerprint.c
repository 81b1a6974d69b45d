/* SPDX-License-Identifier: MIT */
/*
 * fingerprint.c - fingerprints of certificates as people read and write them
 */

#include <stdio.h>

#include "crypto_int.h"

int tls_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool tls_fingerprint_parse(const char *text, uint8_t fp[static TLS_FINGERPRINT])
{
	for (size_t i = 0; i < TLS_FINGERPRINT; i++) {
		int high;
		int low;

		if (i && *text == ':')
			text++;
		high = tls_hex_digit(text[0]);
		low = high < 0 ? -1 : tls_hex_digit(text[1]);
		if (low < 0)
			return false;
		fp[i] = (uint8_t)(high << 4 | low);
		text += 2;
	}
	return !*text;
}

const char *tls_fingerprint_text(const uint8_t fp[static TLS_FINGERPRINT],
				 char text[static TLS_FINGERPRINT_TEXT])
{
	for (size_t i = 0; i < TLS_FINGERPRINT; i++)
		(void)snprintf(text + 3 * i, TLS_FINGERPRINT_TEXT - 3 * i,
			       "%02X:", fp[i]);
	return text; /* there was no room for the last colon */
}
