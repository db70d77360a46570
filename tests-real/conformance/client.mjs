// A client for the conformance suite, written with the official TypeScript SDK.
//
//     node client.mjs FOLDER URL
//
// The suite says in its environment which scenario it plays and at which revision. Never here: a credential; how the
// gateway is reached is not this client's business. To add a scenario: a row in PLAYS.

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, url] = process.argv.slice(2);
const entry = join(folder, 'node_modules/@modelcontextprotocol/client/dist/index.mjs');
const { Client, StreamableHTTPClientTransport } = await import(pathToFileURL(entry).href);

const { MCP_CONFORMANCE_SCENARIO: scenario, MCP_CONFORMANCE_PROTOCOL_VERSION: version } = process.env;
const context = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? '{}');
const call = (client, name, args = {}) => client.callTool({ name, arguments: args });

async function standardHeaders(client) {
    await call(client, 'test_headers');
    const { resources } = await client.listResources();
    await client.readResource({ uri: resources[0].uri });
    const { prompts } = await client.listPrompts();
    await client.getPrompt({ name: prompts[0].name });
}

/** What is done once the tools are listed. */
const PLAYS = {
    tools_call: (client) => call(client, 'add_numbers', { a: 5, b: 3 }),
    'elicitation-sep1034-client-defaults': (client) => call(client, 'test_client_elicitation_defaults'),
    'sse-retry': (client) => call(client, 'test_reconnection'),
    'sep-2322-client-request-state': async (client) => {
        for (const name of ['echo_state', 'unrelated', 'no_state']) await call(client, `test_mrtr_${name}`);
        // The SDK takes an answer without a resultType for an error; the suite asks only that it is not taken for a question.
        await call(client, 'test_mrtr_no_result_type').catch(() => {});
    },
    'http-standard-headers': standardHeaders,
    'http-custom-headers': async (client) => {
        for (const { name, arguments: args } of context.toolCalls) await call(client, name, args);
    },
    'http-invalid-tool-headers': async (client, tools) => {
        for (const { name } of tools) await call(client, name, { region: 'eu' });
    },
    'json-schema-2020-12-preservation': (client, tools) => {
        const rich = tools.find((tool) => tool.name === 'json_schema_2020_12_tool');
        return call(client, 'json_schema_echo', { schema: rich.inputSchema });
    },
};

const client = new Client(
    { name: 'fixture-client-typescript', version: '1.0.0' },
    {
        capabilities: { elicitation: { form: { applyDefaults: true } } },
        versionNegotiation: { mode: version === '2026-07-28' ? 'auto' : 'legacy' },
    },
);
client.setRequestHandler('elicitation/create', async ({ params }) => ({
    action: 'accept',
    content: params.requestedSchema?.properties?.confirmed ? { confirmed: true } : {},
}));
await client.connect(new StreamableHTTPClientTransport(new URL(url)));
const { tools } = await client.listTools();
await PLAYS[scenario]?.(client, tools);
await client.close();
