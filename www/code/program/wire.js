// The messages between a program and the cluster's worker, as bytes; crates/worker/src/program/wire.rs is the
// other side. Little-endian.
//
// A turn is a virtual moment at which the program has something to do. The cluster waits for the report that
// ends it, so that what a program does happens at that moment, however long it takes.
//
//   turn    u32 number, f64 now (virtual ms since the run's start), then events
//   report  u32 number of the turn (0 before the first: its worker is there), f64 when to wake next (-1: never), then operations
//
// Each event or operation is a kind (u8) and what the tables below say.

export const Event = { BEGIN: 0, OPEN: 1, BYTES: 2, END: 3, REFUSED: 4, SIGNAL: 5 };
export const Operation = { DIAL: 1, BYTES: 2, END: 3, EXIT: 5 };
export const NEVER = -1;

const HEAD = 12;

/** A turn with its events, as objects. Bytes are copies of their own. */
export function readTurn(message) {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const turn = { number: view.getUint32(0, true), now: view.getFloat64(4, true), events: [] };
  let at = HEAD;
  const u32 = () => view.getUint32((at += 4) - 4, true);
  while (at < message.length) {
    const kind = message[at++];
    if (kind === Event.BEGIN) {
      const seed = [u32(), u32(), u32()];
      turn.events.push({ kind, seed, epoch: view.getFloat64(at, true) });
      at += 8;
      continue;
    }
    if (kind === Event.SIGNAL) {
      turn.events.push({ kind, signal: u32() });
      continue;
    }
    const event = { kind, conn: u32() };
    if (kind === Event.BYTES) {
      const length = u32();
      event.bytes = message.slice(at, at + length);
      at += length;
    }
    turn.events.push(event);
  }
  return turn;
}

/** Collects a report's operations. */
export class Report {
  #parts = [];
  #length = HEAD;

  dial(conn, host, port) {
    const name = new TextEncoder().encode(host).subarray(0, 255);
    const { bytes, view } = this.#part(8 + name.length, Operation.DIAL, conn);
    view.setUint16(5, port, true);
    bytes[7] = name.length;
    bytes.set(name, 8);
  }

  bytes(conn, data) {
    const { bytes, view } = this.#part(9 + data.length, Operation.BYTES, conn);
    view.setUint32(5, data.length, true);
    bytes.set(data, 9);
  }

  end(conn) {
    this.#part(5, Operation.END, conn);
  }

  exit() {
    this.#part(1, Operation.EXIT);
  }

  get isEmpty() {
    return this.#parts.length === 0;
  }

  /** The message; the collection is empty afterwards. */
  take(turn, wakeAt) {
    const message = new Uint8Array(this.#length);
    const view = new DataView(message.buffer);
    view.setUint32(0, turn, true);
    view.setFloat64(4, wakeAt, true);
    let at = HEAD;
    for (const part of this.#parts) {
      message.set(part, at);
      at += part.length;
    }
    this.#parts = [];
    this.#length = HEAD;
    return message;
  }

  #part(length, kind, conn) {
    const bytes = new Uint8Array(length);
    const view = new DataView(bytes.buffer);
    bytes[0] = kind;
    if (conn !== undefined) view.setUint32(1, conn, true);
    this.#parts.push(bytes);
    this.#length += length;
    return { bytes, view };
  }
}
