// Just enough of Kafka's protocol to load a broker: Produce v7 and Fetch v4 over a MessagePort of
// window.konbini.connect.

const PRODUCE = 0;
const FETCH = 1;
// Where a request frame has its correlation id: after its size, API key and version.
const CORRELATION_AT = 8;


const TABLE = (() => {
  const table = new Uint32Array(256);
  for (let n = 0; n < 256; n += 1) {
    let crc = n;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    table[n] = crc >>> 0;
  }
  return table;
})();

function crc32c(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = TABLE[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

class Writer {
  parts = [];
  size = 0;
  raw(bytes) {
    this.parts.push(bytes);
    this.size += bytes.length;
    return this;
  }
  number(bytes, put) {
    const view = new DataView(new ArrayBuffer(bytes));
    put(view);
    return this.raw(new Uint8Array(view.buffer));
  }
  i8(n) { return this.number(1, (v) => v.setInt8(0, n)); }
  i16(n) { return this.number(2, (v) => v.setInt16(0, n)); }
  i32(n) { return this.number(4, (v) => v.setInt32(0, n)); }
  u32(n) { return this.number(4, (v) => v.setUint32(0, n)); }
  i64(n) { return this.number(8, (v) => v.setBigInt64(0, BigInt(n))); }
  string(text) {
    if (text === null) return this.i16(-1);
    const bytes = new TextEncoder().encode(text);
    return this.i16(bytes.length).raw(bytes);
  }
  varint(n) {
    let value = ((n << 1) ^ (n >> 31)) >>> 0;
    const out = [];
    while (value > 127) {
      out.push((value & 127) | 128);
      value >>>= 7;
    }
    out.push(value);
    return this.raw(Uint8Array.from(out));
  }
  bytes() {
    const out = new Uint8Array(this.size);
    let at = 0;
    for (const part of this.parts) {
      out.set(part, at);
      at += part.length;
    }
    return out;
  }
}

function record(delta, value) {
  const body = new Writer().i8(0).varint(0).varint(delta).varint(-1).varint(value.length).raw(value).varint(0).bytes();
  return new Writer().varint(body.length).raw(body).bytes();
}

// A v2 batch of `records` values of `size` random bytes each.
export function batch(records, size) {
  const body = new Writer();
  for (let n = 0; n < records; n += 1) {
    const value = new Uint8Array(size);
    for (let at = 0; at < size; at += 65536) crypto.getRandomValues(value.subarray(at, Math.min(at + 65536, size)));
    body.raw(record(n, value));
  }
  // The virtual clock's first year: a broker refuses what is an hour ahead of it.
  const now = 1767225600000;
  const crced = new Writer().i16(0).i32(records - 1).i64(now).i64(now).i64(-1).i16(-1).i32(-1).i32(records).raw(body.bytes()).bytes();
  return new Writer().i64(0).i32(9 + crced.length).i32(-1).i8(2).u32(crc32c(crced)).raw(crced).bytes();
}

// A request as a frame: size, then header v1, then body. The correlation id is set when it is sent.
function frame(api, version, body) {
  const header = new Writer().i16(api).i16(version).i32(0).string("bench");
  return new Writer().i32(header.size + body.size).raw(header.bytes()).raw(body.bytes()).bytes();
}

// A Produce request of one batch, acks=all.
export function produceFrame(topic, partition, batchBytes) {
  const body = new Writer().string(null).i16(-1).i32(30000)
    .i32(1).string(topic).i32(1).i32(partition).i32(batchBytes.length).raw(batchBytes);
  return frame(PRODUCE, 7, body);
}

function fetchFrame(topic, partition, offset, max) {
  const body = new Writer().i32(-1).i32(500).i32(1).i32(max).i8(0)
    .i32(1).string(topic).i32(1).i32(partition).i64(offset).i32(max);
  return frame(FETCH, 4, body);
}

export class Connection {
  #port;
  // Resolvers by correlation id.
  #waiting = new Map();
  // Bytes of a response that has not come whole.
  #rest = new Uint8Array(0);
  #next = 1;

  constructor(port) {
    this.#port = port;
    port.onmessage = ({ data }) => {
      if (data instanceof Uint8Array) this.#receive(data);
      else if (data.t !== "open") this.#fail(new Error(`the connection ended: ${data.code ?? data.t}`));
    };
  }

  #fail(error) {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  #receive(data) {
    let bytes = data;
    if (this.#rest.length > 0) {
      bytes = new Uint8Array(this.#rest.length + data.length);
      bytes.set(this.#rest);
      bytes.set(data, this.#rest.length);
    }
    while (bytes.length >= 8) {
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      const end = 4 + view.getInt32(0);
      if (bytes.length < end) break;
      const id = view.getInt32(4);
      this.#waiting.get(id)?.resolve(bytes.subarray(8, end));
      this.#waiting.delete(id);
      bytes = bytes.subarray(end);
    }
    this.#rest = bytes;
  }

  // Sends a copy of a frame; resolves with the response's body.
  #request(template) {
    const id = this.#next++;
    const bytes = template.slice();
    new DataView(bytes.buffer).setInt32(CORRELATION_AT, id);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#port.postMessage(bytes, [bytes.buffer]);
    });
  }

  // Resolves with the base offset of the batch.
  async produce(template) {
    const body = await this.#request(template);
    const view = new DataView(body.buffer, body.byteOffset);
    const at = 4 + 2 + view.getInt16(4) + 4;
    const error = view.getInt16(at + 4);
    if (error !== 0) throw new Error(`the broker refused a batch: error ${error}`);
    return Number(view.getBigInt64(at + 6));
  }

  // One fetch of at most `max` bytes from an offset; resolves with the bytes of its batches.
  async fetch(topic, partition, offset, max) {
    const body = await this.#request(fetchFrame(topic, partition, offset, max));
    const view = new DataView(body.buffer, body.byteOffset);
    let at = 4 + 4 + 2 + view.getInt16(8) + 4 + 4;
    const error = view.getInt16(at);
    if (error !== 0) throw new Error(`fetch of ${topic}-${partition} from ${offset}: error ${error}`);
    at += 2 + 8 + 8;
    at += 4 + Math.max(0, view.getInt32(at)) * 16;
    return body.subarray(at + 4, at + 4 + view.getInt32(at));
  }

  end() {
    this.#port.postMessage({ t: "end" });
  }
}

// Bytes of the batches in `run` and the offset after the last of them.
export function walk(run) {
  const view = new DataView(run.buffer, run.byteOffset, run.length);
  let at = 0;
  let next = -1;
  while (at + 61 <= run.length) {
    const size = 12 + view.getInt32(at + 8);
    if (at + size > run.length) break;
    next = Number(view.getBigInt64(at)) + view.getInt32(at + 23) + 1;
    at += size;
  }
  return { bytes: at, next };
}
