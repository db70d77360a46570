// The tools, prompts and resources that the conformance suite looks for, for `server.mjs`.
//
// Never here: HTTP, sessions. To add one: a function in the table it belongs to; its name is what the suite calls it.

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
const SILENCE = 'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=';

const text = (words) => ({ type: 'text', text: words });
const says = (...content) => ({ content });
const image = { type: 'image', data: PIXEL, mimeType: 'image/png' };
const embedded = (uri, mimeType, words) => ({ type: 'resource', resource: { uri, mimeType, text: words } });
const shortly = () => new Promise((done) => setTimeout(done, 50));
const object = (properties = {}, required = Object.keys(properties)) => ({ type: 'object', properties, required });
const choices = (...values) => values.map(([value, title]) => ({ const: value, title }));

/** A schema with what JSON Schema 2020-12 has over its forerunners; it must be listed as it stands here. */
const RICH = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    $defs: {
        address: {
            $anchor: 'addressDef',
            type: 'object',
            properties: { street: { type: 'string' }, city: { type: 'string' } },
        },
    },
    properties: {
        name: { type: 'string' },
        address: { $ref: '#/$defs/address' },
        contactMethod: { type: 'string', enum: ['phone', 'email'] },
        phone: { type: 'string' },
        email: { type: 'string' },
    },
    allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
    if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
    then: { required: ['phone'] },
    else: { required: ['email'] },
    additionalProperties: false,
};

const DEFAULTS = {
    name: { type: 'string', default: 'John Doe' },
    age: { type: 'integer', default: 30 },
    score: { type: 'number', default: 95.5 },
    status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
    verified: { type: 'boolean', default: true },
};

const ENUMS = {
    untitledSingle: { type: 'string', enum: ['option1', 'option2', 'option3'] },
    titledSingle: { type: 'string', oneOf: choices(['value1', 'First Option'], ['value2', 'Second Option']) },
    legacyEnum: { type: 'string', enum: ['opt1', 'opt2'], enumNames: ['Option One', 'Option Two'] },
    untitledMulti: { type: 'array', items: { type: 'string', enum: ['option1', 'option2', 'option3'] } },
    titledMulti: { type: 'array', items: { anyOf: choices(['value1', 'First Choice'], ['value2', 'Second Choice']) } },
};

/** Tools that answer the same in every revision. */
const PLAIN = {
    test_simple_text: () => says(text('This is a simple text response for testing.')),
    test_image_content: () => says(image),
    test_audio_content: () => says({ type: 'audio', data: SILENCE, mimeType: 'audio/wav' }),
    test_embedded_resource: () =>
        says(embedded('test://embedded-resource', 'text/plain', 'This is an embedded resource content.')),
    test_multiple_content_types: () =>
        says(
            text('Multiple content types test:'),
            image,
            embedded('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}'),
        ),
    test_error_handling: () => {
        throw new Error('This tool intentionally returns an error for testing');
    },
    test_tool_with_logging: async (_, ctx) => {
        for (const words of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
            await ctx.mcpReq.log('info', words);
            await shortly();
        }
        return says(text('logged three times'));
    },
    test_logging_tool: async (_, ctx) => {
        await ctx.mcpReq.log('info', 'heard only by who asked for it');
        return says(text('done'));
    },
    test_tool_with_progress: async (_, ctx) => {
        const progressToken = ctx.mcpReq._meta?.progressToken;
        for (const progress of [0, 50, 100]) {
            if (progressToken !== undefined) {
                const params = { progressToken, progress, total: 100 };
                await ctx.mcpReq.notify({ method: 'notifications/progress', params });
            }
            await shortly();
        }
        return says(text('all of it'));
    },
    test_reconnection: async (_, ctx) => {
        ctx.http?.closeSSE?.();
        await shortly();
        return says(text('still here'));
    },
};

/** Tools that ask the client in the middle of a call, as revisions with a handshake do. */
const ASKING = {
    test_sampling: [
        object({ prompt: { type: 'string' } }),
        async ({ prompt }, ctx) => {
            const messages = [{ role: 'user', content: text(prompt) }];
            const said = await asked(ctx, 'sampling/createMessage', { messages, maxTokens: 100 });
            return says(text(`LLM response: ${said.content.text}`));
        },
    ],
    test_elicitation: [
        object({ message: { type: 'string' } }),
        ({ message }, ctx) =>
            elicited(ctx, message, object({ username: { type: 'string' }, email: { type: 'string' } }), 'User response'),
    ],
    test_elicitation_sep1034_defaults: [
        object(),
        (_, ctx) => elicited(ctx, 'Look these over', object(DEFAULTS, []), 'Elicitation completed'),
    ],
    test_elicitation_sep1330_enums: [
        object(),
        (_, ctx) => elicited(ctx, 'Choose', object(ENUMS, []), 'Elicitation completed'),
    ],
};

/** Asks on the stream of the call itself. The SDK's `elicitInput` takes the session's listening stream, which a client may
 * not have opened yet, and then nobody is asked. */
const asked = (ctx, method, params) => ctx.mcpReq.send({ method, params });

async function elicited(ctx, message, requestedSchema, lead) {
    const said = await asked(ctx, 'elicitation/create', { message, requestedSchema });
    return says(text(`${lead}: action=${said.action}, content=${JSON.stringify(said.content ?? {})}`));
}

/** Questions of 2026-07-28: an answer that asks, and the call made again with what was asked for. */
function questions({ inputRequired }) {
    const form = (message, key, type = 'string') =>
        inputRequired.elicit({ message, requestedSchema: object({ [key]: { type } }) });
    return {
        name: (message = 'What is your name?') => form(message, 'name'),
        color: () => form('Step 2: What is your favorite color?', 'color'),
        confirm: () => form('Please confirm', 'ok', 'boolean'),
        context: () => form('What context should the prompt use?', 'context'),
        sample: (words, maxTokens = 100) =>
            inputRequired.createMessage({ messages: [{ role: 'user', content: text(words) }], maxTokens }),
        roots: () => inputRequired.listRoots(),
    };
}

const accepted = (said, key) => (said?.action === 'accept' ? said.content?.[key] : undefined);

function rounds({ sdk, codec }) {
    const { inputRequired } = sdk;
    const ask = questions(sdk);
    const sealed = async (step, inputRequests) =>
        inputRequired({ inputRequests, requestState: await codec.mint({ step }) });
    return {
        elicitation: (said) => {
            const name = accepted(said.user_name, 'name');
            if (name === undefined) return inputRequired({ inputRequests: { user_name: ask.name() } });
            return says(text(`Hello, ${name}!`));
        },
        sampling: (said) =>
            said.capital_question
                ? says(text(said.capital_question.content.text))
                : inputRequired({ inputRequests: { capital_question: ask.sample('What is the capital of France?') } }),
        list_roots: (said) =>
            said.client_roots
                ? says(text(said.client_roots.roots.map((root) => root.uri).join(' ')))
                : inputRequired({ inputRequests: { client_roots: ask.roots() } }),
        request_state: (said, state) =>
            said.confirm && state?.step === 'confirm'
                ? says(text('state-ok'))
                : sealed('confirm', { confirm: ask.confirm() }),
        multiple_inputs: (said, state) =>
            said.user_name && said.greeting && said.client_roots && state?.step === 'all'
                ? says(text('all three are here'))
                : sealed('all', {
                      user_name: ask.name(),
                      greeting: ask.sample('Generate a greeting', 50),
                      client_roots: ask.roots(),
                  }),
        multi_round: (said, state) => {
            if (state?.step === 'second' && said.step2) return says(text('both rounds are done'));
            if (state?.step === 'first' && said.step1) return sealed('second', { step2: ask.color() });
            return sealed('first', { step1: ask.name('Step 1: What is your name?') });
        },
        tampered_state: (said, state) =>
            said.confirm && state ? says(text('untouched')) : sealed('confirm', { confirm: ask.confirm() }),
        capabilities: (said, _, ctx) => {
            const can = ctx.mcpReq.envelope?.['io.modelcontextprotocol/clientCapabilities'] ?? {};
            const wanted = {
                ...(can.elicitation && { name: ask.name() }),
                ...(can.sampling && { sample: ask.sample('Say something') }),
            };
            const open = Object.keys(wanted).filter((key) => !said[key]);
            if (open.length === 0) return says(text('nothing to ask'));
            return inputRequired({ inputRequests: wanted });
        },
    };
}

/** The questions of `ASKING` as 2026-07-28 has them, for a server that speaks nothing else. */
function askingAnew({ inputRequired }) {
    const elicited = (lead, schema) => (said, { message = 'Look these over' }) =>
        said.answer
            ? says(text(`${lead}: action=${said.answer.action}, content=${JSON.stringify(said.answer.content ?? {})}`))
            : inputRequired({ inputRequests: { answer: inputRequired.elicit({ message, requestedSchema: schema }) } });
    return {
        test_sampling: (said, { prompt }) =>
            said.answer
                ? says(text(`LLM response: ${said.answer.content.text}`))
                : inputRequired({
                      inputRequests: {
                          answer: inputRequired.createMessage({
                              messages: [{ role: 'user', content: text(prompt) }],
                              maxTokens: 100,
                          }),
                      },
                  }),
        test_elicitation: elicited('User response', object({ username: { type: 'string' }, email: { type: 'string' } })),
        test_elicitation_sep1034_defaults: elicited('Elicitation completed', object(DEFAULTS, [])),
        test_elicitation_sep1330_enums: elicited('Elicitation completed', object(ENUMS, [])),
    };
}

async function confirmed(ctx, done) {
    await asked(ctx, 'elicitation/create', { message: 'Please confirm', requestedSchema: object({ ok: { type: 'boolean' } }) });
    return says(text(done));
}

/** The questions of `rounds` as revisions with a handshake have them, for a server that speaks nothing else. */
const ROUNDS = {
    elicitation: async (ctx) => {
        const said = await asked(ctx, 'elicitation/create', { message: 'What is your name?', requestedSchema: object({ name: { type: 'string' } }) });
        return says(text(`Hello, ${said.content.name}!`));
    },
    sampling: async (ctx) => {
        const messages = [{ role: 'user', content: text('What is the capital of France?') }];
        const said = await asked(ctx, 'sampling/createMessage', { messages, maxTokens: 100 });
        return says(text(said.content.text));
    },
    list_roots: async (ctx) => {
        const said = await asked(ctx, 'roots/list', {});
        return says(text(said.roots.map((root) => root.uri).join(' ')));
    },
    request_state: (ctx) => confirmed(ctx, 'state-ok'),
    tampered_state: (ctx) => confirmed(ctx, 'untouched'),
    capabilities: async (ctx, server) => {
        const can = server.server.getClientCapabilities() ?? {};
        const schema = object({ name: { type: 'string' } });
        if (can.elicitation) await asked(ctx, 'elicitation/create', { message: 'What is your name?', requestedSchema: schema });
        const messages = [{ role: 'user', content: text('Say something') }];
        if (can.sampling) await asked(ctx, 'sampling/createMessage', { messages, maxTokens: 100 });
        return says(text('nothing to ask'));
    },
    multi_round: async (ctx) => {
        const one = { message: 'Step 1: What is your name?', requestedSchema: object({ name: { type: 'string' } }) };
        const two = { message: 'Step 2: What is your favorite color?', requestedSchema: object({ color: { type: 'string' } }) };
        await asked(ctx, 'elicitation/create', one);
        await asked(ctx, 'elicitation/create', two);
        return says(text('both rounds are done'));
    },
};

export function tools(server, world) {
    const { sdk, era, notify } = world;
    const add = (name, schema, act, more = {}) =>
        server.registerTool(name, { description: `For the suite: ${name}`, inputSchema: sdk.fromJsonSchema(schema), ...more }, act);
    for (const [name, act] of Object.entries(PLAIN)) add(name, object(), act);
    add('json_schema_2020_12_tool', RICH, () => says(text('listed as it is')));
    // Listed so that a client repeats the argument in a header of its own (SEP-2243).
    const region = { type: 'string', 'x-mcp-header': 'Region' };
    add('test_region', object({ region }), ({ region }) => says(text(region)));
    if (era === 'legacy') {
        for (const [name, [schema, act]] of Object.entries(ASKING)) add(name, schema, act);
        if (process.env.ONLY) {
            for (const [name, act] of Object.entries(ROUNDS)) {
                add(`test_input_required_result_${name}`, object(), (_, ctx) => act(ctx, server));
            }
            add('test_trigger_tool_change', object(), () => (server.sendToolListChanged(), says(text('said so'))));
        }
        return;
    }
    if (process.env.ONLY) {
        for (const [name, act] of Object.entries(askingAnew(sdk))) {
            add(name, ASKING[name][0], (args, ctx) => act(ctx.mcpReq.inputResponses ?? {}, args));
        }
    }
    for (const [name, act] of Object.entries(rounds(world))) {
        add(`test_input_required_result_${name}`, object(), (_, ctx) =>
            act(ctx.mcpReq.inputResponses ?? {}, ctx.mcpReq.requestState(), ctx),
        );
    }
    const ask = questions(sdk);
    add('test_missing_capability', object(), (_, ctx) => {
        if (ctx.mcpReq.inputResponses?.said) return says(text('said'));
        return sdk.inputRequired({ inputRequests: { said: ask.sample('Say something') } });
    });
    add('test_streaming_elicitation', object(), () => sdk.inputRequired({ inputRequests: { user_name: ask.name() } }));
    add('test_trigger_tool_change', object(), () => (notify.toolsChanged(), says(text('said so'))));
    add('test_trigger_prompt_change', object(), () => (notify.promptsChanged(), says(text('said so'))));
}

export function prompts(server, { sdk, era }) {
    const said = (...contents) => ({ messages: contents.map((content) => ({ role: 'user', content })) });
    const add = (name, schema, act) =>
        server.registerPrompt(
            name,
            { description: `For the suite: ${name}`, ...(schema && { argsSchema: sdk.fromJsonSchema(schema) }) },
            act,
        );
    const word = { type: 'string' };
    add('test_simple_prompt', null, () => said(text('This is a simple prompt for testing.')));
    add('test_prompt_with_arguments', object({ arg1: word, arg2: word }), ({ arg1, arg2 }) =>
        said(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)),
    );
    add('test_prompt_with_embedded_resource', object({ resourceUri: word }), ({ resourceUri }) =>
        said(
            embedded(resourceUri, 'text/plain', 'Embedded resource content for testing.'),
            text('Please process the embedded resource above.'),
        ),
    );
    add('test_prompt_with_image', null, () => said(image, text('Please analyze the image above.')));
    if (era === 'legacy') return;
    const ask = questions(sdk);
    add('test_input_required_result_prompt', null, (ctx) => {
        const context = accepted(ctx.mcpReq.inputResponses?.user_context, 'context');
        if (context === undefined) return sdk.inputRequired({ inputRequests: { user_context: ask.context() } });
        return said(text(`In the context of ${context}`));
    });
}

export function resources(server, { sdk }) {
    const add = (name, uri, mimeType, read) =>
        server.registerResource(name, uri, { description: `For the suite: ${name}`, mimeType }, read);
    const fixed = (name, mimeType, content) =>
        add(name, `test://${name}`, mimeType, (uri) => ({ contents: [{ uri: uri.href, mimeType, ...content }] }));
    fixed('static-text', 'text/plain', { text: 'This is the content of the static text resource.' });
    fixed('static-binary', 'image/png', { blob: PIXEL });
    fixed('watched-resource', 'text/plain', { text: 'Watched.' });
    const template = new sdk.ResourceTemplate('test://template/{id}/data', { list: undefined });
    add('template', template, 'application/json', (uri, { id }) => {
        const data = JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` });
        return { contents: [{ uri: uri.href, mimeType: 'application/json', text: data }] };
    });
}
