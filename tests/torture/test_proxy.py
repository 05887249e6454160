"""The proxy cuts where it says, and changes nothing when it is asked nothing."""
import socket
import threading

import pytest
from lablib import proc
from torture import proxy


def diameter(n, fill=b"x"):
    return bytes([1]) + n.to_bytes(3, "big") + fill * (n - 4)


def record(n):
    return b"\x17\x03\x03" + n.to_bytes(2, "big") + b"y" * n


def test_messages_and_records_are_taken_whole():
    pending = bytearray(diameter(20) + diameter(24) + diameter(28)[:10])
    assert proxy.frames(proxy.DIAMETER, pending) == [diameter(20), diameter(24)] and bytes(pending) == diameter(28)[:10]
    pending = bytearray(record(3) + record(0) + b"\x17\x03")
    assert proxy.frames(proxy.TLS, pending) == [record(3), record(0)] and bytes(pending) == b"\x17\x03"


def test_what_is_no_message_goes_on_as_it_is():
    pending = bytearray(b"\1\0\0\0garbage")
    assert proxy.frames(proxy.DIAMETER, pending) == [b"\1\0\0\0garbage"] and not pending


@pytest.fixture
def leg():
    """A proxy in front of a server that collects what it gets; (proxy, connected client, received)."""
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(proc.HANG_S)
    p = proxy.Proxy({"t4": proxy.DIAMETER}, 1)
    p.legs["t4"].target = server.getsockname()
    received, ended = bytearray(), threading.Event()

    def collect():
        try:
            peer, _ = server.accept()
            peer.settimeout(proc.HANG_S)
            while data := peer.recv(4096):
                received.extend(data)
        except OSError:
            pass
        ended.set()
    thread = threading.Thread(target=collect, daemon=True)
    thread.start()
    client = socket.create_connection(("127.0.0.1", p.legs["t4"].port), proc.HANG_S)
    client.settimeout(proc.HANG_S)
    yield p, client, received, ended
    client.close()
    p.end()
    server.close()
    thread.join(proc.HANG_S)


def sent(client, *messages):
    for m in messages:
        try:
            client.sendall(m)
        except OSError:
            return


def test_nothing_is_changed(leg):
    _, client, received, ended = leg
    sent(client, diameter(20) + diameter(40)[:7], diameter(40)[7:], diameter(24))
    client.shutdown(socket.SHUT_WR)
    assert ended.wait(proc.HANG_S) and bytes(received) == diameter(20) + diameter(40) + diameter(24)


def test_a_cut_at_a_boundary_leaves_whole_messages(leg):
    p, client, received, ended = leg
    p.cut("t4", "boundary")
    sent(client, diameter(20), diameter(40))
    assert ended.wait(proc.HANG_S) and bytes(received) == diameter(20)
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    assert p.done() == {"cut t4 boundary": 1}


def test_a_cut_inside_leaves_a_part(leg):
    p, client, received, ended = leg
    p.cut("t4", "inside")
    sent(client, diameter(200))
    assert ended.wait(proc.HANG_S) and 0 < len(received) < 200 and diameter(200).startswith(bytes(received))
    assert p.done() == {"cut t4 inside": 1}


def test_a_silent_side_is_not_heard_and_then_is(leg):
    p, client, received, ended = leg
    p.silent("t4", True)
    sent(client, diameter(20, b"a"))
    while p.done()["silent t4: messages swallowed"] < 1:
        pass
    p.well()
    sent(client, diameter(24, b"b"))
    client.shutdown(socket.SHUT_WR)
    assert ended.wait(proc.HANG_S) and bytes(received) == diameter(24, b"b")
