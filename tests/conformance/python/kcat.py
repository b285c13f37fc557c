"""kcat, run as people run it. Usage: kcat.py HOST:PORT

kcat creates no topics: the broker does when something is produced, with one partition. A topic with settings is made by
confluent-kafka.
"""

import json
import subprocess
import tempfile
import threading
import time

from confluent_kafka.admin import AdminClient, NewTopic

from cases import PATIENCE_S, bootstrap, fresh, order, run, until
from scenarios import COMPACTED, compacts


def topic():
    return fresh("kcat")


def start(*arguments, **pipes):
    """A kcat that goes on; its output is text."""
    command = ["kcat", "-b", bootstrap(), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **pipes)


def kcat(*arguments, text=None, fails=False):
    """Runs to the end. What it printed; what it complained of if it is to fail."""
    process = start(*arguments, stdin=subprocess.PIPE)
    try:
        out, err = process.communicate(text, PATIENCE_S)
    finally:
        process.kill()
    assert (process.returncode != 0) == fails, f"kcat {arguments} ended with {process.returncode}: {err}"
    return err if fails else out


def produce(name, lines, *arguments):
    kcat("-P", "-t", name, *arguments, text="".join(f"{line}\n" for line in lines))


def read(name, *arguments, form="%s\\n"):
    return kcat("-C", "-e", "-q", "-t", name, "-f", form, *arguments).splitlines()


def whole_records():
    """keys, headers, null values, as text and as JSON"""
    name = topic()
    produce(name, ["a:1", "b:"], "-K:", "-Z", "-H", "kind=parcel", "-H", "weight=2")
    found = read(name, form="%t %p %o %k %s %S %h\\n")
    assert found == [
        f"{name} 0 0 a 1 1 kind=parcel,weight=2",
        f"{name} 0 1 b  -1 kind=parcel,weight=2",
    ], found
    first, second = [json.loads(line) for line in kcat("-C", "-e", "-q", "-t", name, "-J").splitlines()]
    assert (first["key"], first["payload"], second["payload"]) == ("a", "1", None), (first, second)
    assert first["headers"] == ["kind", "parcel", "weight", "2"], first
    assert abs(first["ts"] / 1000 - time.time()) < PATIENCE_S, first


def positions():
    """from an offset, from the end, from a time, so many"""
    name = topic()
    produce(name, range(5))
    time.sleep(0.01)
    between = int(time.time() * 1000)
    time.sleep(0.01)
    produce(name, range(5, 10))
    assert read(name, "-o", "3", "-c", "2") == ["3", "4"]
    assert read(name, "-o", "-2") == ["8", "9"]
    assert read(name, "-o", f"s@{between}") == ["5", "6", "7", "8", "9"]
    assert read(name, "-o", "beginning", "-o", f"e@{between}") == ["0", "1", "2", "3", "4"]
    for asked, offset in [(-1, 10), (-2, 0), (between, 5)]:
        found = kcat("-Q", "-t", f"{name}:0:{asked}").strip()
        assert found == f"{name} [0] offset {offset}", found


def metadata():
    """brokers, topics and partitions are listed"""
    name = topic()
    produce(name, ["a"])
    found = json.loads(kcat("-L", "-J"))
    assert [broker["id"] for broker in found["brokers"]] == [1, 2, 3], found
    assert found["controllerid"] in (1, 2, 3), found
    of_it = next(each for each in found["topics"] if each["topic"] == name)
    [partition] = of_it["partitions"]
    assert partition["leader"] in [replica["id"] for replica in partition["isrs"]], partition
    assert f'topic "{name}" with 1 partitions' in kcat("-L", "-t", name)


def codecs():
    """every codec, with acks of all and an idempotent producer"""
    name = topic()
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"]:
        produce(name, range(500), "-z", codec, "-X", "acks=all", "-X", "enable.idempotence=true")
    assert read(name) == [str(n) for n in range(500)] * 5


def weaker_acks():
    """acks of 0 and 1"""
    name = topic()
    for acks in ["0", "1"]:
        produce(name, range(10), "-X", f"acks={acks}")
    until(lambda: len(read(name)) == 20)


def large():
    """a record of 5 MB is refused, one of 900 KB is taken"""
    name = topic()
    produce(name, ["before"])
    for size, refused in [(5_000_000, True), (900_000, False)]:
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"x" * size)
            file.flush()
            found = kcat("-P", "-t", name, "-X", "message.max.bytes=10000000", file.name, fails=refused)
            assert not refused or "Message size too large" in found, found
    assert read(name, form="%S\\n") == ["6", "900000"]


def transactions():
    """a transaction is there once it is committed, and not before"""
    name = topic()
    produce(name, ["first"])
    # kcat's consumer is one of read_committed unless told otherwise.
    dirty = ["-X", "isolation.level=read_uncommitted"]
    # More than kcat keeps to itself before it looks for more.
    lines = [str(n) for n in range(20_000)]
    one = start("-P", "-t", name, "-X", "transactional.id=kcat", stdin=subprocess.PIPE)
    try:
        one.stdin.write("".join(f"{line}\n" for line in lines))
        one.stdin.flush()
        until(lambda: len(read(name, *dirty)) > 1)
        assert read(name) == ["first"]
        one.communicate("last\n", PATIENCE_S)
        assert one.returncode == 0
    finally:
        one.kill()
    assert read(name) == ["first", *lines, "last"]


def open_transactions():
    """a transaction of a producer that died is aborted after its time, or by the next one of its id"""
    for found in [["after"], ["after", "kept"]]:
        name = topic()
        own = ["-X", f"transactional.id={name}", "-X", "transaction.timeout.ms=2000"]
        dirty = ["-X", "isolation.level=read_uncommitted"]
        one = start("-P", "-t", name, *own, stdin=subprocess.PIPE)
        # More than kcat keeps to itself before it looks for more.
        one.stdin.write("lost\n" * 20_000)
        one.stdin.flush()
        until(lambda: len(read(name, *dirty)) > 1)
        if len(found) == 1:
            one.kill()
            one.wait(PATIENCE_S)
            produce(name, ["after"])
        else:
            produce(name, ["after"])
            produce(name, ["kept"], *own)
            _, complaint = one.communicate(None, PATIENCE_S)
            assert one.returncode != 0 and "enced" in complaint, complaint
        until(lambda: read(name) == found)


def pattern():
    """a group reads the topics of a pattern"""
    names = [topic(), topic()]
    for name in names:
        produce(name, [name])
    member = ["-G", f"{names[0]}-pattern", "-e", "-q", "-X", "auto.offset.reset=earliest"]
    assert sorted(kcat(*member, f"^({'|'.join(names)})$").split()) == sorted(names)


def static():
    """a static member comes back, and the other one does not notice"""
    names = [topic(), topic()]
    for name in names:
        produce(name, ["before"])

    def member(instance):
        config = ["-u", "-f", "%t %s\\n", "-X", f"group.instance.id={instance}", "-X", "session.timeout.ms=30000",
                  "-X", "auto.offset.reset=earliest", "-X", "partition.assignment.strategy=roundrobin"]
        return Lines(start("-G", f"{names[0]}-group", *config, *names))

    members = [member("one"), member("two")]
    try:
        until(lambda: both(members, names, "together"))
        # A line for each assignment.
        assigned = members[0].said().count("assigned")
        members[1].end()
        members[1] = member("two")
        until(lambda: both(members, names, "again"))
        assert members[0].said().count("assigned") == assigned, members[0].said()
    finally:
        for one in members:
            one.end()


def compaction():
    """a compacted topic keeps the last value of a key, and takes no record without one"""
    name = topic()
    admin = AdminClient({"bootstrap.servers": bootstrap()})
    admin.create_topics([NewTopic(name, 1, config=COMPACTED)])[name].result(PATIENCE_S)
    complaint = kcat("-P", "-t", name, text="no key\n", fails=True)
    assert "Broker failed to validate record" in complaint, complaint

    def everything():
        lines = kcat("-C", "-e", "-q", "-t", name, "-J").splitlines()
        found = [json.loads(line) for line in lines]
        return [(each["key"], each["payload"]) for each in found]

    compacts(lambda key, value: produce(name, [f"{key}:{value or ''}"], "-K:", "-Z"), everything)


def outage():
    """a producer and a consumer wait while the leader's broker is away"""
    name = topic()
    # More than kcat keeps to itself before it looks for more.
    value = lambda n: f"{n:.>200}"
    produce(name, [value(0)])
    brokers = ",".join(broker["name"] for broker in json.loads(kcat("-L", "-J"))["brokers"])
    leader_now = lambda: json.loads(kcat("-b", brokers, "-L", "-J", "-t", name))["topics"][0]["partitions"][0]["leader"]
    producer = start("-P", "-t", name, "-X", "enable.idempotence=true", "-X", "linger.ms=1", stdin=subprocess.PIPE)
    member = Lines(start("-G", f"{name}-group", "-q", "-u", "-X", "auto.offset.reset=earliest", name))
    sent = 1

    def send(count=1000):
        nonlocal sent
        producer.stdin.write("".join(f"{value(n)}\n" for n in range(sent, sent + count)))
        producer.stdin.flush()
        sent += count

    try:
        send()
        until(lambda: len(member.all()) > 1)
        leader = leader_now()
        order(leader, "stop")
        until(lambda: leader_now() != leader)
        send()
        order(leader, "start")
        until(lambda: leader_now() == leader)
        send()
        producer.communicate(None, PATIENCE_S)
        assert producer.returncode == 0
        everything = [value(n) for n in range(sent)]
        assert read(name) == everything
        until(lambda: set(member.all()) == set(everything), "the group's last record")
    finally:
        producer.kill()
        member.end()


def group():
    """a group goes on where it was"""
    name = topic()
    member = ["-G", f"{name}-group", "-e", "-q", "-X", "auto.offset.reset=earliest", name]
    produce(name, range(10))
    assert kcat(*member).split() == [str(n) for n in range(10)]
    assert kcat(*member) == ""
    produce(name, range(10, 15))
    assert kcat(*member).split() == [str(n) for n in range(10, 15)]


def rebalance():
    """two members share two topics, and one of them takes over"""
    for strategy in ["roundrobin", "cooperative-sticky"]:
        names = [topic(), topic()]
        for name in names:
            produce(name, ["before"])
        config = ["-u", "-f", "%t %s\\n", "-X", f"partition.assignment.strategy={strategy}",
                  "-X", "auto.offset.reset=earliest", "-X", "session.timeout.ms=6000"]
        members = [Lines(start("-G", f"{names[0]}-group", *config, *names)) for _ in range(2)]
        try:
            until(lambda: both(members, names, "together"))
            members[0].end()
            until(lambda: all(arrives(members[1], name, "alone") for name in names))
        finally:
            for member in members:
                member.end()


def both(members, names, value):
    """Whether each of the two gets what one of the topics gets."""
    for name in names:
        produce(name, [value])
    time.sleep(0.5)
    owned = [{line.split()[0] for line in member.recent()} for member in members]
    return all(len(each) == 1 for each in owned) and owned[0] != owned[1]


def arrives(member, name, value):
    produce(name, [value])
    time.sleep(0.5)
    return f"{name} {value}" in member.recent()


class Lines:
    """What a process prints, as it comes."""

    def __init__(self, process):
        self.process, self.lines, self.seen = process, {"stdout": [], "stderr": []}, 0
        for name, lines in self.lines.items():
            threading.Thread(target=lines.extend, args=[getattr(process, name)], daemon=True).start()

    def said(self):
        return "".join(self.lines["stderr"])

    def all(self):
        return [line.rstrip("\n") for line in list(self.lines["stdout"])]

    def recent(self):
        """Lines since it was asked last."""
        lines = self.all()
        before, self.seen = self.seen, len(lines)
        return lines[before:]

    def end(self):
        """By a signal, upon which kcat leaves its group."""
        self.process.terminate()
        self.process.wait(PATIENCE_S)


def refusals():
    """what is not there is named: a topic, a partition, an offset, a broker"""
    name = topic()
    produce(name, ["a"])
    off = ["-X", "allow.auto.create.topics=false"]
    nowhere = topic()
    found = kcat("-C", "-e", "-t", nowhere, *off, fails=True)
    assert "Unknown topic or partition" in found, found
    assert nowhere not in kcat("-L"), "looking for a topic made it"
    found = kcat("-P", "-t", name, "-p", "99", text="x\n", fails=True)
    assert "Unknown partition" in found, found
    found = kcat("-C", "-e", "-t", name, "-o", "99", "-X", "auto.offset.reset=error", fails=True)
    assert "Offset out of range" in found, found
    found = kcat("-P", "-t", "no such name", "-X", "message.timeout.ms=5000", text="x\n", fails=True)
    assert "nvalid topic" in found, found


run([
    whole_records, positions, metadata, codecs, weaker_acks, large, transactions, open_transactions, group, pattern,
    rebalance, static, compaction, refusals, outage,
])
