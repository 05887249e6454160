// An SMSC with npm smpp that stores nothing. usage: server.js JSON, {address, tls: {ca, cert, key} or none, quiet}. The first line has its port;
// then, unless it is to be quiet, a line of JSON for each PDU. It sends a receipt for each message that wants one, unless its text begins with "keep".
const fs = require('fs');
const smpp = require('smpp');

const conf = JSON.parse(process.argv[2]);
const say = (line) => console.log(JSON.stringify(line));
const files = conf.tls && { ca: fs.readFileSync(conf.tls.ca), cert: fs.readFileSync(conf.tls.cert), key: fs.readFileSync(conf.tls.key), requestCert: true,
	rejectUnauthorized: true };
let last = 7000;

function shown(pdu) {
	const out = { command: pdu.command };
	for (const [name, value] of Object.entries(pdu)) {
		if (Buffer.isBuffer(value)) {
			out[name] = value.toString('hex');
		} else if (['string', 'number'].includes(typeof value)) {
			out[name] = value;
		}
	}
	if (pdu.short_message && pdu.short_message.message !== undefined) {
		out.text = Buffer.from(pdu.short_message.message).toString('hex');
		out.header = (pdu.short_message.udh || []).map((element) => element.toString('hex'));
	}
	return out;
}

function receipt(session, pdu, id) {
	session.deliver_sm({ source_addr: pdu.destination_addr, source_addr_ton: 1, source_addr_npi: 1, destination_addr: pdu.source_addr, esm_class: 4,
		short_message: `id:${id} sub:001 dlvrd:001 submit date:2611300000 done date:2611300000 stat:DELIVRD err:000 text:`,
		receipted_message_id: id, message_state: 2 });
}

function serve(session) {
	session.on('error', () => {});
	session.on('pdu', (pdu) => {
		if (!conf.quiet) {
			say(shown(pdu));
		}
		if (pdu.isResponse()) {
			return;
		}
		if (pdu.command === 'submit_sm') {
			const id = String(++last);
			session.send(pdu.response({ message_id: id }));
			if (pdu.registered_delivery && !Buffer.from(pdu.short_message.message).toString().startsWith('keep')) {
				receipt(session, pdu, id);
			}
			return;
		}
		session.send(pdu.response(pdu.command.startsWith('bind_') ? { system_id: 'npm' } : {}));
		if (pdu.command === 'unbind') {
			session.close();
		}
	});
}

const server = smpp.createServer(files || {}, serve);
server.on('error', (error) => { say({ error: error.message }); process.exit(1); });
server.listen(0, conf.address, () => say({ port: server.address().port }));
