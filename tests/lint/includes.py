#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""includes.py - hold every #include against the table of who may include what

Folders are matched longest first.  A rule lists project headers (folder/* or a
file) and system headers (regular expressions) that the folder may include, and
special files of the folder with headers for them alone.
"""
import os
import re
import sys

FREE = r"(stdbool|stddef|stdint|stdalign|limits|stdarg|string)\.h"
INTRIN = r"(immintrin|arm_neon)\.h"
PUBLIC = ["stack/ustack.h", "stack/ustack_config.h", "stack/ustack_info.h",
          "stack/ustack_mib.h", "stack/ustack_opt.h", "stack/ustack_ping.h",
          "stack/ustack_types.h",
          "stack/base/assert.h", "stack/base/err.h", "stack/base/slice.h"]
LIBC = (r"(assert|ctype|errno|fcntl|getopt|grp|inttypes|libgen|limits|locale|math|poll|pwd|signal|"
        r"stdarg|stdbool|stddef|stdint|stdio|stdlib|string|strings|time|unistd|termios|"
        r"sys/[a-z]+|arpa/inet|netinet/[a-z]+|net/if)\.h")

RULES = {
    "stack/base": (["stack/base/*"], [FREE]),
    "stack/wire": (["stack/base/*", "stack/wire/*"], [FREE, INTRIN]),
    "stack/ip": (["stack/base/*", "stack/wire/*", "stack/ip/*", "stack/*"], [FREE]),
    "stack/tcp": (["stack/base/*", "stack/wire/*", "stack/tcp/*", "stack/*",
                   "stack/ip/ip.h"], [FREE]),
    "stack/link": (["stack/base/*", "stack/wire/*", "stack/link/*", "stack/ustack_types.h"], [FREE]),
    "stack": (["stack/*", "stack/base/*", "stack/wire/*", "stack/ip/*",
               "stack/tcp/*"], [FREE]),
    "embed": ([], [r"(ustack|base/assert)\.h", r"(errno|stdio|stdlib|sys/random)\.h"]),
    "crypto": (["crypto/*", "stack/base/err.h"], [r"(mbedtls|psa)/.*", r"stdatomic\.h", LIBC]),
    "daemon": (["daemon/*", "daemon/svc/*", "stack/link/*", "crypto/*", *PUBLIC],
               [LIBC, r"(ev|pthread|semaphore|ini|seccomp|sched|stdatomic|syslog)\.h",
                r"(cjson|libmnl|linux)/.*"]),
    "daemon/svc": (["daemon/svc/*", "stack/base/err.h"], [FREE, r"(stdlib|stdio|errno)\.h"]),
    "cli": (["cli/*", "daemon/ctl_proto.h"], [LIBC, r"netdb\.h", r"cjson/.*", r"n?curses\.h"]),
    "tests": (None, None),
}
# Named in the table alone, or by the header that an embedder sees.
EXTRA = {
    "daemon/svc/dial.c": ["poll.h", "unistd.h"],
    "daemon/svc/join.c": ["sys/socket.h", "unistd.h"],
    "daemon/svc/forward.c": ["sys/resource.h", "unistd.h"],
    "daemon/svc/target.c": ["arpa/inet.h", "netdb.h", "netinet/in.h", "netinet/tcp.h", "sys/un.h", "unistd.h"],
    "daemon/svc/target.h": ["sys/socket.h"],
    "daemon/svc/stream_tcp.c": ["stack/ustack.h"],
    "daemon/svc/stream_tcp.h": ["stack/ustack.h"],
    "daemon/svc/tls_int.h": ["sys/queue.h"],
    "daemon/svc/tls_log.c": ["arpa/inet.h"],
    "daemon/svc/tls_set.c": ["crypto/creds.h"],
    "daemon/svc/stream_tls.h": ["crypto/channel.h", "stack/ustack.h"],
    "stack/base/poison.h": ["sanitizer/asan_interface.h"],
}


# Files of a folder that may include less than the others.
ONLY = {
    "tests/lib/vsock.h": ["stack/ustack.h"],
    "tests/lib/vsock_int.h": ["tests/lib/vsock.h"],
    "tests/lib/vsock.c": ["tests/lib/vsock_int.h"],
    "tests/lib/vsock_opt.c": ["tests/lib/vsock_int.h"],
    "tests/examples/embed.c": [],
}


def rule_of(path):
    folder = os.path.dirname(path)
    while folder:
        if folder in RULES:
            return RULES[folder]
        folder = os.path.dirname(folder)
    return None


def resolve(path, name):
    """The project file meant by #include "name", as a path from the root."""
    near = os.path.normpath(os.path.join(os.path.dirname(path), name))
    if os.path.exists(near):
        return near
    return os.path.normpath(name)


def allowed(target, patterns):
    return any(target == p or (p.endswith("/*") and
                               os.path.dirname(target) == p[:-2]) for p in patterns)


def check(path):
    project, system = rule_of(path)
    if path in ONLY:
        project = ONLY[path]
    bad = []
    with open(path) as f:
        for number, line in enumerate(f, 1):
            m = re.match(r'\s*#\s*include\s*([<"])([^>"]+)', line)
            if not m:
                continue
            if m[1] == '"':
                target = resolve(path, m[2])
                ok = project is None or allowed(target, project + EXTRA.get(path, []))
                if target.startswith("tests/") and not path.startswith("tests/"):
                    ok = False
            else:
                target = m[2]
                ok = (system is None or target in EXTRA.get(path, []) or
                      any(re.fullmatch(p, target) for p in system))
            if not ok:
                bad.append(f"{path}:{number}: may not include {target}")
    return bad


def main():
    bad = []
    for top in ("stack", "crypto", "daemon", "cli", "tests"):
        for folder, _, files in os.walk(top):
            for name in sorted(files):
                if name.endswith((".c", ".h")):
                    bad += check(os.path.join(folder, name))
    print("\n".join(bad))
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
