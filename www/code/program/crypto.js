// Node's `crypto`, as far as it follows the run's seed: random bytes, numbers and UUIDs.

export function cryptoWith(chance) {
  const randomBytes = (size, callback) => {
    const bytes = chance.fill(Buffer.alloc(size));
    if (!callback) return bytes;
    queueMicrotask(() => callback(null, bytes));
    return undefined;
  };
  const randomInt = (low, high) => {
    const [from, to] = high === undefined ? [0, low] : [low, high];
    return from + Math.floor(chance.unit() * (to - from));
  };
  const web = { getRandomValues: (array) => chance.fill(array), randomUUID: () => chance.uuid() };
  const absent = (name) => () => {
    throw new Error(`crypto.${name} is not here; randomBytes, randomInt and randomUUID are`);
  };
  const others = ['createHash', 'createHmac', 'pbkdf2', 'pbkdf2Sync', 'createCipheriv', 'sign', 'verify'];
  return {
    web,
    module: {
      ...Object.fromEntries(others.map((name) => [name, absent(name)])),
      ...web,
      webcrypto: web,
      randomBytes,
      randomInt,
      randomFillSync: (array) => chance.fill(array),
    },
  };
}
