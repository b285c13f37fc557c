// Node's `zlib` on fflate: whole buffers, with a callback or at once. No streams.
import { deflateSync, gunzipSync, gzipSync, inflateSync, unzlibSync, zlibSync } from 'fflate';

const input = (data) => (typeof data === 'string' ? Buffer.from(data) : data);

function unzip(bytes) {
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  return isGzip ? gunzipSync(bytes) : unzlibSync(bytes);
}

const WORKS = {
  // No time in its header: the same bytes give the same bytes.
  gzip: (bytes, options) => gzipSync(bytes, { level: level(options), mtime: 0 }),
  gunzip: gunzipSync,
  deflate: (bytes, options) => zlibSync(bytes, { level: level(options) }),
  inflate: unzlibSync,
  deflateRaw: (bytes, options) => deflateSync(bytes, { level: level(options) }),
  inflateRaw: inflateSync,
  unzip,
};

const level = (options) => (options?.level >= 0 ? options.level : 6);

function run(name, data, options) {
  try {
    const bytes = WORKS[name](input(data), options);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  } catch (error) {
    throw Object.assign(new Error(error.message), { errno: -3, code: 'Z_DATA_ERROR' });
  }
}

/** `later(task)` runs a task of its own in this turn. */
export function zlibWith(later) {
  const zlib = { constants: { Z_DEFAULT_COMPRESSION: -1, Z_BEST_SPEED: 1, Z_BEST_COMPRESSION: 9 } };
  for (const name of Object.keys(WORKS)) {
    zlib[`${name}Sync`] = (data, options) => run(name, data, options);
    zlib[name] = (data, options, callback) => {
      const done = typeof options === 'function' ? options : callback;
      later(() => {
        let result;
        try {
          result = run(name, data, options);
        } catch (error) {
          return done(error);
        }
        done(null, result);
      });
    };
  }
  return zlib;
}
