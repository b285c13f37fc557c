// The core's benchmarks as wasm in Node: one line of JSON a row.
import { performance } from "node:perf_hooks";
import { measure } from "../../target/bench-wasm/konbini_bench.js";

console.log(measure(() => performance.now(), "wasm"));
