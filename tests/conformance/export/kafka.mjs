// Apache Kafka from Maven Central's jars (CLASSPATH), with the settings that an export's docker-compose.yml gives to
// its one broker; only ports, host names and the directory are of this machine.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';

/** Real ms until it listens. */
const PATIENCE_MS = 120_000;
const TRY_EVERY_MS = 200;

/** The settings in docker-compose.yml, by Kafka's names, as the image reads them. */
export function settingsIn(compose) {
  const found = {};
  for (const [, variable, value] of compose.matchAll(/^ {6}KAFKA_([A-Z_]+): ("(?:[^"\\]|\\.)*")$/gm)) {
    if (variable === 'HEAP_OPTS') continue;
    const letters = { ___: '-', __: '_', _: '.' };
    const name = variable.toLowerCase().replace(/_+/g, (run) => letters[run]);
    found[name] = JSON.parse(value).replaceAll('$$', '$');
  }
  return found;
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function listens(port) {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Starts it in that empty folder; its address and how to stop it. */
export async function startKafka(compose, folder) {
  await mkdir(folder, { recursive: true });
  const [clients, internal, controller] = [await freePort(), await freePort(), await freePort()];
  const plain = `PLAINTEXT://127.0.0.1:${clients},INTERNAL://127.0.0.1:${internal}`;
  const settings = {
    ...settingsIn(compose),
    listeners: `${plain},CONTROLLER://127.0.0.1:${controller}`,
    'advertised.listeners': plain,
    'controller.quorum.voters': `1@127.0.0.1:${controller}`,
    'log.dirs': join(folder, 'logs'),
  };
  const properties = join(folder, 'server.properties');
  await writeFile(properties, Object.entries(settings).map(([name, value]) => `${name}=${value}\n`).join(''));
  const log = await open(join(folder, 'kafka.log'), 'w');
  const java = (...args) => spawn('java', args, { stdio: ['ignore', log.fd, log.fd] });
  const [, id] = /CLUSTER_ID: "(.+)"/.exec(compose);
  const [code] = await once(java('kafka.tools.StorageTool', 'format', '-t', id, '-c', properties), 'exit');
  if (code !== 0) throw new Error(`the storage could not be formatted; see ${folder}/kafka.log`);
  const child = java('-Xmx512m', 'kafka.Kafka', properties);
  const ended = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
    await log.close();
  };
  const until = Date.now() + PATIENCE_MS;
  while (!(await listens(clients))) {
    if (child.exitCode !== null || Date.now() > until) {
      await stop();
      throw new Error(`Kafka does not listen; see ${folder}/kafka.log`);
    }
    await new Promise((resolve) => setTimeout(resolve, TRY_EVERY_MS));
  }
  return { address: `127.0.0.1:${clients}`, stop };
}
