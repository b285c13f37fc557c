// Types of `window.konbini`: the page's scripting interface. README.md, "Scripting", explains it.
//
// Numbers are virtual milliseconds since the start of the run unless a comment says otherwise.
// Every promise rejects with an `Error` whose `code` is stable and whose message is a sentence.

export {};

declare global {
  interface Window {
    konbini: Konbini;
  }
}

export interface Konbini {
  /** Settles when a run is open: the stored one, or a new one. */
  readonly ready: Promise<void>;
  /** Does one action now, and records it. The same objects stand in a share link. */
  apply(action: Action): Promise<void>;
  /** What can be seen now. Everything in it has reached the disk. */
  snapshot(): Promise<Snapshot>;
  /** Runs so many virtual ms as fast as possible; at most a day at once. Works while paused. */
  advance(ms: number): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Virtual time for each real time: 0.1 to 100. */
  speed(times: number): Promise<void>;
  /**
   * A link that opens this run, with its actions so far, and with the code view's files and what was done with
   * programs where there is any. Refused as `link-too-long` when it does not fit into a link.
   */
  share(): Promise<string>;
  /** Deletes everything stored, without asking. */
  reset(): Promise<void>;
  /**
   * A Kafka connection to a broker: `broker-N` and port 9092, or `localhost` and port 9091 + N.
   *
   * A `Uint8Array` is any piece of the byte stream, each way; post yours with its buffer in the
   * transfer list. Anything else is a {@link SocketMessage}. Bytes may be sent before `open`; they
   * wait. Post `{t: 'end'}` to close: browsers do not tell when a port is merely dropped.
   */
  connect(host: string, port: number): Promise<MessagePort>;
  /** Programs in terminals; the first use loads kafkajs and what goes with it. */
  readonly code: Code;
}

/**
 * Node programs of the reader's, with kafkajs, each in a sandboxed worker. Their clocks and their chance are
 * the run's: a program begins at the next virtual millisecond and stands still while the run is paused.
 */
export interface Code {
  /** Writes a file, such as `producer.js` or `lib/orders.js`; it is kept in this browser. */
  write(name: string, text: string): Promise<void>;
  /** Begins a file as a program; the id of its terminal. */
  run(name: string): Promise<number>;
  /** What a terminal shows, without colours; the newest 3,000 lines. */
  output(id: number): Promise<string>;
  /**
   * Sends SIGINT, and kills the program when it has not ended some seconds later; at once when called a second
   * time. Resolves when it has ended. Nothing hears a signal while the run is paused.
   */
  stop(id: number): Promise<void>;
  list(): Promise<CodeList>;
  /**
   * Starts the run of the open link over, and begins, signals and ends its programs at the virtual moments at
   * which that was done: the same trace. Whatever this browser has stored of a run is deleted.
   */
  runAsRecorded(): Promise<void>;
  /** Shows the reader's own files, or those of the link; `write` and `run` are about what is shown. */
  use(which: 'own' | 'link'): Promise<void>;
  /** Copies the link's files to the reader's own, over those of the same names, and shows these. */
  keep(): Promise<void>;
  /**
   * The bytes of a zip that takes the run to Apache Kafka: programs, package.json, docker-compose.yml, topics with
   * their settings, committed records as JSON lines (at most 32 MiB; README.md in it says what was left out), and
   * programs that create and load them.
   */
  export(): Promise<Uint8Array>;
}

export interface CodeList {
  /** Those that are shown. */
  files: string[];
  /** Files of a link are kept in the link alone; the reader's own stay as they are. */
  shown: 'own' | 'link';
  /** What came with a link: nothing of it runs by itself. `programs`: how many `runAsRecorded` begins. */
  linked: { files: string[]; programs: number } | null;
  terminals: Terminal[];
}

export interface Terminal {
  id: number;
  /** The file that runs. */
  name: string;
  state: 'running' | 'stopping' | 'ended';
  /** Once it has ended: as in Node, 128 and the signal's number where one ended it. */
  code?: number;
  signal?: string;
  /** Once its consumer is a member of a group. */
  group?: string;
  member?: string;
}

export type SocketMessage =
  | { t: 'open' }
  | { t: 'end' }
  /** A code as Node's sockets have it, such as `ECONNREFUSED`. */
  | { t: 'error'; code: string };

/** Kafka settings by name, as text. */
export type Configs = Record<string, string>;

export type Action =
  | ({ do: 'create-topic' } & TopicSpec)
  | { do: 'delete-topic'; name: string }
  | { do: 'create-partitions'; topic: string; count: number }
  /** Without a value: back to its default. */
  | { do: 'alter-topic-config'; topic: string; key: string; value?: string | null }
  | { do: 'delete-records'; topic: string; partition: number; before: number }
  | {
      do: 'send';
      producer: string;
      key?: string | null;
      value?: string | null;
      partition?: number | null;
      headers?: [string, string][];
    }
  | ({ do: 'add-producer' } & ProducerSpec)
  | ({ do: 'change-producer' } & ProducerSpec)
  | { do: 'start-producer' | 'stop-producer' | 'remove-producer'; name: string }
  | ({ do: 'add-consumer' } & ConsumerSpec)
  | ({ do: 'change-consumer' } & ConsumerSpec)
  | {
      do:
        | 'start-consumer'
        /** Leaves its group politely. */
        | 'stop-consumer'
        /** Without a word: its group notices after `session.timeout.ms`. */
        | 'crash-consumer'
        | 'remove-consumer'
        | 'pause-consumer'
        | 'resume-consumer';
      name: string;
    }
  | { do: 'seek'; name: string; topic: string; partition: number; offset: number }
  | {
      do: 'reset-offsets';
      group: string;
      topic: string;
      to: 'earliest' | 'latest' | { offset: number };
    }
  | { do: 'delete-group'; group: string }
  /**
   * Everything loses power at once and starts again from its disks, as after a reload. A broker
   * that was down stays down, and rules stay in force.
   */
  | { do: 'power-cut' }
  | {
      do:
        /** Controlled shutdown: it hands its leaderships over first. */
        | 'stop-broker'
        /** Its process ends; its system closes the connections and keeps what was appended. */
        | 'kill-broker'
        /** Nobody is told, and what was not written back is gone. */
        | 'cut-broker-power'
        | 'start-broker'
        /** Only while the broker is down. */
        | 'wipe-disk'
        /** Appends fail: their logs go offline; without its metadata log the broker halts. */
        | 'fill-disk'
        | 'free-disk';
      broker: number;
    }
  /** One log, or all but the metadata log, goes offline until the broker starts again. */
  | { do: 'fail-disk'; broker: number; topic?: string; partition?: number }
  /** What arrives at the broker is handled so many ms later; 0 ends that. */
  | { do: 'slow-broker'; broker: number; ms: number }
  /** The broker's clock is ahead by so many ms, or behind; 0 ends that. */
  | { do: 'skew-clock'; broker: number; ms: number }
  | ({ do: 'cut-network' } & NetworkRule)
  | { do: 'remove-rule'; name: string }
  /** Ends all rules. */
  | { do: 'heal' }
  /** The preferred leader or, unclean, any replica that is alive. */
  | { do: 'elect-leaders'; topic: string; partition: number; unclean?: boolean }
  /** The first is preferred as leader. */
  | { do: 'reassign'; topic: string; partition: number; replicas: number[] };

/** Rules are asked in order, for each piece of bytes; the first that answers decides. */
export interface NetworkRule {
  name: string;
  from: Party[];
  to: Party[];
  /** Whether it holds from `to` to `from` as well. */
  'both-ways'?: boolean;
  /** What is dropped is sent again after a while, as TCP does. */
  effect: 'cut' | { drop: { percent: number } } | { delay: { ms: number; jitter?: number } };
}

export type Party =
  | { broker: number }
  | { producer: string }
  | { consumer: string }
  /** A client from outside, by its `client.id`. */
  | { client: string }
  | 'admin'
  | 'brokers'
  | 'clients'
  | 'everyone';

export interface TopicSpec {
  name: string;
  partitions: number;
  /** 1 if absent. */
  replication_factor?: number;
  configs?: Configs;
}

export interface ProducerSpec {
  /** Its `client.id`, unique among producers. */
  name: string;
  topic: string;
  /** When records are made. */
  pace: { 'every-ms': number } | { 'per-second': number };
  keys?:
    | 'none'
    | { fixed: string }
    | { 'random-of': number }
    | { hot: { of: number; percent: number } };
  /** `{n}`, `{key}` and `{time}` in the template; padded with dots to `size` bytes. */
  value?: { template: string; size?: number };
  partition?: 'default' | 'round-robin' | 'each' | { fixed: number };
  compression?: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
  acks?: '0' | '1' | 'all';
  linger_ms?: number;
  /** Bytes. */
  batch_size?: number;
  idempotent?: boolean;
  retries?: number;
  /** Stops by itself after so many records. */
  limit?: number;
  running?: boolean;
}

export interface ConsumerSpec {
  /** Its `client.id`, unique among consumers. */
  name: string;
  /** Without a group it reads all partitions and commits nothing. */
  group?: string;
  topics: string[];
  start?: 'earliest' | 'latest';
  assignor?: 'range' | 'round-robin' | 'sticky' | 'cooperative-sticky';
  commit?: { 'auto-ms': number } | 'each-record' | 'each-poll' | 'never';
  /** Virtual ms of work for each record. */
  process_ms?: number;
  max_poll_records?: number;
  session_timeout_ms?: number;
  heartbeat_interval_ms?: number;
  max_poll_interval_ms?: number;
  /** `group.instance.id`. */
  instance_id?: string;
  running?: boolean;
}

export interface Snapshot {
  now: number;
  /** Unix ms of virtual time zero. */
  epochMs: number;
  /** The running hash over everything so far, 16 hex digits. */
  traceHash: string;
  /** How many times the cluster was powered on. */
  boot: number;
  /** Events of the virtual world so far. */
  steps: number;
  brokers: Broker[];
  topics: Topic[];
  producers: Producer[];
  consumers: Consumer[];
  groups: Group[];
  /** Rules in force, in the order in which they are asked. */
  rules: {
    name: string;
    from: Party[];
    to: Party[];
    bothWays: boolean;
    effect: NetworkRule['effect'];
    /** Pieces that it dropped or delayed since the power is on. */
    hits: number;
  }[];
}

export interface Broker {
  id: number;
  host: string;
  port: number;
  state: 'starting' | 'up' | 'fenced' | 'down';
  controller: boolean;
  /** Its part in the metadata quorum, or null while it is down or reads its logs. */
  quorum: {
    state: 'leader' | 'candidate' | 'prospective' | 'voted' | 'follower' | 'unattached' | 'resigned' | 'observer';
    /** -1 when it knows none. */
    leader: number;
    epoch: number;
    /** What it knows to be committed of the metadata log, or -1, and where its own log ends. */
    highWatermark: number;
    logEnd: number;
  } | null;
  /** Partitions led, internal topics not counted. */
  leads: number;
  /** Bytes of all .log files, and how many of them are in memory. */
  logBytes: number;
  residentBytes: number;
  connections: number;
  /** Logs that went offline, each with its reason. */
  offline: [string, string][];
  /** Why it is down; null while it runs. */
  down: 'stopped' | 'killed' | 'power-cut' | 'failed' | null;
  /** It was asked to shut down and still runs. */
  stopping: boolean;
  disk: 'ok' | 'full' | 'failed';
  /** Bytes that a cut of its power would lose now. */
  unflushedBytes: number;
  /** By how much its clock is ahead. */
  skewMs: number;
  /** How long what arrives waits before it is handled. */
  slowMs: number;
}

export interface Topic {
  name: string;
  id: string;
  internal: boolean;
  /** Settings that differ from their defaults. */
  configs: Configs;
  partitions: Partition[];
}

export interface Partition {
  partition: number;
  /** -1 when there is none. */
  leader: number;
  leaderEpoch: number;
  replicas: number[];
  isr: number[];
  /** Replicas that a reassignment brings and takes away. */
  adding: number[];
  removing: number[];
  logStart: number;
  highWatermark: number;
  logEnd: number;
  bytes: number;
  segments: number;
  logs: Replica[];
}

/** One replica's own log. */
export interface Replica {
  broker: number;
  /** What it takes itself for; "standby" while there is no leader to follow. */
  role: 'leader' | 'follower' | 'standby' | 'offline';
  /** The leader epoch in which it leads or follows, or -1. */
  epoch: number;
  logStart: number;
  logEnd: number;
  highWatermark: number;
  /** Its newest records, oldest first, with their colour index. */
  tail: { offset: number; colour: number }[];
}

export interface Producer {
  spec: ProducerSpec;
  /** Records made, acknowledged, given up on, and waiting. */
  sent: number;
  acked: number;
  failed: number;
  waiting: number;
  /** Produce requests, and bytes of batches in them. */
  requests: number;
  bytes: number;
  retries: number;
  /** Records of the last whole virtual second. */
  perSecond: number;
  /** Kafka's name of the last error. */
  lastError: string | null;
  /** The newest acknowledgements, newest last: partition and offset. */
  lastAcks: [number, number][];
}

export interface Consumer {
  spec: ConsumerSpec;
  state: 'stopped' | 'crashed' | 'connecting' | 'joining' | 'running' | 'idle';
  memberId: string;
  generation: number;
  /** Owned partitions with the next offset to be processed, -1 before it is known. */
  owned: { topic: string; partition: number; position: number }[];
  paused: boolean;
  consumed: number;
  bytes: number;
  perSecond: number;
  /** The newest records that its handler saw, newest last. */
  lastRecords: {
    topic: string;
    partition: number;
    offset: number;
    /** Unix ms. */
    timestamp: number;
    key: string | null;
    value: string | null;
    at: number;
  }[];
  lastError: string | null;
}

export interface Group {
  id: string;
  /** Kafka's name, such as `Stable`. */
  state: string;
  generation: number;
  /** The chosen assignor. */
  protocol: string;
  coordinator: number;
  members: {
    memberId: string;
    clientId: string;
    instanceId: string | null;
    /** Owned partitions by topic. */
    assignment: [string, number[]][];
    /** Whether this member computed the assignment. */
    leader: boolean;
  }[];
  /** -1 where nothing is committed. Lag in records. */
  offsets: { topic: string; partition: number; committed: number; lag: number }[];
}
