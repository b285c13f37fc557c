// Runs in Konbini's own page: opens connections through window.konbini and hands them to a worker,
// so that the client has a thread to itself, as the raw loops have.

const READY_TRIES = 500;
const READY_WAIT_MS = 20;

// One message to a fresh worker, one answer.
function worker(url, message, ports = []) {
  return new Promise((resolve, reject) => {
    const thread = new Worker(url, { type: "module" });
    thread.onmessage = ({ data }) => {
      thread.terminate();
      if (data.error) reject(new Error(data.error));
      else resolve(data.result);
    };
    thread.onerror = (event) => reject(new Error(event.message || `${url} did not load`));
    thread.postMessage(message, ports);
  });
}

export const raw = (run, options) => worker("/bench/raw_worker.js", { run, with: options });
export const sqlite = (options) => worker("/bench/sqlite_worker.js", { with: options });

async function partitionsOf(topic, count) {
  for (let tries = 0; tries < READY_TRIES; tries += 1) {
    const snapshot = await window.konbini.snapshot();
    const partitions = snapshot.topics.find((t) => t.name === topic)?.partitions ?? [];
    if (partitions.length >= count && partitions.every((p) => p.leader > 0)) return partitions;
    await new Promise((done) => setTimeout(done, READY_WAIT_MS));
  }
  throw new Error(`${topic} has no leaders`);
}

// A connection to each partition's leader.
function connect(partitions) {
  return Promise.all(partitions.map((p) => window.konbini.connect("localhost", 9091 + p.leader)));
}

// Sends `rounds` batches on each partition of a new topic, `inFlight` at a time on each, acks=all.
export async function produce(topic, { partitions = 1, ...load }) {
  await window.konbini.apply({
    do: "create-topic", name: topic, partitions, configs: { "max.message.bytes": "2097152" },
  });
  const ports = await connect(await partitionsOf(topic, partitions));
  return worker("/bench/client_worker.js", { run: "produce", ports, with: { topic, ...load } }, ports);
}

// Fetches partition 0 of a topic from `from` on, `max` bytes a request, until `bytes` have come.
export async function consume(topic, load) {
  const ports = await connect((await partitionsOf(topic, 1)).slice(0, 1));
  return worker("/bench/client_worker.js", { run: "consume", ports, with: { topic, ...load } }, ports);
}

export async function residentBytes() {
  const { brokers } = await window.konbini.snapshot();
  return brokers.reduce((sum, broker) => sum + broker.residentBytes, 0);
}

// Frame times of an animation loop, for `seconds`.
export function frames(seconds) {
  return new Promise((resolve) => {
    const times = [];
    let start;
    let last;
    const tick = (now) => {
      if (start === undefined) start = now;
      else times.push(now - last);
      last = now;
      if (now - start < seconds * 1000) requestAnimationFrame(tick);
      else {
        const sorted = times.toSorted((a, b) => a - b);
        resolve({ fps: (times.length * 1000) / (now - start), p95: sorted[Math.floor(sorted.length * 0.95)] });
      }
    };
    requestAnimationFrame(tick);
  });
}

// How many parcels the stage draws in a frame, counted while it paints: squares of 8 pixels when they
// are many, round ones of 12 when they are few. Not while frames are timed.
export function parcels() {
  const { prototype } = CanvasRenderingContext2D;
  const { fillRect, roundRect } = prototype;
  let count = 0;
  prototype.fillRect = function counted(x, y, w, h) {
    count += w === 8 && h === 8;
    return fillRect.call(this, x, y, w, h);
  };
  prototype.roundRect = function counted(x, y, w, h, radius) {
    count += w === 12 && h === 12;
    return roundRect.call(this, x, y, w, h, radius);
  };
  return new Promise((resolve) => {
    requestAnimationFrame(() => {
      count = 0;
      requestAnimationFrame(() => {
        Object.assign(prototype, { fillRect, roundRect });
        resolve(count);
      });
    });
  });
}
