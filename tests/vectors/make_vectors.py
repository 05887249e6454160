#!/usr/bin/python3
"""make_vectors - writes the message vectors of this folder, octet by octet, from tables of its own.

It shares nothing with src/diameter and src/apps: code, flags and grammar order are stated here a second time, from RFC 6733,
TS 29.368, TS 29.336 and TS 29.337, so that the codec is compared with something it did not make.

usage: make_vectors.py [--check]     --check: write nothing, exit 1 when a file is missing, stale or too many

A vector is a text file:
  # words about it
  message = DAR            what it is
  canonical = yes          encoding the fields again must give the same octets ("no": other order, foreign AVPs, ...)
  hex                      the octets, up to the line "fields"
  fields                   every member that is there, `name = value`: numbers in decimal, text in quotes, octets in hex
"""
import os
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TGPP = 10415
TSP, S6M, T4 = 16777309, 16777310, 16777311

# name: (code, vendor, M bit, type, member of the typed struct)
AVPS = {
    "User-Name": (1, 0, 1, "text", "user_name"),
    "Proxy-State": (33, 0, 1, "octets", None),
    "Host-IP-Address": (257, 0, 1, "address", "addresses"),
    "Auth-Application-Id": (258, 0, 1, "u32", "auth_application_id"),
    "Acct-Application-Id": (259, 0, 1, "u32", "acct_application_id"),
    "Vendor-Specific-Application-Id": (260, 0, 1, "group", "vendor_applications"),
    "Redirect-Host-Usage": (261, 0, 1, "u32", "redirect_host_usage"),
    "Redirect-Max-Cache-Time": (262, 0, 1, "u32", "redirect_max_cache_time"),
    "Session-Id": (263, 0, 1, "text", "session_id"),
    "Origin-Host": (264, 0, 1, "text", "origin_host"),
    "Supported-Vendor-Id": (265, 0, 1, "u32", "supported_vendors"),
    "Vendor-Id": (266, 0, 1, "u32", "vendor_id"),
    "Firmware-Revision": (267, 0, 0, "u32", "firmware_revision"),
    "Result-Code": (268, 0, 1, "u32", "result_code"),
    "Product-Name": (269, 0, 0, "text", "product_name"),
    "Disconnect-Cause": (273, 0, 1, "u32", "disconnect_cause"),
    "Auth-Session-State": (277, 0, 1, "u32", "auth_session_state"),
    "Origin-State-Id": (278, 0, 1, "u32", "origin_state_id"),
    "Failed-AVP": (279, 0, 1, "group", "failed_avp"),
    "Proxy-Host": (280, 0, 1, "text", None),
    "Error-Message": (281, 0, 0, "text", "error_message"),
    "Route-Record": (282, 0, 1, "text", "route_record"),
    "Destination-Realm": (283, 0, 1, "text", "destination_realm"),
    "Proxy-Info": (284, 0, 1, "group", "proxy_info"),
    "Redirect-Host": (292, 0, 1, "text", "redirect_host"),
    "Destination-Host": (293, 0, 1, "text", "destination_host"),
    "Error-Reporting-Host": (294, 0, 0, "text", "error_reporting_host"),
    "Origin-Realm": (296, 0, 1, "text", "origin_realm"),
    "Experimental-Result": (297, 0, 1, "group", "experimental_result"),
    "Experimental-Result-Code": (298, 0, 1, "u32", "code"),
    "Inband-Security-Id": (299, 0, 1, "u32", None),
    "DRMP": (301, 0, 0, "u32", "drmp"),
    "Validity-Time": (448, 0, 1, "u32", "validity_time_s"),
    "OC-Supported-Features": (621, 0, 0, "group", None),
    "OC-Feature-Vector": (622, 0, 0, "u64", "oc_feature_vector"),
    "OC-OLR": (623, 0, 0, "group", "olr"),
    "OC-Sequence-Number": (624, 0, 0, "u64", "sequence_number"),
    "OC-Validity-Duration": (625, 0, 0, "u32", "validity_duration"),
    "OC-Report-Type": (626, 0, 0, "u32", "report_type"),
    "OC-Reduction-Percentage": (627, 0, 0, "u32", "reduction_percentage"),
    "SourceID": (649, 0, 0, "text", "source_id"),
    "Load": (650, 0, 0, "group", "load"),
    "Load-Type": (651, 0, 0, "u32", "type"),
    "Load-Value": (652, 0, 0, "u64", "value"),
    "Supported-Features": (628, TGPP, 0, "group", "features"),
    "Feature-List-ID": (629, TGPP, 0, "u32", "list_id"),
    "Feature-List": (630, TGPP, 0, "u32", "list"),
    "MSISDN": (701, TGPP, 1, "octets", "msisdn"),
    "SGSN-Number": (1489, TGPP, 1, "octets", "sgsn_number"),
    "MME-Number-for-MT-SMS": (1645, TGPP, 0, "octets", "mme_number_for_mt_sms"),
    "LMSI": (2400, TGPP, 1, "octets", "lmsi"),
    "Serving-Node": (2401, TGPP, 1, "group", "serving_node"),
    "MME-Name": (2402, TGPP, 1, "text", "mme_name"),
    "MSC-Number": (2403, TGPP, 1, "octets", "msc_number"),
    "Additional-Serving-Node": (2406, TGPP, 1, "group", "additional_serving_nodes"),
    "MME-Realm": (2408, TGPP, 0, "text", "mme_realm"),
    "SGSN-Name": (2409, TGPP, 0, "text", "sgsn_name"),
    "SGSN-Realm": (2410, TGPP, 0, "text", "sgsn_realm"),
    "Device-Action": (3001, TGPP, 1, "group", "action"),
    "Device-Notification": (3002, TGPP, 1, "group", "notification"),
    "Trigger-Data": (3003, TGPP, 1, "group", "trigger_data"),
    "Payload": (3004, TGPP, 1, "octets", "payload"),
    "Action-Type": (3005, TGPP, 1, "u32", "action_type"),
    "Priority-Indication": (3006, TGPP, 1, "u32", "priority_indication"),
    "Reference-Number": (3007, TGPP, 1, "u32", "reference_number"),
    "Request-Status": (3008, TGPP, 1, "u32", "request_status"),
    "Delivery-Outcome": (3009, TGPP, 1, "u32", "delivery_outcome"),
    "Application-Port-Identifier": (3010, TGPP, 1, "u32", "application_port"),
    "Old-Reference-Number": (3011, TGPP, 0, "u32", "old_reference_number"),
    "Feature-Supported-In-Final-Target": (3012, TGPP, 0, "u32", "feature_supported_in_final_target"),
    "IP-SM-GW-Number": (3100, TGPP, 1, "octets", "ip_sm_gw_number"),
    "IP-SM-GW-Name": (3101, TGPP, 1, "text", "ip_sm_gw_name"),
    "User-Identifier": (3102, TGPP, 1, "group", "user_identifier"),
    "Service-ID": (3103, TGPP, 1, "u32", "service_id"),
    "SCS-Identity": (3104, TGPP, 1, "octets", "scs_identity"),
    "Service-Parameters": (3105, TGPP, 1, "group", None),
    "T4-Parameters": (3106, TGPP, 1, "group", None),
    "Service-Data": (3107, TGPP, 1, "group", None),
    "T4-Data": (3108, TGPP, 1, "group", None),
    "HSS-Cause": (3109, TGPP, 1, "u32", "hss_cause"),
    "SIR-Flags": (3110, TGPP, 1, "u32", "sir_flags"),
    "External-Identifier": (3111, TGPP, 1, "text", "external_identifier"),
    "IP-SM-GW-Realm": (3112, TGPP, 1, "text", "ip_sm_gw_realm"),
    "SM-Delivery-Outcome-T4": (3200, TGPP, 1, "u32", "sm_delivery_outcome"),
    "Absent-Subscriber-Diagnostic-T4": (3201, TGPP, 1, "u32", "absent_subscriber_diagnostic"),
    "Trigger-Action": (3202, TGPP, 0, "u32", "trigger_action"),
    "MTC-Error-Diagnostic": (3203, TGPP, 0, "u32", "mtc_error_diagnostic"),
    "SM-RP-UI": (3301, TGPP, 1, "octets", "sm_rp_ui"),
    "SM-RP-SMEA": (3309, TGPP, 1, "octets", "sm_rp_smea"),
    "SMSF-3GPP-Number": (3338, TGPP, 0, "octets", "smsf_3gpp_number"),
    "SMSF-Non-3GPP-Number": (3339, TGPP, 0, "octets", "smsf_non_3gpp_number"),
    "SMSF-3GPP-Name": (3340, TGPP, 0, "text", "smsf_3gpp_name"),
    "SMSF-Non-3GPP-Name": (3341, TGPP, 0, "text", "smsf_non_3gpp_name"),
    "SMSF-3GPP-Realm": (3342, TGPP, 0, "text", "smsf_3gpp_realm"),
    "SMSF-Non-3GPP-Realm": (3343, TGPP, 0, "text", "smsf_non_3gpp_realm"),
}
# Members of the head that all application commands share; all others belong to the command itself.
HEAD = {"Session-Id", "Origin-Host", "Origin-Realm", "Destination-Host", "Destination-Realm", "DRMP", "Auth-Application-Id",
        "Auth-Session-State", "Origin-State-Id", "Result-Code", "Experimental-Result", "Error-Message", "Error-Reporting-Host",
        "Failed-AVP", "Proxy-Info", "Route-Record", "Supported-Features", "Redirect-Host", "Redirect-Host-Usage",
        "Redirect-Max-Cache-Time", "Load", "OC-Feature-Vector", "OC-OLR"}
LISTS = {"Proxy-Info", "Route-Record", "Supported-Features", "Redirect-Host", "Load", "Additional-Serving-Node",
         "Host-IP-Address", "Supported-Vendor-Id", "Vendor-Specific-Application-Id"}
RAW = {"Proxy-Info", "Failed-AVP"}  # groups kept as they are
# Groups whose presence is told by a bool of the struct around them.
PRESENCE = {"Device-Action": "has_action", "Service-Parameters": "has_service_parameters", "T4-Parameters": "has_t4_parameters",
            "Service-Data": "has_service_data", "T4-Data": "has_t4_data", "OC-Supported-Features": "head.oc_supported"}
PRESENT_INSIDE = {"Trigger-Data", "Serving-Node", "Additional-Serving-Node", "OC-OLR", "Experimental-Result"}

# message: (code, application, R bit, P bit)
COMMANDS = {
    "CER": (257, 0, 1, 0), "CEA": (257, 0, 0, 0), "DWR": (280, 0, 1, 0), "DWA": (280, 0, 0, 0), "DPR": (282, 0, 1, 0),
    "DPA": (282, 0, 0, 0), "DAR": (8388639, TSP, 1, 1), "DAA": (8388639, TSP, 0, 1), "DNR": (8388640, TSP, 1, 1),
    "DNA": (8388640, TSP, 0, 1), "SIR": (8388641, S6M, 1, 1), "SIA": (8388641, S6M, 0, 1), "DTR": (8388643, T4, 1, 1),
    "DTA": (8388643, T4, 0, 1), "DRR": (8388644, T4, 1, 1), "DRA": (8388644, T4, 0, 1),
}


class Avp:
    """One AVP to be: name, value (of a group: a list of Avp), M bit when it is not the table's."""

    def __init__(self, name, value, m=None, quiet=False):
        self.name, self.value, self.quiet = name, value, quiet
        self.m = AVPS[name][2] if m is None else m

    def octets(self):
        code, vendor, _, kind, _ = AVPS[self.name]
        data = {"u32": lambda v: struct.pack(">I", v), "u64": lambda v: struct.pack(">Q", v), "text": lambda v: v.encode(),
                "octets": bytes, "group": lambda v: b"".join(a.octets() for a in v),
                "address": lambda v: struct.pack(">H", 1 if len(v) == 4 else 2) + v}[kind](self.value)
        return raw_avp(code, vendor, (0x80 if vendor else 0) | (0x40 if self.m else 0), data)


class Foreign:
    """An AVP that no table has."""

    def __init__(self, code, vendor, flags, data):
        self.args = (code, vendor, flags, data)
        self.name = None

    def octets(self):
        return raw_avp(*self.args)


def raw_avp(code, vendor, flags, data):
    head = 12 if flags & 0x80 else 8
    out = struct.pack(">IB", code, flags) + (head + len(data)).to_bytes(3, "big")
    if flags & 0x80:
        out += struct.pack(">I", vendor)
    return out + data + b"\0" * (-len(data) % 4)


def message(name, avps, flags=0, hop=0x01020304, end=0xA0B0C0D0):
    code, app, request, proxiable = COMMANDS[name]
    body = b"".join(a.octets() for a in avps)
    flags |= (0x80 if request else 0) | (0x40 if proxiable else 0)
    return (b"\x01" + (20 + len(body)).to_bytes(3, "big") + bytes([flags]) + code.to_bytes(3, "big") +
            struct.pack(">III", app, hop, end) + body)


def shown(avp):
    kind = AVPS[avp.name][3]
    if kind in ("u32", "u64"):
        return str(avp.value)
    if kind == "text":
        return '"%s"' % avp.value
    if kind == "address":
        return f"{1 if len(avp.value) == 4 else 2} {avp.value.hex()}"
    if kind == "octets":
        return avp.value.hex()
    return b"".join(a.octets() for a in avp.value).hex()


def fields(avps, base, prefix="", top=True):
    """Names and values of everything that a decoder has to find."""
    out, counts = [], {}
    for avp in avps:
        if avp.name is None or avp.quiet:
            continue
        member = AVPS[avp.name][4]
        where = "head." if not base and avp.name in HEAD and (top or avp.name == "OC-Feature-Vector") else prefix
        if base and top and avp.name in ("Auth-Application-Id", "Acct-Application-Id"):
            member = "auth_applications" if avp.name.startswith("Auth") else "acct_applications"
        if avp.name in LISTS or (member or "").endswith("_applications") or (avp.name == "User-Identifier" and base == "list"):
            member = "user_identifiers" if avp.name == "User-Identifier" else member
            number = counts.get(member, 0)
            counts[member] = number + 1
            member = f"{member}[{number}]"
        if avp.name in PRESENCE:
            out.append((PRESENCE[avp.name], "true"))
        if AVPS[avp.name][3] != "group" or avp.name in RAW:
            if member:
                out.append((where + member, shown(avp)))
            continue
        inner = where + member + "." if member else prefix
        if avp.name in PRESENT_INSIDE:
            out.append((inner + "present", "true"))
        if avp.name == "Supported-Features" and avp.m:
            out.append((inner + "mandatory", "true"))
        if avp.name == "Vendor-Specific-Application-Id":
            for a in avp.value:
                if a.quiet:
                    continue
                if a.name == "Vendor-Id":
                    out.append((inner + "vendor_id", shown(a)))
                else:
                    out.append((inner + "application_id", shown(a)))
                    if a.name.startswith("Acct"):
                        out.append((inner + "acct", "true"))
            continue
        out += fields(avp.value, base, inner, top=False)
    return out


VECTORS = {}


def vector(file, name, words, avps, flags=0, canonical=True, base=False, more=()):
    if name == "DNR":
        more = list(more) + [("has_notification", "true")] * any(a.name == "Device-Notification" for a in avps)
    if COMMANDS[name][1] == 0:
        base = True
    elif name == "SIA":
        base = ""
    found = fields(avps, base) if name != "SIA" else sia_fields(avps)
    if COMMANDS[name][1] and COMMANDS[name][2]:
        found.append(("head.request", "true"))
        if flags & 0x10:
            found.append(("head.retransmitted", "true"))
    elif COMMANDS[name][2]:
        found.append(("request", "true"))
    found += more
    octets = message(name, avps, flags)
    lines = ["# " + words, f"message = {name}", f"canonical = {'yes' if canonical else 'no'}", "hex"]
    lines += [" ".join(f"{b:02x}" for b in octets[i:i + 16]) for i in range(0, len(octets), 16)]
    lines += ["fields"] + [f"{k} = {v}" for k, v in sorted(found)]
    VECTORS[file + ".txt"] = "\n".join(lines) + "\n"


def sia_fields(avps):
    """As fields(), but User-Identifier is a list in an SIA."""
    out, number = [], 0
    for avp in avps:
        if avp.name == "User-Identifier":
            out += [(f"user_identifiers[{number}].{k}", v) for k, v in fields(avp.value, False, "", top=False)]
            number += 1
    return out + fields([a for a in avps if a.name != "User-Identifier"], False)


A = Avp


def tbcd(digits):
    digits += "f" * (len(digits) % 2)
    return bytes(int(digits[i + 1] + digits[i], 16) for i in range(0, len(digits), 2))


def smea(digits):
    return bytes([len(digits), 0x91]) + tbcd(digits)


def proxy_info(host, state):
    return A("Proxy-Info", [A("Proxy-Host", host), A("Proxy-State", state)])


def features(list_id, bits, m=0):
    return A("Supported-Features", [A("Vendor-Id", TGPP), A("Feature-List-ID", list_id), A("Feature-List", bits)], m=m)


def experimental(code):
    return A("Experimental-Result", [A("Vendor-Id", TGPP), A("Experimental-Result-Code", code)])


def application(app, kind="Auth-Application-Id", vendor=TGPP):
    return A("Vendor-Specific-Application-Id", [A("Vendor-Id", vendor), A(kind, app)])


SCS = "49170123456"
DEVICE = "4917000000001"
IPV6 = bytes.fromhex("20010db8000000000000000000000001")
SESSION = A("Session-Id", "scs.acme.example;1700000000;7")
CORE_SESSION = A("Session-Id", "iwf.core.operator.example;1700000000;8;4711")
STATELESS = A("Auth-Session-State", 1)
SCS_ORIGIN = [A("Origin-Host", "scs.acme.example"), A("Origin-Realm", "acme.example")]
IWF_ORIGIN = [A("Origin-Host", "iwf.operator.example"), A("Origin-Realm", "operator.example")]
CORE_ORIGIN = [A("Origin-Host", "iwf.core.operator.example"), A("Origin-Realm", "core.operator.example")]
HSS_ORIGIN = [A("Origin-Host", "hss.core.operator.example"), A("Origin-Realm", "core.operator.example")]
SC_ORIGIN = [A("Origin-Host", "smssc.core.operator.example"), A("Origin-Realm", "core.operator.example")]
TO_IWF = [A("Destination-Realm", "operator.example"), A("Destination-Host", "iwf.operator.example")]
LOADS = [A("Load", [A("Load-Type", 0), A("Load-Value", 40000), A("SourceID", "iwf.operator.example")]),
         A("Load", [A("Load-Type", 1)])]
PROXIES = [proxy_info("agent.acme.example", b"\x01\x02\x03"), proxy_info("edge.operator.example", b"")]
ROUTE = [A("Route-Record", "scs.acme.example"), A("Route-Record", "agent.acme.example")]
REDIRECT = [A("Redirect-Host", "aaas://iwf2.operator.example:5868;transport=tcp"), A("Redirect-Host", "aaa://iwf3.operator.example"),
            A("Redirect-Host-Usage", 3), A("Redirect-Max-Cache-Time", 86400)]


def peer_management():
    vector("cer-minimal", "CER", "the least a CER may be", [
        *SCS_ORIGIN, A("Host-IP-Address", bytes([192, 0, 2, 7])), A("Vendor-Id", 0), A("Product-Name", "scs")])
    lists = [A("Supported-Vendor-Id", TGPP), A("Supported-Vendor-Id", 13019), A("Auth-Application-Id", TSP),
             A("Acct-Application-Id", 3), application(TSP), application(S6M), application(3, "Acct-Application-Id", 9)]
    identity = [A("Host-IP-Address", bytes([192, 0, 2, 7])), A("Host-IP-Address", IPV6), A("Vendor-Id", 4242),
                A("Product-Name", "mtc-iwf"), A("Origin-State-Id", 1700000000)]
    vector("cer-full", "CER", "every member, both address families, bare and vendor specific applications",
           [*SCS_ORIGIN, *identity, *lists, A("Firmware-Revision", 100)])
    vector("cer-foreign", "CER", "relay; Inband-Security-Id and AVPs nobody knows with the M bit clear are passed over", [
        Foreign(9999, 0, 0, b"abc"), A("Inband-Security-Id", 0, quiet=True), A("Inband-Security-Id", 1, quiet=True),
        A("Product-Name", "dra", m=1), A("Vendor-Id", 0, m=0), *SCS_ORIGIN, A("Auth-Application-Id", 0xFFFFFFFF),
        A("Host-IP-Address", bytes([127, 0, 0, 1])), Foreign(77, 4711, 0xA0, b"?")], canonical=False)
    vector("cer-rfc3588", "CER", "RFC 3588 6.11: several Vendor-Ids of one application; they inform, and one is kept", [
        *SCS_ORIGIN, A("Host-IP-Address", bytes([192, 0, 2, 7])), A("Vendor-Id", 0), A("Product-Name", "scs"),
        A("Vendor-Specific-Application-Id", [A("Vendor-Id", TGPP), A("Vendor-Id", 13019, quiet=True), A("Auth-Application-Id", TSP)])],
           canonical=False)
    vector("cea-success", "CEA", "2001 with everything a CEA may have",
           [A("Result-Code", 2001), *IWF_ORIGIN, *identity, *lists, A("Firmware-Revision", 1)])
    vector("cea-no-common-application", "CEA", "5010 is no E-bit answer; a refusal needs no addresses", [
        A("Result-Code", 5010), *IWF_ORIGIN, A("Error-Message", "no common application")])
    vector("cea-unknown-peer", "CEA", "3010 by the answer-message grammar", [
        *IWF_ORIGIN, A("Result-Code", 3010), A("Error-Message", "unknown peer")], flags=0x20)
    vector("dwr", "DWR", "watchdog", [*SCS_ORIGIN, A("Origin-State-Id", 1700000000)])
    vector("dwr-minimal", "DWR", "watchdog of a peer without state", SCS_ORIGIN)
    vector("dwa", "DWA", "watchdog answer", [A("Result-Code", 2001), *IWF_ORIGIN, A("Origin-State-Id", 1700000001)])
    vector("dwa-missing", "DWA", "refusal with the AVP that was missing", [
        A("Result-Code", 5005), *IWF_ORIGIN, A("Error-Message", "Origin-Realm is missing"),
        A("Failed-AVP", [A("Origin-Realm", "")])])
    vector("dwa-error", "DWA", "3004 by the answer-message grammar", [
        *IWF_ORIGIN, A("Result-Code", 3004), A("Origin-State-Id", 5)], flags=0x20)
    for cause, words in enumerate(("rebooting", "busy", "do not want to talk to you")):
        vector(f"dpr-{words.split()[0]}", "DPR", words, [*SCS_ORIGIN, A("Disconnect-Cause", cause)])
    vector("dpa", "DPA", "good bye", [A("Result-Code", 2001), *IWF_ORIGIN])
    vector("dpa-error", "DPA", "3008 by the answer-message grammar", [*IWF_ORIGIN, A("Result-Code", 3008)], flags=0x20)


def device_action():
    head = [SESSION, A("Auth-Application-Id", TSP), STATELESS, *SCS_ORIGIN]
    trigger = A("Device-Action", [
        A("External-Identifier", "meter-7@fleet.example"), A("SCS-Identity", tbcd(SCS)), A("Reference-Number", 41),
        A("Action-Type", 1), A("Trigger-Data", [
            A("Payload", b"wake up!!"), A("Priority-Indication", 1), A("Application-Port-Identifier", 16999)]),
        A("Validity-Time", 3600)])
    vector("dar-trigger", "DAR", "a trigger as an SCS sends it", [*head, *TO_IWF, trigger])
    vector("dar-retransmitted", "DAR", "the same with the T bit", [*head, *TO_IWF, trigger], flags=0x10)
    vector("dar-minimal", "DAR", "Device-Action is optional in the grammar", [*head, TO_IWF[0]])
    vector("dar-full", "DAR", "every member; both identifiers", [
        *head, *TO_IWF, A("Origin-State-Id", 77), A("Device-Action", [
            A("External-Identifier", "meter-7@fleet.example"), A("MSISDN", tbcd(DEVICE)), A("SCS-Identity", tbcd(SCS)),
            A("Reference-Number", 0xFFFFFFFF), A("Old-Reference-Number", 0), A("Action-Type", 4), A("Trigger-Data", [
                A("Payload", bytes(range(256))), A("Priority-Indication", 0), A("Application-Port-Identifier", 65535)]),
            A("Validity-Time", 0)]), *PROXIES, *ROUTE, features(1, 3), features(2, 0x80000000, m=1)])
    vector("dar-msisdn", "DAR", "device by MSISDN, payload empty but there", [
        *head, *TO_IWF, A("Device-Action", [A("MSISDN", tbcd("49170123456")), A("Reference-Number", 1), A("Action-Type", 1),
                                            A("Trigger-Data", [A("Payload", b"")])])])
    vector("dar-recall", "DAR", "a recall names its trigger by Reference-Number and brings no Trigger-Data", [
        *head, *TO_IWF, A("Device-Action", [
            A("External-Identifier", "meter-7@fleet.example"), A("SCS-Identity", tbcd(SCS)), A("Reference-Number", 41),
            A("Action-Type", 3)])])
    vector("dar-foreign", "DAR", "other order, unknown AVPs and wrong M bits, known AVPs of other commands: all are passed over", [
        SESSION, Foreign(5555, 4711, 0x80, b"\x01\x02\x03\x04\x05"), A("User-Name", "nobody", quiet=True),
        A("Device-Action", [
            Foreign(3999, TGPP, 0x80, b"x"), A("Action-Type", 1, m=0), A("Validity-Time", 60, m=0),
            A("Old-Reference-Number", 5, m=1), A("Reference-Number", 6, m=0), A("SM-RP-SMEA", smea(SCS), quiet=True)], m=0),
        *reversed(TO_IWF), *reversed(SCS_ORIGIN), STATELESS, A("Auth-Application-Id", TSP, m=0)], canonical=False)

    answer = [SESSION, A("Auth-Application-Id", TSP), STATELESS, *IWF_ORIGIN]
    same = [A("External-Identifier", "meter-7@fleet.example"), A("SCS-Identity", tbcd(SCS)), A("Reference-Number", 41)]
    vector("daa-accepted", "DAA", "accepted", [
        *answer, A("Result-Code", 2001), A("Device-Notification", [*same, A("Action-Type", 1), A("Request-Status", 0)])])
    vector("daa-refused", "DAA", "refused by association: still 2001, the word is in Request-Status", [
        *answer, A("Result-Code", 2001), A("Device-Notification", [*same, A("Action-Type", 1), A("Request-Status", 105)]),
        *PROXIES])
    vector("daa-full", "DAA", "every member; a replace that failed in the SMS-SC", [
        *answer, A("Result-Code", 2001), A("Error-Message", "not replaced"), A("Error-Reporting-Host", "smssc.operator.example"),
        A("Failed-AVP", [A("Device-Action", [A("Old-Reference-Number", 9)])]), A("Origin-State-Id", 4),
        A("Device-Notification", [
            A("External-Identifier", "meter-7@fleet.example"), A("MSISDN", tbcd(DEVICE)), A("SCS-Identity", tbcd(SCS)),
            A("Reference-Number", 42), A("Action-Type", 4), A("Request-Status", 110), A("MTC-Error-Diagnostic", 1),
            A("Delivery-Outcome", 4), A("SM-RP-UI", b"\x01\x02"), A("Application-Port-Identifier", 7)]),
        *REDIRECT, *PROXIES, features(1, 1), A("Feature-Supported-In-Final-Target", 1), *LOADS])
    vector("daa-feature-unsupported", "DAA", "Experimental-Result instead of Result-Code", [
        *answer, experimental(5011), A("Device-Notification", [A("Reference-Number", 1), A("Action-Type", 3)]), features(1, 1)])
    vector("daa-missing-avp", "DAA", "5005 from a stack that keeps the E bit clear: a refusal needs no Device-Notification", [
        SESSION, *IWF_ORIGIN, A("Result-Code", 5005), A("Failed-AVP", [A("Device-Action", [A("Reference-Number", 0)])])])
    vector("daa-error", "DAA", "3002 from an agent by the answer-message grammar", [
        SESSION, A("Origin-Host", "agent.acme.example"), A("Origin-Realm", "acme.example"), A("Result-Code", 3002),
        A("Error-Message", "no route"), A("Error-Reporting-Host", "dra.operator.example"), PROXIES[0]], flags=0x20)
    vector("daa-redirect", "DAA", "3006 with the hosts to go to", [
        SESSION, *IWF_ORIGIN, A("Result-Code", 3006), *REDIRECT], flags=0x20)
    vector("daa-error-foreign", "DAA", "an error is never hidden behind AVPs nobody knows, M bit or not", [
        SESSION, A("Result-Code", 3010), Foreign(4444, 4711, 0xC0, b"?"), *IWF_ORIGIN], flags=0x20, canonical=False)


def device_notification():
    head = [A("Session-Id", "iwf.operator.example;1700000000;9"), A("Auth-Application-Id", TSP), STATELESS, *IWF_ORIGIN,
            A("Destination-Realm", "acme.example"), A("Destination-Host", "scs.acme.example")]
    vector("dnr-report", "DNR", "delivery report: delivered", [*head, A("Device-Notification", [
        A("External-Identifier", "meter-7@fleet.example"), A("SCS-Identity", tbcd(SCS)), A("Reference-Number", 41),
        A("Action-Type", 2), A("Delivery-Outcome", 0)])])
    vector("dnr-mo-sms", "DNR", "every member; MSISDN-less MO-SMS", [*head, A("Origin-State-Id", 8), A("Device-Notification", [
        A("External-Identifier", "meter-7@fleet.example"), A("MSISDN", tbcd(DEVICE)), A("SCS-Identity", tbcd(SCS)),
        A("Reference-Number", 1), A("Action-Type", 5), A("Request-Status", 201), A("MTC-Error-Diagnostic", 0),
        A("Delivery-Outcome", 4), A("SM-RP-UI", bytes(range(140))), A("Application-Port-Identifier", 5683)]), *PROXIES, *ROUTE])
    vector("dnr-minimal", "DNR", "Device-Notification is optional in the grammar", head)
    answer = [A("Session-Id", "iwf.operator.example;1700000000;9"), A("Auth-Application-Id", TSP), STATELESS, *SCS_ORIGIN]
    vector("dna-success", "DNA", "acknowledged", [*answer, A("Result-Code", 2001)])
    vector("dna-full", "DNA", "every member", [
        *answer, experimental(5011), A("Origin-State-Id", 8), A("Error-Message", "why"),
        A("Error-Reporting-Host", "agent.acme.example"), *REDIRECT, A("Failed-AVP", [A("Origin-State-Id", 8)]), *PROXIES])
    vector("dna-two-failed", "DNA", "Failed-AVP twice: the first is kept", [
        *answer, A("Result-Code", 5004), A("Failed-AVP", [A("Origin-State-Id", 8)]),
        A("Failed-AVP", [A("Reference-Number", 8)], quiet=True)], canonical=False)
    vector("dna-error", "DNA", "3004 by the answer-message grammar", [
        answer[0], *SCS_ORIGIN, A("Result-Code", 3004)], flags=0x20)


NODE_A = [A("SGSN-Name", "sgsn.core.operator.example"), A("SGSN-Realm", "core.operator.example"),
          A("SGSN-Number", tbcd("491719990001")), A("MME-Name", "mme.core.operator.example"),
          A("MME-Realm", "core.operator.example"), A("MME-Number-for-MT-SMS", tbcd("491719990002")),
          A("MSC-Number", tbcd("49171999000"))]
NODE_IP = [A("IP-SM-GW-Number", tbcd("491719990003")), A("IP-SM-GW-Name", "ipsmgw.core.operator.example"),
           A("IP-SM-GW-Realm", "core.operator.example")]
NODE_SMSF = [A("SMSF-3GPP-Number", tbcd("491719990004")), A("SMSF-3GPP-Name", "smsf.core.operator.example"),
             A("SMSF-3GPP-Realm", "core.operator.example"), A("SMSF-Non-3GPP-Number", tbcd("491719990005")),
             A("SMSF-Non-3GPP-Name", "smsf-n.core.operator.example"), A("SMSF-Non-3GPP-Realm", "core.operator.example")]
MME = [A("MME-Name", "mme.core.operator.example"), A("MME-Realm", "core.operator.example"),
       A("MME-Number-for-MT-SMS", tbcd("491719990002"))]
USER = [A("User-Name", "001010000000001"), A("MSISDN", tbcd(DEVICE)), A("External-Identifier", "meter-7@fleet.example")]


def subscriber_information():
    head = [CORE_SESSION, STATELESS, *CORE_ORIGIN, A("Destination-Realm", "core.operator.example")]
    vector("sir-trigger", "SIR", "is this SCS allowed, and where is the device?", [
        *head, A("User-Identifier", [A("External-Identifier", "meter-7@fleet.example")]), A("Service-ID", 0),
        A("SCS-Identity", tbcd(SCS)), A("Service-Parameters", [A("T4-Parameters", [
            A("Priority-Indication", 0), A("SM-RP-SMEA", smea(SCS))])]), A("SIR-Flags", 1)])
    vector("sir-full", "SIR", "every member", [
        CORE_SESSION, A("DRMP", 5), STATELESS, *CORE_ORIGIN, A("Destination-Host", "hss.core.operator.example"),
        A("Destination-Realm", "core.operator.example"),
        A("User-Identifier", [*USER, A("LMSI", b"\0\0\0\x01")]), A("Service-ID", 1), A("SCS-Identity", tbcd(SCS)),
        A("Service-Parameters", [A("T4-Parameters", [A("Priority-Indication", 1), A("SM-RP-SMEA", smea(SCS))]),
                                 A("Application-Port-Identifier", 5683)]),
        A("SIR-Flags", 1), A("OC-Supported-Features", [A("OC-Feature-Vector", 1)]), features(1, 1), *PROXIES, *ROUTE])
    vector("sir-minimal", "SIR", "the least an MTC-AAA asks; empty groups are groups", [
        *head, A("User-Identifier", [A("User-Name", "001010000000001")]), A("Service-Parameters", []), A("SIR-Flags", 0),
        A("OC-Supported-Features", [])])
    vector("sir-applications", "SIR", "application ids that its grammar does not list are passed over, a DRMP out of range too", [
        CORE_SESSION, A("DRMP", 99, quiet=True), A("Auth-Application-Id", S6M, quiet=True),
        Foreign(260, 0, 0x40, application(S6M).octets()[8:]), *head[1:], A("User-Identifier", [A("MSISDN", tbcd(DEVICE))]),
        A("SIR-Flags", 1)], canonical=False)
    answer = [STATELESS, *HSS_ORIGIN]
    vector("sia-success", "SIA", "allowed; served by an MME", [
        CORE_SESSION, A("Result-Code", 2001), *answer, A("User-Identifier", USER),
        A("Service-Data", [A("T4-Data", [A("Serving-Node", MME)])])])
    vector("sia-full", "SIA", "every member; several identities and nodes", [
        CORE_SESSION, A("DRMP", 0), A("Result-Code", 2001), *answer, A("OC-Supported-Features", [A("OC-Feature-Vector", 1)]),
        A("OC-OLR", [A("OC-Sequence-Number", 2 ** 63 + 5), A("OC-Report-Type", 0), A("OC-Reduction-Percentage", 10),
                     A("OC-Validity-Duration", 30)]), *LOADS, features(1, 1),
        A("User-Identifier", USER), A("User-Identifier", [A("User-Name", "001010000000002"), A("LMSI", b"\0\0\0\x02")]),
        A("Service-Data", [A("T4-Data", [
            A("HSS-Cause", 0), A("Serving-Node", NODE_A + NODE_IP + NODE_SMSF),
            A("Additional-Serving-Node", [A("MSC-Number", tbcd("49171999000"))]),
            A("Additional-Serving-Node", NODE_A + NODE_SMSF)])]),
        A("Failed-AVP", [A("DRMP", 0)]), *PROXIES, *ROUTE])
    vector("sia-absent", "SIA", "allowed, but nothing serves the device now", [
        CORE_SESSION, A("Result-Code", 2001), *answer, A("User-Identifier", USER),
        A("Service-Data", [A("T4-Data", [A("HSS-Cause", 1)])])])
    vector("sia-unauthorized", "SIA", "this SCS may not (5510)", [CORE_SESSION, experimental(5510), *answer])
    vector("sia-unable", "SIA", "5012 with words", [
        CORE_SESSION, A("Result-Code", 5012), *answer, A("Error-Message", "database"),
        A("Error-Reporting-Host", "hss2.core.operator.example")])
    vector("sia-error", "SIA", "3002 from a relay", [
        CORE_SESSION, A("Origin-Host", "dra.core.operator.example"), A("Origin-Realm", "core.operator.example"),
        A("Result-Code", 3002), A("Failed-AVP", [A("Destination-Host", "hss.core.operator.example")]), *PROXIES], flags=0x20)


def device_trigger():
    head = [CORE_SESSION, STATELESS, *CORE_ORIGIN]
    realm = A("Destination-Realm", "core.operator.example")
    vector("dtr-trigger", "DTR", "a trigger to submit", [
        *head, A("Destination-Host", "smssc.core.operator.example"), realm, A("User-Identifier", USER), A("SM-RP-SMEA", smea(SCS)),
        A("Payload", b"wake up!!"), A("Serving-Node", MME), A("Reference-Number", 41), A("Validity-Time", 3600),
        A("Priority-Indication", 0), A("Application-Port-Identifier", 16999), A("Trigger-Action", 0)])
    vector("dtr-full", "DTR", "every member, T bit", [
        CORE_SESSION, A("DRMP", 15), STATELESS, *CORE_ORIGIN, A("Destination-Host", "smssc.core.operator.example"), realm,
        A("User-Identifier", [*USER, A("LMSI", b"\x01\x02\x03\x04")]), A("SM-RP-SMEA", smea("12345678901234567890")),
        A("Payload", bytes(range(256)) * 4), A("Serving-Node", NODE_A + NODE_IP + NODE_SMSF),
        A("Additional-Serving-Node", NODE_A + NODE_SMSF), A("Additional-Serving-Node", [NODE_A[2]]),
        A("Additional-Serving-Node", []), A("Reference-Number", 42), A("Validity-Time", 604800), A("Priority-Indication", 1),
        A("Application-Port-Identifier", 1), A("Old-Reference-Number", 41), A("Trigger-Action", 2), features(1, 1),
        *PROXIES, *ROUTE], flags=0x10)
    vector("dtr-recall", "DTR", "a recall: Payload is mandatory, and empty", [
        *head, realm, A("User-Identifier", [USER[0]]), A("SM-RP-SMEA", smea(SCS)), A("Payload", b""),
        A("Old-Reference-Number", 41), A("Trigger-Action", 1)])
    answer = [STATELESS, *SC_ORIGIN]
    vector("dta-success", "DTA", "stored", [CORE_SESSION, A("Result-Code", 2001), *answer])
    vector("dta-replace-failure", "DTA", "every member; replace failed", [
        CORE_SESSION, A("DRMP", 1), experimental(5533), A("MTC-Error-Diagnostic", 0), *answer, A("Old-Reference-Number", 41),
        A("Trigger-Action", 2), features(1, 1), A("Failed-AVP", [A("Old-Reference-Number", 41)]), *PROXIES, *ROUTE])
    vector("dta-vendor-application", "DTA", "Vendor-Specific-Application-Id is listed, never sent, passed over", [
        CORE_SESSION, Foreign(260, 0, 0x40, application(T4).octets()[8:]), A("Result-Code", 2001), *answer], canonical=False)
    vector("dta-error", "DTA", "3004 by the answer-message grammar", [
        CORE_SESSION, *SC_ORIGIN, A("Result-Code", 3004), A("Origin-State-Id", 3)], flags=0x20)


def delivery_report():
    head = [A("Session-Id", "smssc.core.operator.example;1;2"), STATELESS, *SC_ORIGIN,
            A("Destination-Host", "iwf.core.operator.example"), A("Destination-Realm", "core.operator.example")]
    who = [A("User-Identifier", USER), A("SM-RP-SMEA", smea(SCS))]
    vector("drr-delivered", "DRR", "delivered: success is 2", [
        *head, *who, A("SM-Delivery-Outcome-T4", 2), A("Reference-Number", 41)])
    vector("drr-full", "DRR", "every member", [
        head[0], A("DRMP", 10), *head[1:], *who, A("SM-Delivery-Outcome-T4", 0), A("Absent-Subscriber-Diagnostic-T4", 1),
        A("Reference-Number", 41), features(1, 1), *PROXIES, *ROUTE])
    vector("drr-minimal", "DRR", "no Reference-Number, an outcome that no table has", [
        *head, *who, A("SM-Delivery-Outcome-T4", 4711)])
    answer = [STATELESS, *CORE_ORIGIN]
    vector("dra-success", "DRA", "report taken", [head[0], A("Result-Code", 2001), *answer])
    vector("dra-full", "DRA", "every member", [
        head[0], A("DRMP", 10), experimental(5001), *answer, features(1, 1), A("Failed-AVP", [A("User-Identifier", [])]),
        *PROXIES, *ROUTE])
    vector("dra-error", "DRA", "5012 is no 3xxx: an E bit set by others is understood", [
        head[0], *CORE_ORIGIN, A("Result-Code", 5012)], flags=0x20, canonical=False)


def main():
    for make in (peer_management, device_action, device_notification, subscriber_information, device_trigger, delivery_report):
        make()
    there = {f for f in os.listdir(HERE) if f.endswith(".txt")}
    if sys.argv[1:] == ["--check"]:
        bad = sorted(there ^ set(VECTORS))
        for file in sorted(there & set(VECTORS)):
            with open(os.path.join(HERE, file), encoding="utf-8") as f:
                if f.read() != VECTORS[file]:
                    bad.append(file)
        for file in bad:
            print(f"{file}: not what make_vectors.py writes")
        return 1 if bad else 0
    if sys.argv[1:]:
        print(__doc__, file=sys.stderr)
        return 2
    for file in there - set(VECTORS):
        os.unlink(os.path.join(HERE, file))
    for file, text in VECTORS.items():
        with open(os.path.join(HERE, file), "w", encoding="utf-8") as f:
            f.write(text)
    print(f"{len(VECTORS)} vectors")
    return 0


if __name__ == "__main__":
    sys.exit(main())
