"""ClickHouse's engine behind the HTTP interface of a ClickHouse server, as far as the collector's exporter and
queries of tests go: python serve.py FOLDER PORT. There is no current server in the registries; chdb is its engine."""

import re
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

import chdb
from chdb import session

INSERT = re.compile(r"\s*INSERT\s+INTO\s+(.*?)\s+FORMAT\s+Native\s*", re.IGNORECASE | re.DOTALL)
# What a client asks first, before it knows which revision of the protocol the server has.
HELLO = b"SELECT displayName(), version(), revision(), timezone()"

engine = session.Session(sys.argv[1])
one_at_a_time = threading.Lock()


def text(value):
    encoded = value.encode()
    return bytes([len(encoded)]) + encoded


def hello():
    """A block of the protocol's newest revision, which says that all others will be of the first (0)."""
    columns = [
        ("displayName()", "String", text("chdb")),
        ("version()", "String", text(chdb.engine_version)),
        ("revision()", "UInt32", bytes(4)),
        ("timezone()", "String", text("UTC")),
    ]
    block_info = bytes([1, 0, 2, 255, 255, 255, 255, 0])
    block = block_info + bytes([len(columns), 1])
    for name, type_name, value in columns:
        block += text(name) + text(type_name) + bytes([0]) + value
    return block


def answer(url, body, format_of_header):
    parameters = {name: values[0] for name, values in parse_qs(urlparse(url).query).items()}
    if body == HELLO:
        return hello()
    insert = INSERT.fullmatch(parameters.get("query", ""))
    if insert is None:
        sql = parameters.get("query") or body.decode()
        output = format_of_header or parameters.get("default_format", "TabSeparated")
        return engine.query(sql, output).bytes()
    with tempfile.NamedTemporaryFile(suffix=".native") as rows:
        rows.write(body)
        rows.flush()
        engine.query(f"INSERT INTO {insert.group(1)} SELECT * FROM file('{rows.name}', 'Native')")
    return b""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.reply(200, b"Ok.\n")

    def do_POST(self):
        body = self.body()
        try:
            with one_at_a_time:
                result = answer(self.path, body, self.headers.get("X-ClickHouse-Format"))
        except Exception as error:
            print(error, file=sys.stderr, flush=True)
            self.reply(500, str(error).encode())
        else:
            self.reply(200, result)

    def body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        whole = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            whole += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return whole

    def reply(self, status, content):
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Handler).serve_forever()
