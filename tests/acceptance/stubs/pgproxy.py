"""A proxy before PostgreSQL's socket that spoils one message: pgproxy.py FOLDER SERVER_FOLDER SERVER_PORT PORTS.

It listens on FOLDER/.s.PGSQL.PORT for each PORT. 10000 + N and 30000 + N close the connection in place of the N-th message of
the first connection with that many; 20000 + N and 40000 + N make a statement that fails of it. Afterwards the port passes everything. What was done is in
FOLDER/spoiled.PORT.
"""
import os
import socket
import struct
import sys
import threading

FOLDER, SERVER = sys.argv[1], os.path.join(sys.argv[2], ".s.PGSQL." + sys.argv[3])
BAD = b"SELECT 1 FROM there_is_no_such_table"


def packet(kind, body):
    return kind + struct.pack("!i", len(body) + 4) + body


def made_bad(kind, body):
    """A message of the same kind that the server refuses; None: of this kind there is none."""
    if kind == b"Q":
        return packet(kind, BAD + b"\0")
    if kind == b"P":
        name, rest = body.split(b"\0", 1)
        return packet(kind, name + b"\0" + BAD + b"\0" + b"\0\0")
    if kind == b"B":
        return packet(kind, b"\0no_such_statement\0" + body.split(b"\0", 2)[2])
    if kind == b"d":
        return packet(kind, b"not\ta\trow\n")
    return None


def read(source, count):
    data = b""
    while len(data) < count:
        more = source.recv(count - len(data))
        if not more:
            raise EOFError
        data += more
    return data


class Port:
    def __init__(self, number):
        self.number, self.cut, self.at = number, number // 10000 % 2 == 1, number % 10000
        self.spoiled = False
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(os.path.join(FOLDER, ".s.PGSQL.%d" % number))
        os.chmod(os.path.join(FOLDER, ".s.PGSQL.%d" % number), 0o777)
        self.socket.listen(8)

    def spoil(self, kind, body):
        changed = None if self.cut else made_bad(kind, body)
        if not self.cut and changed is None:
            return packet(kind, body)
        self.spoiled = True
        with open(os.path.join(FOLDER, "spoiled.%d" % self.number), "wb") as note:
            note.write(kind)
        if self.cut:
            raise EOFError
        return changed

    def serve(self, client):
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(SERVER)
            threading.Thread(target=answer, args=(server, client), daemon=True).start()
            size = read(client, 4)
            server.sendall(size + read(client, struct.unpack("!i", size)[0] - 4))
            count = 0
            while True:
                kind = read(client, 1)
                body = read(client, struct.unpack("!i", read(client, 4))[0] - 4)
                count += 1
                server.sendall(self.spoil(kind, body) if count == self.at and not self.spoiled else packet(kind, body))
        except (EOFError, OSError):
            pass
        for end in (client, server):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()

    def listen(self):
        while True:
            client, _ = self.socket.accept()
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()


def answer(server, client):
    try:
        while True:
            data = server.recv(65536)
            if not data:
                break
            client.sendall(data)
        client.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


ports = [Port(int(number)) for number in sys.argv[4:]]
for port in ports:
    threading.Thread(target=port.listen, daemon=True).start()
print("ready", flush=True)
threading.Event().wait()
