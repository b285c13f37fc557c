// The examples of the code view, in the tab: they print what they print in Node (tests/code/server.test.mjs).
import { examples } from '../../www/code/build.mjs';
import { EXPECTED } from '../code/examples.mjs';
import { call, visit } from './app.js';
import { expect, test } from './site.js';

const texts = new Map((await examples()).map(({ name, files }) => [name, files]));

/** Those of an example that another one has prepared run in the same visit. */
const VISITS = [['first', 'replay'], ['two-consumers'], ['keys'], ['batches'], ['commit'], ['transactions'], ['admin']];

for (const names of VISITS) {
  test(`the example ${names.join(' and ')}`, async ({ page, site }) => {
    test.setTimeout(180_000);
    await visit(page, site);
    await call(page, 'speed', 10);
    for (const name of names) {
      const { runs } = EXPECTED.find((one) => one.name === name);
      for (const { file, shows, code } of runs) {
        const text = texts.get(name)[file];
        const id = await page.evaluate(async ([file, text]) => {
          await konbini.code.write(file, text);
          return konbini.code.run(file);
        }, [file, text]);
        const output = () => page.evaluate((id) => konbini.code.output(id), id);
        for (const pattern of shows) await expect.poll(output, { timeout: 60_000, message: file }).toMatch(pattern);
        if (code === undefined) continue;
        const state = () => page.evaluate(async (id) => {
          const { terminals } = await konbini.code.list();
          return terminals.find((one) => one.id === id);
        }, id);
        await expect.poll(state, { timeout: 60_000 }).toMatchObject({ state: 'ended', code });
      }
    }
  });
}
