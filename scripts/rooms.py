"""The rooms below src/, and nodes: what each may include and call (ARCHITECTURE.md, "Rooms"). For check-layers and check-calls."""

# room: what it may include besides itself. base is below everything; nothing is implied.
ALLOWED = {
    "base": set(),
    "diameter": {"base"},
    "trace": {"base", "diameter", "smpp"},
    "apps": {"base", "diameter"},
    "peer": {"base", "diameter"},
    "smpp": {"base"},
    "bind": {"base", "smpp", "net"},
    "policy": {"base", "diameter", "apps"},
    "trigger": {"base", "diameter", "apps"},
    "net": {"base"},
    "tls": {"base", "net"},
    "link": {"base", "diameter", "peer", "net", "tls"},
    "assoc": {"base", "ipsec"},
    "journal": {"base"},
    "merkle": {"base"},
    "audit": {"base", "stats", "merkle"},
    "conf": {"base", "ipsec"},
    "stats": {"base"},
    "metrics": {"base", "net", "stats"},
    "ctl": {"base", "net", "conf", "stats"},
    "exchange": {"base", "assoc"},
    "ipc": {"base", "stats"},
    "keyholder": {"base", "net", "tls", "stats", "merkle"},
    "sandbox": {"base"},
    "ipsec": {"base", "net"},
    "ndsip": {"base", "net", "ipsec"},
    "fetch": {"base", "net"},
    "fence": {"base", "ipsec", "conf"},
    "edge": {"base", "diameter", "apps", "policy", "net", "tls", "link", "ipc", "conf", "stats", "ndsip", "fetch", "trace"},
    "core": {"base", "diameter", "apps", "peer", "policy", "trigger", "net", "tls", "link", "assoc", "journal", "audit", "merkle", "fetch", "conf",
             "stats", "ipc", "ipsec", "ndsip", "trace", "smpp"},
    "admin": {"base", "net", "ipsec", "trace", "core", "audit", "ctl", "exchange", "assoc", "apps", "policy", "trigger", "conf", "stats", "metrics"},
    "daemon": {"base", "net", "tls", "conf", "stats", "metrics", "ctl", "keyholder", "edge", "core", "admin", "ipc", "sandbox", "ipsec", "ndsip", "fetch", "fence", "merkle"},
    "doctor": {"base", "net", "tls", "conf"},
    "cli": {"base", "diameter", "apps", "policy", "trace", "ctl", "net", "tls", "journal", "conf", "fence", "audit", "merkle", "doctor"},
    "console": {"base", "net", "ctl", "conf", "sandbox"},
    "nodes": {"base", "diameter", "apps", "peer", "smpp", "bind", "net", "tls", "link", "conf"},
}
# The headers of a room that other rooms may include; every other header is for the room itself. A room without a row shows them all.
PUBLIC = {
    "edge": {"edge/edge.h"},
    "core": {"core/core.h", "core/core_view.h"},
    "admin": {"admin/adm.h", "admin/adm_metrics.h"},
    "ndsip": {"ndsip/ns_msg.h", "ndsip/ns_channel.h", "ndsip/ns_serve.h"},
    "fetch": {"fetch/fch_msg.h", "fetch/fch_client.h", "fetch/fch_serve.h"},
    "sandbox": {"sandbox/sbx.h"},
}
# The pure rooms see neither the clock nor the world: of the system they include these headers only, of base all but those below.
PURE = {"diameter", "apps", "peer", "smpp", "policy", "trigger", "merkle"}
PURE_SYSTEM = {"assert.h", "ctype.h", "errno.h", "inttypes.h", "limits.h", "math.h", "stdalign.h", "stdarg.h", "stdbool.h", "stddef.h",
               "stdint.h", "stdio.h", "stdlib.h", "stdnoreturn.h", "string.h", "strings.h", "sys/queue.h", "sys/types.h"}
PURE_NOT = {"base/clock.h"}
# Functions that nothing below src/ and nodes/ calls, and what to call in their place.
COPY = "one bounded copy for all: str_copy, str_set, str_add or str_cut of base/str.h"
NEVER_CALLED = {name: COPY for name in ("strcpy", "stpcpy", "strncpy", "stpncpy", "strcat", "strncat", "strlcpy", "strlcat", "wcscpy", "wcscat",
                                        'snprintf of "%s" alone')}
NEVER_CALLED.update({name: "it has no bound: snprintf or base/buf.h" for name in ("sprintf", "vsprintf", "gets")})
# Headers that no room includes, and what to include in their place.
NEVER = {"uthash.h": "its hash has no key, so that a peer can choose chains: base/map.h"}
# Files whose functions may take the struct behind a `void *` without the check of base/obj.h, and why.
UNCHECKED = {
    "src/base/obj.h": "it is the check",
    "src/apps/app_common.c": "a message is a value that the rows of its command describe",
    "src/daemon/dm_process.c": "the object of a role: only its kind knows its magic",
    "src/tls/tls_keyholder.c": "a key is a value, of the caller",
}
