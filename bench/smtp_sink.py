"""A mail server that accepts everything and keeps nothing, quickly: the other side of a benchmark.

`python -m bench.smtp_sink` prints its port, then serves until it is told to end.
"""

import asyncio
import sys

REPLIES = {b"MAIL": b"250 ok\r\n", b"RCPT": b"250 ok\r\n", b"RSET": b"250 ok\r\n"}
HELLO = b"250-sink\r\n250-SIZE 10000000\r\n250 8BITMIME\r\n"
END = b"\r\n.\r\n"


class Sink(asyncio.Protocol):
    """One client. Commands come one by one, as SMTP without PIPELINING wants it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.seen = bytearray()
        self.in_body = False
        transport.write(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        # The end of a body may be split anywhere: five bytes back are enough to see it.
        before = max(0, len(self.seen) - len(END))
        self.seen += data
        if self.in_body:
            if self.seen.find(END, before) < 0:
                return
            self.in_body = False
            self.seen.clear()
            self.transport.write(b"250 2.0.0 accepted\r\n")
        elif self.seen.endswith(b"\r\n"):
            verb = bytes(self.seen[:4]).upper()
            self.seen.clear()
            self.answer(verb)

    def answer(self, verb: bytes) -> None:
        if verb == b"DATA":
            self.in_body = True
            self.transport.write(b"354 go on\r\n")
        elif verb in (b"EHLO", b"HELO"):
            self.transport.write(HELLO)
        elif verb == b"QUIT":
            self.transport.write(b"221 bye\r\n")
            self.transport.close()
        else:
            self.transport.write(REPLIES.get(verb, b"500 what\r\n"))


async def serve() -> None:
    """Listen on a free loopback port."""
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
