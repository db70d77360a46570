// The public OpenID provider `oidc-provider` from npm on loopback, and in front of its token endpoint somebody who can be
// told to lie: the engine is honest, what leaves it may not be.
//
//     node oidc_provider.mjs NPM_FOLDER PORT REDIRECT_URI [JWKS_URI]
//
// `POST /_lie {"lie": NAME}` chooses how the next ID tokens are changed (`LIES`), `POST /_end` ends it. With JWKS_URI the
// client proves itself by `private_key_jwt`, else by its secret. Never here: anything of Writ.
// To add a lie: a row of LIES, and its case in `oidc.py`.

import { createServer } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [npm, port, redirect, jwksUri] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(join(npm, 'node_modules', name)).href);
const { default: Provider } = await load('oidc-provider/lib/index.js');
const jose = await load('jose/dist/webapi/index.js');

// Another site than Writ's `localhost`, as real ones are: cookies that are for one site only notice.
const issuer = `http://127.0.0.1:${port}`;
const GROUPS = { mara: ['staff', 'writ-engineers'], ivo: ['staff', 'writ-audit'], tess: ['staff'] };

async function key(kid, alg) {
  const { privateKey } = await jose.generateKeyPair(alg, { extractable: true });
  return { ...(await jose.exportJWK(privateKey)), kid, alg, use: 'sig' };
}

const own = await key('own', 'RS256');
const foreign = await key('own', 'RS256');
const later = await key('later', 'ES256');
const open = ({ kty, n, e, crv, x, y, kid, alg, use }) => ({ kty, n, e, crv, x, y, kid, alg, use });

const client = {
  client_id: 'writ',
  redirect_uris: [redirect],
  response_types: ['code'],
  grant_types: ['authorization_code'],
  id_token_signed_response_alg: 'RS256',
  ...(jwksUri
    ? {
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_signing_alg: 'EdDSA',
        // The engine itself refuses to fetch from loopback.
        jwks: await (await fetch(jwksUri)).json(),
      }
    : { token_endpoint_auth_method: 'client_secret_basic', client_secret: process.env.SECRET }),
};

const provider = new Provider(issuer, {
  clients: [client],
  jwks: { keys: [own] },
  cookies: { keys: ['loopback only'] },
  claims: { openid: ['sub'], groups: ['groups'] },
  scopes: ['openid', 'groups'],
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  features: { devInteractions: { enabled: true } },
  clientAuthMethods: ['client_secret_basic', 'private_key_jwt'],
  enabledJWA: { clientAuthSigningAlgValues: ['EdDSA', 'ES256', 'RS256'] },
  findAccount: (_ctx, id) => ({
    accountId: id,
    claims: () => ({ sub: id, groups: GROUPS[id] ?? [] }),
  }),
});

async function signed(claims, jwk, header = {}) {
  const made = new jose.SignJWT(claims).setProtectedHeader({ alg: jwk.alg, kid: jwk.kid, ...header });
  return made.sign(await jose.importJWK(jwk, jwk.alg));
}

const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const now = () => Math.floor(Date.now() / 1000);
const LIES = {
  none: (claims) => `${part({ alg: 'none' })}.${part(claims)}.`,
  hmac: async (claims) => {
    const secret = new TextEncoder().encode(own.n);
    return new jose.SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'own' }).sign(secret);
  },
  nonce: (claims) => signed({ ...claims, nonce: 'another' }, own),
  no_nonce: ({ nonce, ...claims }) => signed(claims, own),
  audience: (claims) => signed({ ...claims, aud: 'another' }, own),
  two_audiences: (claims) => signed({ ...claims, aud: ['writ', 'another'] }, own),
  issuer: (claims) => signed({ ...claims, iss: 'http://localhost:1' }, own),
  expired: (claims) => signed({ ...claims, iat: now() - 7200, exp: now() - 3600 }, own),
  future: (claims) => signed({ ...claims, iat: now() + 3600, exp: now() + 7200 }, own),
  foreign_key: (claims) => signed(claims, foreign),
  unknown_key: (claims) => signed(claims, { ...foreign, kid: 'nobody' }),
  critical: (claims) => signed(claims, own, { crit: ['b64'], b64: true }),
  embedded_key: (claims) => signed(claims, foreign, { kid: undefined, jwk: open(foreign) }),
  new_key: (claims) => signed(claims, later),
  subject: (claims) => signed({ ...claims, sub: '' }, own),
  no_token: () => undefined,
};

let lie = null;

async function body(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces);
}

/// Runs the engine and changes the ID token in its answer.
async function lying(request, response) {
  const pieces = [];
  const [end, head] = [response.end.bind(response), response.writeHead.bind(response)];
  response.writeHead = (status) => {
    response.statusCode = status;
    return response;
  };
  response.write = (piece) => pieces.push(Buffer.from(piece)) > 0;
  response.end = (piece) => {
    if (piece) pieces.push(Buffer.from(piece));
    const told = JSON.parse(Buffer.concat(pieces).toString());
    const change = async () => {
      if (!told.id_token) return;
      told.id_token = await LIES[lie](jose.decodeJwt(told.id_token));
    };
    change().then(() => {
      response.removeHeader('content-length');
      head(response.statusCode);
      end(JSON.stringify(told));
    });
    return response;
  };
  provider.callback()(request, response);
}

const server = createServer(async (request, response) => {
  if (request.url === '/_lie') {
    ({ lie } = JSON.parse((await body(request)).toString()));
    response.statusCode = lie === null || lie in LIES ? 204 : 400;
    response.end();
  } else if (request.url === '/_end') {
    response.end();
    server.close();
    server.closeAllConnections();
  } else if (request.url.startsWith('/_lure?')) {
    response.setHeader('content-type', 'text/html');
    response.end(`<a href="${request.url.slice(7)}">lure</a>`);
  } else if (request.url === '/jwks' && lie === 'new_key') {
    response.setHeader('content-type', 'application/jwk-set+json');
    response.end(JSON.stringify({ keys: [open(own), open(later)] }));
  } else if (request.url === '/token' && lie !== null) {
    await lying(request, response);
  } else {
    provider.callback()(request, response);
  }
});
server.listen(Number(port), '127.0.0.1', () => console.log('ready'));
