// Everything that the conformance suite asks a server for, written with the official TypeScript SDK.
//
//     node server.mjs FOLDER PORT
//
// FOLDER has the SDK in its node_modules. One address serves every revision: sessions for those with a handshake, one
// exchange each for 2026-07-28; with ONLY=session or ONLY=stateless in its environment it is a server of that generation
// alone, with the other's tools in its own form (`bridge.py` asks for that). Never here: a workaround for what a gateway in front of it might do.
// To add a tool: a line in `tools.mjs`.

import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { prompts, resources, tools } from './tools.mjs';

const [folder, port] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(join(folder, 'node_modules/@modelcontextprotocol', name, 'dist/index.mjs')).href);
const sdk = await load('server');
const { toNodeHandler } = await load('node');

// LIMIT: events kept for readers that come back; far more than one scenario sends.
const EVENTS = 4096;

/** What was sent on the streams of a session, so that a reader that was cut off can go on where it was. */
class Events {
    #kept = [];

    async storeEvent(stream, message) {
        const id = `${stream}/${this.#kept.length}`;
        if (this.#kept.length < EVENTS) this.#kept.push({ id, stream, message });
        return id;
    }

    async getStreamIdForEventId(id) {
        return this.#kept.find((event) => event.id === id)?.stream;
    }

    async replayEventsAfter(id, { send }) {
        const at = this.#kept.findIndex((event) => event.id === id);
        const stream = this.#kept[at]?.stream ?? id;
        for (const event of this.#kept.slice(at + 1)) {
            // An event without a method, a result or an error only opened its stream.
            if (event.stream === stream && Object.keys(event.message ?? {}).length > 0) {
                await send(event.id, event.message);
            }
        }
        return stream;
    }
}

const codec = sdk.createRequestStateCodec({ key: randomUUID() + randomUUID() });
const subscribed = new Set();

function server(era) {
    const made = new sdk.McpServer(
        { name: 'fixture-typescript', version: '1.0.0' },
        {
            capabilities: {
                tools: { listChanged: true },
                prompts: { listChanged: true },
                resources: { subscribe: true, listChanged: true },
                completions: {},
                logging: {},
            },
            requestState: { verify: codec.verify },
        },
    );
    const world = { sdk, codec, era, notify: modern.notify };
    tools(made, world);
    prompts(made, world);
    resources(made, world);
    made.server.setRequestHandler('completion/complete', async () => ({ completion: { values: ['paris', 'park'] } }));
    if (era === 'legacy') {
        made.server.setRequestHandler('resources/subscribe', async ({ params }) => (subscribed.add(params.uri), {}));
        made.server.setRequestHandler('resources/unsubscribe', async ({ params }) => (subscribed.delete(params.uri), {}));
    }
    return made;
}

const modern = sdk.createMcpHandler(({ era }) => server(era), { legacy: 'reject' });
const sessions = new Map();

/** A request of a revision with a handshake: the session's own transport, made by `initialize`. */
async function legacy(request) {
    const named = request.headers.get('mcp-session-id');
    const known = named === null ? undefined : sessions.get(named);
    if (known) return known.handleRequest(request);
    const body = request.method === 'POST' ? await request.clone().json().catch(() => null) : null;
    if (named !== null || body?.method !== 'initialize') {
        const error = { code: -32000, message: named === null ? 'no session' : 'the session is over' };
        return Response.json({ jsonrpc: '2.0', id: body?.id ?? null, error }, { status: named === null ? 400 : 404 });
    }
    const transport = new sdk.WebStandardStreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        onsessioninitialized: (id) => void sessions.set(id, transport),
        onsessionclosed: (id) => void sessions.delete(id),
        eventStore: new Events(),
        retryInterval: 500,
    });
    await server('legacy').connect(transport);
    return transport.handleRequest(request);
}

async function answer(request) {
    const refused =
        sdk.hostHeaderValidationResponse(request, sdk.localhostAllowedHostnames()) ??
        sdk.originValidationResponse(request, sdk.localhostAllowedOrigins());
    if (refused) return refused;
    if (process.env.ONLY === 'stateless') return modern.fetch(request);
    if (process.env.ONLY === 'session') return legacy(request);
    return (await sdk.isLegacyRequest(request)) ? legacy(request) : modern.fetch(request);
}

createServer(toNodeHandler({ fetch: answer })).listen(Number(port), '127.0.0.1');
