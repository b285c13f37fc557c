// Formatting as the page does it: what is laid out, what is left as it is, what is refused.
import assert from 'node:assert/strict';
import test from 'node:test';
import { examples } from '../../www/code/build.mjs';
import { formatted } from '../../www/code/page/prettier.js';

/** Name, text, and the text that it becomes. */
const CASES = [
  ['a.js', "const  a={b:1 ,c:'x'}\nfoo( a )", "const a = { b: 1, c: 'x' }\nfoo(a)\n"],
  ['semicolons.js', 'let a=1;let b=2;\nrun( a,b );', 'let a = 1;\nlet b = 2;\nrun(a, b);\n'],
  ['quotes.js', 'f("a")\ng("b", \'c\')', 'f("a")\ng("b", "c")\n'],
  ['module.mjs', "import {a} from './a.mjs'\nawait a( )", "import { a } from './a.mjs'\nawait a()\n"],
  ['topics.json', '{"a":[1,2],"b":{}}', '{ "a": [1, 2], "b": {} }\n'],
];

for (const [name, text, after] of CASES) {
  test(`${name} is laid out, and then stays as it is`, async () => {
    assert.equal(await formatted(name, text), after);
    assert.equal(await formatted(name, after), after);
  });
}

test('the examples have no other semicolons and quotes afterwards', async () => {
  for (const { files } of await examples()) {
    for (const [name, text] of Object.entries(files)) {
      const letters = (one) => one.replace(/[\s(),]/g, '');
      assert.equal(letters(await formatted(name, text)), letters(text), name);
    }
  }
});

test('a mistake is told with its place', async () => {
  await assert.rejects(formatted('bad.js', 'const a = 1\nconst = 7'), {
    code: 'syntax-error',
    message: 'bad.js stays as it is: line 2, column 7: Unexpected token',
  });
});

test('other files are refused', async () => {
  await assert.rejects(formatted('notes.txt', 'a'), {
    code: 'no-format',
    message: 'notes.txt cannot be formatted: js, cjs, mjs, json files can',
  });
});
