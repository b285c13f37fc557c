// Where bundled packages find Node's modules: those of the program that this worker runs.

let table = {};

export function provide(builtins) {
  table = builtins;
}

export function builtin(name) {
  return table[name]();
}
