// What takes a run to Apache Kafka, as one zip.
import { strToU8, zipSync } from 'fflate';
import kafkajs from 'kafkajs/package.json' with { type: 'json' };
import { compose } from './compose.js';
import { CREATE_TOPICS, LOAD } from './programs.js';
import { readme } from './readme.js';

/** Bytes of records as JSON lines, over all partitions. */
export const RECORD_BYTES_MAX = 32 * 1024 * 1024;
/** Packages that programs may need beside kafkajs: its codecs, in the versions whose interface the tab has. */
const CODECS = { 'kafkajs-snappy': '1.1.0', 'kafkajs-lz4': '1.2.1', '@kafkajs/zstd': '0.1.1' };
const FOLDER = 'konbini-export';
/** The earliest that a zip can say: the same run makes the same bytes. */
const TIME = new Date(1980, 0, 1);

/** Readers of lines take these for line ends; in JSON they need no escape. */
const SEPARATORS = /[\u2028\u2029]/g;
const escaped = (letter) => `\\u${letter.charCodeAt(0).toString(16)}`;

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Base64 as the worker writes it: as text where it is some, and the field noted where not. */
function readable(base64, field, binary) {
  if (base64 === null) return null;
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  try {
    return strict.decode(bytes);
  } catch {
    binary.push(field);
    return base64;
  }
}

/** A record as a line, from `{ offset, timestamp, key, value, headers }` with base64 bytes. */
export function line(topic, partition, record) {
  const base64 = [];
  const headers = record.headers.map(([name, value], place) => [name, readable(value, `headers.${place}`, base64)]);
  const whole = {
    topic,
    partition,
    offset: record.offset,
    timestamp: record.timestamp,
    key: readable(record.key, 'key', base64),
    value: readable(record.value, 'value', base64),
    headers,
    ...(base64.length > 0 ? { base64 } : {}),
  };
  return `${JSON.stringify(whole).replace(SEPARATORS, escaped)}\n`;
}

/**
 * All committed records, in the order of topics and partitions. `topics`: of a snapshot; `read(topic, partition,
 * from)` gives `{ records, next, end }`. `cuts` names the partitions that did not fit into `most` bytes.
 */
export async function collect(topics, read, most = RECORD_BYTES_MAX) {
  const places = topics.flatMap(({ name, partitions }) => partitions.map((one) => ({ topic: name, ...one })));
  const share = Math.floor(most / Math.max(1, places.length));
  const lines = [];
  const cuts = [];
  for (const { topic, partition, logStart } of places) {
    let left = share;
    let from = logStart;
    for (let end = Infinity; from < end && left > 0; ) {
      const found = await read(topic, partition, from);
      end = found.end;
      from = found.next;
      for (const record of found.records) {
        const text = line(topic, partition, record);
        left -= text.length;
        if (left <= 0) {
          cuts.push({ topic, partition, from: logStart, next: record.offset, end });
          break;
        }
        lines.push(text);
      }
    }
  }
  return { lines, cuts };
}

/** Those that a program names. */
function codecs(files) {
  const names = (text, name) => text.includes(`'${name}'`) || text.includes(`"${name}"`);
  const named = Object.entries(CODECS).filter(([name]) => files.some(({ text }) => names(text, name)));
  return Object.fromEntries(named);
}

/** Topics of a snapshot as kafkajs creates them. */
function specs(topics) {
  return topics.map(({ name, partitions, configs }) => ({
    topic: name,
    numPartitions: partitions.length,
    replicationFactor: partitions[0]?.replicas.length ?? 1,
    configEntries: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
  }));
}

/**
 * The zip's bytes. `brokers`: how many; `configs`: the brokers' settings; `topics`: of a snapshot, without internal
 * ones; `files`: `{ name, text }`; `lines` and `cuts`: of `collect`; `language`: en or zh.
 */
export function pack({ brokers, configs, topics, files, lines, cuts, language }) {
  const programs = files.map(({ name }) => name).filter((name) => /^[^/]+\.[cm]?js$/.test(name));
  const manifest = {
    name: FOLDER,
    private: true,
    engines: { node: '>=20.19' },
    scripts: {
      start: 'node create-topics.js && node load.js',
      ...Object.fromEntries(programs.map((name) => [`run:${name.replace(/\.[cm]?js$/, '')}`, `node programs/${name}`])),
    },
    dependencies: { kafkajs: kafkajs.version, ...codecs(files) },
  };
  const most = `${RECORD_BYTES_MAX / 1024 / 1024} MiB`;
  const texts = {
    'README.md': readme({ language, programs, cuts, most }),
    'package.json': `${JSON.stringify(manifest, null, 2)}\n`,
    'docker-compose.yml': compose(brokers, configs),
    'topics.json': `${JSON.stringify(specs(topics), null, 2)}\n`,
    'create-topics.js': CREATE_TOPICS,
    'load.js': LOAD,
    'records.jsonl': lines.join(''),
    ...Object.fromEntries(files.map(({ name, text }) => [`programs/${name}`, text])),
  };
  const entries = Object.entries(texts).map(([name, text]) => [`${FOLDER}/${name}`, [strToU8(text), { mtime: TIME }]]);
  return zipSync(Object.fromEntries(entries), { level: 6 });
}
