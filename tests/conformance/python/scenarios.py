"""What the clients go through in the same way. A client says how it writes, reads and looks at a partition."""

import time

from cases import PATIENCE_S, order, until

COMPACTED = {
    "cleanup.policy": "compact",
    "segment.ms": "100",
    "min.cleanable.dirty.ratio": "0.01",
    "delete.retention.ms": "0",
}


def compacts(write, read):
    """write(key, value) returns when it is acknowledged, read() is all the keys and values of a COMPACTED topic."""
    for n in range(20):
        write(f"k{n % 4}", str(n))
    write("k0", None)
    # The segment that is written to is not cleaned.
    assert read()[-1] == ("k0", None), read()

    def cleaned():
        write("clock", "now")
        found = [(key, value) for key, value in read() if key != "clock"]
        return found == [("k1", "17"), ("k2", "18"), ("k3", "19")]

    until(cleaned, "the last value of each key alone")


class Load:
    """A producer and a group of one that reads what it writes, while brokers go and come.

    `client` has send(value, acked), where acked(value) is to be called; receive(), the values that came meanwhile;
    partition(), the leader and how many replicas are in sync; flush(); and close().
    """

    def __init__(self, client):
        self.client, self.sent, self.acked, self.seen = client, 0, set(), set()

    def go_on(self, holds):
        """Writes and reads until it holds."""
        end = time.monotonic() + PATIENCE_S
        while not holds():
            assert time.monotonic() < end, f"{self.sent} sent, {len(self.acked)} acked, {len(self.seen)} read"
            self.client.send(str(self.sent), self.acked.add)
            self.sent += 1
            self.seen.update(self.client.receive())

    def more(self, count=200):
        """Goes on until so many more are acknowledged and read."""
        acked, seen = len(self.acked) + count, len(self.seen) + count
        self.go_on(lambda: len(self.acked) >= acked and len(self.seen) >= seen)

    def finish(self):
        """Everything is acknowledged and read by the group; it is given back in order."""
        self.client.flush()
        everything = [str(n) for n in range(self.sent)]
        end = time.monotonic() + PATIENCE_S
        while len(self.seen) < self.sent:
            assert time.monotonic() < end, f"the group read {len(self.seen)} of {self.sent}"
            self.seen.update(self.client.receive())
        self.client.close()
        assert self.acked == self.seen == set(everything), f"{self.sent} sent, {len(self.acked)} acked"
        return everything


def failover(client, read):
    """A leader is killed, then the next one stopped; read() is all the values of the topic."""
    load = Load(client)
    load.more()
    for what in ["kill", "stop"]:
        leader, replicas = client.partition()
        order(leader, what)
        load.go_on(lambda: client.partition()[0] not in (leader, -1))
        load.more()
        order(leader, "start")
        load.go_on(lambda: client.partition()[1] == replicas)
        load.more()
    everything = load.finish()
    assert read() == everything, "something is missing, twice or out of order"
