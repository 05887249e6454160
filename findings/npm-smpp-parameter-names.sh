#!/bin/sh
# npm-smpp-parameter-names.sh - npm's SMPP library leaves out, without a word, a parameter that is given by its name in the standard.
#
# usage: findings/npm-smpp-parameter-names.sh
#
# Exit status: 0 the behaviour is as described, 1 it is another one, 77 not run: this version or the network is not available.
# Takes about 3 s. Needs node and npm.
#
# Version: npm package smpp 0.5.1, encoding and decoding PDUs of its own.
#
# Expected by a careful reader
#   The library names the fields of a PDU as SMPP 3.4 names them (source_addr, registered_delivery, message_payload). A parameter that it cannot
#   encode is an error, and a relative validity_period ("000000010000000R") is read as the span that it is.
#
# Seen
#   1. destination_port: 9200 in a submit_sm is not in the octets, and nothing is thrown; the library's name is dest_port.
#      source_port is in the octets: that one has the name of the standard.
#   2. The misspelled registered_delivry is left out in the same way.
#   3. A parameter of a vendor (tag 1400) that arrives is handed over; there is no way to send it by its number.
#   4. validity_period "000000010000000R", one hour, arrives as a Date: the instant one hour after it was read.
#
# So a trigger for a port arrives without it, and nothing shows that but a look at the octets. A receiver that needs a port says so in its answer.
set -eu
# shellcheck source=findings/common
. "$(dirname "$0")/common"
npm_packages smpp@0.5.1

cat >play.js <<'EOF'
'use strict';
const smpp = require('smpp');

let changed = false;
function check(ok, text) {
	console.log(`    ${ok ? 'as described' : 'CHANGED'}: ${text}`);
	changed = changed || !ok;
}

// The octets of a submit_sm with these fields.
function octets(fields) {
	return new smpp.PDU('submit_sm', { source_addr: '4242', destination_addr: '491700000001', short_message: 'x', ...fields }).toBuffer().toString('hex');
}

const plain = octets({});
const has = (hex, tlv) => hex.includes(tlv);
console.log('1. ports');
check(octets({ destination_port: 9200 }) === plain, 'destination_port: 9200 adds nothing');
check(has(octets({ dest_port: 9200 }), '020b000223f0'), 'dest_port: 9200 adds 020b 0002 23f0');
check(has(octets({ source_port: 9200 }), '020a000223f0'), 'source_port: 9200 adds 020a 0002 23f0');
console.log('2. a misspelled name');
check(octets({ registered_delivry: 1 }) === plain, 'registered_delivry: 1 adds nothing');
console.log('3. a parameter of a vendor');
check(octets({ 0x1400: 'ab' }) === plain && octets({ '1400': Buffer.from('ab') }) === plain, 'given by its number, it adds nothing');
const longer = Buffer.from(plain + '140000026162', 'hex');
longer.writeUInt32BE(longer.length, 0);
const read = smpp.PDU.fromBuffer(longer);
const vendor = Object.entries(read).filter(([name, value]) => /1400|5120/.test(name) || (Buffer.isBuffer(value) && value.toString() === 'ab'));
check(vendor.length === 1 || JSON.stringify(read).includes('1400') || JSON.stringify(read).includes('5120'), `one that arrives is read: ${JSON.stringify(read.tlvs || vendor)}`);
console.log('4. a span of time');
const began = Date.now();
const sent = Buffer.from(octets({ validity_period: '000000010000000R' }), 'hex');
const got = smpp.PDU.fromBuffer(sent).validity_period;
check(sent.includes('000000010000000R'), 'it is sent as 000000010000000R');
check(got instanceof Date && Math.abs(got.getTime() - began - 3600000) < 5000,
	`it is read as ${got instanceof Date ? `a Date, ${Math.round((got.getTime() - began) / 1000)} s ahead` : JSON.stringify(got)}`);
console.log(changed ? 'the behaviour is another one' : 'as described');
process.exit(changed ? 1 : 0);
EOF
node --no-deprecation play.js
