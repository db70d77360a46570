// npm's `@ai-sdk/mcp` doing a list of steps: what it came to, one line of JSON a step, as `world_clients.py` does for the others.
//
//     node world_clients.mjs FOLDER PLAN
//
// FOLDER is where npm's packages are. Nothing of the client is changed.
import { createInterface } from "node:readline";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [folder, words] = process.argv.slice(2);
const plan = JSON.parse(words);
const from = createRequire(`${folder}/package.json`);
const load = (name) => import(pathToFileURL(from.resolve(name)));
const { createMCPClient } = await load("@ai-sdk/mcp");
const { Experimental_StdioMCPTransport } = await load("@ai-sdk/mcp/mcp-stdio");

const DROPPED = new Set(["_meta", "meta", "id", "resultType", "ttlMs", "cacheScope"]);
const say = (line) => process.stdout.write(`${JSON.stringify(line, (key, value) => (DROPPED.has(key) ? undefined : value))}\n`);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

const [command, ...args] = plan.command ?? [];
const transport = command ? new Experimental_StdioMCPTransport({ command, args }) : { type: "http", url: plan.url };
const client = await createMCPClient({ transport });
// What a model is given: it can call nothing that is not in it.
const given = await client.tools();

const STEPS = {
  tools: async () => (await client.listTools()).tools.map((tool) => tool.name),
  call: async (name, input) =>
    given[name]
      ? given[name].execute(input, { toolCallId: "1", messages: [] })
      : client.callTool({ name, arguments: input }),
  prompts: async () => (await client.listPrompts()).prompts.map((prompt) => prompt.name),
  prompt: (name, input) => client.getPrompt({ name, arguments: input }),
  resources: async () => (await client.listResources()).resources.map((resource) => resource.uri),
  read: (uri) => client.readResource({ uri }),
};

say({ revision: client.initializeResult?.protocolVersion ?? "" });
for (const one of plan.steps) {
  if (one.do === "wait") {
    say({ kind: "waits" });
    await lines.next();
  } else if (!STEPS[one.do]) {
    say({ kind: "not offered" });
  } else {
    try {
      const value = await STEPS[one.do](...(one.with ?? []));
      say({ kind: value?.isError === true ? "error" : "result", value });
    } catch (error) {
      say({ kind: "error", value: `${error.name}: ${error.message}` });
    }
  }
}
await client.close();
process.exit(0);
