// An SME with npm smpp. usage: client.js JSON, {port, number, tls: {ca, cert, key, servername} or none}; prints a line of JSON for each step.
const fs = require('fs');
const smpp = require('smpp');

const conf = JSON.parse(process.argv[2]);
const say = (step, fields) => console.log(JSON.stringify({ step, ...fields }));
const files = conf.tls && { tls: true, servername: conf.tls.servername, ca: fs.readFileSync(conf.tls.ca), cert: fs.readFileSync(conf.tls.cert),
	key: fs.readFileSync(conf.tls.key) };
const to = { source_addr: '4242', dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: conf.number };
const absent = { ...to, destination_addr: conf.absent };

const session = smpp.connect({ host: '127.0.0.1', port: conf.port, ...files }, main);
session.on('error', (error) => { say('error', { text: error.message }); process.exit(1); });
setTimeout(() => { say('error', { text: 'no end' }); process.exit(1); }, 50000);

const ask = (command, fields) => new Promise((done) => session.send(new smpp.PDU(command, fields), done));
let receive;
const received = new Promise((done) => { receive = done; });
session.on('deliver_sm', (pdu) => { session.send(pdu.response()); receive(pdu); });

async function main() {
	let answer = await ask('bind_transceiver', { system_id: 'acme', password: 'secret08', interface_version: 0x34 });
	say('bind', { status: answer.command_status, system_id: answer.system_id, version: answer.sc_interface_version });
	answer = await ask('submit_sm', { ...to, registered_delivery: 1, user_message_reference: 4660, short_message: 'npm' });
	say('submit', { status: answer.command_status, id: answer.message_id });
	const receipt = await received;
	say('receipt', { text: receipt.short_message.message, esm: receipt.esm_class, id: receipt.receipted_message_id, state: receipt.message_state,
		reference: receipt.user_message_reference });
	answer = await ask('submit_sm', { ...to, data_coding: 4, short_message: { udh: Buffer.from([5, 0, 3, 7, 2, 1]), message: Buffer.from('part') } });
	say('header', { status: answer.command_status });
	answer = await ask('data_sm', { ...to, data_coding: 4, message_payload: Buffer.from('data') });
	say('data', { status: answer.command_status });
	for (const [step, fields] of [['pid', { protocol_id: 0x48 }], ['port', { dest_port: 16000 }],
		['element', { data_coding: 4, short_message: { udh: Buffer.from([6, 5, 4, 0x3e, 0x80, 0, 0]), message: Buffer.from('x') } }]]) {
		answer = await ask('submit_sm', { ...to, short_message: 'x', ...fields });
		say(step, { status: answer.command_status });
	}
	answer = await ask('submit_multi', { source_addr: '4242', short_message: 'all',
		dest_address: [{ dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: conf.number }, { dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: '12ab' }] });
	say('multi', { status: answer.command_status, failed: answer.unsuccess_sme.map((f) => [f.destination_addr, f.error_status_code]) });
	answer = await ask('submit_sm', { ...absent, short_message: 'wait' });
	const mine = { message_id: answer.message_id, source_addr: '4242' };
	answer = await ask('query_sm', mine);
	say('query', { status: answer.command_status, state: answer.message_state });
	answer = await ask('replace_sm', { ...mine, short_message: 'new' });
	say('replace', { status: answer.command_status });
	answer = await ask('cancel_sm', { ...absent, ...mine });
	say('cancel', { status: answer.command_status });
	answer = await ask('query_sm', mine);
	say('gone', { status: answer.command_status });
	answer = await ask('enquire_link', {});
	say('enquire', { status: answer.command_status });
	answer = await ask('unbind', {});
	say('unbind', { status: answer.command_status });
	session.on('close', () => process.exit(0));
}
