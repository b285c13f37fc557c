// Text and bytes, in Node's encodings.

const encoder = new TextEncoder();
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const DIGITS = new Map([...`${ALPHABET}+/`].map((digit, value) => [digit, value]));
DIGITS.set('-', 62).set('_', 63);
/** Characters that are made of bytes in one call. */
const PIECE = 8192;

const NAMES = {
  utf8: 'utf8', 'utf-8': 'utf8',
  hex: 'hex',
  base64: 'base64', base64url: 'base64url',
  latin1: 'latin1', binary: 'latin1',
  ascii: 'ascii',
  ucs2: 'utf16le', 'ucs-2': 'utf16le', utf16le: 'utf16le', 'utf-16le': 'utf16le',
};

/** The encoding that a name means; undefined for none. */
export const encodingOf = (name) => NAMES[String(name).toLowerCase()];

export function toBytes(text, encoding) {
  switch (encoding) {
    case 'utf8': return encoder.encode(text);
    case 'hex': return fromHex(text);
    case 'base64':
    case 'base64url': return fromBase64(text);
    case 'utf16le': return fromUtf16(text);
    default: return Uint8Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));
  }
}

export function toText(bytes, encoding) {
  switch (encoding) {
    case 'utf8': return utf8.decode(bytes);
    case 'hex': return Array.from(bytes, (byte) => HEX[byte]).join('');
    case 'base64': return toBase64(bytes, '+/', '=');
    case 'base64url': return toBase64(bytes, '-_', '');
    case 'utf16le': return fromCodes(utf16Units(bytes));
    case 'ascii': return fromCodes(bytes.map((byte) => byte & 0x7f));
    default: return fromCodes(bytes);
  }
}

function fromCodes(codes) {
  let text = '';
  for (let at = 0; at < codes.length; at += PIECE) {
    text += String.fromCharCode.apply(null, codes.subarray(at, at + PIECE));
  }
  return text;
}

/** Up to the first pair that is none, as Node does. */
function fromHex(text) {
  const pairs = text.match(/^(?:[\da-f]{2})*/i)[0];
  return Uint8Array.from({ length: pairs.length / 2 }, (_, at) => parseInt(pairs.substr(at * 2, 2), 16));
}

/** What is no digit is skipped, and the first `=` ends it, as Node does. */
function fromBase64(text) {
  const out = [];
  let bits = 0;
  let held = 0;
  for (const digit of text) {
    if (digit === '=') break;
    const value = DIGITS.get(digit);
    if (value === undefined) continue;
    held = (held << 6) | value;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out.push((held >>> bits) & 0xff);
    held &= (1 << bits) - 1;
  }
  return Uint8Array.from(out);
}

function toBase64(bytes, last, pad) {
  const digits = ALPHABET + last;
  let text = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const three = (bytes[at] << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    const left = bytes.length - at;
    text += digits[three >>> 18] + digits[(three >>> 12) & 63];
    text += left > 1 ? digits[(three >>> 6) & 63] : pad;
    text += left > 2 ? digits[three & 63] : pad;
  }
  return text;
}

/** Halves of a pair that stand alone are kept, which no decoder does. */
function utf16Units(bytes) {
  return Uint16Array.from({ length: bytes.length >> 1 }, (_, at) => bytes[2 * at] | (bytes[2 * at + 1] << 8));
}

function fromUtf16(text) {
  const bytes = new Uint8Array(text.length * 2);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < text.length; at += 1) view.setUint16(at * 2, text.charCodeAt(at), true);
  return bytes;
}
