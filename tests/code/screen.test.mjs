// What a terminal keeps, and its colours.
import assert from 'node:assert/strict';
import test from 'node:test';
import { inspect } from 'node:util';
import { pieces, strip } from '../../www/code/page/ansi.js';
import { Screen } from '../../www/code/page/screen.js';

test('colours become classes', () => {
  const cases = [
    ['plain', [['plain', '']]],
    ['\x1b[33m1\x1b[39m!', [['1', 'ansi-yellow'], ['!', '']]],
    ['\x1b[1;31mbad\x1b[0m', [['bad', 'ansi-bold ansi-red']]],
    ['\x1b[31ma\x1b[92mb', [['a', 'ansi-red'], ['b', 'ansi-green ansi-bright']]],
    ['\x1b[2J\x1b[10;5Hx', [['x', '']]],
  ];
  for (const [text, expected] of cases) assert.deepEqual(pieces(text).out, expected, JSON.stringify(text));
  const shown = inspect({ a: [1, 'x', null] }, { colors: true });
  assert.equal(pieces(shown).out.map(([piece]) => piece).join(''), "{ a: [ 1, 'x', null ] }");
  assert.equal(strip(shown), "{ a: [ 1, 'x', null ] }");
});

test('lines, pieces of lines, and two streams', () => {
  const screen = new Screen();
  screen.write('out', 'one\ntw', 1);
  screen.write('out', 'o\n', 2);
  screen.write('out', 'thr', 3);
  screen.write('err', 'bad\n', 3);
  screen.write('out', '\nafter an empty line\n', 4);
  assert.equal(screen.text, 'one\ntwo\nthr\nbad\n\nafter an empty line\n');
  screen.write('out', 'gone\x1b[2Jclear\n', 5);
  assert.equal(screen.text, 'clear\n');
});

test('the oldest lines go, and long ones are cut', () => {
  const screen = new Screen();
  for (let line = 0; line < 5_000; line += 1) screen.write('out', `${line}\n`, line);
  assert.equal(screen.text.split('\n')[0], '2000');
  screen.write('out', 'x'.repeat(100_000), 1);
  assert.equal(screen.text.split('\n').at(-2).length, 4_000);
});
