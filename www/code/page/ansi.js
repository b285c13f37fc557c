// Terminal colours: from escape sequences to pieces with a class.

/** Foregrounds of SGR 30 to 37 and 90 to 97. */
const COLOURS = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'];
// eslint-disable-next-line no-control-regex
const ESCAPE = /\x1b(?:\[([\d;]*)([A-Za-z])|\][^\x07]*\x07)/g;

export const strip = (text) => text.replace(ESCAPE, '');

/** Pieces `[text, classes]`, and the style that goes on in the next line. */
export function pieces(text, style = new Set()) {
  const out = [];
  const now = new Set(style);
  let from = 0;
  const push = (to) => {
    if (to > from) out.push([text.slice(from, to), [...now].join(' ')]);
  };
  for (const found of text.matchAll(ESCAPE)) {
    push(found.index);
    from = found.index + found[0].length;
    if (found[2] === 'm') (found[1] || '0').split(';').forEach((code) => apply(now, Number(code)));
  }
  push(text.length);
  return { out, style: now };
}

function apply(style, code) {
  const colour = COLOURS[code >= 90 ? code - 90 : code - 30];
  const without = () => COLOURS.concat('bright').forEach((name) => style.delete(`ansi-${name}`));
  if (code === 0) style.clear();
  else if (code === 1) style.add('ansi-bold');
  else if (code === 2) style.add('ansi-dim');
  else if (code === 3) style.add('ansi-italic');
  else if (code === 4) style.add('ansi-underline');
  else if (code === 22) ['ansi-bold', 'ansi-dim'].forEach((name) => style.delete(name));
  else if (code === 23) style.delete('ansi-italic');
  else if (code === 24) style.delete('ansi-underline');
  else if (code === 39) without();
  else if (colour && ((code >= 30 && code <= 37) || (code >= 90 && code <= 97))) {
    without();
    style.add(`ansi-${colour}`);
    if (code >= 90) style.add('ansi-bright');
  }
}
