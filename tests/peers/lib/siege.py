"""Clients that never finish what they start, from many loopback addresses, within one process."""

import socket
import threading

HEAD = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "
HUGE = b"POST /login HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000000\r\n\r\n"


class Siege:
    """Keeps `count` connections of one kind open until closed; reconnects nothing."""

    def __init__(self, port: int, *, count: int, addresses: int, first: int, slow: bool = False):
        self.sockets: list[socket.socket] = []
        for number in range(count):
            last = first + number % addresses
            client = socket.socket()
            client.setblocking(False)
            client.bind((f"127.0.{1 + last // 250}.{1 + last % 250}", 0))
            # Not waited for: a full queue on the other side must not slow the siege down.
            client.connect_ex(("127.0.0.1", port))
            self.sockets.append(client)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._drip, daemon=True) if slow else None
        if self._thread:
            self._thread.start()

    def _drip(self) -> None:
        for client in self.sockets:
            _send(client, HEAD)
        while not self._stop.wait(0.5):
            for client in self.sockets:
                _send(client, b"a")

    def close(self) -> None:
        """Close every connection."""
        self._stop.set()
        if self._thread:
            self._thread.join()
        for client in self.sockets:
            client.close()


def _send(client: socket.socket, data: bytes) -> None:
    try:
        client.send(data)
    except OSError:
        pass
