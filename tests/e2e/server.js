// Serves dist/ as the plainest file server would: files and types, no special headers, under a sub-path.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const DIST = fileURLToPath(new URL('../../dist', import.meta.url));
const SUB_PATH = '/some/where/konbini/';
const TYPES = {
  '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.wasm': 'application/wasm',
  '.json': 'application/json', '.svg': 'image/svg+xml', '.woff2': 'font/woff2', '.png': 'image/png',
};

async function answer(request, response) {
  const path = decodeURIComponent(new URL(request.url, 'http://host').pathname);
  const inside = normalize(path.slice(SUB_PATH.length) || 'index.html');
  if (!path.startsWith(SUB_PATH) || inside.startsWith('..')) {
    response.writeHead(404).end();
    return;
  }
  try {
    const body = await readFile(join(DIST, inside));
    const type = TYPES[extname(inside)] ?? 'application/octet-stream';
    response.writeHead(200, { 'content-type': type }).end(body);
  } catch {
    response.writeHead(404).end();
  }
}

/** Serves on a free port; the page's address, and how to stop. */
export async function serve() {
  const server = createServer(answer);
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  };
  return { site: `http://127.0.0.1:${server.address().port}${SUB_PATH}`, stop };
}
