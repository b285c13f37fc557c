// Measures the built page in headless Chromium beside raw loops in the same run, and prints one
// JSON line a row: {"name", "ratio", "aim", "better", "detail"}. Arms take turns; a row's ratio is the
// median of the rounds' ratios. Profiles lie on the disk: in a private window IndexedDB would be memory.
import { chromium } from "@playwright/test";
import { deflateRawSync, gzipSync } from "node:zlib";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Loopback, RECORDS, TRIPS, inTab, textOf } from "./programs.js";
import { serve } from "./site.js";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "../../..");
const dist = process.env.BENCH_DIST ?? join(root, "dist");
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const ONLY = process.env.BENCH_ONLY;
const ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
const VIEWPORT = { width: 1440, height: 900 };

if (!existsSync(join(dist, "index.html"))) throw new Error(`${dist} holds no site: run cargo xtask build`);
const site = await serve({
  "/": dist,
  "/bench/": here,
  "/sqlite/": join(root, "node_modules/@sqlite.org/sqlite-wasm/dist"),
});

const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];
const percentile = (list, share) => list.toSorted((a, b) => a - b)[Math.floor(list.length * share)];
const rate = (run) => run.bytes / run.seconds / 1e6;
const p50 = (run) => percentile(run.ms, 0.5);
const p99 = (run) => percentile(run.ms, 0.99);
const digits = (number) => Number(number.toPrecision(3));

// `rounds` are pairs [ours, theirs]; `of` is the figure of one of them.
function row(name, rounds, of, { aim, better, unit }) {
  const ratio = median(rounds.map(([ours, theirs]) => of(ours) / of(theirs)));
  const ours = digits(median(rounds.map((pair) => of(pair[0]))));
  const theirs = digits(median(rounds.map((pair) => of(pair[1]))));
  print({ name, ratio, aim, better, detail: `${ours} ${unit} beside ${theirs} ${unit}` });
}

function print(figure) {
  console.log(JSON.stringify(figure));
}

// A browser with a fresh profile on the disk.
async function withBrowser(work) {
  mkdirSync(join(root, "target"), { recursive: true });
  const profile = mkdtempSync(join(root, "target/bench-profile-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROME ?? "/usr/bin/chromium", args: ARGUMENTS, viewport: VIEWPORT,
  });
  try {
    return await work(context);
  } finally {
    await context.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

// A link to a cluster whose network takes no time, so that the broker and its disk are measured.
function link(brokers, extra = {}) {
  const scenario = {
    name: "bench", seed: 1, epoch_ms: 1767225600000, brokers,
    broker_configs: { "offsets.topic.replication.factor": "1", "group.initial.rebalance.delay.ms": "0" },
    network: { latency_ms: 0, jitter_ms: 0 }, ...extra,
  };
  const text = JSON.stringify({ scenario, actions: [], until: 0 });
  return `#v1.${deflateRawSync(Buffer.from(text)).toString("base64url")}`;
}

async function open(context, hash) {
  const page = await context.newPage();
  page.on("pageerror", (error) => console.error(`page: ${error}`));
  page.on("console", (message) => message.type() === "error" && console.error(`page: ${message.text()}`));
  await page.goto(`${site.url}/${hash}`);
  const brokers = await page.evaluate(async () => {
    await window.konbini.ready;
    window.bench = await import("/bench/page.js");
    await window.konbini.speed(1);
    await window.konbini.resume();
    await window.konbini.advance(10_000);
    return (await window.konbini.snapshot()).brokers.map((broker) => broker.state);
  });
  if (brokers.some((state) => state !== "up")) throw new Error(`brokers are ${brokers}`);
  return page;
}

// Each arm once a round; which begins alternates.
async function turns(ours, theirs) {
  const rounds = [];
  for (let n = 0; n < ROUNDS; n += 1) {
    if (n % 2 === 0) {
      const first = await ours(n);
      rounds.push([first, await theirs(n)]);
    } else {
      const first = await theirs(n);
      rounds.push([await ours(n), first]);
    }
  }
  return rounds;
}

// Both arms in the page. The round's number keeps topics apart.
const pairs = (page, ours, theirs) => turns((n) => page.evaluate(ours, n), (n) => page.evaluate(theirs, n));

async function storage(context) {
  const page = await open(context, link(1));
  row("acks=all produce of a 1 MiB backlog / raw strict writes of 1 MiB × 4", await pairs(page,
    (n) => bench.produce(`backlog-${n}`, { records: 1, size: 1_048_000, rounds: 32, inFlight: 8 }),
    () => bench.raw("strictWrites", { bytes: 1 << 20, values: 4, commits: 8 })),
  rate, { aim: 0.8, better: "more", unit: "MB/s" });

  const single = await pairs(page,
    (n) => bench.produce(`single-${n}`, { records: 1, size: 4000, rounds: 300, inFlight: 1 }),
    () => bench.raw("strictWrites", { bytes: 4096, values: 1, commits: 300 }));
  row("acks=all commit of one 4 KiB batch, p50 / raw strict 4 KiB commit", single, p50, { aim: 2, better: "less", unit: "ms" });
  row("acks=all commit of one 4 KiB batch, p99 / raw strict 4 KiB commit", single, p99, { aim: 2, better: "less", unit: "ms" });

  row("8 partitions × 4 KiB, acks=all / a raw strict transaction each", await pairs(page,
    (n) => bench.produce(`eight-${n}`, { partitions: 8, records: 1, size: 4000, rounds: 100, inFlight: 1 }),
    () => bench.raw("ownTransactions", { bytes: 4096, writers: 8, rounds: 100 })),
  rate, { aim: 2, better: "more", unit: "MB/s" });

  row("1000 × 100 B batches, 8 in flight, acks=all / sqlite-wasm opfs-sahpool FULL", await pairs(page,
    (n) => bench.produce(`records-${n}`, { records: 1000, size: 100, rounds: 200, inFlight: 8 }),
    () => bench.sqlite({ batches: 200, bytes: 110_000, inFlight: 8 })),
  rate, { aim: 2, better: "more", unit: "MB/s" });
  await page.close();
}

// More than stays in memory (64 MiB), read from its start again and again: what is read last has
// always left memory when it is wanted again.
async function coldFetch(context) {
  const page = await open(context, link(1));
  const size = 160 << 20;
  await page.evaluate((bytes) => bench.produce("cold", { records: 1, size: 1_048_000, rounds: bytes >> 20, inFlight: 8 }), size);
  const resident = await page.evaluate(() => bench.residentBytes());
  if (resident > size * 0.6) throw new Error(`${resident} bytes are still in memory`);
  const rounds = await pairs(page,
    (n) => bench.consume("cold", { from: (n % 2) * 80, max: 1 << 20, bytes: 48 << 20 }),
    () => bench.raw("getAll", { bytes: 1 << 20, perCall: 1, calls: 48 }));
  row("uncached fetch of 1 MiB / raw getAll of 1 MiB", rounds, rate, { aim: 0.8, better: "more", unit: "MB/s" });
  await page.close();
}

async function drawing(context) {
  // A flight is described by up to six parcels, 150 flights a virtual second, drawn for 450 real ms at
  // least: at 10× that is the 4,000 parcels that are drawn at the most.
  const busy = link(3, {
    network: { latency_ms: 150, jitter_ms: 10 },
    topics: [{ name: "busy", partitions: 12 }],
    producers: Array.from({ length: 3 }, (_, n) => (
      { name: `p-${n}`, topic: "busy", pace: { "per-second": 500 }, keys: { "random-of": 50 }, linger_ms: 200 })),
    consumers: [{ name: "c", topics: ["busy"], start: "latest" }],
  });
  const page = await open(context, busy);
  await page.evaluate(() => window.konbini.speed(10));
  const empty = await context.newPage();
  await empty.goto(`${site.url}/bench/empty.html`);
  const rounds = [];
  const parcels = [];
  for (let n = 0; n < ROUNDS; n += 1) {
    await page.bringToFront();
    await page.evaluate(() => window.konbini.resume());
    await page.waitForTimeout(5_000);
    const ours = await page.evaluate(() => bench.frames(5));
    parcels.push(await page.evaluate(() => bench.parcels()));
    // Nothing else may run while the empty loop is timed.
    await page.evaluate(() => window.konbini.pause());
    await empty.bringToFront();
    rounds.push([ours, await empty.evaluate(async () => (await import("/bench/page.js")).frames(5))]);
  }
  const many = median(parcels);
  row(`frames/s with ${many} moving parcels while brokers append / an empty animation loop`, rounds,
    (run) => run.fps, { aim: 0.95, better: "more", unit: "fps" });
  const slow = median(rounds.map(([ours]) => ours.p95));
  const idle = digits(median(rounds.map(([, theirs]) => theirs.p95)));
  print({ name: "the same, p95 frame, ms", ratio: slow, aim: 20, better: "less", detail: `empty loop: ${idle} ms` });
  await page.close();
  await empty.close();
}

// The network takes no time here either: a round trip costs what handing turns and reports to and fro costs.
async function programs(context) {
  const server = process.env.KONBINI;
  if (!server) throw new Error("KONBINI does not name the server's program");
  const node = await Loopback.start(root, server);
  try {
    const page = await open(context, link(1));
    const measure = async (name, count, what, unit) => {
      const text = textOf(root, name);
      const ours = () => inTab(page, name, text);
      const theirs = () => node.run(name, text);
      row(what, await turns(ours, theirs), (run) => count / run.seconds, { better: "more", unit });
    };
    await measure("trips", TRIPS, "round trips/s between a program and a broker, tab / Node over loopback", "trips/s");
    await measure("produce", RECORDS, "records/s of kafkajs, acks=all, batches of 100 × 100 B, tab / Node over loopback", "records/s");
    await page.close();
  } finally {
    await node.stop();
  }
}

// A browser's first visit: nothing cached, nothing stored.
async function firstPaint() {
  const paints = [];
  const readies = [];
  for (let n = 0; n < ROUNDS; n += 1) {
    await withBrowser(async (context) => {
      const page = await context.newPage();
      await page.goto(`${site.url}/`);
      readies.push(await page.evaluate(() => new Promise((done) => {
        const look = () => (window.konbini ? window.konbini.ready.then(() => done(performance.now())) : setTimeout(look, 5));
        look();
      })));
      paints.push(await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? NaN));
    });
  }
  const detail = `brokers run after ${digits(median(readies) / 1000)} s`;
  print({ name: "time to first paint, s", ratio: median(paints) / 1000, aim: 1, better: "less", detail });
}

// `name KB` of each file.
const shares = (files) => files.map(([name, bytes]) => `${/^konbini-(.*)-/.exec(name)[1]} ${digits(bytes / 1e3)}`).join(", ");

function size() {
  const files = readdirSync(dist, { recursive: true }).filter((name) => [".wasm", ".js"].includes(extname(name)));
  const packed = files.map((name) => [name, gzipSync(readFileSync(join(dist, name)), { level: 9 }).length]);
  // The code view's part is loaded when it is opened; codecs and the formatter when they are asked for.
  const isOfCode = ([name]) => /konbini-(code|program|editor)-/.test(name);
  const isAskedFor = ([name]) => /konbini-(kafkajs-\w+|prettier)-/.test(name);
  const sum = (list) => list.reduce((bytes, [, more]) => bytes + more, 0);
  const total = sum(packed.filter((file) => !isOfCode(file) && !isAskedFor(file)));
  const parts = packed.filter(([name]) => name.endsWith(".wasm"))
    .map(([name, bytes]) => `${name.includes("worker") ? "worker" : "page"} ${digits(bytes / 1e6)}`);
  print({ name: "wasm and JavaScript, gzip, MB", ratio: total / 1e6, aim: 1.2, better: "less", detail: parts.join(", ") });
  print({ name: "the code view's download, loaded when it is opened, gzip, KB", ratio: sum(packed.filter(isOfCode)) / 1e3, better: "less", detail: shares(packed.filter(isOfCode)) });
  print({ name: "what of it is loaded when it is asked for, gzip, KB", ratio: sum(packed.filter(isAskedFor)) / 1e3, better: "less", detail: shares(packed.filter(isAskedFor)) });
}

const parts = {
  size,
  firstPaint,
  storage: () => withBrowser(storage),
  coldFetch: () => withBrowser(coldFetch),
  drawing: () => withBrowser(drawing),
  programs: () => withBrowser(programs),
};

// One part that fails does not hide the others.
let failed = false;
for (const [name, part] of Object.entries(parts)) {
  if (ONLY && ONLY !== name) continue;
  try {
    await part();
  } catch (error) {
    failed = true;
    console.error(`${name}: ${error?.stack ?? error}`);
  }
}
site.close();
process.exitCode = failed ? 1 : 0;
