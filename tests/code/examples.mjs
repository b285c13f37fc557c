// What each example prints, wherever it runs: in the tab, and in Node against a server.
//
// `runs`: the files to run, one after the other; each with patterns that its output has, and its exit code, or
// none where it goes on until it is interrupted. Between two lines of a program kafkajs may log what it tries again.

export const EXPECTED = [
  {
    name: 'first',
    runs: [
      { file: 'producer.js', shows: [/created topic parcels/, /parcel 1 is at partition 0, offset 0/] },
      { file: 'consumer.js', shows: [/Consumer has joined the group/, /\[0 \| 0\] customer-1: parcel 1/] },
    ],
  },
  {
    name: 'replay',
    runs: [
      { file: 'replay.js', shows: [/again \[0 \| 0\] customer-1: parcel 1/, /caught up/] },
    ],
  },
  {
    name: 'two-consumers',
    runs: [
      { file: 'producer.js', shows: [/created topic two-shelves/, /parcel 8 is at partition/] },
      { file: 'consumer.js', shows: [/Consumer has joined the group/, /parcel 1\b/] },
      { file: 'consumer.js', shows: [/Consumer has joined the group/] },
    ],
  },
  {
    name: 'keys',
    runs: [{ file: 'keys.js', shows: [1, 2, 3, 4].map((n) => new RegExp(`table-${n}: partition \\d, in order`)), code: 0 }],
  },
  {
    name: 'batches',
    runs: [{ file: 'batches.js', shows: [/'one by one' +│ 1000 /, /'batches of 100, gzip' │ 10 /, /'one batch, gzip' +│ 1 /], code: 0 }],
  },
  {
    name: 'commit',
    runs: [
      { file: 'commit.js', shows: [/nothing is committed yet/, /baked loaf 3 \(offset 3\)\ncrash/], code: 1 },
      { file: 'commit.js', shows: [/committed so far: 3\nbaked loaf 3 \(offset 3\)/, /all loaves are done/], code: 0 },
    ],
  },
  {
    name: 'transactions',
    runs: [{ file: 'transactions.js', shows: [/aborted sale 2\n(\{"level".*\n)*committed sale 2/, /9 receipts, 9 of them different/], code: 0 }],
  },
  {
    name: 'admin',
    runs: [{ file: 'admin.js', shows: [/partitions: 3\nretention\.ms = 3600000\nnow 60000/, /the tour is over/], code: 0 }],
  },
];

/** Topics of codecs.js, of which it prints how many records came back. */
export const CODEC_TOPICS = ['Snappy', 'LZ4', 'ZSTD'].flatMap((name) => [`codec-${name}`, `broker-${name}`]);
