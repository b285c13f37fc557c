// What the worker has stored, looked at (and damaged) from a page in which nothing runs.
// The layout is drawn in crates/worker/src/store/database.rs.

/** Runs in the page: opens the database, gives its object store to `work`, closes it. */
const inStore = async ([store, mode, work, argument]) => {
  const settled = (request) =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  const database = await settled(indexedDB.open('konbini'));
  try {
    const transaction = database.transaction(store, mode);
    const done = new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(transaction.error);
    });
    const result = await new Function('store', 'settled', 'argument', `return (${work})(store, settled, argument)`)(
      transaction.objectStore(store), settled, argument,
    );
    await done;
    return result;
  } finally {
    database.close();
  }
};

const inPage = (page, store, mode, work, argument) => page.evaluate(inStore, [store, mode, String(work), argument]);

/** All keys of an object store. */
export function storedKeys(page, store) {
  return inPage(page, store, 'readonly', (store, settled) => settled(store.getAllKeys()));
}

/** Flips one bit of one byte in the middle of a stored value. */
export function flipByte(page, store, key) {
  return inPage(page, store, 'readwrite', async (store, settled, key) => {
    const bytes = new Uint8Array(await settled(store.get(key)));
    bytes[bytes.length >> 1] ^= 4;
    await settled(store.put(bytes.buffer, key));
  }, key);
}

/** Deletes one stored value. */
export function deleteValue(page, store, key) {
  return inPage(page, store, 'readwrite', (store, settled, key) => settled(store.delete(key)), key);
}
