// readInt32BE and its many sisters, made from a table.

/** DataView's name, bytes, Node's names of it (`readUInt8` and `readUint8` are the same). */
const KINDS = [
  ['Int8', 1, ['Int8']],
  ['Uint8', 1, ['UInt8', 'Uint8']],
  ['Int16', 2, ['Int16']],
  ['Uint16', 2, ['UInt16', 'Uint16']],
  ['Int32', 4, ['Int32']],
  ['Uint32', 4, ['UInt32', 'Uint32']],
  ['BigInt64', 8, ['BigInt64']],
  ['BigUint64', 8, ['BigUInt64', 'BigUint64']],
  ['Float32', 4, ['Float']],
  ['Float64', 8, ['Double']],
];

/** What each whole number may be. */
const RANGES = {
  Int8: [-(2 ** 7), 2 ** 7 - 1],
  Uint8: [0, 2 ** 8 - 1],
  Int16: [-(2 ** 15), 2 ** 15 - 1],
  Uint16: [0, 2 ** 16 - 1],
  Int32: [-(2 ** 31), 2 ** 31 - 1],
  Uint32: [0, 2 ** 32 - 1],
  BigInt64: [-(2n ** 63n), 2n ** 63n - 1n],
  BigUint64: [0n, 2n ** 64n - 1n],
};

export function addNumbers(prototype) {
  for (const [kind, size, names] of KINDS) {
    for (const name of names) {
      for (const [end, little] of size === 1 ? [['', true]] : [['LE', true], ['BE', false]]) {
        define(prototype, `read${name}${end}`, reader(kind, size, little));
        define(prototype, `write${name}${end}`, writer(kind, size, little));
      }
    }
  }
  for (const name of ['Int', 'UInt', 'Uint']) {
    const signed = name === 'Int';
    for (const little of [true, false]) {
      const end = little ? 'LE' : 'BE';
      define(prototype, `read${name}${end}`, function read(at, size) {
        return readWide(this, at, size, little, signed);
      });
      define(prototype, `write${name}${end}`, function write(value, at, size) {
        return writeWide(this, value, at, size, little);
      });
    }
  }
}

function define(prototype, name, value) {
  Object.defineProperty(prototype, name, { value, writable: true, configurable: true });
}

const viewOf = (buffer) => new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);

function reader(kind, size, little) {
  const get = DataView.prototype[`get${kind}`];
  return function read(at = 0) {
    check(this, at, size);
    return get.call(viewOf(this), at, little);
  };
}

function writer(kind, size, little) {
  const set = DataView.prototype[`set${kind}`];
  const range = RANGES[kind];
  return function write(value, at = 0) {
    if (range && (value < range[0] || value > range[1])) {
      throw outOfRange('value', `>= ${range[0]} and <= ${range[1]}`, value);
    }
    check(this, at, size);
    set.call(viewOf(this), at, value, little);
    return at + size;
  };
}

/** Up to 48 bits. */
function readWide(buffer, at, size, little, signed) {
  check(buffer, at, size);
  let value = 0;
  for (let step = 0; step < size; step += 1) {
    value = value * 256 + buffer[little ? at + size - 1 - step : at + step];
  }
  return signed && value >= 2 ** (8 * size - 1) ? value - 2 ** (8 * size) : value;
}

function writeWide(buffer, value, at, size, little) {
  check(buffer, at, size);
  let rest = value < 0 ? value + 2 ** (8 * size) : value;
  for (let step = 0; step < size; step += 1) {
    buffer[little ? at + step : at + size - 1 - step] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return at + size;
}

function check(buffer, at, size) {
  if (Number.isInteger(at) && at >= 0 && at + size <= buffer.length) return;
  if (typeof at !== 'number') {
    const error = new TypeError(`The "offset" argument must be of type number. Received ${typeof at}`);
    error.code = 'ERR_INVALID_ARG_TYPE';
    throw error;
  }
  if (buffer.length < size) {
    const error = new RangeError('Attempt to access memory outside buffer bounds');
    error.code = 'ERR_BUFFER_OUT_OF_BOUNDS';
    throw error;
  }
  throw outOfRange('offset', `>= 0 and <= ${buffer.length - size}`, at);
}

function outOfRange(what, wanted, got) {
  const error = new RangeError(`The value of "${what}" is out of range. It must be ${wanted}. Received ${got}`);
  error.code = 'ERR_OUT_OF_RANGE';
  return error;
}
