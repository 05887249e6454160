#!/bin/sh
# npm-smpp-receipt-ids.sh - npm's SMPP library sends the text of a delivery receipt in GSM letters: an identifier with "_" is another one.
#
# usage: findings/npm-smpp-receipt-ids.sh
#
# Exit status: 0 the behaviour is as described, 1 it is another one, 77 not run: this version or the network is not available.
# Takes about 3 s. Needs node and npm.
#
# Version: npm package smpp 0.5.1 as the SMSC, read by a few lines that look at the octets.
#
# Expected by a careful reader
#   The text of a receipt ("id:... sub:001 dlvrd:001 ...") is ASCII by all practice, and its id is the message_id that submit_sm_resp
#   carried, octet by octet (SMPP 3.4, appendix B): who keeps the one can look for the other.
#
# Seen
#   1. message_id of submit_sm_resp is a C-octet string, sent as ASCII: the letter "_" is 5f.
#   2. The same id in the short_message of a deliver_sm with data_coding 0 is sent in the alphabet of GSM 03.38: "_" is 11, "@" is 00, and
#      "[" is the two octets 1b 3c. Digits and Latin letters are the same octets in both.
#   3. With data_coding 1, which means IA5 (ASCII), the octets are those of GSM 03.38 as well: "_" is 11.
#
# So identifiers for messages are digits and letters only, or receipts and messages cannot be matched by comparing octets.
set -eu
# shellcheck source=findings/common
. "$(dirname "$0")/common"
npm_packages smpp@0.5.1

cat >play.js <<'END'
'use strict';
const net = require('net');
const smpp = require('smpp');
const SUBMIT = 0x4, DELIVER = 0x5, RESPONSE = 0x80000000, BIND_TRANSCEIVER = 0x9;
const IDS = ['0123456789', 'abcXYZ', 'a_b', 'a@b', 'a[b'];

let changed = false;
function check(ok, text) {
	console.log(`    ${ok ? 'as described' : 'CHANGED'}: ${text}`);
	changed = changed || !ok;
}

const hex = (octets) => octets.toString('hex');

function pdu(command, sequence, body) {
	const head = Buffer.alloc(16);
	head.writeUInt32BE(16 + body.length, 0);
	head.writeUInt32BE(command, 4);
	head.writeUInt32BE(sequence, 12);
	return Buffer.concat([head, body]);
}

// The message identifier of a submit_sm_resp and the short_message of a deliver_sm, as octets.
function identifier(body) {
	return body.subarray(0, body.indexOf(0));
}

function text(body) {
	let at = body.indexOf(0) + 1; // service_type
	at = body.indexOf(0, at + 2) + 1; // source address
	at = body.indexOf(0, at + 2) + 1; // destination address
	at = body.indexOf(0, at + 3) + 1; // esm_class, protocol_id, priority; schedule
	at = body.indexOf(0, at) + 1; // validity
	at += 4; // registered_delivery, replace_if_present, data_coding, sm_default_msg_id
	return body.subarray(at + 1, at + 1 + body[at]);
}

// Binds, submits once for each id, and hands every arriving PDU to `take`.
function client(port, count, take) {
	const socket = net.connect(port, '127.0.0.1', () => {
		socket.write(pdu(BIND_TRANSCEIVER, 1, Buffer.from('esme\0\0\0\x34\0\0\0', 'latin1')));
		for (let i = 0; i < count; i++) {
			socket.write(pdu(SUBMIT, 2 + i, Buffer.from('\0\x01\x01491\0\x01\x01492\0\0\0\0\0\0\x01\0\0\0\x01x', 'latin1')));
		}
	});
	let input = Buffer.alloc(0);
	socket.on('data', (data) => {
		input = Buffer.concat([input, data]);
		while (input.length >= 16 && input.length >= input.readUInt32BE(0) && input.readUInt32BE(0) >= 16) {
			const length = input.readUInt32BE(0);
			take(input.readUInt32BE(4), input.subarray(16, length));
			input = input.subarray(length);
		}
	});
	return socket;
}

function run(coding) {
	return new Promise((done, failed) => {
		let next = 0;
		const seen = { ids: [], texts: [] };
		const server = smpp.createServer((session) => {
			session.on('bind_transceiver', (p) => session.send(p.response()));
			session.on('submit_sm', (p) => {
				const id = IDS[next++];
				session.send(p.response({ message_id: id }));
				session.deliver_sm({ source_addr: '492', destination_addr: '491', esm_class: 4, data_coding: coding,
					short_message: `id:${id} stat:DELIVRD` });
			});
			session.on('error', () => {});
		});
		server.listen(0, '127.0.0.1', () => {
			const socket = client(server.address().port, IDS.length, (command, body) => {
				if (command === SUBMIT + RESPONSE) {
					seen.ids.push(identifier(body));
				} else if (command === DELIVER) {
					seen.texts.push(text(body));
				}
				if (seen.ids.length === IDS.length && seen.texts.length === IDS.length) {
					socket.destroy();
					server.close();
					done(seen);
				}
			});
			socket.on('error', failed);
		});
	});
}

async function main() {
	const ascii = (s) => Buffer.from(s, 'latin1');
	const gsm = { '_': '11', '@': '00', '[': '1b3c' };
	const inGsm = (s) => [...s].map((c) => gsm[c] || hex(ascii(c))).join('');
	let seen = await run(0);
	console.log('1. message_id');
	IDS.forEach((id, i) => check(hex(seen.ids[i]) === hex(ascii(id)), `${id}: ${hex(seen.ids[i])}`));
	console.log('2. the receipt, data_coding 0');
	IDS.forEach((id, i) => {
		const got = hex(seen.texts[i]);
		check(got === inGsm(`id:${id} stat:DELIVRD`), `${id}: ${got}, ${got.includes(hex(seen.ids[i])) ? 'the same' : 'another'} identifier`);
	});
	seen = await run(1);
	console.log('3. the receipt, data_coding 1');
	check(hex(seen.texts[2]) === inGsm('id:a_b stat:DELIVRD'), `${IDS[2]}: ${hex(seen.texts[2])}`);
	console.log(changed ? 'the behaviour is another one' : 'as described');
	process.exit(changed ? 1 : 0);
}

setTimeout(() => { console.log('no end after 30 s'); process.exit(1); }, 30000);
main().catch((e) => { console.log(`the behaviour is another one: ${e.message}`); process.exit(1); });
END
node --no-deprecation play.js
