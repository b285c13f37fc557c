// zstd-wasm, started at once and not in a promise of the engine's: a turn of a program ends when the program's own
// promises have. Its package exports only what starts it by the network.
import { Module } from '../../../node_modules/@bokuweb/zstd-wasm/dist/web/module.js';
import bytes from '../../../node_modules/@bokuweb/zstd-wasm/dist/web/zstd.wasm' with { type: 'bytes' };

export { compress } from '../../../node_modules/@bokuweb/zstd-wasm/dist/web/simple/compress.js';

Module.instantiateWasm = (imports, received) =>
  received(new WebAssembly.Instance(new WebAssembly.Module(bytes), imports));
Module.init();
