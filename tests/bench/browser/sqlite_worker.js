// The nearest peer in a browser: SQLite's own wasm build on its opfs-sahpool VFS with
// synchronous=FULL, one row a batch, `inFlight` batches a transaction (SQLite has one writer).
import sqlite3InitModule from "/sqlite/index.mjs";

self.onmessage = async ({ data }) => {
  try {
    const sqlite3 = await sqlite3InitModule({ print: () => {}, printErr: () => {} });
    const pool = await sqlite3.installOpfsSAHPoolVfs({ name: "konbini-bench", clearOnInit: true });
    const db = new pool.OpfsSAHPoolDb("/bench.db");
    db.exec("PRAGMA journal_mode=TRUNCATE; PRAGMA synchronous=FULL; CREATE TABLE log (k INTEGER PRIMARY KEY, v BLOB)");
    const { batches, bytes, inFlight } = data.with;
    const value = crypto.getRandomValues(new Uint8Array(Math.min(bytes, 65536)));
    const whole = new Uint8Array(bytes);
    for (let at = 0; at < bytes; at += value.length) whole.set(value.subarray(0, Math.min(value.length, bytes - at)), at);
    const insert = db.prepare("INSERT INTO log (v) VALUES (?)");
    const start = performance.now();
    for (let done = 0; done < batches; done += inFlight) {
      db.exec("BEGIN IMMEDIATE");
      for (let n = 0; n < inFlight; n += 1) insert.bind(1, whole).stepReset();
      db.exec("COMMIT");
    }
    const seconds = (performance.now() - start) / 1000;
    insert.finalize();
    db.close();
    await pool.wipeFiles();
    self.postMessage({ result: { seconds, bytes: bytes * batches } });
  } catch (error) {
    self.postMessage({ error: String(error?.stack ?? error) });
  }
};
