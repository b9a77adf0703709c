#!/usr/bin/env python3
"""A small but complete Daybook till, written from sync/PROTOCOL.md with nothing but Python's standard library.

    till.py --data DIR --store http://127.0.0.1:PORT enrol CODE
    till.py --data DIR sell SKU QUANTITY_MILLI [--price-minor N]
    till.py --data DIR sync
    till.py --data DIR show SKU | status | poison | lease SKU QUANTITY_MILLI
    till.py --data DIR card NUMBER AMOUNT_MINOR | ask MEDIUM NUMBER AMOUNT_MINOR | sell SKU QUANTITY_MILLI --hold ID
    till.py --data DIR backup FILE | restore FILE [--unnoticed]
    till.py selftest GOLDEN_DIR

Every command prints one line of JSON. Exit codes: 0 done, 1 a bug or bad input, 2 the store could not be reached or
refused, 3 the ledger needs a new incarnation and the store could not be asked.
"""

import argparse
import gzip
import hashlib
import hmac
import http.client
import json
import os
import random
import shutil
import sqlite3
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

PROTOCOL = 1
PUSH_ENTRIES_MAX = 500
PUSH_BYTES_MAX = 4 * 1024 * 1024


# --- Ed25519, RFC 8032 section 5.1 -----------------------------------------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)


def _add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def _mul(s, p):
    q = (0, 1, 1, 0)
    while s > 0:
        if s & 1:
            q = _add(q, p)
        p = _add(p, p)
        s >>= 1
    return q


def _recover_x(y, sign):
    if y >= P:
        return None
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if x2 == 0:
        return None if sign else 0
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * SQRT_M1 % P
    if (x * x - x2) % P:
        return None
    return P - x if (x & 1) != sign else x


_GY = 4 * pow(5, P - 2, P) % P
_GX = _recover_x(_GY, 0)
G = (_GX, _GY, 1, _GX * _GY % P)


def _compress(p):
    z = pow(p[2], P - 2, P)
    return int.to_bytes(p[1] * z % P | (p[0] * z % P & 1) << 255, 32, "little")


def _decompress(b):
    y = int.from_bytes(b, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    x = _recover_x(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


def _expand(seed):
    h = hashlib.sha512(seed).digest()
    a = int.from_bytes(h[:32], "little") & ((1 << 254) - 8) | 1 << 254
    return a, h[32:]


def _sha512_l(b):
    return int.from_bytes(hashlib.sha512(b).digest(), "little") % L


def ed25519_public(seed):
    return _compress(_mul(_expand(seed)[0], G))


def ed25519_sign(seed, message):
    a, prefix = _expand(seed)
    public = _compress(_mul(a, G))
    r = _sha512_l(prefix + message)
    big_r = _compress(_mul(r, G))
    s = (r + _sha512_l(big_r + public + message) * a) % L
    return big_r + s.to_bytes(32, "little")


def ed25519_verify(public, message, signature):
    if len(signature) != 64:
        return False
    a, r = _decompress(public), _decompress(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    left = _mul(s, G)
    right = _add(r, _mul(_sha512_l(signature[:32] + public + message), a))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 == (left[1] * right[2] - right[1] * left[2]) % P


# --- Section 4: the journal --------------------------------------------------------------------------------------


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def u32(n):
    return n.to_bytes(4, "big")


def u64(n):
    return n.to_bytes(8, "big")


def i64(n):
    return n.to_bytes(8, "big", signed=True)


def genesis(till, incarnation):
    return sha256(b"daybook/genesis/v1\n", uuid.UUID(till).bytes, u32(incarnation))


def entry_hash(prev, data):
    return sha256(b"daybook/entry/v1\n", prev, data)


def head_text(till, incarnation, seq, digest):
    return b"daybook/head/v1\n" + uuid.UUID(till).bytes + u32(incarnation) + u64(seq) + digest


def ack_text(tenant, till, incarnation, seq, digest, epoch, at_ms):
    ids = uuid.UUID(tenant).bytes + uuid.UUID(till).bytes + u32(incarnation)
    return b"daybook/ack/v1\n" + ids + u64(seq) + digest + i64(epoch) + i64(at_ms)


def sidecar_hash(sidecar):
    return sha256(b"daybook/sidecar/v1\n", sidecar.encode()).hex()


def request_mac(secret, path, body, session):
    lines = ["daybook/request/v1", "POST", path, hashlib.sha256(body).hexdigest(), session]
    text = "".join(line + "\n" for line in lines)
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()


def frames_body(header, entries):
    """Header line, then for each entry its frame line, its bytes and a newline."""
    out = [json.dumps(header).encode(), b"\n"]
    for seq, prev, digest, sig, data, sidecar in entries:
        frame = {"seq": seq, "prev": prev.hex(), "hash": digest.hex(), "sig": sig.hex(), "len": len(data), "sidecar": sidecar}
        out += [json.dumps(frame).encode(), b"\n", data, b"\n"]
    return b"".join(out)


def read_frames(body):
    line, body = body.split(b"\n", 1)
    header, entries = json.loads(line), []
    for _ in range(header["entries"]):
        line, body = body.split(b"\n", 1)
        frame = json.loads(line)
        entries.append((frame, body[: frame["len"]]))
        if body[frame["len"] : frame["len"] + 1] != b"\n":
            raise ValueError("frame does not end where its len says")
        body = body[frame["len"] + 1 :]
    if body:
        raise ValueError("bytes after the last frame")
    return header, entries


def uuid7():
    stamp = int(time.time() * 1000) << 80
    return str(uuid.UUID(int=stamp | 0x7 << 76 | random.getrandbits(12) << 64 | 0b10 << 62 | random.getrandbits(62)))


# --- The ledger ----------------------------------------------------------------------------------------------------

SCHEMA = """
CREATE TABLE state (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE journal (incarnation INTEGER PRIMARY KEY, ord INTEGER NOT NULL, acked INTEGER NOT NULL DEFAULT 0,
    acked_epoch INTEGER NOT NULL DEFAULT 0, forked_at INTEGER, ack TEXT) STRICT;
CREATE TABLE entry (incarnation INTEGER NOT NULL, seq INTEGER NOT NULL, prev BLOB NOT NULL, hash BLOB NOT NULL,
    sig BLOB NOT NULL, bytes BLOB NOT NULL, sidecar TEXT, effect_feed INTEGER, PRIMARY KEY (incarnation, seq)) STRICT;
CREATE TABLE movement (incarnation INTEGER NOT NULL, seq INTEGER NOT NULL, sku TEXT NOT NULL, location TEXT NOT NULL,
    quantity_milli INTEGER NOT NULL) STRICT;
CREATE TABLE feed (key TEXT PRIMARY KEY, feed INTEGER NOT NULL, value TEXT NOT NULL, unseen INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE request (id TEXT PRIMARY KEY, fields TEXT NOT NULL, outcome TEXT) STRICT;
CREATE TABLE foreign_entry (incarnation INTEGER NOT NULL, seq INTEGER NOT NULL, hash BLOB NOT NULL, bytes BLOB NOT NULL,
    PRIMARY KEY (incarnation, seq)) STRICT;
CREATE TABLE missing (incarnation INTEGER PRIMARY KEY, after INTEGER NOT NULL) STRICT;
CREATE TRIGGER entry_stays BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'append only'); END;
"""


class Unreachable(Exception):
    """No answer, or not one to believe."""


class Refused(Exception):
    def __init__(self, status, error, retry_after):
        super().__init__(f"{status} {error.get('code')}: {error.get('message')}")
        self.status, self.error, self.retry_after = status, error, retry_after


class Till:
    def __init__(self, data):
        os.makedirs(data, exist_ok=True)
        self.data = data
        self.db = sqlite3.connect(os.path.join(data, "ledger.db"), isolation_level=None)
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = FULL")
        if not self.db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'state'").fetchone():
            self.db.executescript("BEGIN IMMEDIATE;" + SCHEMA + "COMMIT;")
        self.log = []

    # One write gate.
    def __enter__(self):
        self.db.execute("BEGIN IMMEDIATE")
        return self

    def __exit__(self, kind, value, trace):
        self.db.execute("ROLLBACK" if kind else "COMMIT")

    def get(self, name, default=None):
        row = self.db.execute("SELECT value FROM state WHERE name = ?", [name]).fetchone()
        return json.loads(row[0]) if row else default

    def set(self, name, value):
        self.db.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", [name, json.dumps(value)])

    def install_id(self):
        """Outside the database and its backups: tells a restored or copied ledger."""
        path = os.path.join(self.data, "install")
        if not os.path.exists(path):
            with open(path + ".new", "w") as file:
                file.write(str(uuid.uuid4()))
                file.flush()
                os.fsync(file.fileno())
            os.rename(path + ".new", path)
        with open(path) as file:
            return file.read()

    def head(self, incarnation):
        row = self.db.execute(
            "SELECT seq, hash FROM entry WHERE incarnation = ? ORDER BY seq DESC LIMIT 1", [incarnation]
        ).fetchone()
        return row or (0, genesis(self.get("till"), incarnation))

    def hash_at(self, incarnation, seq):
        if seq == 0:
            return genesis(self.get("till"), incarnation)
        row = self.db.execute("SELECT hash FROM entry WHERE incarnation = ? AND seq = ?", [incarnation, seq]).fetchone()
        return row and row[0]

    def append_bytes(self, data, sidecar=None):
        incarnation = self.get("incarnation")
        seq, prev = self.head(incarnation)
        seq, digest = seq + 1, entry_hash(prev, data)
        sig = ed25519_sign(bytes.fromhex(self.get("seed")), head_text(self.get("till"), incarnation, seq, digest))
        self.db.execute(
            "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, NULL)", [incarnation, seq, prev, digest, sig, data, sidecar]
        )
        return seq

    def append(self, kind, body, sidecar=None):
        now = int(time.time() * 1000)
        envelope = {
            "v": 1, "id": uuid7(), "kind": kind, "at_ms": now, "offset_min": 330,
            "mono_ms": int(time.monotonic() * 1000), "boot": self.get("boot"), "day": self.day(),
            "feed": (self.get("cursor") or {}).get("feed", 0), "app": "till.py 1.0", "body": body,
        }
        shift = self.get("shift")
        if shift:
            envelope |= {"shift": shift, "staff": "python"}
        if sidecar:
            envelope["sidecar"] = sidecar_hash(sidecar)
        seq = self.append_bytes(json.dumps(envelope, ensure_ascii=False).encode(), sidecar)
        for move in body.get("movements", []):
            self.db.execute(
                "INSERT INTO movement VALUES (?, ?, ?, ?, ?)",
                [self.get("incarnation"), seq, move["sku"], move["location"], move["quantity_milli"]],
            )
        return seq

    def day(self):
        return time.strftime("%Y-%m-%d", time.gmtime(time.time() + 330 * 60))

    # --- Section 2: transport ---

    def post(self, path, body, session="", signed=True, plain=False):
        headers = {"Content-Type": "application/json"}
        if not plain:
            body = gzip.compress(body)
            headers["Content-Encoding"] = "gzip"
        if signed:
            key = self.get("key")
            headers |= {
                "Daybook-Till": self.get("till"), "Daybook-Key": key["key_id"], "Daybook-Session": session,
                "Daybook-Mac": request_mac(bytes.fromhex(key["secret"]), path, body, session),
            }
        request = urllib.request.Request(self.get("store") + path, data=body, headers=headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            text = error.read()
            try:
                detail = json.loads(text)["error"]
            except (ValueError, KeyError):
                detail = {"code": "unreadable", "message": text[:200].decode("utf-8", "replace")}
            raise Refused(error.code, detail, int(error.headers.get("Retry-After") or 0)) from error
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(str(error)) from error

    # --- Section 3: enrolment ---

    def enrol(self, store, code):
        if self.get("till"):
            raise SystemExit("this ledger is enrolled already")
        with self:
            self.set("store", store.rstrip("/"))
            # Stored before it is sent: the answer may be lost, and the same key gets it again.
            if not self.get("seed"):
                self.set("seed", os.urandom(32).hex())
            self.set("boot", str(uuid.uuid4()))
        public = ed25519_public(bytes.fromhex(self.get("seed"))).hex()
        ask = {"protocol": PROTOCOL, "code": code, "public_key": public, "install": self.install_id(), "app": "till.py 1.0"}
        answer = json.loads(self.post("/sync/v1/enrol", json.dumps(ask).encode(), signed=False, plain=True))
        with self:
            for name in ["tenant", "till", "till_code", "location", "incarnation", "session", "epoch", "store_public_key"]:
                self.set(name, answer[name])
            self.set("key", {"key_id": answer["key_id"], "secret": answer["secret"]})
            self.set("install", self.install_id())
            self.note_held(answer.get("held", []))
            previous = max(answer.get("held", []), key=lambda held: held["incarnation"], default=None)
            store_head = previous and {
                "incarnation": previous["incarnation"], "seq": previous["received_through"], "hash": previous["received_hash"]
            }
            self.begin(answer["incarnation"], "replaced" if previous else "enrolled", None, store_head)
        return {"till": answer["till"], "incarnation": answer["incarnation"], "location": answer["location"]}

    def begin(self, incarnation, reason, previous, store_head):
        tag = "ABCDEFGHJKLMNPQRSTUVWXYZ"[(incarnation - 1) % 24]
        self.db.execute(
            "INSERT INTO journal (incarnation, ord) SELECT ?, coalesce(max(ord), 0) + 1 FROM journal", [incarnation]
        )
        self.set("incarnation", incarnation)
        self.set("install", self.install_id())
        self.set("number", 0)
        body = {
            "incarnation": incarnation, "reason": reason, "install": self.install_id(), "previous": previous,
            "store_head": store_head, "z_no": self.get("z_no", 0), "perpetual": self.perpetual(), "series_tag": tag,
        }
        self.set("series_tag", tag)
        self.set("shift", None)
        self.append("incarnation.started", {name: value for name, value in body.items() if value is not None})

    def perpetual(self):
        zero = {"sales_minor": 0, "returns_minor": 0, "net_minor": 0, "documents": 0}
        return self.get("perpetual", zero)

    def note_held(self, held):
        for journal in held:
            own = self.own_through(journal["incarnation"])
            if journal["received_through"] > own:
                self.db.execute("INSERT OR REPLACE INTO missing VALUES (?, ?)", [journal["incarnation"], own])

    def own_through(self, incarnation):
        """The last own entry that is on the store's trunk, as far as known."""
        row = self.db.execute("SELECT forked_at FROM journal WHERE incarnation = ?", [incarnation]).fetchone()
        if not row:
            return 0
        head = self.head(incarnation)[0]
        return head if row[0] is None else min(head, row[0] - 1)

    # --- Section 14: facts ---

    def needs_incarnation(self):
        return self.get("wish") or self.get("install") != self.install_id()

    def sell(self, sku, quantity_milli, price_minor, card=None, hold=None):
        if quantity_milli <= 0:
            raise SystemExit("quantity_milli must be above 0")
        # A new incarnation comes before the first sale; one answer may be lost, so it is asked for three times.
        if self.needs_incarnation() and not any(self.sync_incarnation() for _ in range(3)):
            raise SystemExit(3)
        with self:
            if not self.get("shift"):
                self.set("shift", str(uuid.uuid4()))
                opened = {"shift": self.get("shift"), "day": self.day(), "fiscal_year": "26-27", "opening_float_minor": 0}
                self.append("shift.opened", opened)
            number = self.get("number") + 1
            self.set("number", number)
            document = self.document(sku, quantity_milli, price_minor, number)
            if card:
                document["lines"][0] |= {"name": "Gift card", "gift_card": card}
            if hold:
                document["tenders"] = self.tenders_from(hold, document["totals"]["payable_minor"])
            total = document["totals"]["payable_minor"]
            moves = [{"sku": sku, "location": self.get("location"), "quantity_milli": -quantity_milli, "reason": "sale"}]
            lease = None if card else self.lease_for(sku, quantity_milli)
            if card:
                moves = []
            if lease is not None:
                moves[0]["lease"] = lease
            sums = self.perpetual()
            sums["sales_minor"] += total
            sums["net_minor"] += total
            sums["documents"] += 1
            self.set("perpetual", sums)
            sidecar = json.dumps({"salt": os.urandom(16).hex(), "name": "A customer"})
            seq = self.append("sale.completed", {"document": document, "movements": moves}, sidecar)
        return {"seq": seq, "number": document["number"], "total_minor": total}

    def tenders_from(self, hold, total):
        """What the store has set aside, and cash for the rest."""
        row = self.db.execute("SELECT fields, outcome FROM request WHERE id = ?", [hold]).fetchone()
        asked, told = json.loads(row[0]), json.loads(row[1] or "{}")
        if told.get("outcome") != "held":
            raise SystemExit(f"nothing is set aside: {told}")
        part = min(told["amount_minor"], total)
        tenders = [{"tender_type": asked["medium"], "amount_minor": part, "reference": asked["number"], "hold": hold}]
        if part < total:
            tenders.append({"tender_type": "cash", "amount_minor": total - part})
        return tenders

    def lease_for(self, sku, quantity_milli):
        rows = self.db.execute("SELECT fields, outcome FROM request WHERE outcome IS NOT NULL").fetchall()
        for fields, outcome in rows:
            fields, outcome = json.loads(fields), json.loads(outcome)
            if fields.get("sku") == sku and outcome["outcome"] == "granted" and outcome["quantity_milli"] >= quantity_milli:
                return outcome["fence"]
        return None

    def row(self, key):
        row = self.db.execute("SELECT feed, value FROM feed WHERE key = ?", [key]).fetchone()
        return (row[0], json.loads(row[1])) if row else None

    def document(self, sku, quantity_milli, price_minor, number):
        item = self.row(f"item/{sku}")
        place = self.row(f"location/{self.get('location')}")
        settings = self.row("settings")
        flags = [] if item else ["open_item"]
        if price_minor is None:
            prices = sorted(item[1]["prices"], key=lambda price: price["from_ms"]) if item else []
            micros = prices[-1]["unit_price_micros"] if prices else 0
        else:
            micros = price_minor * 10_000
        gross = (micros * quantity_milli + 5_000_000) // 10_000_000
        series = f"{self.get('till_code')}{self.get('series_tag')}/26-27/"
        line = {
            "no": 1, "sku": sku, "name": item[1]["name"] if item else sku, "quantity_milli": quantity_milli,
            "unit_price_micros": micros, "gross_minor": gross, "net_minor": gross, "taxable_minor": gross, "total_minor": gross,
        }
        if flags:
            line["flags"] = flags
        return {
            "id": uuid7(), "kind": "receipt", "number": f"{series}{number:05}", "series": series,
            "issued_at_ms": int(time.time() * 1000), "offset_min": 330, "day": self.day(), "fiscal_year": "26-27",
            "till": self.get("till"), "till_code": self.get("till_code"), "location": self.get("location"),
            "cashier": "Python", "currency": settings[1]["currency"] if settings else "INR", "jurisdiction": "none",
            "tax_inclusive": True, "seller": place[1]["seller"] if place else {"name": "Shop"}, "lines": [line], "tax_table": [],
            "totals": {
                "gross_minor": gross, "discount_minor": 0, "taxable_minor": gross, "tax_minor": 0, "total_minor": gross,
                "rounding_minor": 0, "payable_minor": gross,
            },
            "tenders": [{"tender_type": "cash", "amount_minor": gross, "given_minor": gross, "change_minor": 0}],
        }

    def ask_lease(self, sku, quantity_milli):
        return self.ask({
            "kind": "lease.acquire", "sku": sku, "location": self.get("location"), "quantity_milli": quantity_milli,
        })

    def ask(self, request):
        ident = str(uuid.uuid4())
        with self:
            self.db.execute("INSERT INTO request VALUES (?, ?, NULL)", [ident, json.dumps(request)])
        return {"id": ident}

    # --- Section 5: exchange ---

    def journals(self):
        rows = self.db.execute("SELECT incarnation, acked, acked_epoch FROM journal ORDER BY ord").fetchall()
        return [(number, self.head(number), acked, epoch) for number, acked, epoch in rows]

    def exchange(self, resend=None):
        """One exchange. Says whether to go on at once, and where to send from."""
        epoch, live = self.get("epoch"), self.get("incarnation")
        journals = self.journals()
        open_ones = [j for j in journals if j[2] < j[1][0] or j[3] != epoch]
        if resend:
            journal = next(j for j in journals if j[0] == resend[0])
        else:
            journal = (open_ones or journals[-1:])[0]
        incarnation, (head, head_hash), acked, acked_epoch = journal
        after = resend[1] if resend else acked
        entries, size = [], 0
        for row in self.db.execute(
            "SELECT seq, prev, hash, sig, bytes, sidecar FROM entry WHERE incarnation = ? AND seq > ? ORDER BY seq LIMIT ?",
            [incarnation, after, PUSH_ENTRIES_MAX],
        ):
            size += len(row[4])
            if size > PUSH_BYTES_MAX and entries:
                break
            entries.append(row)
        requests = self.db.execute("SELECT id, fields FROM request WHERE outcome IS NULL LIMIT 100").fetchall()
        header = {
            "protocol": PROTOCOL, "till": self.get("till"), "incarnation": live, "session": self.get("session"),
            "epoch": epoch, "cursor": self.get("cursor"),
            "journal": {"incarnation": incarnation, "head": head, "head_hash": head_hash.hex(), "acked": acked},
            "requests": [{"id": ident} | json.loads(fields) for ident, fields in requests], "entries": len(entries),
        }
        body = self.post("/sync/v1/exchange", frames_body(header, entries), session=self.get("session"))
        return self.apply(json.loads(body), incarnation, after, acked_epoch)

    def believable(self, answer, incarnation):
        push = answer["push"]
        text = ack_text(
            self.get("tenant"), self.get("till"), push["incarnation"], push["received_through"],
            bytes.fromhex(push["received_hash"]), answer["epoch"], push["ack_at_ms"],
        )
        key = bytes.fromhex(self.get("store_public_key"))
        return push["incarnation"] == incarnation and ed25519_verify(key, text, bytes.fromhex(push["ack_sig"]))

    def apply(self, answer, incarnation, after, acked_epoch):
        if not self.believable(answer, incarnation):
            raise Unreachable("the acknowledgement is not the store's")
        push, pull, epoch = answer["push"], answer["pull"], answer["epoch"]
        verdict, through = push["verdict"], push["received_through"]
        common = self.hash_at(incarnation, through) == bytes.fromhex(push["received_hash"])
        resend = None
        if not common and after > 0:
            resend = (incarnation, max(0, min(after, through) - PUSH_ENTRIES_MAX))
        if verdict == "gap" and not (common and push["expected"] == through + 1):
            resend = (incarnation, push["expected"] - 1)
        self.log.append(verdict if verdict != "recover" else f"recover:{push['reason']}")
        with self:
            restored = self.get("epoch") != epoch
            self.set("epoch", epoch)
            if answer.get("session"):
                self.set("session", answer["session"])
            if answer.get("key"):
                self.set("key", answer["key"])
            if common:
                self.db.execute(
                    "UPDATE journal SET acked = ?, acked_epoch = ?, ack = ? WHERE incarnation = ?",
                    [through, epoch, json.dumps(push), incarnation],
                )
            if verdict == "fork":
                self.set_fork(incarnation, push["at"], push["at"] - 1)
            elif common and acked_epoch != epoch:
                self.set_fork(incarnation, None, through)
            self.want_incarnation(push, incarnation)
            more = self.apply_pull(pull, epoch)
            for outcome in answer.get("answers", []):
                self.db.execute("UPDATE request SET outcome = ? WHERE id = ?", [json.dumps(outcome), outcome["id"]])
            if restored:
                self.db.execute("DELETE FROM request WHERE outcome ->> 'outcome' = 'granted'")
        return more, resend

    def set_fork(self, incarnation, at, above):
        self.db.execute("UPDATE journal SET forked_at = ? WHERE incarnation = ?", [at, incarnation])
        self.db.execute("UPDATE entry SET effect_feed = NULL WHERE incarnation = ? AND seq > ?", [incarnation, above])

    def want_incarnation(self, push, incarnation):
        live = self.get("incarnation")
        if self.get("wish"):
            return
        if push["verdict"] == "recover":
            self.wish("restored", {"incarnation": incarnation} | push["store"])
        elif push["verdict"] == "fork" and incarnation == live:
            self.wish("forked", {"incarnation": incarnation} | push["trunk"])

    def wish(self, reason, store_head):
        live = self.get("incarnation")
        seq, digest = self.head(live)
        public = ed25519_public(bytes.fromhex(self.get("seed"))).hex()
        ask = {
            "protocol": PROTOCOL, "id": uuid7(), "till": self.get("till"), "reason": reason, "install": self.install_id(),
            "public_key": public, "previous": {"incarnation": live, "seq": seq, "hash": digest.hex()},
        }
        self.set("wish", {"ask": ask, "store_head": store_head})

    def apply_pull(self, pull, epoch):
        """Sections 6 and 7. Says whether there is more."""
        if pull["verdict"] == "refetch":
            again = self.get("cursor") is not None
            self.set("cursor", None)
            return again
        if pull["verdict"] != "page":
            self.log.append("pull:" + pull["verdict"])
            return pull["verdict"] == "wait"
        if any(acked_epoch != epoch for _, _, _, acked_epoch in self.journals()):
            return True
        cursor = self.get("cursor")
        if cursor is None:
            self.db.execute("UPDATE feed SET unseen = 1")
        for row in pull["rows"]:
            if row.get("deleted"):
                self.db.execute("DELETE FROM feed WHERE key = ?", [row["key"]])
                continue
            if row["key"].startswith("ack/"):
                self.apply_ack(row["feed"], row["value"])
            self.db.execute(
                "INSERT OR REPLACE INTO feed VALUES (?, ?, ?, 0)", [row["key"], row["feed"], json.dumps(row["value"])]
            )
        filling = cursor is None or cursor.get("fill") is not None
        if filling and pull["cursor"].get("fill") is None:
            self.db.execute("DELETE FROM feed WHERE unseen = 1")
        self.set("cursor", pull["cursor"])
        return pull["more"]

    def apply_ack(self, feed, ack):
        incarnation, through = ack["incarnation"], min(ack["through"], self.own_through(ack["incarnation"]))
        update = "UPDATE entry SET effect_feed = ? WHERE incarnation = ? AND seq BETWEEN ? AND ?"
        self.db.execute(update, [feed, incarnation, ack["from"], through])
        for seq in ack.get("quarantined", []):
            if seq <= through:
                self.db.execute(update, [None, incarnation, seq, seq])

    # --- Sections 9 and 10: incarnations, downloads ---

    def sync_incarnation(self):
        """Asks for a new incarnation where one is needed. False when the store cannot be asked now."""
        if not self.get("wish"):
            with self:
                self.wish("restored", None)
        wish = self.get("wish")
        try:
            answer = json.loads(self.post("/sync/v1/incarnation", json.dumps(wish["ask"]).encode(), plain=True))
        except (Unreachable, Refused) as failure:
            self.log.append(f"incarnation not granted: {failure}")
            return False
        with self:
            live = self.get("incarnation")
            held = next((h for h in answer["held"] if h["incarnation"] == live), None)
            store_head = wish["store_head"] or held and {
                "incarnation": live, "seq": held["received_through"], "hash": held["received_hash"]
            }
            self.set("session", answer["session"])
            self.note_held(answer["held"])
            self.begin(answer["incarnation"], wish["ask"]["reason"], wish["ask"]["previous"], store_head)
            self.set("wish", None)
        self.log.append(f"incarnation:{answer['incarnation']}")
        return True

    def download(self, incarnation, after):
        ask = {"protocol": PROTOCOL, "till": self.get("till"), "incarnation": incarnation, "after": after}
        try:
            header, entries = read_frames(self.post("/sync/v1/entries", json.dumps(ask).encode(), plain=True))
        except Refused as refused:
            if refused.status != 404:
                raise
            header, entries = {"more": False}, []
        prev = self.db.execute(
            "SELECT hash FROM foreign_entry WHERE incarnation = ? AND seq = ?", [incarnation, after]
        ).fetchone()
        prev = prev[0] if prev else self.hash_at(incarnation, after)
        with self:
            for frame, data in entries:
                digest = entry_hash(prev, data)
                text = head_text(self.get("till"), incarnation, frame["seq"], digest)
                key = bytes.fromhex(header["public_key"])
                if digest.hex() != frame["hash"] or not ed25519_verify(key, text, bytes.fromhex(frame["sig"])):
                    raise Unreachable(f"downloaded entry {frame['seq']} does not verify")
                self.db.execute(
                    "INSERT OR REPLACE INTO foreign_entry VALUES (?, ?, ?, ?)", [incarnation, frame["seq"], digest, data]
                )
                prev, after = digest, frame["seq"]
            if header["more"]:
                self.db.execute("UPDATE missing SET after = ? WHERE incarnation = ?", [after, incarnation])
            else:
                self.db.execute("DELETE FROM missing WHERE incarnation = ?", [incarnation])

    # --- Section 11: until nothing is left to say or hear ---

    def sync(self, patience_s):
        wait, resend, until = 1.0, None, time.monotonic() + patience_s
        for _ in range(10_000):
            try:
                if self.needs_incarnation():
                    if not self.sync_incarnation():
                        raise Unreachable(self.log[-1])
                    resend = None
                before = self.progress()
                more, resend = self.exchange(resend)
                wait = 1.0
                epoch = self.get("epoch")
                unsaid = any(acked < head[0] or seen != epoch for _, head, acked, seen in self.journals())
                if self.needs_incarnation() or resend or ((more or unsaid) and self.progress() != before):
                    continue
                missing = self.db.execute("SELECT incarnation, after FROM missing").fetchone()
                if missing:
                    self.download(*missing)
                    continue
                return self.status() | {"settled": not (more or unsaid), "verdicts": self.log}
            except (Unreachable, Refused) as failure:
                least = getattr(failure, "retry_after", 0)
                if getattr(failure, "status", 0) in (400, 401, 403, 426) or time.monotonic() + wait + least > until:
                    raise
                time.sleep(least + wait * random.uniform(0.5, 1.0))
                wait = min(wait * 2, 300.0)
        raise Unreachable("no end in sight")

    def progress(self):
        return (json.dumps(self.get("cursor")), self.get("epoch"), [(j[0], j[2], j[3]) for j in self.journals()])

    # --- What people ask ---

    def show(self, sku):
        location = self.get("location")
        row = self.row(f"stock/{location}/{sku}")
        feed, level = (row[0], row[1]["on_hand_milli"]) if row else (0, 0)
        own = self.db.execute(
            """SELECT coalesce(sum(m.quantity_milli), 0) FROM movement m JOIN entry e USING (incarnation, seq)
               WHERE m.sku = ? AND m.location = ? AND (e.effect_feed IS NULL OR e.effect_feed > ?)""",
            [sku, location, feed],
        ).fetchone()[0]
        return {"sku": sku, "level_milli": level, "row_feed": feed, "own_milli": own, "shown_milli": level + own}

    def status(self):
        journals = [
            {"incarnation": number, "head": head[0], "hash": head[1].hex(), "acked": acked}
            for number, head, acked, _ in self.journals()
        ]
        count = lambda table: self.db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        outcomes = self.db.execute("SELECT outcome FROM request WHERE outcome IS NOT NULL").fetchall()
        return {
            "till": self.get("till"), "incarnation": self.get("incarnation"), "epoch": self.get("epoch"),
            "cursor": self.get("cursor"), "journals": journals, "rows": count("feed"), "foreign": count("foreign_entry"),
            "outcomes": [json.loads(outcome) for outcome, in outcomes],
        }

    def backup(self, path):
        target = sqlite3.connect(path)
        self.db.backup(target)
        target.close()
        return {"backup": path}


def restore(data, path, unnoticed):
    """Puts a backup in place. A restore by the book has a new install id; a copied disk keeps the old one."""
    if os.path.exists(os.path.join(data, "ledger.db")):
        for end in ["", "-wal", "-shm"]:
            if os.path.exists(os.path.join(data, "ledger.db" + end)):
                os.remove(os.path.join(data, "ledger.db" + end))
    shutil.copy(path, os.path.join(data, "ledger.db"))
    install = os.path.join(data, "install")
    if not unnoticed and os.path.exists(install):
        os.remove(install)
    return {"restored": path}


def selftest(golden):
    """The worked bytes of section 16, computed again."""
    read = lambda name: open(os.path.join(golden, name), "rb").read()
    want = json.loads(read("journal.json"))
    seed, till, incarnation = bytes.fromhex(want["till_secret_seed"]), want["till"], want["incarnation"]
    assert ed25519_public(seed).hex() == want["till_public_key"], "public key"
    prev = genesis(till, incarnation)
    assert prev.hex() == want["genesis"], "genesis"
    entries = []
    for index, entry in enumerate(want["entries"]):
        frame = entry["frame"]
        data = read(entry["bytes"])[:-1] if "bytes" in entry else bytes.fromhex(entry["bytes_hex"])
        digest = entry_hash(prev, data)
        text = head_text(till, incarnation, frame["seq"], digest)
        assert (frame["prev"], frame["hash"]) == (prev.hex(), digest.hex()), f"hash of entry {index + 1}"
        assert ed25519_sign(seed, text).hex() == frame["sig"], f"signature of entry {index + 1}"
        sidecar = read("sidecar-3.txt").decode() if index == 2 else None
        entries.append((frame["seq"], prev, digest, bytes.fromhex(frame["sig"]), data, sidecar))
        prev = digest
    assert sidecar_hash(read("sidecar-3.txt").decode()) == want["sidecar_hash"], "sidecar"
    ack = want["acknowledgement"]
    text = ack_text(ack["tenant"], till, incarnation, ack["head"]["seq"], bytes.fromhex(ack["head"]["hash"]), ack["epoch"], ack["at_ms"])
    store = bytes.fromhex(want["store_public_key"])
    assert ed25519_verify(store, text, bytes.fromhex(ack["sig"])), "acknowledgement"
    assert not ed25519_verify(store, text + b"x", bytes.fromhex(ack["sig"])), "a forged acknowledgement"
    body = read("exchange-request.body")
    header, frames = read_frames(body)
    assert [data for _, data in frames] == [entry[4] for entry in entries[2:]], "frames of the push"
    again = frames_body(header, entries[2:])
    assert read_frames(again) == read_frames(body), "a push as this till writes it"
    headers = dict(line.split(": ") for line in read("exchange-request.headers").decode().splitlines()[1:])
    mac = request_mac(bytes(range(64, 96)), "/sync/v1/exchange", body, headers["Daybook-Session"])
    assert mac == headers["Daybook-Mac"], "MAC"
    return {"selftest": "passed", "entries": len(entries)}


def main():
    parser = argparse.ArgumentParser(description="A Daybook till in Python, written from PROTOCOL.md.")
    parser.add_argument("--data", help="folder of the ledger")
    parser.add_argument("--store", help="address of the store, for enrol")
    parser.add_argument("--patience", type=float, default=20.0, help="seconds to try again before giving up")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("enrol").add_argument("code")
    sell = commands.add_parser("sell")
    sell.add_argument("sku")
    sell.add_argument("quantity_milli", type=int)
    sell.add_argument("--price-minor", type=int)
    lease = commands.add_parser("lease")
    lease.add_argument("sku")
    lease.add_argument("quantity_milli", type=int)
    sell.add_argument("--hold", help="pay from what the store has set aside under this request")
    card = commands.add_parser("card")
    card.add_argument("number")
    card.add_argument("amount_minor", type=int)
    ask = commands.add_parser("ask")
    ask.add_argument("medium")
    ask.add_argument("number")
    ask.add_argument("amount_minor", type=int)
    commands.add_parser("show").add_argument("sku")
    for name in ["sync", "status", "poison"]:
        commands.add_parser(name)
    commands.add_parser("backup").add_argument("file")
    back = commands.add_parser("restore")
    back.add_argument("file")
    back.add_argument("--unnoticed", action="store_true")
    commands.add_parser("selftest").add_argument("golden")
    args = parser.parse_args()
    if args.command == "selftest":
        return selftest(args.golden)
    if not args.data:
        parser.error("--data is needed")
    if args.command == "restore":
        return restore(args.data, args.file, args.unnoticed)
    till = Till(args.data)
    if args.store and args.command != "enrol":
        with till:
            till.set("store", args.store.rstrip("/"))
    if args.command == "enrol":
        if not args.store:
            parser.error("--store is needed")
        return till.enrol(args.store, args.code)
    if args.command == "sell":
        return till.sell(args.sku, args.quantity_milli, args.price_minor, hold=args.hold)
    if args.command == "card":
        return till.sell("GIFT-CARD", 1000, args.amount_minor, card=args.number)
    if args.command == "ask":
        fields = {"medium": args.medium, "number": args.number, "amount_minor": args.amount_minor}
        return till.ask({"kind": "balance.spend"} | fields)
    if args.command == "lease":
        return till.ask_lease(args.sku, args.quantity_milli)
    if args.command == "show":
        return till.show(args.sku)
    if args.command == "sync":
        return till.sync(args.patience)
    if args.command == "poison":
        with till:
            return {"seq": till.append_bytes(b"\x00not json\n\xff")}
    if args.command == "backup":
        return till.backup(args.file)
    return till.status()


if __name__ == "__main__":
    try:
        print(json.dumps(main()))
    except (Unreachable, Refused) as failure:
        print(json.dumps({"error": str(failure), "code": getattr(failure, "error", {}).get("code", "unreachable")}))
        sys.exit(2)
