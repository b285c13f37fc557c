// @kafkajs/zstd is a program for one processor on npm; here it is the same function on zstd compiled to WebAssembly.
const { decompress } = require('fzstd');
const { compress } = require('./zstd.js');

/** That of the package's own library. */
const DEFAULT_LEVEL = 1;
const LEVEL_MAX = 22;

module.exports = ({ level = DEFAULT_LEVEL, dict } = {}, { dict: dictOfReads } = {}) => {
  if (dict || dictOfReads) throw new Error('@kafkajs/zstd: dictionaries are not here');
  if (!Number.isInteger(level) || level > LEVEL_MAX) {
    throw new RangeError(`@kafkajs/zstd: level is a whole number up to ${LEVEL_MAX}, not ${level}`);
  }
  return () => ({
    compress: async (encoder) => asBuffer(compress(encoder.buffer, level)),
    // Not zstd-wasm's: that must know the size beforehand, and frames of Java's clients do not say it.
    decompress: async (buffer) => asBuffer(decompress(buffer)),
  });
};

const asBuffer = (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
