// Node's console, on util.inspect, with colours as in a terminal.
import { formatWithOptions, inspect } from 'node-inspect-extracted';

const OPTIONS = { colors: true };

export function consoleWith(print, clock) {
  const counts = new Map();
  const began = new Map();
  let indent = '';
  const line = (stream, text) => {
    const whole = indent ? text.replace(/^/gm, indent) : text;
    print(stream, `${whole}\n`);
  };
  const writer = (stream) => (...args) => line(stream, formatWithOptions(OPTIONS, ...args));
  const log = writer('out');
  const error = writer('err');
  const elapsed = (label) => {
    const ms = clock.sinceBegan() - (began.get(label) ?? 0);
    return ms >= 1000 ? `${(ms / 1000).toFixed(3)}s` : `${ms}ms`;
  };
  return {
    log,
    info: log,
    debug: log,
    error,
    warn: error,
    trace: (...args) => {
      const { stack } = new Error();
      error(`Trace: ${formatWithOptions({}, ...args)}\n${stack.split('\n').slice(2).join('\n')}`);
    },
    dir: (value, options) => line('out', inspect(value, { ...OPTIONS, customInspect: false, ...options })),
    table: (rows, columns) => line('out', table(rows, columns) ?? formatWithOptions(OPTIONS, rows)),
    assert: (holds, ...args) => {
      if (!holds) error(`Assertion failed${args.length ? `: ${formatWithOptions(OPTIONS, ...args)}` : ''}`);
    },
    group: (...args) => {
      if (args.length > 0) log(...args);
      indent += '  ';
    },
    groupCollapsed: (...args) => {
      if (args.length > 0) log(...args);
      indent += '  ';
    },
    groupEnd: () => {
      indent = indent.slice(2);
    },
    count: (label = 'default') => {
      counts.set(label, (counts.get(label) ?? 0) + 1);
      log(`${label}: ${counts.get(label)}`);
    },
    countReset: (label = 'default') => void counts.delete(label),
    time: (label = 'default') => void began.set(label, clock.sinceBegan()),
    timeLog: (label = 'default', ...args) => log(`${label}: ${elapsed(label)}`, ...args),
    timeEnd: (label = 'default') => {
      log(`${label}: ${elapsed(label)}`);
      began.delete(label);
    },
    clear: () => print('out', '\x1b[2J'),
  };
}

/** Rows and columns as Node draws them; undefined where there is nothing to draw. */
function table(rows, only) {
  if (typeof rows !== 'object' || rows === null) return undefined;
  const entries = Object.entries(rows);
  const isRow = ([, row]) => typeof row === 'object' && row !== null;
  const names = only ?? [...new Set(entries.filter(isRow).flatMap(([, row]) => Object.keys(row)))];
  const values = entries.some((entry) => !isRow(entry));
  const head = ['(index)', ...names, ...(values ? ['Values'] : [])];
  const show = (value) => inspect(value, { depth: 0 });
  const body = entries.map((entry) => {
    const [index, row] = entry;
    const cells = names.map((name) => (isRow(entry) && name in row ? show(row[name]) : ''));
    return [index, ...cells, ...(values ? [isRow(entry) ? '' : show(row)] : [])];
  });
  const widths = head.map((_, at) => Math.max(...[head, ...body].map((cells) => String(cells[at]).length + 2)));
  const rule = (left, middle, right) => left + widths.map((width) => '─'.repeat(width)).join(middle) + right;
  const draw = (cells) => `│${cells.map((cell, at) => ` ${cell}`.padEnd(widths[at])).join('│')}│`;
  return [rule('┌', '┬', '┐'), draw(head), rule('├', '┼', '┤'), ...body.map(draw), rule('└', '┴', '┘')].join('\n');
}
