// A little of Kafka's protocol, spoken from the test through `konbini.connect`.
//
// Versions that are not flexible, which keeps it little: ApiVersions v0, Produce v7, Fetch v4. A request is
//
//   size i32 | api i16 | version i16 | correlation i32 | client id: i16 length, bytes | body
//
// and its answer `size i32 | correlation i32 | body`.

const PRODUCE = 0;
const FETCH = 1;
const API_VERSIONS = 18;
const CLIENT = 'e2e';

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let crc = n;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

/** CRC-32C. */
export function crc32c(bytes) {
  let crc = ~0;
  for (const byte of bytes) crc = TABLE[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
}

const int = (bytes) => (value) => {
  const out = Buffer.alloc(bytes);
  out.writeIntBE(value, 0, bytes);
  return out;
};
const i8 = int(1);
const i16 = int(2);
const i32 = int(4);

function u32(value) {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(value);
  return out;
}

function i64(value) {
  const out = Buffer.alloc(8);
  out.writeBigInt64BE(BigInt(value));
  return out;
}

const string = (text) => (text === null ? i16(-1) : Buffer.concat([i16(Buffer.byteLength(text)), Buffer.from(text)]));

/** Zigzag, seven bits a byte, the lowest first. */
function varint(value) {
  const out = [];
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  for (; rest > 127; rest >>>= 7) out.push((rest & 127) | 128);
  out.push(rest);
  return Buffer.from(out);
}

/** The bytes of a request, its size in front. */
export function request(api, version, correlation, body) {
  const inner = Buffer.concat([i16(api), i16(version), i32(correlation), string(CLIENT), body]);
  return Buffer.concat([i32(inner.length), inner]);
}

/** A record batch (v2, base offset 0) of values without keys. */
export function batch(values, timestamp) {
  const records = values.map((value, delta) => {
    const body = Buffer.concat([i8(0), varint(0), varint(delta), varint(-1), varint(value.length), value, varint(0)]);
    return Buffer.concat([varint(body.length), body]);
  });
  const summed = Buffer.concat([
    i16(0), i32(values.length - 1), i64(timestamp), i64(timestamp), i64(-1), i16(-1), i32(-1), i32(values.length),
    ...records,
  ]);
  return Buffer.concat([i64(0), i32(9 + summed.length), i32(-1), i8(2), u32(crc32c(summed)), summed]);
}

/** The whole batches in what a fetch returned: their base offset and bytes. */
export function batches(bytes) {
  const found = [];
  for (let at = 0; at + 61 <= bytes.length; ) {
    const size = 12 + bytes.readInt32BE(at + 8);
    if (at + size > bytes.length) break;
    found.push({
      base: Number(bytes.readBigInt64BE(at)),
      count: bytes.readInt32BE(at + 23) + 1,
      bytes: bytes.subarray(at, at + size),
    });
    at += size;
  }
  return found;
}

/** What a broker may not change in a batch: all but base offset and leader epoch. */
export const lasting = (bytes) => Buffer.concat([bytes.subarray(8, 12), bytes.subarray(16)]);

/** A connection of the page to a broker, used from here; bytes cross as text, a letter for each. */
export class Connection {
  static #count = 0;

  #page;
  #name;
  #correlation = 0;

  constructor(page, name) {
    this.#page = page;
    this.#name = name;
  }

  static async open(page, host, port) {
    const name = `connection ${(Connection.#count += 1)}`;
    await page.evaluate(async ([name, host, number]) => {
      const port = await konbini.connect(host, number);
      const connection = { port, said: [], waiting: new Map(), bytes: new Uint8Array(0) };
      (globalThis.connections ??= new Map()).set(name, connection);
      const settle = () => {
        for (;;) {
          const { bytes } = connection;
          const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
          if (bytes.length < 8 || bytes.length < 4 + view.getInt32(0)) return;
          const end = 4 + view.getInt32(0);
          let answer = '';
          for (let at = 8; at < end; at += 8192) {
            answer += String.fromCharCode(...bytes.subarray(at, Math.min(end, at + 8192)));
          }
          connection.waiting.get(view.getInt32(4))?.resolve(answer);
          connection.waiting.delete(view.getInt32(4));
          connection.bytes = bytes.slice(end);
        }
      };
      port.onmessage = ({ data }) => {
        if (data instanceof Uint8Array) {
          const joined = new Uint8Array(connection.bytes.length + data.length);
          joined.set(connection.bytes);
          joined.set(data, connection.bytes.length);
          connection.bytes = joined;
          settle();
          return;
        }
        connection.said.push(data);
        if (data.t === 'open') return;
        for (const { reject } of connection.waiting.values()) reject(new Error(`the connection says ${data.t}`));
        connection.waiting.clear();
      };
    }, [name, host, port]);
    return new Connection(page, name);
  }

  /** The socket messages that came so far. */
  said() {
    return this.#page.evaluate((name) => connections.get(name).said, this.#name);
  }

  /** Sends bytes in these pieces and awaits nothing. */
  async post(...pieces) {
    await this.#page.evaluate(([name, pieces]) => {
      const { port } = connections.get(name);
      for (const piece of pieces) {
        const bytes = Uint8Array.from(piece, (letter) => letter.charCodeAt(0));
        port.postMessage(bytes, [bytes.buffer]);
      }
    }, [this.#name, pieces.map((piece) => Buffer.from(piece).toString('latin1'))]);
  }

  /** Says that no more will come. */
  async end() {
    await this.#page.evaluate((name) => connections.get(name).port.postMessage({ t: 'end' }), this.#name);
  }

  /** Sends a request and returns its answer's body. */
  async ask(api, version, body) {
    const correlation = (this.#correlation += 1);
    const frame = request(api, version, correlation, body);
    const answer = await this.#page.evaluate(([name, correlation, frame]) => {
      const connection = connections.get(name);
      return new Promise((resolve, reject) => {
        connection.waiting.set(correlation, { resolve, reject });
        const bytes = Uint8Array.from(frame, (letter) => letter.charCodeAt(0));
        connection.port.postMessage(bytes, [bytes.buffer]);
      });
    }, [this.#name, correlation, frame.toString('latin1')]);
    return Buffer.from(answer, 'latin1');
  }

  /** ApiVersions in a version that is answered with v0: the error, and each API's version range. */
  async apiVersions(version = 0) {
    // From v3 on the request's header ends with tagged fields: none.
    const answer = await this.ask(API_VERSIONS, version, Buffer.alloc(version < 3 ? 0 : 1));
    const apis = new Map();
    for (let n = 0; n < answer.readInt32BE(2); n += 1) {
      const at = 6 + n * 6;
      apis.set(answer.readInt16BE(at), [answer.readInt16BE(at + 2), answer.readInt16BE(at + 4)]);
    }
    return { error: answer.readInt16BE(0), apis, rest: answer.length - 6 - apis.size * 6 };
  }

  /** Produce with acks=all: the base offset that was given. */
  async produce(topic, partition, bytes) {
    const body = Buffer.concat([
      string(null), i16(-1), i32(30_000), i32(1), string(topic), i32(1), i32(partition), i32(bytes.length), bytes,
    ]);
    const answer = await this.ask(PRODUCE, 7, body);
    const at = 4 + 2 + answer.readInt16BE(4) + 4 + 4;
    const error = answer.readInt16BE(at);
    if (error !== 0) throw new Error(`produce to ${topic}-${partition}: error ${error}`);
    return Number(answer.readBigInt64BE(at + 2));
  }

  /** One fetch from an offset: the error, the high watermark and the bytes of batches. */
  async fetch(topic, partition, offset, most = 1 << 20) {
    const body = Buffer.concat([
      i32(-1), i32(0), i32(0), i32(most), i8(0), i32(1), string(topic), i32(1), i32(partition), i64(offset), i32(most),
    ]);
    const answer = await this.ask(FETCH, 4, body);
    const at = 4 + 4 + 2 + answer.readInt16BE(8) + 4 + 4;
    const aborted = Math.max(0, answer.readInt32BE(at + 18));
    const records = at + 22 + aborted * 16;
    const size = Math.max(0, answer.readInt32BE(records));
    return {
      error: answer.readInt16BE(at),
      highWatermark: Number(answer.readBigInt64BE(at + 2)),
      bytes: answer.subarray(records + 4, records + 4 + size),
    };
  }

  /** Every batch of a partition from this offset to its high watermark. */
  async fetchAll(topic, partition, from = 0) {
    const found = [];
    for (let next = from; ; ) {
      const { error, highWatermark, bytes } = await this.fetch(topic, partition, next);
      if (error !== 0) throw new Error(`fetch of ${topic}-${partition} from ${next}: error ${error}`);
      const run = batches(bytes);
      found.push(...run);
      if (run.length > 0) next = run.at(-1).base + run.at(-1).count;
      if (next >= highWatermark) return found;
      if (run.length === 0) throw new Error(`nothing at ${next} of ${topic}-${partition}, below ${highWatermark}`);
    }
  }
}
