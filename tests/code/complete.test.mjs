// What the editor offers at the place of `|`, from kafkajs's own type definitions.
import assert from 'node:assert/strict';
import test from 'node:test';
import { CompletionContext } from '@codemirror/autocomplete';
import { javascript } from '@codemirror/lang-javascript';
import { EditorState } from '@codemirror/state';
import { kafkajsApi } from '../../www/code/kafkajs-api.mjs';
import { completer } from '../../www/code/page/complete.js';

const api = kafkajsApi();
const source = completer(api);
const HEAD = `const { Kafka, CompressionTypes } = require('kafkajs')
const kafka = new Kafka({ brokers: ['localhost:9092'] })
const producer = kafka.producer()
const consumer = kafka.consumer({ groupId: 'g' })
`;

function offered(text, explicit = true) {
  const pos = text.indexOf('|');
  const state = EditorState.create({ doc: text.replace('|', ''), extensions: [javascript()] });
  const result = source(new CompletionContext(state, pos, explicit));
  return result && { ...result, labels: result.options.map(({ label }) => label) };
}

/** Text with the place, and the labels of what is offered there: all of them, or those that begin the list. */
const CASES = [
  ['the module', "const { | } = require('kafkajs')", ['Kafka', 'Partitioners']],
  ['the module, imported', "import { Kafka, | } from 'kafkajs'", ['Partitioners']],
  ['a client', `${HEAD}kafka.|`, ['producer', 'consumer', 'admin', 'logger']],
  ['a client, half written', `${HEAD}kafka.pro|\nproducer.connect()`, ['producer', 'consumer', 'admin', 'logger']],
  ['options of the client', "const { Kafka } = require('kafkajs')\nnew Kafka({ | })", ['brokers', 'ssl', 'sasl', 'clientId']],
  ['options that are not there yet', `${HEAD}producer.send({ topic: 't', | })`, ['messages', 'acks', 'timeout', 'compression']],
  ['an option, half written', `${HEAD}producer.send({ topic: 't', com| })`, ['messages', 'acks', 'timeout', 'compression']],
  ['a message in a list', `${HEAD}producer.send({ topic: 't', messages: [{ | }] })`, ['key', 'value', 'partition', 'headers', 'timestamp']],
  ['a message made by map', `${HEAD}producer.send({ topic: 't', messages: [1].map((n) => ({ key: n, | })) })`, ['value', 'partition', 'headers', 'timestamp']],
  ['an enumeration', `${HEAD}producer.send({ compression: CompressionTypes.| })`, ['None', 'GZIP', 'Snappy', 'LZ4', 'ZSTD']],
  ['the values of an option', `${HEAD}producer.send({ topic, compression: | })`, ['CompressionTypes.None', 'CompressionTypes.GZIP']],
  ['a value, half written', "const { Kafka, logLevel } = require('kafkajs')\nnew Kafka({ logLevel: lo| })", ['logLevel.NOTHING', 'logLevel.ERROR']],
  ['what a handler is handed', `${HEAD}consumer.run({ eachMessage: async ({ | }) => {} })`, ['topic', 'partition', 'message', 'heartbeat', 'pause']],
  ['a message in a handler', `${HEAD}consumer.run({ eachMessage: async ({ message }) => { message.| } })`, ['key', 'value', 'timestamp']],
  ['a renamed message in a method', `${HEAD}consumer.run({ async eachBatch({ batch: b }) { b.| } })`, ['topic', 'partition', 'highWatermark', 'messages']],
  ['a batch\'s messages in a loop', `${HEAD}consumer.run({ async eachBatch({ batch }) { for (const one of batch.messages) one.| } })`, ['key', 'value']],
  ['a transaction', `${HEAD}async function main() { const tx = await producer.transaction(); tx.| }`, ['send', 'sendBatch', 'sendOffsets', 'commit', 'abort', 'isActive']],
  ['topics to create', `${HEAD}kafka.admin().createTopics({ topics: [{ | }] })`, ['topic', 'numPartitions', 'replicationFactor', 'replicaAssignment', 'configEntries']],
  ['what is assigned later', `${HEAD}let admin\nadmin = kafka.admin()\nadmin.|`, ['connect', 'disconnect', 'listTopics']],
  ['another variable of the name', `${HEAD}function f() { const producer = kafka.admin(); producer.list| }`, ['connect', 'disconnect', 'listTopics']],
  ['what an answer has', `${HEAD}async function f() { const all = await kafka.admin().describeCluster(); all.| }`, ['brokers', 'controller', 'clusterId']],
  ['the whole module', "const k = require('kafkajs')\nconst c = new k.Kafka({ | })", ['brokers']],
];

for (const [name, text, labels] of CASES) {
  test(name, () => assert.deepEqual(offered(text)?.labels.slice(0, labels.length), labels));
}

test('a name is shown with its type and its first sentence', () => {
  const { options } = offered(`${HEAD}producer.|`);
  const send = options.find(({ label }) => label === 'send');
  assert.deepEqual(send, { label: 'send', detail: '(record: ProducerRecord): Promise<RecordMetadata[]>', type: 'method' });
  const partitioners = offered("const { Partitioners } = require('kafkajs')\nPartitioners.|").options;
  assert.match(partitioners.find(({ label }) => label === 'JavaCompatiblePartitioner').info, /^Deprecated: Use DefaultPartitioner/);
});

test('where kafkajs does not say what can be there, words are offered', () => {
  for (const text of [`${HEAD}const x = { to| }`, `${HEAD}foo.to|`, `${HEAD}to|`, `${HEAD}producer.send({ topic: to| })`]) {
    const { labels } = offered(text);
    assert.ok(labels.includes('topic') && labels.includes('localhost'), text);
  }
  assert.equal(offered(`${HEAD}t|`, false), null);
});

test('nothing is offered unasked where no word has begun, but for members', () => {
  assert.equal(offered(`${HEAD}producer.send({|})`, false), null);
  assert.equal(offered(`${HEAD}producer.send({ topic, compression: | })`, false), null);
  assert.ok(offered(`${HEAD}producer.|`, false).labels.includes('send'));
  assert.ok(offered(`${HEAD}producer.send({ t| })`, false).labels.includes('topic'));
});

test('a program that goes in circles ends', () => {
  assert.ok(offered('let a = b.c\nlet b = a.d\na.|'));
});
