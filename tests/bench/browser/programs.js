// Programs of the code view beside the same programs in Node, over the loopback to the `konbini` server: each prints
// `begin` and `end`, and the real time between the two is measured by who reads its output.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const PATIENCE_MS = 120_000;

/** What a program does between `begin` and `end`. */
export const TRIPS = 6_000;
export const RECORDS = 400 * 100;

export const textOf = (root, name) => readFileSync(join(root, "tests/bench/programs", `${name}.js`), "utf8");

/** In the page: runs a program; the seconds that it took. */
export async function inTab(page, name, text) {
  return page.evaluate(async ([name, text, patience]) => {
    await konbini.code.write(`${name}.js`, text);
    const id = await konbini.code.run(`${name}.js`);
    const late = performance.now() + patience;
    const seen = (word) => new Promise((resolve, reject) => {
      const look = async () => {
        const output = await konbini.code.output(id);
        if (output.includes(`${word}\n`)) resolve(performance.now());
        else if (performance.now() > late) reject(new Error(`${name} printed: ${output}`));
        else setTimeout(look, 2);
      };
      look();
    });
    const begun = await seen("begin");
    const seconds = ((await seen("end")) - begun) / 1000;
    await konbini.code.stop(id);
    return { seconds };
  }, [name, text, PATIENCE_MS]);
}

/** A server with one broker and an empty directory, and programs of Node's against it. */
export class Loopback {
  static async start(root, program) {
    const one = new Loopback();
    one.folder = mkdtempSync(join(tmpdir(), "konbini-bench-"));
    symlinkSync(join(root, "node_modules"), join(one.folder, "node_modules"));
    const options = ["--data", join(one.folder, "data"), "--listen", "127.0.0.1:0", "--log-format", "json"];
    one.server = spawn(program, options, { stdio: ["ignore", "ignore", "pipe"] });
    one.address = await new Promise((resolve, reject) => {
      one.server.once("error", reject);
      one.server.once("exit", (code) => reject(new Error(`the server ended with ${code}`)));
      createInterface({ input: one.server.stderr }).on("line", (line) => {
        const { fields } = JSON.parse(line);
        if (fields?.message === "listening") resolve(fields.address);
      });
    });
    return one;
  }

  /** Runs a program; the seconds that it took. */
  async run(name, text) {
    const path = join(this.folder, `${name}.cjs`);
    writeFileSync(path, text.replaceAll("localhost:9092", this.address));
    const child = spawn(process.execPath, [path], { env: { ...process.env, KAFKAJS_NO_PARTITIONER_WARNING: "1" } });
    let output = "";
    const times = {};
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (data) => {
        output += data;
        for (const word of ["begin", "end"]) if (output.includes(`${word}\n`)) times[word] ??= performance.now();
      });
    }
    const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
    const code = await new Promise((resolve) => child.once("exit", resolve));
    clearTimeout(timer);
    if (code !== 0 || !times.end) throw new Error(`${name} ended with ${code}: ${output}`);
    return { seconds: (times.end - times.begin) / 1000 };
  }

  async stop() {
    this.server.removeAllListeners("exit");
    const ended = new Promise((resolve) => this.server.once("exit", resolve));
    this.server.kill("SIGKILL");
    await ended;
    rmSync(this.folder, { recursive: true, force: true });
  }
}
