// Frames of LZ4 as Kafka's own clients write them, and whatever Kafka takes: independent blocks, without a dictionary.
// https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md; all numbers are little-endian.
import { compress, decompress } from 'lz4-wasm';

const MAGIC = 0x184d2204;
/** Version 1, independent blocks, no checksums, no size; blocks of 64 KiB; and the check of these two bytes. */
const DESCRIPTOR = [0x60, 0x40, 0x82];
const BLOCK_BYTES = 65_536;
/** Set in the length of a block that is stored as it is. */
const PLAIN = 0x8000_0000;
/** lz4-wasm's blocks begin with their length when decompressed. */
const LENGTH_BYTES = 4;
/** Bytes of a block at the most. */
const BLOCK_BYTES_MAX = 4_194_304;
/** A length of 15 in a token goes on in the bytes that follow, as long as they are 255. */
const LONG = 15;
const MATCH_MIN = 4;

export function compressFrame(bytes) {
  const parts = [uint32(MAGIC), Buffer.from(DESCRIPTOR)];
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
    const plain = bytes.subarray(at, at + BLOCK_BYTES);
    const packed = compress(plain).subarray(LENGTH_BYTES);
    if (packed.length < plain.length) parts.push(uint32(packed.length), packed);
    else parts.push(uint32(PLAIN + plain.length), plain);
  }
  return Buffer.concat([...parts, uint32(0)]);
}

export function decompressFrame(bytes) {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const parts = [];
  const flags = flagsOf(source);
  for (let at = flags & 0x08 ? 15 : 7; ; ) {
    const head = source.readUInt32LE(at);
    if (head === 0) return Buffer.concat(parts);
    const from = at + 4;
    const to = from + (head & ~PLAIN);
    if (to > source.length) throw new Error('lz4: the frame ends within a block');
    const block = source.subarray(from, to);
    parts.push(head >= PLAIN ? block : unpack(block));
    at = to + (flags & 0x10 ? 4 : 0);
  }
}

function flagsOf(source) {
  if (source.length < 7 || source.readUInt32LE(0) !== MAGIC) throw new Error('lz4: these bytes are not a frame');
  const flags = source[4];
  if (flags >> 6 !== 1) throw new Error(`lz4: version ${flags >> 6} of frames is not known, 1 is`);
  if (!(flags & 0x20)) throw new Error("lz4: blocks that refer to each other are not part of Kafka's frames");
  if (flags & 0x01) throw new Error("lz4: dictionaries are not part of Kafka's frames");
  return flags;
}

function unpack(block) {
  const length = lengthOf(block);
  if (length > BLOCK_BYTES_MAX) throw new Error(`lz4: a block has ${length} bytes, at most ${BLOCK_BYTES_MAX} are allowed`);
  try {
    return decompress(Buffer.concat([uint32(length), block]));
  } catch (why) {
    throw new Error(`lz4: a block cannot be decompressed: ${why}`);
  }
}

/** Bytes of a block when decompressed: the sum of what its tokens say. */
function lengthOf(block) {
  let at = 0;
  const read = (short) => {
    let length = short;
    for (let more = short === LONG; more; at += 1) {
      length += block[at] ?? 0;
      more = block[at] === 255;
    }
    return length;
  };
  let length = 0;
  while (at < block.length) {
    const token = block[at];
    at += 1;
    const literals = read(token >> 4);
    at += literals;
    length += literals;
    if (at >= block.length) break;
    at += 2;
    length += read(token & 15) + MATCH_MIN;
  }
  return length;
}

function uint32(number) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(number);
  return bytes;
}
