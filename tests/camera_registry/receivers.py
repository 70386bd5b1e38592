# SPDX-License-Identifier: AGPL-3.0-or-later
"""A mail server and a webhook's receiver on loopback, which note what they get and answer as they are told."""

from __future__ import annotations

import email
import http.server
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

from aiosmtpd.controller import Controller


@dataclass
class Letter:
    """An e-mail as the server got it."""

    to: list[str]
    message: Message

    @property
    def text(self) -> str:
        """Its body."""
        return self.message.get_payload(decode=True).decode()


class _OnSocket(Controller):
    """Listens on a socket that is bound already: no port is chosen that somebody else might take."""

    def __init__(self, handler: Any, listening: socket.socket) -> None:
        super().__init__(handler, hostname="127.0.0.1", port=listening.getsockname()[1])
        self._listening = listening

    def _create_server(self) -> Any:
        return self.loop.create_server(self._factory_invoker, sock=self._listening)


class MailServer:
    """Speaks SMTP on loopback. refuse: the answer to RCPT, e.g. "550 no such user"."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.refuse = ""
        self._controller = _OnSocket(self, socket.create_server(("127.0.0.1", 0)))

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if self.refuse:
            return self.refuse
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.letters.append(Letter(envelope.rcpt_tos, email.message_from_bytes(envelope.content)))
        return "250 OK"

    def __enter__(self) -> MailServer:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    @property
    def port(self) -> int:
        return self._controller.port


@dataclass
class Received:
    """A request to the webhook."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """Answers POSTs on loopback. answers: status codes for the next ones, 200 after them; drip_s: between header lines;
    certificate: a file with a key and a certificate for "localhost", for TLS."""

    answers: list[int] = field(default_factory=list)
    drip_s: float = 0.0
    location: str = ""
    certificate: str = ""
    got: list[Received] = field(default_factory=list)

    def __enter__(self) -> Receiver:
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append(Received(self.path, dict(self.headers.items()), body))
                self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
                if receiver.location:
                    self.send_header("Location", receiver.location)
                try:
                    while receiver.drip_s:
                        self.wfile.write(b"X-Drip: x\r\n")
                        time.sleep(receiver.drip_s)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                except OSError:
                    self.close_connection = True

            def log_message(self, *args: object) -> None:
                """Nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if self.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.drip_s = 0.0
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        place = "https://localhost" if self.certificate else "http://127.0.0.1"
        return f"{place}:{self._server.server_address[1]}/hook?from=spark"
