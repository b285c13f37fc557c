// Prettier and what it needs for JavaScript and JSON: loaded when somebody first formats a file.
import babel from 'prettier/plugins/babel';
import estree from 'prettier/plugins/estree';
import { format } from 'prettier/standalone';

const WIDTH = 100;
const PARSERS = { js: 'babel', cjs: 'babel', mjs: 'babel', json: 'json' };

/**
 * The text as Prettier lays it out; semicolons and quotes stay as most of the file has them.
 *
 * @throws with `code` and a sentence: it is no JavaScript, or there is a mistake in it, at a line and column.
 */
export async function formatted(name, text) {
  const parser = PARSERS[name.split('.').pop()];
  if (!parser) throw refusal('no-format', `${name} cannot be formatted: ${Object.keys(PARSERS).join(', ')} files can`);
  const options = { parser, plugins: [babel, estree], printWidth: WIDTH, ...habits(text) };
  try {
    return await format(text, options);
  } catch (error) {
    const at = error.loc?.start;
    if (!at) throw error;
    const what = error.message.split('\n')[0].replace(/ \(\d+:\d+\)$/, '');
    throw refusal('syntax-error', `${name} stays as it is: line ${at.line}, column ${at.column}: ${what}`);
  }
}

function habits(text) {
  const count = (pattern) => text.match(pattern)?.length ?? 0;
  const lines = count(/[\w)\]'"`];?[ \t]*$/gm);
  return { semi: count(/;[ \t]*$/gm) * 2 > lines, singleQuote: count(/'/g) >= count(/"/g) };
}

function refusal(code, message) {
  return Object.assign(new Error(message), { code });
}
