// The raw loops that the bench measures Konbini against, run in a dedicated worker of their own.
// A message {run, with} is answered with {result} or {error}.

const wait = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

const committed = (tx) =>
  new Promise((resolve, reject) => {
    tx.oncomplete = () => resolve();
    tx.onabort = () => reject(tx.error);
  });

async function fresh(name) {
  await wait(indexedDB.deleteDatabase(name));
  const open = indexedDB.open(name, 1);
  open.onupgradeneeded = () => open.result.createObjectStore("data");
  return wait(open);
}

function noise(bytes) {
  const out = new Uint8Array(bytes);
  for (let at = 0; at < bytes; at += 65536) {
    crypto.getRandomValues(out.subarray(at, Math.min(at + 65536, bytes)));
  }
  return out;
}

// `commits` strict transactions of `values` values of `bytes` each, one after the other.
async function strictWrites({ bytes, values, commits }) {
  const db = await fresh("konbini-bench-raw");
  const value = noise(bytes);
  const ms = [];
  const start = performance.now();
  for (let commit = 0; commit < commits; commit += 1) {
    const from = performance.now();
    const tx = db.transaction("data", "readwrite", { durability: "strict" });
    for (let n = 0; n < values; n += 1) {
      tx.objectStore("data").put(value.slice().buffer, [0, commit * values + n]);
    }
    const done = committed(tx);
    tx.commit();
    await done;
    ms.push(performance.now() - from);
  }
  const seconds = (performance.now() - start) / 1000;
  db.close();
  return { seconds, bytes: bytes * values * commits, ms };
}

// `writers` loops at once, each with a strict transaction for each of its own values.
async function ownTransactions({ bytes, writers, rounds }) {
  const db = await fresh("konbini-bench-raw");
  const value = noise(bytes);
  const ms = [];
  const start = performance.now();
  const writer = async (id) => {
    for (let round = 0; round < rounds; round += 1) {
      const from = performance.now();
      const tx = db.transaction("data", "readwrite", { durability: "strict" });
      tx.objectStore("data").put(value.slice().buffer, [id, round]);
      const done = committed(tx);
      tx.commit();
      await done;
      ms.push(performance.now() - from);
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, id) => writer(id)));
  const seconds = (performance.now() - start) / 1000;
  db.close();
  return { seconds, bytes: bytes * writers * rounds, ms };
}

// getAll over ranges of `perCall` values of `bytes` each, `calls` times.
async function getAll({ bytes, perCall, calls }) {
  const db = await fresh("konbini-bench-raw");
  for (let call = 0; call < calls; call += 1) {
    const tx = db.transaction("data", "readwrite", { durability: "strict" });
    for (let n = 0; n < perCall; n += 1) {
      tx.objectStore("data").put(noise(bytes).buffer, [0, call * perCall + n]);
    }
    await committed(tx);
  }
  const ms = [];
  const start = performance.now();
  for (let call = 0; call < calls; call += 1) {
    const from = performance.now();
    const range = IDBKeyRange.bound([0, call * perCall], [0, (call + 1) * perCall], false, true);
    const got = await wait(db.transaction("data").objectStore("data").getAll(range));
    if (got.length !== perCall) throw new Error(`getAll gave ${got.length} values`);
    ms.push(performance.now() - from);
  }
  const seconds = (performance.now() - start) / 1000;
  db.close();
  return { seconds, bytes: bytes * perCall * calls, ms };
}

const runs = { strictWrites, ownTransactions, getAll };

self.onmessage = async ({ data }) => {
  try {
    self.postMessage({ result: await runs[data.run](data.with) });
  } catch (error) {
    self.postMessage({ error: String(error?.stack ?? error) });
  }
};
