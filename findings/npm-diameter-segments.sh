#!/bin/sh
# npm-diameter-segments.sh - npm's Diameter client takes one message per arriving piece of the stream, and asks without the P bit.
#
# usage: findings/npm-diameter-segments.sh
#
# Exit status: 0 the behaviour is as described, 1 it is another one, 77 not run: this version or the network is not available.
# Takes about 5 s. Needs node and npm.
#
# Version: npm package diameter 0.7.0 (bluebird, lodash and the rest as its package.json says).
#
# Expected by a careful reader
#   TCP has no message borders: two answers that arrive together are two answers. A request of an application that a relay may forward
#   carries the P bit (RFC 6733, 3).
#
# Seen
#   1. Two answers in one write: the first is taken at once. The second is taken when further octets arrive, here a Device-Watchdog-Answer,
#      and the answer of the watchdog then waits in its place. Without further octets the request ends in a time-out, although its answer
#      is there.
#   2. The same two answers in two writes, 200 ms apart, are both taken at once.
#   3. The requests have no P bit, unless the caller sets header.flags.proxiable by hand.
#
# So a server that gathers answers into one write serves such a client slower than one that does not, and a server that refuses requests
# without the P bit (3008) refuses all of its requests.
set -eu
# shellcheck source=findings/common
. "$(dirname "$0")/common"
need node
npm_packages diameter@0.7.0

cat >play.js <<'END'
'use strict';
const net = require('net');
const diameter = require('diameter');
const REQUEST = 0x80, PROXIABLE = 0x40, CREDIT_CONTROL = 272, WATCHDOG = 280;

function avp(code, data) {
	const body = typeof data === 'number' ? Buffer.from([data >> 24, data >> 16, data >> 8, data]) : Buffer.from(data);
	const head = Buffer.alloc(8);
	head.writeUInt32BE(code, 0);
	head.writeUInt32BE(8 + body.length, 4);
	head[4] = 0x40;
	return Buffer.concat([head, body, Buffer.alloc((4 - body.length % 4) % 4)]);
}

function answer(request) {
	const head = Buffer.from(request.subarray(0, 20));
	const body = Buffer.concat([avp(268, 2001), avp(264, 'server.example'), avp(296, 'example')]);
	head.writeUInt32BE(20 + body.length, 0);
	head[0] = 1;
	head[4] &= ~REQUEST;
	return Buffer.concat([head, body]);
}

// Hands each whole message of the stream to `take`.
function messages(socket, take) {
	let input = Buffer.alloc(0);
	socket.on('error', () => {});
	socket.on('data', (data) => {
		input = Buffer.concat([input, data]);
		while (input.length >= 20 && input.length >= input.readUIntBE(1, 3)) {
			const length = input.readUIntBE(1, 3);
			take(input.subarray(0, length));
			input = input.subarray(length);
		}
	});
}

const later = (ms) => new Promise((done) => setTimeout(done, ms));
let changed = false;
function check(ok, text) {
	console.log(`    ${ok ? 'as described' : 'CHANGED'}: ${text}`);
	changed = changed || !ok;
}

// Sends two requests; `reply` gets both and the server's socket. Returns for each when its answer was taken, in ms after the reply, or null.
async function two(name, reply, wait) {
	console.log(name);
	const flags = [];
	let replied = 0;
	const server = net.createServer((socket) => {
		const asked = [];
		messages(socket, (m) => {
			if (m.readUIntBE(5, 3) === WATCHDOG) {
				socket.write(answer(m));
				return;
			}
			flags.push(m[4]);
			asked.push(Buffer.from(m));
			if (asked.length === 2) {
				replied = Date.now();
				reply(socket, asked);
			}
		});
	});
	await new Promise((done) => server.listen(0, '127.0.0.1', done));
	const socket = diameter.createConnection({ host: '127.0.0.1', port: server.address().port, timeout: 2000 }, () => {});
	socket.on('error', (e) => console.log(`    the client says ${e.message}`));
	await new Promise((done) => socket.once('connect', done));
	const ask = (command) => {
		const request = socket.diameterConnection.createRequest('Diameter Credit Control Application', command, 'client;1');
		return socket.diameterConnection.sendRequest(request, 2000);
	};
	const taken = [null, null];
	const both = [0, 1].map((i) => ask('Credit-Control').then(() => { taken[i] = Date.now() - replied; }, () => {}));
	await wait(() => ask('Device-Watchdog').catch(() => {}));
	await Promise.all(both);
	socket.diameterConnection.end();
	server.close();
	return { taken, flags };
}

async function main() {
	const together = (socket, asked) => socket.write(Buffer.concat(asked.map(answer)));
	let seen = await two('1a. two answers in one write, then nothing', together, () => later(0));
	check(seen.taken[0] !== null && seen.taken[0] < 500, `the first answer is taken after ${seen.taken[0]} ms`);
	check(seen.taken[1] === null, seen.taken[1] === null ? 'the second request ends in a time-out' : `the second is taken after ${seen.taken[1]} ms`);
	check(seen.flags.length === 2 && seen.flags.every((f) => f & REQUEST && !(f & PROXIABLE)),
		`flags of the requests: ${seen.flags.map((f) => '0x' + f.toString(16)).join(', ')}`);

	seen = await two('1b. two answers in one write, a watchdog answer after 600 ms', together, (watchdog) => later(600).then(() => { watchdog(); }));
	check(seen.taken[1] !== null && seen.taken[1] >= 500, `the second answer is taken after ${seen.taken[1]} ms`);

	seen = await two('2. two answers in two writes', (socket, asked) => {
		socket.write(answer(asked[0]));
		setTimeout(() => socket.write(answer(asked[1])), 200);
	}, () => later(0));
	check(seen.taken[0] !== null && seen.taken[1] !== null && seen.taken[1] < 600, `the answers are taken after ${seen.taken.join(' and ')} ms`);
	console.log(changed ? 'the behaviour is another one' : 'as described');
	process.exit(changed ? 1 : 0);
}

setTimeout(() => { console.log('no end after 60 s'); process.exit(1); }, 60000);
main().catch((e) => { console.log(`the behaviour is another one: ${e.message}`); process.exit(1); });
END
node --no-deprecation play.js
