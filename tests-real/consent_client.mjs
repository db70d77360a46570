// A program on somebody's machine, written with the official TypeScript SDK, which does OAuth and DPoP by itself.
//
//     node consent_client.mjs FOLDER URL CLIENT-ID PORT
//
// It prints one JSON line for what it needs or has: where a person must go, what the server answered. It reads commands from
// its standard input: `call`, `spoil` (its access token is worth nothing from now on). Never here: anything of Writ's.

import { createServer } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const [folder, url, client_id, port] = process.argv.slice(2);
const entry = join(folder, 'node_modules/@modelcontextprotocol/client/dist/index.mjs');
const { Client, DpopSession, StreamableHTTPClientTransport, UnauthorizedError } = await import(pathToFileURL(entry).href);

const say = (words) => console.log(JSON.stringify(words));
const redirectUrl = `http://127.0.0.1:${port}/callback`;
const session = await DpopSession.create();
const kept = {};
const provider = {
    redirectUrl,
    clientMetadata: { client_name: 'Night report', redirect_uris: [redirectUrl], token_endpoint_auth_method: 'none' },
    state: () => 'state-of-the-program',
    clientInformation: () => ({ client_id, issuer: kept.discovery?.authorizationServerUrl }),
    saveClientInformation: () => {},
    tokens: () => kept.tokens,
    saveTokens: (tokens) => { kept.tokens = tokens; },
    redirectToAuthorization: (to) => say({ go: to.href }),
    saveCodeVerifier: (verifier) => { kept.verifier = verifier; },
    codeVerifier: () => kept.verifier,
    discoveryState: () => kept.discovery,
    saveDiscoveryState: (found) => { kept.discovery = found; },
    dpop: () => session,
};

/** What the browser brings back. */
const came = () => new Promise((resolve) => {
    const server = createServer((request, response) => {
        response.end('You can close this page.');
        server.close();
        resolve(new URL(request.url, redirectUrl).searchParams);
    });
    server.listen(Number(port), '127.0.0.1');
});

const connected = async () => {
    const client = new Client({ name: 'night-report', version: '1.0.0' }, { versionNegotiation: { mode: 'legacy' } });
    const transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: provider });
    const answer = came();
    try {
        await client.connect(transport);
    } catch (error) {
        if (!(error instanceof UnauthorizedError)) throw error;
        await transport.finishAuth(await answer);
        const again = new StreamableHTTPClientTransport(new URL(url), { authProvider: provider });
        const second = new Client({ name: 'night-report', version: '1.0.0' }, { versionNegotiation: { mode: 'legacy' } });
        await second.connect(again);
        return second;
    }
    return client;
};

try {
    const client = await connected();
    const { tools } = await client.listTools();
    say({ tools: tools.length, type: kept.tokens.token_type, scope: kept.tokens.scope, refresh: Boolean(kept.tokens.refresh_token) });
    for await (const command of createInterface({ input: process.stdin })) {
        const before = kept.tokens.refresh_token;
        if (command === 'spoil') kept.tokens = { ...kept.tokens, access_token: 'a.b.c' };
        try {
            const answer = await client.callTool({ name: 'test_simple_text', arguments: {} });
            say({ said: answer.content?.[0]?.text, turned: kept.tokens.refresh_token !== before });
        } catch (error) {
            say({ refused: String(error).slice(0, 300) });
        }
    }
} catch (error) {
    say({ failed: String(error?.stack ?? error).slice(0, 1500) });
    process.exitCode = 1;
}
process.exit();
