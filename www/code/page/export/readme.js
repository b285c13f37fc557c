// README.md of an export, in the reader's language.

const TEXTS = {
  en: {
    title: 'From the tab to Apache Kafka',
    intro: 'This is a run of Konbini: its programs, its topics and their records, ready for Apache Kafka itself. You need Docker with Compose, and Node 20.19 or newer.',
    start: 'Start',
    after: 'The first command starts the brokers. The second waits for them, creates the topics and loads the records. Then run the programs:',
    none: 'There were no programs.',
    what: 'What is in here',
    table: [
      ['docker-compose.yml', 'Apache Kafka in KRaft mode; broker 1 is localhost:9092, the next one localhost:9093'],
      ['topics.json', 'topics with their partitions, replicas and settings that differ from the defaults'],
      ['create-topics.js', 'creates them'],
      ['records.jsonl', 'one record a line, up to the last stable offset: no record of an aborted transaction'],
      ['load.js', 'sends them, each to its own partition and in its order'],
      ['programs/', 'the programs as they stood in the editor'],
    ],
    line: 'A line of records.jsonl has `topic`, `partition`, `offset`, `timestamp` (Unix ms), `key`, `value` and `headers` (pairs). What is not UTF-8 is base64, and the field `base64` names it: `key`, `value`, or `headers.0` for the first header.',
    differs: 'What differs',
    notes: [
      'Offsets count anew where the log had gaps: control records, compaction, deleted records.',
      'A header without a value becomes an empty one: kafkajs sends no other.',
      'Records keep the timestamps of the run, whose clock is virtual. So the brokers keep records for ever and take timestamps of the future; a topic with `retention.ms` of its own still deletes by it.',
      'Offsets of consumer groups, running transactions and the built-in producers and consumers of the stage are not here.',
      'A program that names its brokers broker-2:9092 must name them localhost:9093 here.',
      'Clocks, timers and chance are Node\'s own: what came at the same moment in the tab may come in another order.',
    ],
    cut: 'Not everything was taken: an export holds at most {most} of records.',
    cutLine: '- {topic}, partition {partition}: offsets from {from} up to {next} of {end}',
    again: 'To load once more, delete the topics or run `docker compose down`.',
    file: 'file', about: 'what it is',
  },
  zh: {
    title: '從分頁走到 Apache Kafka',
    intro: '這是 Konbini 的一次執行：程式、topic 和裡面的 record，都準備好交給真正的 Apache Kafka。你需要 Docker（含 Compose）和 Node 20.19 以上。',
    start: '開始',
    after: '第一個指令啟動 broker。第二個指令等它們就緒，建立 topic，再把 record 載進去。接著就能跑程式：',
    none: '這次沒有程式。',
    what: '裡面有什麼',
    table: [
      ['docker-compose.yml', 'KRaft 模式的 Apache Kafka；broker 1 是 localhost:9092，下一台是 localhost:9093'],
      ['topics.json', 'topic 的 partition 數、replica 數，以及和預設值不同的設定'],
      ['create-topics.js', '建立這些 topic'],
      ['records.jsonl', '一行一筆 record，到 last stable offset 為止；中止的交易裡的 record 不算'],
      ['load.js', '把 record 送進去，partition 和順序都不變'],
      ['programs/', '編輯器裡的程式，原樣照搬'],
    ],
    line: 'records.jsonl 的每一行有 `topic`、`partition`、`offset`、`timestamp`（Unix 毫秒）、`key`、`value` 和 `headers`（成對）。不是 UTF-8 的內容用 base64 表示，並寫在 `base64` 這個欄位裡：`key`、`value`，或是 `headers.0`（第一個 header）。',
    differs: '哪裡不一樣',
    notes: [
      'log 裡有空缺的地方（控制用的 record、compaction、刪掉的 record），offset 會重新編號。',
      '沒有值的 header 會變成空的：kafkajs 送不出沒有值的 header。',
      'record 保留執行時的時間戳記，那是虛擬時鐘的時間。所以 broker 設成永久保留，也收未來的時間；topic 自己設了 `retention.ms` 的，還是照那個刪。',
      'consumer group 的 offset、進行中的交易，以及舞台上內建的 producer 和 consumer 都不在裡面。',
      '程式裡的 broker 如果寫成 broker-2:9092，在這裡要改成 localhost:9093。',
      '時鐘、計時器和亂數都是 Node 自己的：在分頁裡同一刻發生的事，順序可能不同。',
    ],
    cut: '內容沒有全部帶走：一次匯出最多 {most} 的 record。',
    cutLine: '- {topic} 的 partition {partition}：offset 從 {from} 到 {next} 之前，全部到 {end} 之前',
    again: '要重新載入，請先刪掉 topic，或執行 `docker compose down`。',
    file: '檔案', about: '用途',
  },
};

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

/** `programs`: files that run; `cuts`: what was left out of partitions; `most`: the bound, in words. */
export function readme({ language, programs, cuts, most }) {
  const t = TEXTS[language] ?? TEXTS.en;
  const fence = '```';
  const run = programs.map((name) => `node programs/${name}`).join('\n');
  const cut = cuts.length === 0 ? [] : [fill(t.cut, { most }), '', ...cuts.map((one) => fill(t.cutLine, one)), ''];
  return [
    `# ${t.title}`, '', t.intro, '',
    `## ${t.start}`, '',
    `${fence}sh`, 'docker compose up -d', 'npm install && npm start', fence, '',
    ...(run ? [t.after, '', `${fence}sh`, run, fence] : [t.none]), '',
    t.again, '',
    `## ${t.what}`, '',
    `| ${t.file} | ${t.about} |`, '| --- | --- |',
    ...t.table.map(([file, about]) => `| ${file} | ${about} |`), '',
    t.line, '',
    ...cut,
    `## ${t.differs}`, '',
    ...t.notes.map((note) => `- ${note}`), '',
  ].join('\n');
}
