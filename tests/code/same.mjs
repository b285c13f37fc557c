// What same.js prints, without what is another in each run.
import { readFile } from 'node:fs/promises';

const read = (name) => readFile(new URL(name, import.meta.url), 'utf8');

export const program = await read('same.js');
export const expected = await read('same.txt').catch(() => '');

const MASKS = [
  // eslint-disable-next-line no-control-regex
  [/\x1b\[\d*m/g, ''],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, 'TIME'],
  [/\b1\d{12}\b/g, 'MS'],
  [/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID'],
];

export function masked(text) {
  return MASKS.reduce((whole, [pattern, word]) => whole.replace(pattern, word), text);
}
