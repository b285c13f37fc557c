// Where programs live: a hidden frame of an origin of its own, without network or storage, with a worker a program.
import { packagesFor, textOf } from './packages.js';

/** WebAssembly is for the codecs; a program of Node's has it too. */
const POLICY = "default-src 'none'; script-src 'unsafe-inline' 'wasm-unsafe-eval' blob:; worker-src blob:";

/** What runs in the frame: it starts workers and ends them, nothing else. */
function warden() {
  const workers = new Map();
  let runtime;
  addEventListener('message', ({ source, data, ports }) => {
    if (source !== parent) return;
    if (data.t === 'runtime') runtime = URL.createObjectURL(new Blob([data.text], { type: 'text/javascript' }));
    if (data.t === 'end') {
      workers.get(data.id)?.terminate();
      workers.delete(data.id);
    }
    if (data.t !== 'start') return;
    const worker = new Worker(runtime, { name: data.what.entry });
    worker.onerror = ({ message }) => parent.postMessage({ t: 'failed', id: data.id, message }, '*');
    workers.set(data.id, worker);
    worker.postMessage({ ...data.what, control: ports[0], cluster: ports[1] }, ports);
  });
}

export class Sandbox {
  #frame;
  #failed;

  /** `failed(id, message)`: a worker broke. */
  constructor(failed) {
    this.#failed = failed;
  }

  /** Starts a program; the ports move to it. */
  async start(id, what, control, cluster) {
    this.#frame ??= this.#open();
    this.#frame.catch(() => {
      // The next program tries again.
      this.#frame = undefined;
    });
    const packages = packagesFor(what.files, Object.keys(PACKAGE_FILES), (name) => textOf(PACKAGE_FILES[name], name));
    const [frame, files] = await Promise.all([this.#frame, packages]);
    const more = { ...what, files: { ...files, ...what.files } };
    frame.contentWindow.postMessage({ t: 'start', id, what: more }, '*', [control, cluster]);
  }

  /** Ends a program's worker, whatever it is doing. */
  async end(id) {
    const frame = await this.#frame?.catch(() => undefined);
    frame?.contentWindow.postMessage({ t: 'end', id }, '*');
  }

  async #open() {
    const text = await textOf(PROGRAM_FILE, "the programs' runtime");
    const frame = document.createElement('iframe');
    frame.hidden = true;
    frame.sandbox = 'allow-scripts';
    frame.title = 'programs';
    frame.srcdoc = `<meta http-equiv="Content-Security-Policy" content="${POLICY}"><script>(${warden})()</script>`;
    const loaded = new Promise((resolve) => frame.addEventListener('load', resolve, { once: true }));
    document.body.append(frame);
    await loaded;
    addEventListener('message', ({ source, data }) => {
      if (source === frame.contentWindow && data?.t === 'failed') this.#failed(data.id, String(data.message));
    });
    // The frame's origin is opaque: there is no name for it.
    frame.contentWindow.postMessage({ t: 'runtime', text }, '*');
    return frame;
  }
}
