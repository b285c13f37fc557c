// What kafkajs, a client that nobody here wrote, gets from the server. Prints a line a case,
// `ok NAME` or `not ok NAME: why`. Usage: node run.mjs HOST:PORT
import administration from './admin.mjs';
import { admin, run, until } from './client.mjs';
import failures from './failures.mjs';
import groups from './groups.mjs';
import records from './records.mjs';
import transactions from './transactions.mjs';

await admin.connect();
await until(async () => (await admin.describeCluster()).brokers.length === 3);
await run({ ...administration, ...records, ...groups, ...transactions, ...failures });
await admin.disconnect();
process.exit(0);
