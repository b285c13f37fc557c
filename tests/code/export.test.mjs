// What an export holds. That Apache Kafka takes it is the business of tests/conformance/export.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import { runInNewContext } from 'node:vm';
import { strFromU8, unzipSync } from 'fflate';
import { collect, line, pack } from '../../www/code/page/export/pack.js';

const base64 = (bytes) => Buffer.from(bytes).toString('base64');
const record = (more) => ({ offset: 3, timestamp: 1_700_000_000_000, key: null, value: null, headers: [], ...more });

test('a record is a line; what is no text is base64 and named', () => {
  const check = (given, expected) => {
    const { topic, partition, offset, timestamp, ...rest } = JSON.parse(line('orders', 1, record(given)));
    assert.deepEqual([topic, partition, offset, timestamp], ['orders', 1, 3, 1_700_000_000_000]);
    assert.deepEqual(rest, { key: null, value: null, headers: [], ...expected });
  };
  check({}, {});
  check({ key: base64('桌'), value: base64('') }, { key: '桌', value: '' });
  check({ value: base64('two\nlines') }, { value: 'two\nlines' });
  // A byte order mark is part of the value.
  check({ value: base64('\ufeffx') }, { value: '\ufeffx' });
  check({ key: base64([0xff]), value: base64('x') }, { key: '/w==', value: 'x', base64: ['key'] });
  check(
    { headers: [['a', base64('1')], ['a', base64([0xc3, 0x28])], ['none', null]] },
    { headers: [['a', '1'], ['a', 'wyg='], ['none', null]], base64: ['headers.1'] },
  );
  const odd = 'a\nb\r\u2028c\u2029';
  check({ value: base64(odd) }, { value: odd });
  assert.doesNotMatch(line('t', 0, record({ value: base64(odd) })).slice(0, -1), /[\n\r\u2028\u2029]/);
});

/** Partitions with so many records, read a few at a time. */
function source(counts) {
  const partitions = counts.map((count, partition) => ({ partition, logStart: partition, replicas: [1, 2] }));
  const topics = [{ name: 'orders', partitions, configs: { 'cleanup.policy': 'compact' } }];
  const read = async (topic, partition, from) => {
    const end = partition + counts[partition];
    const offsets = [from, from + 1, from + 2].filter((offset) => offset < end);
    const records = offsets.map((offset) => record({ offset, value: base64(`value ${offset}`) }));
    return { records, next: Math.min(end, from + 3), end };
  };
  return { topics, read };
}

test('all records of all partitions, in their order', async () => {
  const { topics, read } = source([4, 0, 7]);
  const { lines, cuts } = await collect(topics, read);
  const seen = lines.map((text) => JSON.parse(text)).map(({ partition, offset }) => [partition, offset]);
  assert.deepEqual(seen, [...[0, 1, 2, 3].map((n) => [0, n]), ...[2, 3, 4, 5, 6, 7, 8].map((n) => [2, n])]);
  assert.deepEqual(cuts, []);
});

test('what is too much is left out, partition by partition, and said', async () => {
  const { topics, read } = source([100, 2]);
  const { lines, cuts } = await collect(topics, read, 2_000);
  assert.ok(lines.join('').length <= 2_000);
  assert.equal(lines.filter((text) => JSON.parse(text).partition === 1).length, 2);
  const taken = lines.length - 2;
  assert.ok(taken > 3 && taken < 100, `${taken} records`);
  assert.deepEqual(cuts, [{ topic: 'orders', partition: 0, from: 0, next: taken, end: 100 }]);
  const { files } = opened({ topics, lines, cuts, language: 'en' });
  assert.match(files['README.md'], new RegExp(`orders, partition 0: offsets from 0 up to ${taken} of 100`));
  const zh = opened({ topics, lines, cuts, language: 'zh' }).files;
  assert.match(zh['README.md'], new RegExp(`orders 的 partition 0：offset 從 0 到 ${taken} 之前`));
});

/** The files of an export. */
function opened(more) {
  const bytes = pack({
    brokers: 3, configs: { 'log.segment.bytes': '1$2' }, topics: [], lines: [], cuts: [], language: 'en',
    files: [{ name: 'producer.js', text: 'main()' }, { name: 'lib/topic.js', text: '1' }], ...more,
  });
  const folder = 'konbini-export/';
  const entries = Object.entries(unzipSync(bytes)).map(([name, text]) => {
    assert.ok(name.startsWith(folder), name);
    return [name.slice(folder.length), strFromU8(text)];
  });
  return { bytes, files: Object.fromEntries(entries) };
}

test('programs, manifest and topics', async () => {
  const { topics } = source([1, 1]);
  const { files, bytes } = opened({ topics });
  assert.equal(files['programs/producer.js'], 'main()');
  assert.equal(files['programs/lib/topic.js'], '1');
  const manifest = JSON.parse(files['package.json']);
  const ours = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
  assert.equal(manifest.dependencies.kafkajs, ours.devDependencies.kafkajs);
  assert.deepEqual(Object.keys(manifest.dependencies), ['kafkajs']);
  const codec = opened({ files: [{ name: 'a.js', text: "require('kafkajs-snappy')" }] }).files['package.json'];
  assert.deepEqual(Object.keys(JSON.parse(codec).dependencies), ['kafkajs', 'kafkajs-snappy']);
  assert.equal(manifest.scripts['run:producer'], 'node programs/producer.js');
  assert.deepEqual(JSON.parse(files['topics.json']), [{
    topic: 'orders', numPartitions: 2, replicationFactor: 2,
    configEntries: [{ name: 'cleanup.policy', value: 'compact' }],
  }]);
  assert.match(files['README.md'], /docker compose up -d\nnpm install && npm start/);
  assert.match(files['README.md'], /\nnode programs\/producer\.js\n```/);
  assert.doesNotMatch(files['README.md'], /Not everything|lib\/topic|undefined/);
  // The same run is the same file.
  assert.deepEqual(opened({ topics }).bytes, bytes);
});

test('our programs are programs', () => {
  const { files } = opened({});
  for (const name of ['create-topics.js', 'load.js']) {
    assert.doesNotThrow(() => runInNewContext(`(function () {${files[name]}\n})`), name);
  }
});

test('a broker for each of the run, with its settings', () => {
  const compose = opened({}).files['docker-compose.yml'];
  for (const id of [1, 2, 3]) {
    assert.match(compose, new RegExp(`\n  broker-${id}:\n`));
    assert.match(compose, new RegExp(`PLAINTEXT://localhost:${9091 + id},`));
  }
  assert.match(compose, /KAFKA_CONTROLLER_QUORUM_VOTERS: "1@broker-1:19093,2@broker-2:19093,3@broker-3:19093"/);
  // A dollar sign would be a variable of Compose's.
  assert.match(compose, /KAFKA_LOG_SEGMENT_BYTES: "1\$\$2"/);
  // A run, which may be a stranger's, cannot have the brokers listen elsewhere.
  assert.match(opened({ configs: { listeners: 'PLAINTEXT://:1' } }).files['docker-compose.yml'], /KAFKA_LISTENERS: "PLAINTEXT:\/\/:9092,/);
  assert.match(opened({ brokers: 1 }).files['docker-compose.yml'], /KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: "1"/);
});
