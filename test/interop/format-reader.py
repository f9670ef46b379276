"""Reads a backup's zip by docs/format.md alone: checks all that the document promises, prints the entries as JSON."""
import hashlib, json, struct, sys, zlib

SLICE = 8 * 1024 * 1024
FLAGS = dict(changedWhileRead=1, mayHaveChanged=2, hash=4, storedCrc=8, wideMtime=16, nanoseconds=32, ctimeIsMtime=64,
             ctime=128, inode=256, wideInode=512, user=1024, group=2048)

zip = open(sys.argv[1], "rb").read()
sha256 = lambda data: hashlib.sha256(data).digest()
number = lambda data: int.from_bytes(data, "little")


def content_hash(data):
    if len(data) <= SLICE:
        return sha256(data)
    return sha256(b"".join(sha256(data[at:at + SLICE]) for at in range(0, len(data), SLICE)))


def extra_fields(data):
    found, at = [], 0
    while at < len(data):
        field, length = struct.unpack_from("<HH", data, at)
        found.append((field, data[at + 4:at + 4 + length]))
        at += 4 + length
    return found


def private_field(data, entry, owners):
    def take(length):
        nonlocal at
        at += length
        return data[at - length:at]
    at = 0
    assert take(1) == b"\x01"
    bits = number(take(2))
    flags = {name for name, value in FLAGS.items() if bits & value}
    assert bits < 4096
    entry["hash"] = take(32).hex() if "hash" in flags else None
    entry["storedCrc"] = number(take(4)) if "storedCrc" in flags else entry["crc"]
    if "wideMtime" in flags:
        entry["mtimeNs"] = int.from_bytes(take(8), "little", signed=True)
    else:
        entry["mtimeNs"] = entry["seconds"] * 10**9 + (number(take(4)) if "nanoseconds" in flags else 0)
    entry["ctimeNs"] = entry["mtimeNs"] if "ctimeIsMtime" in flags else None
    if "ctime" in flags:
        entry["ctimeNs"] = int.from_bytes(take(8), "little", signed=True)
    entry["inode"] = number(take(4)) if "inode" in flags else number(take(8)) if "wideInode" in flags else None
    for owner in ("user", "group"):
        if owner in flags:
            owners[owner][entry["uid" if owner == "user" else "gid"]] = take(number(take(1))).decode()
    assert at == len(data)


def local_header(entry):
    kind, method, seconds = entry["kind"], entry["method"], entry["seconds"]
    sizes = (entry["storedBytes"], entry["sizeBytes"])
    wide = max(sizes) >= 0xffffffff
    needed = 45 if wide else 20 if method == 8 or kind != "file" else 10
    extra = struct.pack("<HHQQ", 1, 16, sizes[1], sizes[0]) if wide else b""
    extra += b"UT" + (struct.pack("<HBi", 5, 1, seconds) if seconds is not None else struct.pack("<HBi", 5, 0, 0))
    name = bytes.fromhex(entry["name"])
    header = struct.pack("<IHHHHHI", 0x04034b50, needed, entry["flags"], method, entry["time"], entry["date"], entry["crc"])
    header += struct.pack("<IIHH", *((0xffffffff, 0xffffffff) if wide else sizes), len(name), len(extra))
    return header + name + extra


def record(at, owners):
    (signature, made, needed, flags, method, time, date, crc, stored, size, names, extras, comment, disk, internal,
     external, offset) = struct.unpack_from("<IHHHHHHIIIHHHHHII", zip, at)
    assert (signature, made >> 8, comment, disk, internal) == (0x02014b50, 3, 0, 0, 0)
    name = zip[at + 46:at + 46 + names]
    fields = extra_fields(zip[at + 46 + names:at + 46 + names + extras])
    by_id = dict(fields)
    wide = [number(by_id.get(1, b"")[at:at + 8]) for at in range(0, len(by_id.get(1, b"")), 8)]
    values = [wide.pop(0) if value == 0xffffffff else value for value in (size, stored, offset)]
    mode = external >> 16
    kind = {0o100000: "file", 0o040000: "directory", 0o120000: "link"}[mode & 0o170000]
    assert external & 0xffff == (16 if kind == "directory" else 0) and (kind == "directory") == name.endswith(b"/")
    ut = by_id.get(0x5455)
    entry = dict(name=name.hex(), kind=kind, method=method, flags=flags, time=time, date=date, crc=crc, mode=mode & 0o7777,
                 sizeBytes=values[0], storedBytes=values[1], offset=values[2], uid=None, gid=None,
                 seconds=struct.unpack("<Bi", ut)[1] if ut else None)
    ux = by_id.get(0x7875)
    if ux:
        length = ux[1]
        entry["uid"], entry["gid"] = number(ux[2:2 + length]), number(ux[3 + length:3 + length + ux[2 + length]])
    assert fields[-1][0] == 0x424c
    private_field(fields[-1][1], entry, owners)
    return entry, at + 46 + names + extras + comment


def check_data(entry):
    header = local_header(entry)
    start = entry["offset"] + len(header)
    assert zip[entry["offset"]:start] == header, "local header"
    stored = zip[start:start + entry["storedBytes"]]
    assert zlib.crc32(stored) == entry["storedCrc"], "stored CRC"
    content = zlib.decompress(stored, -15) if entry["method"] == 8 else stored
    assert len(content) == entry["sizeBytes"] and zlib.crc32(content) == entry["crc"], "content"
    if entry["kind"] != "directory":
        assert content_hash(content).hex() == entry["hash"], "hash"
    return start + entry["storedBytes"]


end = zip.rindex(b"PK\x05\x06")
count, size, start, comment = struct.unpack_from("<HIIH", zip, end + 10)
if zip[end - 20:end - 16] == b"PK\x06\x07":
    big = number(zip[end - 12:end - 4])
    count, size, start = (number(zip[big + at:big + at + 8]) for at in (32, 40, 48))
assert zip[end + 22:].decode() == f"Lifeboat {sha256(zip[start:start + size]).hex()}-{size}", "commit id"
entries, owners, at = [], dict(user={}, group={}), start
for _ in range(count):
    entry, at = record(at, owners)
    entries.append(entry)
assert at == start + size
names = [bytes.fromhex(entry["name"]) for entry in entries]
assert names == sorted(set(names)), "order"
reached = 0
for entry in sorted(entries, key=lambda entry: entry["offset"]):
    assert entry["offset"] == reached, "gap"
    reached = check_data(entry)
assert reached == start
print(json.dumps(dict(entries=entries, owners=owners)))
