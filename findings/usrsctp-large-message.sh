#!/bin/sh
# usrsctp-large-message.sh - usrsctp hands over a message above 64 KiB in pieces, whatever its receive buffer is.
#
# usage: findings/usrsctp-large-message.sh
#
# Exit status: 0 the behaviour is as described, 1 it is another one, 77 not run: this version or the network is not available.
# Takes about 5 s, fetches 1 MB. Needs a C compiler.
#
# Version: usrsctp 0.9.5.0, packages libusrsctp2 and libusrsctp-dev 0.9.5.0-2 of Debian 12; two sockets in one process, joined by AF_CONN.
#
# Expected by a careful reader
#   The receive callback gets a message, its length and flags. Partial delivery is for a message that does not fit into the receive buffer (RFC 6458,
#   6.1.7 and 8.1.21), so a buffer that is larger than each message gives whole messages: SO_RCVBUF is the thing to set.
#
# Seen, for one message of 200,000 octets
#   1. With the receive buffer as it is (131,072): in pieces of which the last alone has MSG_EOR.
#   2. With SO_RCVBUF of 1,000,000: in pieces, too.
#   3. With SCTP_PARTIAL_DELIVERY_POINT of 1,000,000 beside it: in one piece. (The pieces of 1. and 2. had up to 66,356 octets.)
#   4. A message of 60,000 octets: in one piece in each case.
#
# So a receiver gathers pieces until MSG_EOR, with a bound of its own; or it sets the partial delivery point, and then has whole messages.
set -eu
# shellcheck source=findings/common
. "$(dirname "$0")/common"
need cc dpkg-architecture timeout
debian libusrsctp-dev=0.9.5.0-2 libusrsctp2=0.9.5.0-2

cat >play.c <<'EOF'
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <usrsctp.h>

/* A wire with two ends: packets wait in a list until run() hands them over, since usrsctp may hold locks while it sends. */
struct item {
	struct item *next;
	void *to;
	size_t length;
	char octets[];
};
static char wire[2];
static struct item *first, **last = &first;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static size_t pieces, octets, largest, ends;

static int on_send(void *from, void *packet, size_t length, uint8_t tos, uint8_t df)
{
	struct item *it = malloc(sizeof(*it) + length);
	(void)tos, (void)df;
	if (!it)
		return 1;
	*it = (struct item){.to = from == &wire[0] ? &wire[1] : &wire[0], .length = length};
	memcpy(it->octets, packet, length);
	pthread_mutex_lock(&lock);
	*last = it;
	last = &it->next;
	pthread_mutex_unlock(&lock);
	return 0;
}

static int on_receive(struct socket *s, union sctp_sockstore from, void *data, size_t length, struct sctp_rcvinfo info, int flags, void *arg)
{
	(void)s, (void)from, (void)info, (void)arg;
	if (data && !(flags & MSG_NOTIFICATION)) {
		pieces++;
		octets += length;
		largest = length > largest ? length : largest;
		ends += (flags & MSG_EOR) != 0;
	}
	free(data);
	return 1;
}

/* Hands packets over until nothing has come for half a second. */
static void run(void)
{
	for (int quiet = 0; quiet < 50;) {
		pthread_mutex_lock(&lock);
		struct item *it = first;
		if (it && !(first = it->next))
			last = &first;
		pthread_mutex_unlock(&lock);
		if (it) {
			usrsctp_conninput(it->to, it->octets, it->length, 0);
			free(it);
			quiet = 0;
		} else {
			usleep(10000);
			quiet++;
		}
	}
}

static struct sockaddr_conn address(int end)
{
	return (struct sockaddr_conn){.sconn_family = AF_CONN, .sconn_port = htons(5000), .sconn_addr = &wire[end]};
}

/* usage: play OCTETS RCVBUF POINT; 0: as it is. Sends one message of OCTETS, prints the pieces in which it comes. */
int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	size_t length = (size_t)atol(argv[1]);
	int buffer = atoi(argv[2]), big = 2000000;
	uint32_t point = (uint32_t)atoi(argv[3]);
	struct sockaddr_conn at = address(0), from = address(1);
	usrsctp_init(0, on_send, NULL);
	usrsctp_register_address(&wire[0]);
	usrsctp_register_address(&wire[1]);
	struct socket *in = usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, on_receive, NULL, 0, NULL);
	struct socket *out = usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, on_receive, NULL, 0, NULL);
	if (!in || !out || (buffer && usrsctp_setsockopt(in, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer))) ||
	    (point && usrsctp_setsockopt(in, IPPROTO_SCTP, SCTP_PARTIAL_DELIVERY_POINT, &point, sizeof(point))) ||
	    usrsctp_setsockopt(out, SOL_SOCKET, SO_SNDBUF, &big, sizeof(big)) || usrsctp_set_non_blocking(in, 1) || usrsctp_set_non_blocking(out, 1) ||
	    usrsctp_bind(in, (struct sockaddr *)&at, sizeof(at)) || usrsctp_bind(out, (struct sockaddr *)&from, sizeof(from)) || usrsctp_listen(in, 1))
		return 3;
	usrsctp_connect(out, (struct sockaddr *)&from, sizeof(from)); /* an end names the other one by its own address */
	run();
	if (!usrsctp_accept(in, NULL, NULL))
		return 4;
	char *message = calloc(1, length);
	if (!message || usrsctp_sendv(out, message, length, NULL, 0, NULL, 0, SCTP_SENDV_NOINFO, 0) != (ssize_t)length)
		return 5;
	run();
	printf("%zu octets, %s, %zu with MSG_EOR\n", octets, pieces == 1 ? "one piece" : "in pieces", ends);
	fprintf(stderr, "%zu pieces, the largest of %zu octets\n", pieces, largest);
	fflush(stdout);
	_exit(0); /* without the end of its threads */
}
EOF
arch=$(dpkg-architecture -qDEB_HOST_MULTIARCH)
lib=root/usr/lib/$arch
cc -o play play.c -Iroot/usr/include -L"$lib" -lusrsctp -lpthread >cc.log 2>&1 || {
	cat cc.log
	not_run "the example cannot be compiled"
}

changed=0
check() # EXPECTED OCTETS RCVBUF POINT
{
	expected=$1
	shift
	got=$(LD_LIBRARY_PATH=$lib timeout 30 ./play "$@" 2>sizes) || not_run "the example ends with $?"
	if [ "$got" = "$expected" ]; then
		echo "    as described: $got ($(cat sizes))"
	else
		echo "    CHANGED: $got ($(cat sizes)); described: $expected"
		changed=1
	fi
}
echo "1. 200,000 octets, as it is"
check "200000 octets, in pieces, 1 with MSG_EOR" 200000 0 0
echo "2. SO_RCVBUF of 1,000,000"
check "200000 octets, in pieces, 1 with MSG_EOR" 200000 1000000 0
echo "3. and SCTP_PARTIAL_DELIVERY_POINT of 1,000,000"
check "200000 octets, one piece, 1 with MSG_EOR" 200000 1000000 1000000
echo "4. 60,000 octets"
check "60000 octets, one piece, 1 with MSG_EOR" 60000 0 0
check "60000 octets, one piece, 1 with MSG_EOR" 60000 1000000 0
check "60000 octets, one piece, 1 with MSG_EOR" 60000 1000000 1000000
[ $changed -eq 0 ] || { echo "the behaviour is another one"; exit 1; }
echo "as described"
