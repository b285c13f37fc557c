// Packages that a program may require beside kafkajs: each is loaded for the programs whose files name it.

/** Texts by name, or promises of them. */
const texts = new Map();

/** Files for the programs of `files`: what they name of `packages`, where Node would look for it. `load(name)` gives a text. */
export async function packagesFor(files, packages, load) {
  const whole = Object.values(files).join('\n');
  const names = packages.filter((name) => whole.includes(name));
  const found = await Promise.all(names.map(async (name) => [`node_modules/${name}.cjs`, await load(name)]));
  return Object.fromEntries(found);
}

/** The text of one of the site's files, kept once it is there; `what` is what a reader calls it. */
export async function textOf(file, what) {
  if (!texts.has(file)) texts.set(file, fetchText(file, what));
  try {
    return await texts.get(file);
  } catch (error) {
    // The next program tries again.
    texts.delete(file);
    throw error;
  }
}

async function fetchText(file, what) {
  const answer = await fetch(new URL(file, import.meta.url));
  if (!answer.ok) throw new Error(`${what} could not be loaded: ${answer.status}`);
  return answer.text();
}
