// kafkajs-lz4 is a program for one processor on npm; here it is the same class on LZ4 compiled to WebAssembly.
const { compressFrame, decompressFrame } = require('./lz4-frame.js');

module.exports = class LZ4Codec {
  /** Its options choose between frames that every reader understands; only a dictionary is more than that. */
  constructor(options = {}) {
    if (options.dict) throw new Error('kafkajs-lz4: dictionaries are not here');
    this.options = options;
    this.codec = () => ({
      compress: async (encoder) => compressFrame(encoder.buffer),
      decompress: async (buffer) => decompressFrame(buffer),
    });
  }
};
