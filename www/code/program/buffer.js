// Node's Buffer, as a Uint8Array. Small and fast where Kafka clients are: numbers, UTF-8, concat, slice.
import { encodingOf, toBytes, toText } from './encodings.js';
import { addNumbers } from './buffer-numbers.js';

const INSPECT = Symbol.for('nodejs.util.inspect.custom');
/** Bytes that inspection shows. */
const SHOWN = 50;

export class Buffer extends Uint8Array {
  static poolSize = 8192;

  static from(value, second, third) {
    if (typeof value === 'string') return wrap(toBytes(value, known(second ?? 'utf8')));
    if (value instanceof ArrayBuffer || isShared(value)) return new Buffer(value, second, third);
    if (ArrayBuffer.isView(value)) return copyOf(value);
    if (value?.type === 'Buffer' && Array.isArray(value.data)) return copyOf(value.data);
    if (typeof value?.length === 'number') return copyOf(value);
    const primitive = value?.valueOf?.();
    if (primitive !== value && primitive !== null && primitive !== undefined) {
      return Buffer.from(primitive, second, third);
    }
    throw wrongType('first argument', 'of type string or an instance of Buffer, ArrayBuffer, or Array', value);
  }

  static alloc(size, fill, encoding) {
    const buffer = new Buffer(checkSize(size));
    return fill === undefined || fill === 0 ? buffer : buffer.fill(fill, encoding);
  }

  static allocUnsafe(size) {
    return new Buffer(checkSize(size));
  }

  static allocUnsafeSlow(size) {
    return new Buffer(checkSize(size));
  }

  static isBuffer(value) {
    return value instanceof Buffer;
  }

  static isEncoding(name) {
    return typeof name === 'string' && encodingOf(name) !== undefined;
  }

  static byteLength(value, encoding) {
    return typeof value === 'string' ? toBytes(value, known(encoding ?? 'utf8')).length : value.byteLength;
  }

  static compare(one, other) {
    const length = Math.min(one.length, other.length);
    for (let at = 0; at < length; at += 1) {
      if (one[at] !== other[at]) return one[at] < other[at] ? -1 : 1;
    }
    return Math.sign(one.length - other.length);
  }

  static concat(list, total) {
    const length = total ?? list.reduce((sum, one) => sum + one.length, 0);
    const all = new Buffer(length);
    let at = 0;
    for (const one of list) {
      if (at >= length) break;
      all.set(at + one.length > length ? one.subarray(0, length - at) : one, at);
      at += one.length;
    }
    return all;
  }

  get parent() {
    return this.buffer;
  }

  get offset() {
    return this.byteOffset;
  }

  toString(encoding, start = 0, end = this.length) {
    const part = start === 0 && end === this.length ? this : this.subarray(Math.max(0, start), Math.max(0, end));
    return toText(part, known(encoding ?? 'utf8'));
  }

  toLocaleString(encoding, start, end) {
    return this.toString(encoding, start, end);
  }

  toJSON() {
    return { type: 'Buffer', data: Array.from(this) };
  }

  equals(other) {
    return Buffer.compare(this, other) === 0;
  }

  compare(other, start = 0, end = other.length, from = 0, to = this.length) {
    return Buffer.compare(this.subarray(from, to), other.subarray(start, end));
  }

  /** A view, not a copy, as in Node. */
  slice(start, end) {
    return this.subarray(start, end);
  }

  copy(target, at = 0, start = 0, end = this.length) {
    if (at >= target.length || start >= end) return 0;
    const part = this.subarray(start, Math.min(end, start + target.length - at));
    target.set(part, at);
    return part.length;
  }

  /** `write(text)`, `(text, encoding)`, `(text, at, encoding)` or `(text, at, length, encoding)`. */
  write(text, ...where) {
    const encoding = typeof where.at(-1) === 'string' ? where.pop() : 'utf8';
    const [at = 0, length = this.length - at] = where;
    const name = known(encoding);
    const bytes = toBytes(text, name);
    let room = Math.min(bytes.length, length, this.length - at);
    // A character that does not fit is left out as a whole.
    if (name === 'utf8' && room < bytes.length) while (room > 0 && (bytes[room] & 0xc0) === 0x80) room -= 1;
    this.set(bytes.subarray(0, room), at);
    return room;
  }

  fill(value, start, end, encoding) {
    if (typeof start === 'string') return this.fill(value, 0, this.length, start);
    if (typeof end === 'string') return this.fill(value, start, this.length, end);
    if (typeof value === 'number') return super.fill(value & 0xff, start, end);
    const bytes = typeof value === 'string' ? toBytes(value, known(encoding ?? 'utf8')) : value;
    if (bytes.length === 0) return super.fill(0, start, end);
    const last = end ?? this.length;
    for (let at = start ?? 0, from = 0; at < last; at += 1, from += 1) this[at] = bytes[from % bytes.length];
    return this;
  }

  indexOf(value, from = 0, encoding = 'utf8') {
    if (typeof value === 'number') return super.indexOf(value & 0xff, from);
    const bytes = typeof value === 'string' ? toBytes(value, known(encoding)) : value;
    const first = from < 0 ? Math.max(0, this.length + from) : Math.min(from, this.length);
    for (let at = first; at + bytes.length <= this.length; at += 1) {
      if (bytes.every((byte, index) => this[at + index] === byte)) return at;
    }
    return -1;
  }

  lastIndexOf(value, from = this.length, encoding = 'utf8') {
    if (typeof value === 'number') return super.lastIndexOf(value & 0xff, Math.min(from, this.length - 1));
    const bytes = typeof value === 'string' ? toBytes(value, known(encoding)) : value;
    for (let at = Math.min(from, this.length - bytes.length); at >= 0; at -= 1) {
      if (bytes.every((byte, index) => this[at + index] === byte)) return at;
    }
    return -1;
  }

  includes(value, from, encoding) {
    return this.indexOf(value, from, encoding) !== -1;
  }

  swap16() {
    return swap(this, 2);
  }

  swap32() {
    return swap(this, 4);
  }

  swap64() {
    return swap(this, 8);
  }

  [INSPECT]() {
    const shown = toText(this.subarray(0, SHOWN), 'hex').replace(/(..)(?=.)/g, '$1 ');
    const more = this.length - SHOWN;
    const rest = more > 0 ? ` ... ${more} more byte${more > 1 ? 's' : ''}` : '';
    return `<Buffer ${shown}${rest}>`;
  }
}

addNumbers(Buffer.prototype);

/** The module `buffer`. */
export const bufferModule = {
  Buffer,
  kMaxLength: 2 ** 32,
  constants: { MAX_LENGTH: 2 ** 32, MAX_STRING_LENGTH: 2 ** 29 - 24 },
  atob: (text) => toText(toBytes(text, 'base64'), 'latin1'),
  btoa: (text) => toText(toBytes(text, 'latin1'), 'base64'),
};

const wrap = (bytes) => new Buffer(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function copyOf(values) {
  const buffer = new Buffer(values.length);
  // Floats and numbers beyond a byte lose what does not fit, as in Node.
  for (let at = 0; at < values.length; at += 1) buffer[at] = values[at];
  return buffer;
}

const isShared = (value) => typeof SharedArrayBuffer !== 'undefined' && value instanceof SharedArrayBuffer;

function known(name) {
  const encoding = encodingOf(name);
  if (encoding) return encoding;
  const error = new TypeError(`Unknown encoding: ${name}`);
  error.code = 'ERR_UNKNOWN_ENCODING';
  throw error;
}

function checkSize(size) {
  if (typeof size !== 'number') throw wrongType('"size" argument', 'of type number', size);
  if (size >= 0 && size <= bufferModule.kMaxLength) return size;
  const error = new RangeError(`The value of "size" is out of range. Received ${size}`);
  error.code = 'ERR_OUT_OF_RANGE';
  throw error;
}

function wrongType(what, wanted, value) {
  const got = value === null || value === undefined ? String(value) : `type ${typeof value}`;
  const error = new TypeError(`The ${what} must be ${wanted}. Received ${got}`);
  error.code = 'ERR_INVALID_ARG_TYPE';
  return error;
}

function swap(buffer, size) {
  if (buffer.length % size !== 0) {
    const error = new RangeError(`Buffer size must be a multiple of ${size * 8}-bits`);
    error.code = 'ERR_INVALID_BUFFER_SIZE';
    throw error;
  }
  for (let at = 0; at < buffer.length; at += size) buffer.subarray(at, at + size).reverse();
  return buffer;
}
