// Chance that follows the run's seed: Math.random and crypto's bytes. The same seed gives the same numbers, so
// none of it is fit for secrets.

/** sfc32 by Chris Doty-Humphrey, public domain: 32 random bits a call. */
function sfc32(a, b, c) {
  let counter = 1;
  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return sum >>> 0;
  };
  // The first numbers still resemble the seed.
  for (let warm = 0; warm < 15; warm += 1) next();
  return next;
}

export class Chance {
  #next = sfc32(0, 0, 0);

  seed([a, b, c]) {
    this.#next = sfc32(a | 0, b | 0, c | 0);
  }

  /** From 0 to below 1, 53 bits. */
  unit() {
    const high = this.#next() >>> 5;
    return (high * 67_108_864 + (this.#next() >>> 6)) / 9_007_199_254_740_992;
  }

  fill(array) {
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    for (let at = 0; at < bytes.length; at += 1) bytes[at] = this.#next() & 0xff;
    return array;
  }

  uuid() {
    const bytes = this.fill(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  }
}
