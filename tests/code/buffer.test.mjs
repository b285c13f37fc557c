// Our Buffer against Node's: the same calls on the same random bytes give the same results.
import assert from 'node:assert/strict';
import test from 'node:test';
import { inspect } from 'node:util';
import { Buffer as Ours } from '../../www/code/program/buffer.js';
import { Chance } from '../../www/code/program/random.js';

const ROUNDS = 300;
const chance = new Chance();
const below = (limit) => Math.floor(chance.unit() * limit);
const bytes = (length) => Array.from({ length }, () => below(256));
const TEXTS = ['', 'kafka', '超商取貨', 'naïve €', '🏪📦', 'a\u0000b', '\ufeffbom', 'Zm9vYg==', 'deadbeef0', '%%'];
const ENCODINGS = ['utf8', 'hex', 'base64', 'base64url', 'latin1', 'binary', 'ascii', 'utf16le', 'UCS2'];

/** What a call gives: a value that can be compared, or the error's code. */
function outcome(Type, run) {
  try {
    const value = run(Type);
    return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
  } catch (error) {
    return { threw: error.code ?? error.name };
  }
}

function same(what, run) {
  assert.deepEqual(outcome(Ours, run), outcome(Buffer, run), what);
}

test('text in every encoding', () => {
  for (const encoding of ENCODINGS) {
    for (const text of TEXTS) {
      same(`from ${text} as ${encoding}`, (B) => B.from(text, encoding));
      same(`length of ${text} as ${encoding}`, (B) => B.from(text, encoding).length);
    }
    for (let round = 0; round < ROUNDS; round += 1) {
      const data = bytes(below(40));
      same(`${data} as ${encoding}`, (B) => B.from(data).toString(encoding));
      const [start, end] = [below(50) - 5, below(50)];
      same(`${data} from ${start} to ${end} as ${encoding}`, (B) => B.from(data).toString(encoding, start, end));
    }
  }
  same('no such encoding', (B) => B.from('a', 'utf-9'));
});

test('numbers', () => {
  const kinds = ['Int8', 'UInt8', 'Uint8', 'Int16LE', 'Int16BE', 'UInt16LE', 'UInt16BE', 'Int32LE', 'Int32BE',
    'UInt32LE', 'UInt32BE', 'BigInt64LE', 'BigInt64BE', 'BigUInt64LE', 'BigUInt64BE', 'FloatLE', 'FloatBE',
    'DoubleLE', 'DoubleBE'];
  for (const kind of kinds) {
    for (let round = 0; round < ROUNDS; round += 1) {
      const data = bytes(below(12));
      const at = below(12) - 1;
      same(`read${kind} at ${at} of ${data}`, (B) => B.from(data)[`read${kind}`](at));
      const number = Math.trunc((chance.unit() - 0.5) * 2 ** below(70));
      const value = kind.startsWith('Big') ? BigInt(number) : number;
      same(`write${kind}(${value}, ${at})`, (B) => {
        const buffer = B.from(data);
        return [buffer[`write${kind}`](value, at), buffer.toString('hex')];
      });
    }
  }
  for (const size of [1, 2, 3, 4, 5, 6]) {
    for (const kind of ['IntLE', 'IntBE', 'UIntLE', 'UIntBE']) {
      const data = bytes(8);
      same(`read${kind} of ${size}`, (B) => B.from(data)[`read${kind}`](1, size));
      const value = Math.floor(2 ** (8 * size - 1) * 0.7) * (kind.startsWith('I') ? -1 : 1);
      same(`write${kind} of ${size}`, (B) => {
        const buffer = B.alloc(8);
        return [buffer[`write${kind}`](value, 1, size), buffer.toString('hex')];
      });
    }
  }
});

test('pieces, copies, comparison and search', () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const [one, other] = [bytes(below(20)), bytes(below(20))];
    const [a, b, c] = [below(24) - 2, below(24) - 2, below(22)];
    same('concat', (B) => B.concat([B.from(one), B.from(other)]));
    same('concat to a length', (B) => B.concat([B.from(one), B.from(other)], c));
    same('slice', (B) => B.from(one).slice(a, b));
    same('compare', (B) => B.compare(B.from(one), B.from(other)));
    same('equals', (B) => B.from(one).equals(B.from(one)));
    same('indexOf', (B) => B.from(one).indexOf(B.from(one).slice(3, 5), c));
    same('includes', (B) => B.from(one).includes(one[0] ?? 0));
    same('copy', (B) => {
      const target = B.alloc(20);
      return [B.from(one).copy(target, c, Math.max(0, Math.min(a, one.length))), target.toString('hex')];
    });
    same('write text', (B) => {
      const target = B.alloc(10);
      return [target.write('超商 kafka', c % 10), target.toString('hex')];
    });
    same('fill', (B) => B.alloc(9).fill('ab', c % 9));
  }
  same('JSON', (B) => JSON.stringify(B.from('ab')));
  same('from JSON', (B) => B.from(JSON.parse(JSON.stringify(B.from('ab')))));
  same('swap', (B) => B.from([1, 2, 3, 4]).swap16());
  same('nonsense', (B) => B.from(undefined));
  same('a number', (B) => B.from(7));
});

test('a slice is a view, and inspection is Node\'s', () => {
  const whole = Ours.from('abcdef');
  whole.slice(1, 3)[0] = 0x7a;
  assert.equal(whole.toString(), 'azcdef');
  assert.ok(whole.slice(1) instanceof Ours);
  for (const length of [0, 1, 50, 51, 60]) {
    const data = bytes(length);
    assert.equal(inspect(Ours.from(data)), inspect(Buffer.from(data)));
  }
});
