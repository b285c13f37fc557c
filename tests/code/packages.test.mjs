// The codecs that a program may require, on the very texts that the page loads: both ways, and on what others wrote.
import assert from 'node:assert/strict';
import test from 'node:test';
import { inspect } from 'node:util';
import { packageTexts } from '../../www/code/build.mjs';
import { Chance } from '../../www/code/program/random.js';
import { run } from './machine.mjs';

const texts = await packageTexts();
const chance = new Chance();

function load(name) {
  const module = { exports: {} };
  const require = (what) => assert.fail(`${name} requires ${what}`);
  new Function('module', 'exports', 'require', texts[name])(module, module.exports, require);
  return module.exports;
}

/** As each package's own description says that it is put into kafkajs. */
const CODECS = {
  'kafkajs-snappy': load('kafkajs-snappy'),
  'kafkajs-lz4': new (load('kafkajs-lz4'))().codec,
  '@kafkajs/zstd': load('@kafkajs/zstd')({ level: 3 }),
};

const random = (length) => chance.fill(Buffer.alloc(length));
const DATA = {
  'one byte': Buffer.from('a'),
  'a short text': Buffer.from('超商取貨'),
  'what repeats': Buffer.alloc(5_000_000, 'parcel '),
  'chance': random(200_000),
  'a whole block': Buffer.concat([random(65_000), Buffer.alloc(536, 'x')]),
  'a block and a little': Buffer.concat([Buffer.alloc(65_536, 'ab'), random(3)]),
  'matches at each end': Buffer.concat([Buffer.alloc(30, 'k'), random(100), Buffer.alloc(12, 'k')]),
};

for (const [name, codec] of Object.entries(CODECS)) {
  for (const [what, data] of Object.entries(DATA)) {
    test(`${name}: ${what} there and back`, async () => {
      const packed = await codec().compress({ buffer: data });
      assert.ok(Buffer.isBuffer(packed));
      const again = await codec().decompress(packed);
      assert.ok(Buffer.isBuffer(again) && again.equals(data));
    });
  }
}

/** 40 times `konbini `, by other programs: streams whose heads do not say the size. */
const FOREIGN = [
  ['kafkajs-snappy', 'two xerial blocks', `82534e41505059000000000100000001${'0000000907186b6f6e62696e69'.repeat(2)}`,
    'konbinikonbini'],
  ['kafkajs-lz4', 'lz4 with checksums of blocks', '04224d187440bd130000008f6b6f6e62696e69200800ff215062696e6920a9b244f4000000003d13b3d0', 'konbini '.repeat(40)],
  ['@kafkajs/zstd', 'zstd from a pipe', '28b52ffd04587d0000406b6f6e62696e6920010035530b177bb605b1', 'konbini '.repeat(40)],
];

for (const [name, what, hex, text] of FOREIGN) {
  test(`${name}: ${what}`, async () => {
    assert.equal(String(await CODECS[name]().decompress(Buffer.from(hex, 'hex'))), text);
  });
}

test('bytes that are no frame are refused', async () => {
  for (const [name, codec] of Object.entries(CODECS)) {
    const packed = await codec().compress({ buffer: DATA['a whole block'] });
    for (const bad of [Buffer.alloc(40, 0xff), packed.subarray(0, packed.length - 20)]) {
      const seen = await codec().decompress(bad).then((data) => inspect(data), () => 'refused');
      assert.equal(seen, 'refused', name);
    }
  }
});

test('options that cannot be had are refused', () => {
  assert.throws(() => load('@kafkajs/zstd')({ level: 23 }), /level is a whole number up to 22, not 23/);
  assert.throws(() => load('@kafkajs/zstd')({}, { dict: Buffer.alloc(1) }), /dictionaries are not here/);
  assert.throws(() => new (load('kafkajs-lz4'))({ dict: true }), /dictionaries are not here/);
});

test('a program imports them by their names', async () => {
  const seen = await run({
    'main.js': `import { CompressionTypes, CompressionCodecs } from 'kafkajs'
      import LZ4Codec from 'kafkajs-lz4'
      import ZstdCodec from '@kafkajs/zstd'
      import SnappyCodec from 'kafkajs-snappy'
      for (const codec of [new LZ4Codec().codec, ZstdCodec({ level: 1 }), SnappyCodec]) {
        const packed = await codec().compress({ buffer: Buffer.from('parcel '.repeat(99)) })
        console.log(packed.length < 99, String(await codec().decompress(packed)).length)
      }`,
  });
  assert.deepEqual([seen.out, seen.err, seen.code], ['true 693\ntrue 693\ntrue 693\n', '', 0]);
});

test('a name that is not written in any file is told of', async () => {
  const seen = await run({ 'main.js': "require(['kafkajs', 'snappy'].join('-'))" });
  assert.match(seen.err, /Cannot find module 'kafkajs-snappy'\nIt is loaded only for a program that has this name/);
});
