// Writes npm.txt with the encoder of the npm package smpp (0.5.1), which shares nothing with ours:
//   npm install smpp@0.5.1 && NODE_PATH=node_modules node make_npm.js >npm.txt
// Parameters stand in the order of their tags, as ours writes them.
// A vector: "pdu NAME", "hex OCTETS", then what was meant, one "field value" a line; octets in hex.
const smpp = require('smpp');
const raw = text => Buffer.from(text, 'hex');
let n = 0;
function vector(name, command, fields, meant, options) {
  const pdu = new smpp.PDU(command, Object.assign({sequence_number: ++n}, fields, options));
  console.log(`pdu ${name}\nhex ${pdu.toBuffer().toString('hex')}`);
  for (const [field, value] of Object.entries(Object.assign({command, sequence: n}, meant)))
    console.log(`${field} ${value}`);
  console.log('');
}
console.log('# Made by make_npm.js with npm smpp 0.5.1.\n');
for (const kind of ['transmitter', 'receiver', 'transceiver'])
  vector('bind-' + kind, 'bind_' + kind, {system_id: 'sme-acme', password: 'secret08', system_type: 'VMA', interface_version: 0x34,
    addr_ton: 1, addr_npi: 1, address_range: '^4917'}, {system_id: 'sme-acme', password: 'secret08', system_type: 'VMA', interface_version: 52,
    'range.ton': 1, 'range.npi': 1, 'range.digits': '^4917'});
vector('bind-resp', 'bind_transceiver_resp', {system_id: 'LAB', sc_interface_version: 0x34}, {system_id: 'LAB', SC_INTERFACE_VERSION: 52});
vector('bind-refused', 'bind_transceiver_resp', {}, {status: 14}, {command_status: smpp.ESME_RINVPASWD});
vector('submit-text', 'submit_sm', {source_addr_ton: 1, source_addr_npi: 1, source_addr: '4242', dest_addr_ton: 1, dest_addr_npi: 1,
  destination_addr: '491700000002', registered_delivery: 1, short_message: raw('77616b65')},
  {'source.ton': 1, 'source.digits': '4242', 'destination.npi': 1, 'destination.digits': '491700000002', registered_delivery: 1, short_message: '77616b65'});
vector('submit-binary', 'submit_sm', {service_type: 'CMT', source_addr: 'acme', source_addr_ton: 5, destination_addr: '491700000002', esm_class: 0x40,
  protocol_id: 0x48, priority_flag: 2, validity_period: '000002000000000R', data_coding: 4, short_message: raw('0605043e80000001020304')},
  {service_type: 'CMT', 'source.ton': 5, 'source.digits': 'acme', esm_class: 64, protocol_id: 72, priority_flag: 2, validity_period: '000002000000000R',
    data_coding: 4, short_message: '0605043e80000001020304'});
vector('submit-ports', 'submit_sm', {destination_addr: '491700000002', data_coding: 4, short_message: raw('01'), payload_type: 0,
  user_message_reference: 4660, source_port: 4097, dest_port: 16000}, {short_message: '01', SOURCE_PORT: 4097, DESTINATION_PORT: 16000, USER_MESSAGE_REFERENCE: 4660, PAYLOAD_TYPE: 0});
vector('submit-sar', 'submit_sm', {destination_addr: '491700000002', short_message: raw('0102'), sar_msg_ref_num: 65535, sar_total_segments: 3, sar_segment_seqnum: 2},
  {SAR_MSG_REF_NUM: 65535, SAR_TOTAL_SEGMENTS: 3, SAR_SEGMENT_SEQNUM: 2, short_message: '0102'});
vector('submit-payload', 'submit_sm', {destination_addr: '491700000002', short_message: raw(''), message_payload: raw('ab'.repeat(300))},
  {short_message: '', MESSAGE_PAYLOAD: 'ab'.repeat(300)});
vector('submit-resp', 'submit_sm_resp', {message_id: '1234567890'}, {message_id: '1234567890', status: 0});
vector('submit-throttled', 'submit_sm_resp', {}, {status: 88, message_id: ''}, {command_status: smpp.ESME_RTHROTTLED});
vector('deliver-receipt', 'deliver_sm', {source_addr: '491700000002', destination_addr: '4242', esm_class: 4,
  short_message: raw(Buffer.from('id:77 sub:001').toString('hex')), receipted_message_id: '77', network_error_code: raw('030000'), message_state: 2},
  {esm_class: 4, RECEIPTED_MESSAGE_ID: Buffer.from('77').toString('hex'), MESSAGE_STATE: 2, NETWORK_ERROR_CODE: '030000'});
vector('deliver-resp', 'deliver_sm_resp', {message_id: ''}, {message_id: ''});
vector('data', 'data_sm', {service_type: 'WAP', source_addr: '4242', destination_addr: '491700000002', data_coding: 4, qos_time_to_live: 86400, dest_port: 16000,
  set_dpf: 1, message_payload: raw('0102')}, {service_type: 'WAP', 'destination.digits': '491700000002', data_coding: 4, DESTINATION_PORT: 16000,
  MESSAGE_PAYLOAD: '0102', QOS_TIME_TO_LIVE: 86400, SET_DPF: 1});
vector('multi', 'submit_multi', {source_addr: '4242', dest_address: [{dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: '491700000002'}, {dl_name: 'fleet'}],
  short_message: raw('00')}, {destinations_n: 2, destinations: '0101013439313730303030303030320002666c65657400', short_message: '00'});
vector('multi-resp', 'submit_multi_resp', {message_id: '9', unsuccess_sme: [{dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: '49', error_status_code: 11}]},
  {message_id: '9', failures_n: 1, failures: '01013439000000000b'});
vector('query', 'query_sm', {message_id: '9', source_addr: '4242'}, {message_id: '9', 'source.digits': '4242'});
vector('query-resp', 'query_sm_resp', {message_id: '9', final_date: '', message_state: 1, error_code: 3}, {message_id: '9', final_date: '', message_state: 1, error_code: 3});
vector('cancel', 'cancel_sm', {message_id: '9', source_addr: '4242', destination_addr: '49'}, {message_id: '9', 'source.digits': '4242', 'destination.digits': '49'});
vector('replace', 'replace_sm', {message_id: '9', source_addr: '4242', registered_delivery: 1, short_message: raw('0a0b')},
  {message_id: '9', 'source.digits': '4242', registered_delivery: 1, short_message: '0a0b'});
vector('alert', 'alert_notification', {source_addr: '491700000002', esme_addr: '4242', ms_availability_status: 0},
  {'source.digits': '491700000002', 'destination.digits': '4242', MS_AVAILABILITY_STATUS: 0});
vector('outbind', 'outbind', {system_id: 'LAB', password: 'x'}, {system_id: 'LAB', password: 'x'});
for (const command of ['enquire_link', 'enquire_link_resp', 'unbind', 'unbind_resp', 'cancel_sm_resp', 'replace_sm_resp'])
  vector(command.replace('_', '-'), command, {}, {});
vector('nack', 'generic_nack', {}, {status: 3}, {command_status: smpp.ESME_RINVCMDID});
