// What a client of the official TypeScript SDKs gets from a fixture server, step by step, as one JSON object.
//
//     node bridge_client.mjs FOLDER URL session|stateless|v1
//
// `v1` is the SDK of before 2026-07-28, which knows sessions only. Never here: a step that `bridge_steps.py` does not have.

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, url, kind] = process.argv.slice(2);
const load = (path) => import(pathToFileURL(join(folder, 'node_modules/@modelcontextprotocol', path)).href);
const LIMIT = 20_000;

const ANSWERS = {
    'sampling/createMessage': async () => ({ role: 'assistant', model: 'none', content: { type: 'text', text: 'Paris' } }),
    'elicitation/create': async ({ params }) => {
        const fields = params.requestedSchema?.properties ?? {};
        const value = (field) => field.default ?? (field.type === 'string' ? 'Ann' : undefined);
        const content = Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, value(field)]));
        return { action: 'accept', content };
    },
    'roots/list': async () => ({ roots: [{ uri: 'file:///orders', name: 'orders' }] }),
};
const capabilities = { sampling: {}, elicitation: {}, roots: {} };
const info = { name: 'bridge-typescript', version: '1.0.0' };
const heard = [];

async function modern() {
    const { Client, StreamableHTTPClientTransport } = await load('client/dist/index.mjs');
    const mode = kind === 'session' ? 'legacy' : { pin: '2026-07-28' };
    const client = new Client(info, { capabilities, versionNegotiation: { mode } });
    for (const [method, answer] of Object.entries(ANSWERS)) client.setRequestHandler(method, answer);
    client.setNotificationHandler('notifications/message', ({ params }) => void heard.push(params.data));
    await client.connect(new StreamableHTTPClientTransport(new URL(url)));
    return client;
}

async function first() {
    const { Client } = await load('sdk/dist/esm/client/index.js');
    const { StreamableHTTPClientTransport } = await load('sdk/dist/esm/client/streamableHttp.js');
    const types = await load('sdk/dist/esm/types.js');
    const client = new Client(info, { capabilities });
    client.setRequestHandler(types.CreateMessageRequestSchema, ANSWERS['sampling/createMessage']);
    client.setRequestHandler(types.ElicitRequestSchema, ANSWERS['elicitation/create']);
    client.setRequestHandler(types.ListRootsRequestSchema, ANSWERS['roots/list']);
    client.setNotificationHandler(types.LoggingMessageNotificationSchema, ({ params }) => void heard.push(params.data));
    await client.connect(new StreamableHTTPClientTransport(new URL(url)));
    return client;
}

const client = await (kind === 'v1' ? first() : modern());
const texts = ({ content }) => content.map((one) => one.text ?? one.type);
const call = async (name, args = {}, options = {}) => texts(await client.callTool({ name, arguments: args }, ...(kind === 'v1' ? [undefined, options] : [options])));

const STEPS = {
    'the list of tools': async () => (await client.listTools()).tools.map(({ name }) => name).includes('test_simple_text'),
    'a tool answers': () => call('test_simple_text'),
    'several contents': () => call('test_multiple_content_types'),
    'a tool that fails': async () => (await client.callTool({ name: 'test_error_handling', arguments: {} })).isError,
    'progress': async () => {
        const seen = [];
        await call('test_tool_with_progress', {}, { onprogress: ({ progress }) => void seen.push(progress) });
        return seen;
    },
    'an argument in a header': () => call('test_region', { region: 'Zürich' }),
    'sampling': () => call('test_sampling', { prompt: 'What is the capital of France?' }),
    'elicitation': () => call('test_elicitation', { message: 'Who?' }),
    'elicitation with defaults': () => call('test_elicitation_sep1034_defaults'),
    'roots': () => call('test_input_required_result_list_roots'),
    'two rounds of questions': () => call('test_input_required_result_multi_round'),
    'the list of prompts': async () => (await client.listPrompts()).prompts.map(({ name }) => name).includes('test_simple_prompt'),
    'a prompt': async () =>
        (await client.getPrompt({ name: 'test_prompt_with_arguments', arguments: { arg1: 'a', arg2: 'b' } })).messages[0].content.text,
    'the list of resources': async () => (await client.listResources()).resources.map(({ uri }) => uri).sort(),
    'templates': async () => (await client.listResourceTemplates()).resourceTemplates.map(({ uriTemplate }) => uriTemplate),
    'a resource': async () => (await client.readResource({ uri: 'test://static-text' })).contents[0].text,
    'a resource of a template': async () => (await client.readResource({ uri: 'test://template/7/data' })).contents[0].text,
    'completion': async () =>
        (await client.complete({ ref: { type: 'ref/prompt', name: 'test_prompt_with_arguments' }, argument: { name: 'arg1', value: 'pa' } })).completion.values,
};

const found = {};
for (const [name, step] of Object.entries(STEPS)) {
    const late = new Promise((_, no) => setTimeout(() => no(new Error('no answer in time')), LIMIT).unref());
    found[name] = await Promise.race([step(), late]).catch((error) => `failed: ${error.message}`.slice(0, 300));
}
console.log(JSON.stringify(found));
await client.close().catch(() => {});
process.exit(0);
