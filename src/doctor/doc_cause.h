/* doc_cause.h - the causes that `mtcctl doctor` knows, one row each: its word, how bad it is, the
 * sentence that says what is wrong, the one that says what to do next, and the page that explains
 * it. docs/user/doctor.md is made from these rows. PURE.
 *
 * A word in braces in a sentence is replaced by a fact of the finding. */
#pragma once
#include <stddef.h>

enum doc_level {
	DOC_RIGHT, /* it was looked at, and is right */
	DOC_NOTE,  /* nothing fails because of it now, or it could not be looked at */
	DOC_WRONG, /* something fails because of it */
};

#define DOC_SEE_START "operating.md#start-and-stop"
#define DOC_SEE_PEERS "operating.md#peers"
#define DOC_SEE_LOGS "operating.md#logs"
#define DOC_SEE_HEALTH "operating.md#health"
#define DOC_SEE_TABLE "operating.md#what-to-do-when"
#define DOC_SEE_CONNECT "status-codes.md#connections"
#define DOC_SEE_LOOKS "certificates.md#what-a-certificate-has-to-look-like"
#define DOC_SEE_TAKEN "certificates.md#what-is-taken-and-what-is-refused"
#define DOC_SEE_RENEW "certificates.md#renewing"
#define DOC_SEE_CRLS "certificates.md#revocation"
#define DOC_SEE_OCSP "certificates.md#ocsp"
#define DOC_SEE_ANCHORS "certificates.md#trust-anchors"
#define DOC_SEE_AGREED "certificates.md#what-is-agreed-with-an-scs"
#define DOC_SEE_RULES "associations.md#which-rule-decides"

/* X(NAME, level, word, sentence, advice, page). A right thing has no advice and no page. */

/* -- the gateway as a whole */
#define DOC_GATEWAY_CAUSES(X)                                                                                                    \
	X(GATEWAY_DOWN, WRONG, "gateway-down", "the gateway does not answer: {why}",                                             \
	  "start it: systemctl start mtc-iwf; if it runs, name its socket: mtcctl --socket PATH doctor", DOC_SEE_START)          \
	X(HEALTH, WRONG, "health", "{text}", "{advice}", DOC_SEE_HEALTH)                                                         \
	X(HEALTHY, RIGHT, "healthy", "peers, journal, stores, logs and memory: the gateway finds no fault", "", "")              \
	X(PROCESSES, RIGHT, "processes", "processes: {edges} and {keyholders} of the gateway run", "", "")                       \
	X(UNCONFINED, NOTE, "unconfined", "these processes lack a part of the sandbox: {names}: {lacks}",                        \
	  "read what each of them lacks: mtcctl status all; then set sandbox: require in the configuration and restart",         \
	  "operating.md#the-sandbox")                                                                                            \
	X(CONFINED, RIGHT, "confined", "sandbox: {n} confined as configured", "", "")                                            \
	X(OCSP, RIGHT, "ocsp", "OCSP: nothing failed last at {n}", "", "")                                                       \
	X(OCSP_SILENT, WRONG, "ocsp-silent",                                                                                     \
	  "the OCSP responder {url} of {of} {name} does not answer (last answer: {last}): {why}",                                \
	  "see that it runs, and that this machine reaches it: ocsp and ocsp_address of the configuration", DOC_SEE_OCSP)        \
	X(OCSP_NOT_HTTP, WRONG, "ocsp-not-http",                                                                                 \
	  "what answers at {url}, the OCSP responder of {of} {name}, is no such responder: {why}",                               \
	  "compare ocsp of the configuration with the URL that the CA names (authorityInfoAccess of its certificates)",          \
	  DOC_SEE_OCSP)                                                                                                          \
	X(OCSP_OLD, WRONG, "ocsp-old", "the OCSP responder {url} of {of} {name} sends old answers: {why}",                       \
	  "have the CA renew them; somebody on the way may also send answers of before again", DOC_SEE_OCSP)                     \
	X(OCSP_AHEAD, WRONG, "ocsp-ahead", "an answer of the OCSP responder {url} of {of} {name} is of the future: {why}",       \
	  "compare the clocks of both machines: timedatectl", DOC_SEE_OCSP)                                                      \
	X(OCSP_SIGNER, WRONG, "ocsp-signer",                                                                                     \
	  "answers of the OCSP responder {url} of {of} {name} are not signed by whom they may be: {why}",                        \
	  "it has to sign with the key of the CA, or with a certificate that this CA issued with extendedKeyUsage OCSPSigning",  \
	  DOC_SEE_OCSP)                                                                                                          \
	X(OCSP_REFUSED, WRONG, "ocsp-refused", "answers of the OCSP responder {url} of {of} {name} are refused: {why}",          \
	  "look the words up in the page", DOC_SEE_OCSP)                                                                         \
	X(SCTP_MISSING, WRONG, "sctp-missing", "the kernel of this machine has no SCTP, which {of} {name} needs: {why}",         \
	  "load it: modprobe sctp; to have it at each start: a line sctp in /etc/modules-load.d/mtc-iwf.conf",                   \
	  "sctp.md#what-the-machine-needs")                                                                                      \
	X(ADDRESS_MISSING, WRONG, "address-missing",                                                                             \
	  "this machine does not have the address {address}, which {of} {name} needs",                                           \
	  "compare with 'ip address'; add the address to this machine, or correct {key} of the configuration",                   \
	  "configuration.md")                                                                                                    \
	X(LISTENER_SHUT, WRONG, "listener-shut",                                                                                 \
	  "nothing listens at {address} ({transport}), which is the port of listener {name}",                                    \
	  "the log of mtc-iwfd says why it stays shut; when that is mended: systemctl restart mtc-iwf", DOC_SEE_START)           \
	X(LISTENING, RIGHT, "listening", "listeners: {n} of the configuration can be connected to", "", "")                      \
	X(DNS, RIGHT, "dns", "DNS: {host}, the name of {what}, is at {address}, as in the configuration", "", "")                \
	X(DNS_NONE, NOTE, "dns-none", "DNS has no address of {host}, the name of {what}: {why}",                                 \
	  "the gateway needs none: it connects to {address}; if that is wrong, ask who runs it", "configuration.md")             \
	X(DNS_FAMILY, NOTE, "dns-family",                                                                                        \
	  "DNS has only {family} addresses of {host}, the name of {what}: {found}; the configuration has {address}",             \
	  "see whether it still has the other kind of address; if not, correct {key} of the configuration", "configuration.md")  \
	X(DNS_OTHER, NOTE, "dns-other",                                                                                          \
	  "DNS says that {host}, the name of {what}, is at {found}; the configuration has {address}",                            \
	  "if it has moved, correct {key} of the configuration, then: mtcctl reload; if not, have its DNS entry corrected",      \
	  "configuration.md")                                                                                                    \
	X(DNS_ANSWERS, NOTE, "dns-answers",                                                                                      \
	  "at {found}, where DNS has {host}, the name of {what}, somebody accepts connections; at {address} nobody does",        \
	  "if it has moved, correct {key} of the configuration, then: mtcctl reload", "configuration.md")                        \
	X(DNS_SILENT, NOTE, "dns-silent",                                                                                        \
	  "nor does anybody accept connections at {found}, where DNS has {host}, the name of {what}: {why}",                     \
	  "ask who runs it where it is; then correct {key} of the configuration", "configuration.md")                            \
	X(ENDS_SOON, NOTE, "ends-soon", "'{path}' of {of} {name} ends in {days}, at {when}",                                     \
	  "put a renewed file in its place, then: mtcctl reload", DOC_SEE_RENEW)                                                 \
	X(FILES, RIGHT, "files", "certificates, trust anchors and revocation lists: none of the {n} in use ends soon", "", "")   \
	X(CLOCK_BEHIND, WRONG, "clock-behind",                                                                                   \
	  "the clock of this machine says {now}, but '{path}' was written at {when}: the clock is behind",                       \
	  "set the clock: timedatectl set-ntp true; certificates and rules with dates are judged by it", DOC_SEE_TABLE)          \
	X(CLOCK, RIGHT, "clock", "clock: {now}, and nothing was written later than that", "", "")                                \
	X(DISK, RIGHT, "disk", "disk: {left} free for the stores", "", "")                                                       \
	X(CONFIG_UNREAD, NOTE, "config-unread", "the configuration was not looked at: {why}",                                    \
	  "name the file of this gateway: mtcctl doctor -c FILE; where that is the right one, run this as root",                 \
	  "configuration.md")                                                                                                    \
	X(CONFIG_WRONG, WRONG, "config-wrong", "the configuration has a mistake: {why}",                                         \
	  "correct it, then check it: mtc-iwfd -t -c {file}; a gateway that runs keeps what it has read", "configuration.md")    \
	X(ANCHOR_WRONG, WRONG, "anchor-wrong", "trust anchor {anchor} of the configuration cannot be used: {why}",               \
	  "replace that file by a good one, then: mtcctl reload", DOC_SEE_ANCHORS)                                               \
	X(CONFIG, RIGHT, "config", "configuration: '{file}' and its {n} can be used", "", "")                                    \
	X(NAME_UNKNOWN, WRONG, "name-unknown", "'{name}' is no SCS and no peer of this gateway, and no file{meant}",             \
	  "list the names: mtcctl scs list; mtcctl peers", "associations.md")

/* -- an SCS */
#define DOC_SCS_CAUSES(X)                                                                                                        \
	X(SCS_CONNECTED, RIGHT, "scs-connected", "SCS {scs} is connected: {n}, the oldest since {when} from {address}", "", "")  \
	X(SCS_GONE, NOTE, "scs-gone", "SCS {scs} is not connected; it was let in last at {when} from {address}",                 \
	  "ask its owner whether it runs; whether it comes as far as TLS is in the log of mtc-iwfd", DOC_SEE_CONNECT)            \
	X(SCS_NEVER, NOTE, "scs-never", "SCS {scs} is not connected, and the decision log has no attempt of it",                 \
	  "either nothing arrives, or the TLS handshake fails: look for its address in the log of mtc-iwfd, and check its "      \
	  "certificate: mtcctl doctor FILE",                                                                                     \
	  DOC_SEE_CONNECT)                                                                                                       \
	X(SCS_LOG, NOTE, "scs-log", "what SCS {scs} was answered was not looked at: {why}",                                      \
	  "run this where the decision log is, as a user who may read it; log.decisions of the configuration names it",          \
	  DOC_SEE_LOGS)                                                                                                          \
	X(SCS_UNKNOWN, WRONG, "scs-unknown",                                                                                     \
	  "a connection from {address} called itself '{host}' at {when} and was refused: no SCS has this Diameter host",         \
	  "if it is a customer, provision it: mtcctl scs add NAME --origin-host '{host}' ...; else compare the spelling: "       \
	  "mtcctl "                                                                                                              \
	  "scs "                                                                                                                 \
	  "list",                                                                                                                \
	  DOC_SEE_CONNECT)                                                                                                       \
	X(SCS_ANCHOR, WRONG, "scs-anchor",                                                                                       \
	  "SCS {scs} was refused at {when}: its certificate was not issued under {anchor}, the trust anchor it is provisioned "  \
	  "with",                                                                                                                \
	  "see which CA issued it: mtcctl doctor FILE; if that CA is right: mtcctl scs set {scs} anchor NAME", DOC_SEE_CONNECT)  \
	X(SCS_NAME, WRONG, "scs-name", "SCS {scs} was refused at {when}: its certificate does not have the name {host}",         \
	  "it needs a certificate with the DNS name {host}; if it has another name for good: mtcctl scs set {scs} "              \
	  "origin-host NAME",                                                                                                    \
	  DOC_SEE_CONNECT)                                                                                                       \
	X(SCS_REALM, WRONG, "scs-realm",                                                                                         \
	  "SCS {scs} was refused at {when}: it named another Diameter realm than {realm}, which it is provisioned with",         \
	  "have the SCS send {realm} as its Origin-Realm, or: mtcctl scs set {scs} realm NAME", DOC_SEE_CONNECT)                 \
	X(SCS_UNPROTECTED, WRONG, "scs-unprotected",                                                                             \
	  "SCS {scs} was refused at {when}: it came through a listener that does not prove who it is",                           \
	  "have it connect to a listener with TLS; 'mtcctl status all' lists them with their addresses", DOC_SEE_CONNECT)        \
	X(SCS_EXPIRED, WRONG, "scs-expired", "SCS {scs} was refused at {when}: its certificate is past its end",                 \
	  "it has to renew its certificate; check the new one before: mtcctl doctor FILE", DOC_SEE_CONNECT)                      \
	X(SCS_REVOKED, WRONG, "scs-revoked",                                                                                     \
	  "SCS {scs} was cut off at {when}: its certificate, or one of a CA above it, was revoked, or its responder does not "   \
	  "know it",                                                                                                             \
	  "it needs a new certificate; which list names the old one: mtcctl doctor FILE", DOC_SEE_CRLS)                          \
	X(SCS_OCSP_REVOKED, WRONG, "scs-ocsp-revoked",                                                                           \
	  "a certificate with the name of SCS {scs} was refused at {when}: it, or a CA above it, is revoked, says the OCSP "     \
	  "responder {url} of trust anchor {anchor}",                                                                            \
	  "it needs a new certificate from its CA", DOC_SEE_OCSP)                                                                \
	X(SCS_OCSP_UNKNOWN, WRONG, "scs-ocsp-unknown",                                                                           \
	  "a certificate with the name of SCS {scs} was refused at {when}: the OCSP responder {url} of trust anchor {anchor} "   \
	  "does not know it, or a CA above it",                                                                                  \
	  "ask the CA whether it issued this certificate, and whether its responder is up to date", DOC_SEE_OCSP)                \
	X(SCS_REVOCATION, WRONG, "scs-revocation",                                                                               \
	  "SCS {scs} was refused at {when}: no revocation list or OCSP answer in force says that its certificate is good",       \
	  "put a new list (CRL) in place, or see that the responder answers; at your risk: mtcctl scs set {scs} "                \
	  "revocation-soft yes",                                                                                                 \
	  DOC_SEE_CRLS)                                                                                                          \
	X(SCS_CONNECTIONS, WRONG, "scs-connections",                                                                             \
	  "SCS {scs} was refused one more connection at {when}: it has {n}, and may have {max}",                                 \
	  "see where they come from: mtcctl sessions; if it needs more: mtcctl scs set {scs} connections-max N",                 \
	  DOC_SEE_CONNECT)                                                                                                       \
	X(SCS_STORM, WRONG, "scs-storm",                                                                                         \
	  "SCS {scs} was refused a connection at {when}: it begins more per second than limits.connection_rate_per_scs permits", \
	  "ask its owner why it connects again and again; its earlier refusals and ends are in the decision log",                \
	  DOC_SEE_CONNECT)                                                                                                       \
	X(SCS_TWO, WRONG, "scs-two",                                                                                             \
	  "SCS {scs} was refused at {when}: its certificate also has the name of another provisioned SCS",                       \
	  "give each SCS a certificate with its own name only; the log of mtc-iwfd has the other name", DOC_SEE_CONNECT)         \
	X(SCS_EDGE, WRONG, "scs-edge",                                                                                           \
	  "a connection was refused at {when}, because the edge process announced what it cannot have, and was ended",           \
	  "treat the edge as broken into: keep the log of mtc-iwfd and report it; the SCS need do nothing", DOC_SEE_CONNECT)     \
	X(SCS_TUNNEL, WRONG, "scs-tunnel",                                                                                       \
	  "SCS {scs} was refused at {when}: the IPsec tunnel it came through is of another identity than {host}",                \
	  "have it use the tunnel with the identity {host}; 'mtcctl ndsip status {scs}' shows its tunnels",                      \
	  "ndsip.md#when-a-peer-is-not-protected")                                                                               \
	X(SCS_TUNNEL_LOST, WRONG, "scs-tunnel-lost", "SCS {scs} was cut off at {when}: its IPsec tunnel ended",                  \
	  "see why the tunnel is not there: mtcctl ndsip status {scs}", "ndsip.md#when-a-peer-is-not-protected")                 \
	X(SCS_NDSIP, WRONG, "scs-ndsip", "SCS {scs} is not protected by IPsec: {why}",                                           \
	  "see the whole state: mtcctl ndsip status", "ndsip.md#when-a-peer-is-not-protected")                                   \
	X(SCS_TRANSPORT, WRONG, "scs-transport",                                                                                 \
	  "SCS {scs} was refused at {when}, because it may not connect by this transport: {rule}",                               \
	  "have it connect to a listener with an agreed transport; if the other is right: mtcctl scs set {scs} transports LIST", \
	  DOC_SEE_AGREED)                                                                                                        \
	X(SCS_PROTECTION, WRONG, "scs-protection",                                                                               \
	  "SCS {scs} was refused at {when}, because its connections may not have this protection: {rule}",                       \
	  "have it connect to a listener with an agreed protection; if the other is right: mtcctl scs set {scs} protections "    \
	  "LIST",                                                                                                                \
	  DOC_SEE_AGREED)                                                                                                        \
	X(SCS_TLS_VERSION, WRONG, "scs-tls-version",                                                                             \
	  "SCS {scs} was refused at {when}, because it may not use this version of TLS: {rule}",                                 \
	  "have it use an agreed version; if the other is right: mtcctl scs set {scs} tls-versions LIST", DOC_SEE_AGREED)        \
	X(SCS_TLS_SUITE, WRONG, "scs-tls-suite",                                                                                 \
	  "SCS {scs} was refused at {when}, because it may not use this TLS cipher suite: {rule}",                               \
	  "have it offer agreed suites only; if the other is right: mtcctl scs set {scs} tls-suites LIST", DOC_SEE_AGREED)       \
	X(SCS_FOREIGN, WRONG, "scs-foreign",                                                                                     \
	  "SCS {scs} was cut off at {when}: a request of it named another Diameter host or realm than its connection",           \
	  "have the SCS send requests of other hosts over connections of their own", DOC_SEE_CONNECT)                            \
	X(SCS_BUSY, WRONG, "scs-busy", "SCS {scs} was told to come back later at {when}: the gateway was busy ({reason})",       \
	  "see what keeps it busy: mtcctl health", DOC_SEE_HEALTH)                                                               \
	X(SCS_CHANGED, NOTE, "scs-changed",                                                                                      \
	  "SCS {scs} was refused at {when} ({reason}); that was changed at {changed}, and it has not connected since",           \
	  "have it connect again, then ask once more: mtcctl doctor {scs}", DOC_SEE_CONNECT)                                     \
	X(SCS_REFUSED, WRONG, "scs-refused", "SCS {scs} was refused at {when}: {reason}", "look the reason up in the page",      \
	  DOC_SEE_CONNECT)                                                                                                       \
	X(SCS_BLOCKED, WRONG, "scs-blocked", "SCS {scs} may not trigger {device}: the rule 'block {who} {device}' stops it",     \
	  "if that is over: mtcctl block del '{who}' '{device}'", "associations.md#blocks")                                      \
	X(SCS_NO_RULE, WRONG, "scs-no-rule", "SCS {scs} may trigger no device at all: no rule allows it one",                    \
	  "allow it its devices: mtcctl assoc add {scs} DEVICE", DOC_SEE_RULES)                                                  \
	X(SCS_NO_ACTION, WRONG, "scs-no-action", "SCS {scs} may not send triggers: its actions are {actions}",                   \
	  "mtcctl scs set {scs} actions trigger,recall,replace", DOC_SEE_RULES)                                                  \
	X(SCS_RULES, RIGHT, "scs-rules",                                                                                         \
	  "rules that let SCS {scs} trigger devices: {n}; one device: mtcctl assoc check {scs} DEVICE", "", "")                  \
	X(SCS_QUOTA, WRONG, "scs-quota",                                                                                         \
	  "SCS {scs} has used up its quota: {used} of {quota} triggers on {day}; more are refused with 108 until midnight UTC",  \
	  "if it may send more: mtcctl scs set {scs} quota N; for today only: mtcctl quota reset {scs}", "operating.md#quotas")  \
	X(SCS_QUOTA_LEFT, RIGHT, "scs-quota-left", "quota: SCS {scs} used {used} of {quota} triggers today", "", "")             \
	X(SCS_RATE, NOTE, "scs-rate", "SCS {scs} was refused a request at {when}: it sends faster than its rate of {rate}/s",    \
	  "it has to slow down; if it may be faster: mtcctl scs set {scs} rate N burst N", "status-codes.md#request-status")     \
	X(SCS_DEVICE, NOTE, "scs-device", "the last refused request of SCS {scs} was about {device}, at {when}: {reason}",       \
	  "see which rule decides, and what would change it: mtcctl assoc check {scs} '{device}'", DOC_SEE_RULES)                \
	X(SCS_HSS, NOTE, "scs-hss", "the last refused request of SCS {scs} was about {device}, at {when}: {reason}",             \
	  "see what the HSS says now: mtcctl assoc check {scs} '{device}' --ask-hss", "hss-and-smssc.md#when-it-does-not-work")  \
	X(SCS_REQUEST, NOTE, "scs-request", "the last refused request of SCS {scs} was at {when}: {reason}",                     \
	  "look the reason up in the page", "status-codes.md#request-status")

/* -- a peer of the operator's own domain: HSS, SMS-SC */
#define DOC_PEER_CAUSES(X)                                                                                                       \
	X(PEER_OPEN, RIGHT, "peer-open",                                                                                         \
	  "peer {peer} is connected and serves since {when}: {requests} sent, {answers} received", "", "")                       \
	X(PEER_STOPPED, WRONG, "peer-stopped", "peer {peer} was stopped by an operator at {when}, and nothing connects to it",   \
	  "mtcctl peers start {peer}", DOC_SEE_PEERS)                                                                            \
	X(PEER_SETTLING, NOTE, "peer-settling", "peer {peer} is connected and gets no requests yet: {reason}",                   \
	  "wait some watchdog intervals; if it stays or comes back, the log says why connections are lost", DOC_SEE_PEERS)       \
	X(PEER_LEFT, WRONG, "peer-left", "peer {peer} ended the connection and asked for a pause: {reason}",                     \
	  "ask who runs the peer why it said that; to connect at once: mtcctl peers start {peer}", DOC_SEE_PEERS)                \
	X(PEER_AWAY, WRONG, "peer-away", "peer {peer} is not connected: {reason}",                                               \
	  "see that it runs at {address} and is reachable from here; the log of mtc-iwfd has the last attempt", DOC_SEE_PEERS)   \
	X(PEER_CLOSED, WRONG, "peer-closed", "nothing listens at {address}, where peer {peer} should be: the port is closed",    \
	  "start the peer, or correct peers[].address and port of the configuration, then: mtcctl reload", DOC_SEE_PEERS)        \
	X(PEER_SILENT, WRONG, "peer-silent", "{address}, where peer {peer} should be, does not answer within {wait}",            \
	  "see that its machine is up, and that no firewall on the way drops {protocol} to this port", DOC_SEE_PEERS)            \
	X(PEER_UNREACHABLE, WRONG, "peer-unreachable", "there is no way to {address}, where peer {peer} should be: {why}",       \
	  "correct the routes of this machine ('ip route get ADDRESS'), or peers[].address of the configuration", DOC_SEE_PEERS) \
	X(PEER_NO_SCTP, WRONG, "peer-no-sctp",                                                                                   \
	  "peer {peer} is reached over {transport}, which this machine does not have: {why}",                                    \
	  "load the module of the kernel: modprobe sctp; or agree on transport: tcp with who runs the peer",                     \
	  "sctp.md#what-the-machine-needs")                                                                                      \
	X(PEER_OUR_ADDRESS, WRONG, "peer-our-address", "no connection to peer {peer} can begin from {local}: {why}",             \
	  "compare with 'ip address'; add the address to this machine, or correct peers[].local_addresses", "sctp.md#a-peer")    \
	X(PEER_OTHER_ADDRESS, WRONG, "peer-other-address", "the association with peer {peer} is refused: {why}",                 \
	  "if the address is right, add it to peers[].more_addresses; else have the peer use only those of the configuration",   \
	  "sctp.md#a-peer")                                                                                                      \
	X(PEER_DIAMETER, WRONG, "peer-diameter",                                                                                 \
	  "peer {peer} accepts connections at {address}, but no Diameter connection comes about: {reason}",                      \
	  "compare host and realm with what the peer expects: {host}; the log of mtc-iwfd has its answer", DOC_SEE_PEERS)        \
	X(PEER_SMPP, WRONG, "peer-smpp",                                                                                         \
	  "peer {peer} accepts connections at {address}, but no SMPP session comes about: {reason}",                             \
	  "compare smssc.system_id, system_type and password_file with what the SMS-SC expects; it has to speak SMPP at this "   \
	  "port",                                                                                                                \
	  "southbound.md#configuration")                                                                                         \
	X(PEER_TLS_REFUSED, WRONG, "peer-tls-refused", "peer {peer} refuses our certificate '{file}': {why}",                    \
	  "look at the certificate: mtcctl doctor {file}; the peer has to trust the CA that issued it", DOC_SEE_TAKEN)           \
	X(PEER_TLS_CERTIFICATE, WRONG, "peer-tls-certificate", "the certificate of peer {peer} is refused: {why}",               \
	  "have the peer renew it, or correct host and trust of the peer in the configuration", DOC_SEE_TAKEN)                   \
	X(PEER_TLS, WRONG, "peer-tls", "peer {peer} accepts connections at {address}, but no TLS comes about: {why}",            \
	  "see that the peer has TLS at this port, and versions and suites of the profile", "certificates.md#tls-versions")      \
	X(PEER_TLS_UNTRIED, NOTE, "peer-tls-untried", "TLS with peer {peer} was not tried: {why}",                               \
	  "run this as root with the gateway's configuration: mtcctl doctor {peer} -c FILE", DOC_SEE_PEERS)                      \
	X(PEER_UNTRIED, NOTE, "peer-untried", "the address {address} of peer {peer} was not tried: {why}",                       \
	  "look at it with the tools of that transport", "sctp.md#a-peer")                                                       \
	X(PEER_TIMEOUTS, NOTE, "peer-timeouts", "peer {peer} left {n} of {requests} without an answer in time",                  \
	  "see that the peer and the network to it are not overloaded: mtcctl peers; s6m.answer_wait, t4.answer_wait",           \
	  DOC_SEE_PEERS)                                                                                                         \
	X(PEER_FORGIVEN, NOTE, "peer-forgiven", "peer {peer} sent {n} that lack something: {lapses}",                            \
	  "tell who runs the peer; strict_answers of the peer refuses such answers", DOC_SEE_PEERS)

/* -- a file of certificates, keys or revocation lists */
#define DOC_FILE_CAUSES(X)                                                                                                       \
	X(FILE_UNREAD, WRONG, "file-unread", "'{file}' cannot be read: {why}", "name a file that you may read", DOC_SEE_LOOKS)   \
	X(FILE_NOTHING, WRONG, "file-nothing", "'{file}' has no certificate, key or revocation list in PEM form",                \
	  "convert it: openssl x509 -inform DER -in FILE -out FILE.pem; a list: openssl crl -inform DER ...; a configuration: "  \
	  "mtcctl doctor -c FILE",                                                                                               \
	  DOC_SEE_LOOKS)                                                                                                         \
	X(FILE_REQUEST, WRONG, "file-request", "'{file}' is a request for a certificate, which proves nothing",                  \
	  "send it to the CA, and use the certificate that comes back", "certificates.md#making-some")                           \
	X(FILE_DAMAGED, WRONG, "file-damaged", "'{file}' has a part that cannot be read: {why}", "get the file again",           \
	  DOC_SEE_LOOKS)                                                                                                         \
	X(FILE_UNVERIFIED, NOTE, "file-unverified",                                                                              \
	  "'{subject}' in '{file}' could not be verified, because there are no trust anchors: {why}",                            \
	  "name the gateway's configuration: mtcctl doctor {file} -c FILE", DOC_SEE_ANCHORS)                                     \
	X(FILE_GOOD, RIGHT, "file-good",                                                                                         \
	  "'{file}' is a good certificate of '{subject}': names {names}, trust anchor {anchor}, valid until {when}", "", "")     \
	X(FILE_OURS, RIGHT, "file-ours",                                                                                         \
	  "'{file}' is a good certificate of this gateway ({of}): '{subject}', valid until {when}", "", "")                      \
	X(FILE_CA, RIGHT, "file-ca",                                                                                             \
	  "'{file}' is the certificate of a CA of trust anchor {anchor}: '{subject}', valid until {when}", "", "")               \
	X(FILE_CA_BELOW, RIGHT, "file-ca-below",                                                                                 \
	  "'{file}' is the certificate of a CA below trust anchor {anchor}: '{subject}', valid until {when}", "", "")            \
	X(FILE_CA_STRANGER, NOTE, "file-ca-stranger",                                                                            \
	  "'{file}' is the certificate of a CA, '{subject}', which is no trust anchor of this gateway and below none: nobody "   \
	  "gets in with a certificate of it",                                                                                    \
	  "if this CA is to be trusted, add it to trust_anchors of the configuration, then: mtcctl reload", DOC_SEE_ANCHORS)     \
	X(FILE_CA_NAMESAKE, NOTE, "file-ca-namesake",                                                                            \
	  "'{file}' is the certificate of a CA, '{subject}', but trust anchor {anchor} has another one with this name",          \
	  "if the CA was renewed, put this certificate into the anchor's file beside the one before, then: mtcctl reload",       \
	  DOC_SEE_RENEW)                                                                                                         \
	X(FILE_ENDS, NOTE, "file-ends", "'{subject}' in '{file}' ends in {days}, at {when}", "renew it in time", DOC_SEE_RENEW)  \
	X(FILE_EXPIRED, WRONG, "file-expired", "'{subject}' in '{file}' ended at {when}; now it is {now}",                       \
	  "renew the certificate; if the date of now is wrong, set the clock", DOC_SEE_RENEW)                                    \
	X(FILE_EARLY, WRONG, "file-early", "'{subject}' in '{file}' begins at {when}; now it is {now}",                          \
	  "wait until then; if the date of now is wrong, set the clock: timedatectl set-ntp true", DOC_SEE_TAKEN)                \
	X(FILE_PURPOSE, WRONG, "file-purpose",                                                                                   \
	  "'{subject}' in '{file}' is not for a TLS {role}: its extendedKeyUsage is {found}, expected {expected}",               \
	  "have the CA issue it with extendedKeyUsage {expected}", DOC_SEE_LOOKS)                                                \
	X(FILE_WILDCARD, WRONG, "file-wildcard",                                                                                 \
	  "'{subject}' in '{file}' has the wildcard name '{name}', expected a whole host name",                                  \
	  "have the CA issue it with the Diameter host of the SCS as DNS name in subjectAltName", DOC_SEE_LOOKS)                 \
	X(FILE_NAMELESS, WRONG, "file-nameless",                                                                                 \
	  "'{subject}' in '{file}' has no DNS name in subjectAltName, expected the Diameter host of the SCS",                    \
	  "have the CA issue it with that name as DNS name in subjectAltName; the common name does not count", DOC_SEE_LOOKS)    \
	X(FILE_NAME, WRONG, "file-name", "'{subject}' in '{file}' has the names {names}, expected {expected}",                   \
	  "have the CA issue it with the DNS name {expected}", DOC_SEE_LOOKS)                                                    \
	X(FILE_ISSUER, WRONG, "file-issuer",                                                                                     \
	  "'{issuer}', which issued '{subject}', is no trust anchor, and its own certificate is not in '{file}'",                \
	  "if it is an intermediate CA, append its certificate to the file; if it is another CA, add it to trust_anchors",       \
	  DOC_SEE_TAKEN)                                                                                                         \
	X(FILE_ROOT, WRONG, "file-root", "'{file}' leads to the CA '{issuer}', which is no trust anchor of this gateway",        \
	  "if this CA is to be trusted, add it to trust_anchors of the configuration, then: mtcctl reload", DOC_SEE_ANCHORS)     \
	X(FILE_SELF, WRONG, "file-self", "'{subject}' in '{file}' is signed by itself, expected by a CA of trust_anchors",       \
	  "have a CA issue it; for a laboratory: docs/user/certificates.md, Making some", "certificates.md#making-some")         \
	X(FILE_NAMESAKE, WRONG, "file-namesake",                                                                                 \
	  "'{subject}' in '{file}' was issued by another CA that has the same name as trust anchor {anchor}: '{issuer}'",        \
	  "compare the keys of both: the CA was made anew, or somebody else uses its name; add the new one to the anchor's "     \
	  "file "                                                                                                                \
	  "only if you know it",                                                                                                 \
	  DOC_SEE_TAKEN)                                                                                                         \
	X(FILE_REVOKED, WRONG, "file-revoked", "'{subject}' in '{file}' is revoked: {why}", "it needs a new certificate",        \
	  DOC_SEE_CRLS)                                                                                                          \
	X(FILE_CRL_STALE, WRONG, "file-crl-stale",                                                                               \
	  "whether '{subject}' in '{file}' is revoked is not known: a revocation list of trust anchor {anchor} is out of date",  \
	  "put a new list (CRL) in place; SCSs without revocation_soft are refused until then", DOC_SEE_CRLS)                    \
	X(FILE_CRL_NONE, WRONG, "file-crl-none",                                                                                 \
	  "whether '{subject}' in '{file}' is revoked is not known: a CA under trust anchor {anchor} has no revocation list",    \
	  "add the list (CRL) of that CA to the anchor's crl; SCSs without revocation_soft are refused until then",              \
	  DOC_SEE_CRLS)                                                                                                          \
	X(FILE_OCSP, NOTE, "file-ocsp",                                                                                          \
	  "whether '{subject}' in '{file}' is revoked was not asked: trust anchor {anchor} has an OCSP responder",               \
	  "the gateway asks it when the certificate is used: mtcctl status all has its answers", DOC_SEE_OCSP)                   \
	X(FILE_KEY_WEAK, WRONG, "file-key-weak", "'{subject}' in '{file}' has a key that the profile does not allow: {why}",     \
	  "make a new key: openssl ecparam -name prime256v1 -genkey -noout -out FILE; then a new certificate", DOC_SEE_LOOKS)    \
	X(FILE_HASH_WEAK, WRONG, "file-hash-weak",                                                                               \
	  "'{subject}' in '{file}' is signed in a way that the profile does not allow: {why}",                                   \
	  "have the CA sign it with SHA-256 or SHA-384", DOC_SEE_LOOKS)                                                          \
	X(FILE_REFUSED, WRONG, "file-refused", "'{file}' is refused: {why}", "look the words up in the page", DOC_SEE_TAKEN)     \
	X(FILE_KEY, RIGHT, "file-key", "'{file}' is a private key: {kind}", "", "")                                              \
	X(FILE_KEY_BAD, WRONG, "file-key-bad", "the private key in '{file}' cannot be used: {why}",                              \
	  "make a new key: openssl ecparam -name prime256v1 -genkey -noout -out FILE; then a new certificate", DOC_SEE_LOOKS)    \
	X(FILE_KEY_OPEN, WRONG, "file-key-open", "the private key '{file}' has mode {mode}: others than its owner can read it",  \
	  "chmod 600 {file}; if others have read it, make a new key", DOC_SEE_LOOKS)                                             \
	X(FILE_KEY_OTHER, WRONG, "file-key-other",                                                                               \
	  "the key in '{file}' does not belong to the certificate '{certificate}' of {of}",                                      \
	  "put certificate and key of one pair in place, then: mtcctl reload", DOC_SEE_RENEW)                                    \
	X(FILE_CRL, RIGHT, "file-crl",                                                                                           \
	  "'{file}' is a revocation list of '{issuer}': number {number}, {n}, in force until {when}", "", "")                    \
	X(FILE_CRL_OLD, WRONG, "file-crl-old", "the revocation list of '{issuer}' in '{file}' is out of date since {when}",      \
	  "get a new list (CRL) from that CA; it is read within timers.crl_check", DOC_SEE_CRLS)                                 \
	X(FILE_CRL_REFUSED, WRONG, "file-crl-refused", "the revocation list in '{file}' cannot be used: {why}",                  \
	  "get a whole list (CRL) of a CA of trust_anchors; those that are in use stay in use", DOC_SEE_CRLS)                    \
	X(FILE_SCS, RIGHT, "file-scs", "its name is the Diameter host of SCS {scs}, and its trust anchor is the one of the SCS", \
	  "", "")                                                                                                                \
	X(FILE_NO_SCS, NOTE, "file-no-scs", "no SCS is provisioned with a name of this certificate: {names}",                    \
	  "mtcctl scs add NAME --origin-host HOST ...", DOC_SEE_CONNECT)                                                         \
	X(FILE_OTHER_ANCHOR, WRONG, "file-other-anchor",                                                                         \
	  "SCS {scs}, whose name it has, is provisioned with trust anchor {expected}; this certificate is of {anchor}",          \
	  "get a certificate of the right CA, or: mtcctl scs set {scs} anchor {anchor}", DOC_SEE_CONNECT)                        \
	X(FILE_TWO_SCS, WRONG, "file-two-scs", "this certificate has the names of two SCSs: {scs} and {other}",                  \
	  "give each SCS a certificate with its own name only", DOC_SEE_CONNECT)

#define DOC_CAUSES(X) DOC_GATEWAY_CAUSES(X) DOC_SCS_CAUSES(X) DOC_PEER_CAUSES(X) DOC_FILE_CAUSES(X)

enum doc_cause {
#define DOC_ROW(name, level, word, sentence, advice, page) DOC_##name,
	DOC_CAUSES(DOC_ROW)
#undef DOC_ROW
	    DOC_CAUSES_N
};

struct doc_row {
	const char *word;
	enum doc_level level;
	const char *sentence, *advice;
	const char *page; /* below docs/user, with the section */
};

extern const struct doc_row doc_rows[DOC_CAUSES_N];

/* "right", "note" or "wrong". */
const char *doc_level_word(enum doc_level level);
