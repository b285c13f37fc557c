// A Kafka client in a worker of its own: loads a broker through ports of window.konbini.connect.
// A message {run, ports, with} is answered with {result} or {error}. Bytes are made before the clock starts.
import { Connection, batch, produceFrame, walk } from "./kafka.js";

async function produce(ports, { topic, records, size, rounds, inFlight }) {
  const connections = ports.map((port) => new Connection(port));
  const one = batch(records, size);
  const frames = connections.map((_, partition) => produceFrame(topic, partition, one));
  // The first of each is not timed: the log is made with it.
  await Promise.all(connections.map((connection, partition) => connection.produce(frames[partition])));
  const ms = [];
  const start = performance.now();
  await Promise.all(connections.map((connection, partition) => {
    let sent = 0;
    const lane = async () => {
      while (sent < rounds) {
        sent += 1;
        const from = performance.now();
        await connection.produce(frames[partition]);
        ms.push(performance.now() - from);
      }
    };
    return Promise.all(Array.from({ length: inFlight }, lane));
  }));
  const seconds = (performance.now() - start) / 1000;
  connections.forEach((connection) => connection.end());
  const batches = rounds * connections.length;
  return { seconds, bytes: one.length * batches, records: records * batches, ms };
}

async function consume([port], { topic, from, max, bytes }) {
  const connection = new Connection(port);
  let offset = from;
  let got = 0;
  const ms = [];
  const start = performance.now();
  while (got < bytes) {
    const began = performance.now();
    const piece = walk(await connection.fetch(topic, 0, offset, max));
    ms.push(performance.now() - began);
    if (piece.bytes === 0) throw new Error(`nothing at offset ${offset} of ${topic}`);
    got += piece.bytes;
    offset = piece.next;
  }
  const seconds = (performance.now() - start) / 1000;
  connection.end();
  return { seconds, bytes: got, next: offset, ms };
}

const runs = { produce, consume };

self.onmessage = async ({ data }) => {
  try {
    self.postMessage({ result: await runs[data.run](data.ports, data.with) });
  } catch (error) {
    self.postMessage({ error: String(error?.stack ?? error) });
  }
};
