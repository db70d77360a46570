// The public MCP client of npm, on stdio: one JSON line in for each request, one out for what came of it.
//
//     node held_client.mjs NPM_FOLDER COMMAND_AS_JSON [links]
//
// With `links` it says that it shows links (URL mode of elicitation). Never here: anything of Writ. To ask something else:
// a row of ASK.

import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [npm, command, links] = process.argv.slice(2);
const sdk = join(npm, 'node_modules/@modelcontextprotocol/sdk/dist/esm/client');
const load = (name) => import(pathToFileURL(join(sdk, name)).href);
const { Client } = await load('index.js');
const { StdioClientTransport } = await load('stdio.js');

const capabilities = links ? { elicitation: { form: {}, url: {} } } : {};
const client = new Client({ name: 'shop-assistant', version: '1.0.0' }, { capabilities });
const [program, ...args] = JSON.parse(command);
const transport = new StdioClientTransport({ command: program, args, env: process.env, stderr: 'inherit' });
let revision;
transport.setProtocolVersion = (version) => {
  revision = version;
};
await client.connect(transport);

const ASK = {
  revision: async () => ({ revision }),
  list: async () => ({ tools: (await client.listTools()).tools.map((tool) => tool.name) }),
  call: async ({ name, arguments: given }) => client.callTool({ name, arguments: given }),
};
for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  try {
    console.log(JSON.stringify({ result: await ASK[asked.ask](asked) }));
  } catch (error) {
    console.log(JSON.stringify({ error: { code: error.code, message: error.message, data: error.data } }));
  }
}
await client.close();
