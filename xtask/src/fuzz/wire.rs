//! Readers of what clients and servers send: JSON, JSON-RPC with its headers, streams of events, lists, schemas.
//!
//! What has to hold besides that they end well is that nobody behind the gateway can read the same bytes otherwise: what is
//! taken is compared with `serde_json`'s reading, streams with a reader written from the standard.
//! Never here: a reading that is more lenient than the product's.
//! To add a reader: a [`Target`] in [`TARGETS`].

use anyhow::Result;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use writ_authority::grant::Surface;
use writ_gateway::mcp::{
    header, list, method,
    params::{News, Params},
    parse, sse,
};
use writ_model::json::{self, Limits, Rule};

use super::hunt::{Made, Target, Told, Try};

/// The readers.
pub(crate) const TARGETS: &[Target] = &[
    Target {
        name: "json",
        about: "the strict reader: whatever it takes, serde_json takes as the same; it refuses more only by its own rules",
        tokens: &[
            "\"a\":",
            "\\u0000",
            "\\ud800",
            "1e400",
            "-0",
            "[[[[",
            "{\"a\":{\"a\":",
            "null",
            "true",
        ],
        make: || Ok(made(&SEEDS, Box::new(strict))),
    },
    Target {
        name: "rpc",
        about: "a message and its headers: what is taken has one method, one id and one name, in headers and body alike",
        tokens: &[
            "jsonrpc",
            "2.0",
            "method",
            "id",
            "params",
            "result",
            "error",
            "name",
            "uri",
            "taskId",
            "_meta",
            "io.modelcontextprotocol/protocolVersion",
            "2026-07-28",
            "2025-11-25",
            "tools/call",
            "resources/read",
            "mcp-method: tools/call\n",
            "mcp-name: ",
            "mcp-protocol-version: 2026-07-28\n",
            "=?base64?",
            "?=",
        ],
        make: || Ok(made(&MESSAGES, Box::new(message))),
    },
    Target {
        name: "sse",
        about: "events: the same however the stream is cut, the same as the standard's reader, the same on both sides of ours",
        tokens: &[
            "data:",
            "data: ",
            "id:",
            "event: message",
            "retry: 1",
            "\n\n",
            "\r\n\r\n",
            "\r",
            ":",
            "\u{feff}",
            "data",
        ],
        make: || Ok(made(&STREAMS, Box::new(events))),
    },
    Target {
        name: "lists",
        about: "filtered lists: what comes out is JSON again, and names nothing that is not shown",
        tokens: &[
            "tools",
            "prompts",
            "resources",
            "resourceTemplates",
            "name",
            "uri",
            "uriTemplate",
            "nextCursor",
            "result",
        ],
        make: || Ok(made(&LISTS, Box::new(lists))),
    },
    Target {
        name: "schemas",
        about: "what a tool's schema wants repeated in headers",
        tokens: &[
            "inputSchema",
            "properties",
            "x-mcp-header",
            "type",
            "string",
            "tools",
            "result",
            "$ref",
            "items",
        ],
        make: || Ok(made(&LISTS, Box::new(schemas))),
    },
];

const SEEDS: [&str; 7] = [
    r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"message":"grüß Gott 😀"}}}"#,
    r#"[1,-2.5,3e10,0.1,123456789012345678901234567890,true,false,null,"",{"a":{}}]"#,
    r#"{"a":"\u00e9\ud83d\ude00\n\t\"\\\/","b":[[[[[]]]]],"":0}"#,
    "  { \"x\" : [ 1 , 2 ] }\r\n",
    "\"\u{feff}\u{202e}\"",
    "1e400",
    "",
];

const MESSAGES: [&str; 7] = [
    "mcp-protocol-version: 2025-11-25\n\n{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"echo\",\"arguments\":{\"a\":1}}}",
    "mcp-protocol-version: 2026-07-28\nmcp-method: tools/call\nmcp-name: echo\n\n{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"tools/call\",\"params\":{\"name\":\"echo\",\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\"}}}",
    "mcp-protocol-version: 2026-07-28\nmcp-method: resources/read\nmcp-name: =?base64?w7xiZXI=?=\n\n{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"resources/read\",\"params\":{\"uri\":\"über\",\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\"}}}",
    "\n\n{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":7}}",
    "\n\n{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{\"action\":\"accept\",\"content\":{}}}",
    "\n\n{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"2025-06-18\",\"capabilities\":{},\"clientInfo\":{\"name\":\"c\",\"version\":\"1\"}}}",
    "\n\n[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]",
];

const STREAMS: [&str; 6] = [
    "event: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n\n",
    "id: 7\nretry: 100\ndata: one\ndata: two\n\ndata\n\ndata:\n\n",
    "data: a\r\ndata: b\r\n\r\n: comment\r\rdata:c\r\r",
    "\u{feff}data: first\n\ndata: second\n\n",
    "datax: no\ndata : no\n data: no\nDATA: no\n\ndata: yes\n\n",
    "data: unfinished",
];

const LISTS: [&str; 4] = [
    r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a","inputSchema":{"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"}}}},{"name":"bb","description":"]}"}],"nextCursor":"x"}}"#,
    r#"{"jsonrpc":"2.0","id":2,"result":{"resources":[{"uri":"x://1","name":"n"},{"uri":"x://22","name":"m"}],"resourceTemplates":[{"uriTemplate":"x://{id}"}]}}"#,
    r#"{"jsonrpc":"2.0","id":3,"result":{"prompts":[],"tools":[{"name":"ccc"}],"tasks":[{"taskId":"t"}]}}"#,
    r#"{"jsonrpc":"2.0","id":4,"error":{"code":-32601,"message":"no"}}"#,
];

fn made(seeds: &[&str], tries: Try) -> Made {
    Made { seeds: seeds.iter().map(|seed| seed.as_bytes().to_vec()).collect(), tries }
}

fn taken(words: impl std::fmt::Display) -> Told {
    Told::Taken(words.to_string())
}

fn broken(words: impl std::fmt::Display) -> Told {
    Told::Broken(words.to_string())
}

/// Sizes on a coarse scale: inputs that differ by a little are taken alike.
pub(crate) fn scale(size: usize) -> u32 {
    usize::BITS - size.leading_zeros()
}

fn strict(input: &[u8]) -> Told {
    let read = json::parse(input, &Limits::REQUEST);
    let other = serde_json::from_slice::<Value>(input);
    match (read, other) {
        (Ok(node), Ok(value)) => {
            if !alike(&node.to_serde(), &value) {
                return broken(format!(
                    "read otherwise: {} is {value} to serde_json",
                    node.to_serde()
                ));
            }
            let Ok(form) = json::canonical(&node) else {
                return broken("no canonical form: it was taken");
            };
            let again = json::parse(&form, &Limits::ANSWER).ok();
            if again.and_then(|node| json::canonical(&node).ok()).as_deref() != Some(&form) {
                return broken(format!(
                    "the canonical form is not its own: {}",
                    String::from_utf8_lossy(&form)
                ));
            }
            let beyond = json::beyond(&node).len();
            taken(format!(
                "taken {} {} {}",
                scale(node.end - node.start),
                scale(form.len()),
                beyond.min(3)
            ))
        }
        // Exponents up to 400 are read as text here; serde_json holds numbers as doubles.
        (Ok(_), Err(error)) if error.to_string().starts_with("number out of range") => {
            taken("a large number")
        }
        (Ok(_), Err(error)) => broken(format!("taken, and serde_json says: {error}")),
        (Err(fault), Ok(value)) => match fault.rule {
            Rule::TooLarge
            | Rule::TooDeep
            | Rule::TooMany
            | Rule::DuplicateKey
            | Rule::BadNumber => taken(format!("stricter: {:?}", fault.rule)),
            rule => broken(format!("refused for {rule:?}: serde_json reads {value}")),
        },
        (Err(fault), Err(_)) => taken(format!("{:?} {}", fault.rule, scale(fault.at))),
    }
}

/// The same value; a number that only one of them can hold is not compared.
fn alike(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Array(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len()
                && ours.iter().zip(theirs).all(|(ours, theirs)| alike(ours, theirs))
        }
        (Value::Object(ours), Value::Object(theirs)) => {
            let same = |(key, ours): (&String, &Value)| {
                theirs.get(key).is_some_and(|theirs| alike(ours, theirs))
            };
            ours.len() == theirs.len() && ours.iter().all(same)
        }
        (Value::String(_), Value::Number(_)) => true,
        (Value::Number(ours), Value::Number(theirs)) => {
            ours == theirs || ours.as_f64() == theirs.as_f64()
        }
        _ => ours == theirs,
    }
}

/// Headers, a blank line, a body.
fn message(input: &[u8]) -> Told {
    let blank = input.windows(2).position(|two| two == b"\n\n");
    let (head, body) = blank.map_or((&b""[..], input), |at| {
        (input.get(..at).unwrap_or_default(), input.get(at + 2..).unwrap_or_default())
    });
    let headers = headers(head);
    match decided(&headers, body) {
        Err(refusal) => taken(refusal.code.0),
        Ok((ways, method, id)) => {
            // What a server behind would read.
            let Ok(value) = serde_json::from_slice::<Value>(body) else {
                return taken("a large number");
            };
            let theirs = value.get("method").and_then(Value::as_str);
            let sent = headers.get("mcp-method").and_then(|sent| sent.to_str().ok());
            let named = headers.get_all("mcp-method").iter().count();
            if theirs != method.as_deref() {
                return broken(format!("method: decided on {method:?}, a server reads {theirs:?}"));
            }
            if method.is_some() && named > 0 && (named > 1 || sent != theirs) {
                return broken(format!("header: {sent:?} over a body with {theirs:?}"));
            }
            let id: Option<Value> = id.and_then(|id| serde_json::from_slice(&id).ok());
            if id.is_some() && id.as_ref() != value.get("id") {
                return broken(format!(
                    "id: {id:?} is answered, a server reads {:?}",
                    value.get("id")
                ));
            }
            taken(ways)
        }
    }
}

fn headers(head: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in head.split(|byte| *byte == b'\n').take(32) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let name = HeaderName::from_bytes(line.get(..colon).unwrap_or_default());
        let value = HeaderValue::from_bytes(line.get(colon + 1..).unwrap_or_default().trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    headers
}

type Decided = (String, Option<String>, Option<Vec<u8>>);

/// The way of a message through the gateway's own functions, in the order of its journey.
fn decided(headers: &HeaderMap, body: &[u8]) -> Result<Decided, writ_gateway::refusal::Refusal> {
    let revision = header::revision(headers)?;
    let node = parse::read(body)?;
    let message = parse::message(&node)?;
    method::served(&message, revision)?;
    header::agree(headers, revision, &message)?;
    let wish = method::wish(&message)?;
    let wish = format!("{wish:?}");
    let kind: String = wish.chars().take_while(char::is_ascii_alphanumeric).collect();
    let name = message.method();
    let ways = format!(
        "{} {kind} {} {}",
        revision.text(),
        name.unwrap_or("answer").len(),
        message.params().is_some()
    );
    let id = message.id().map(|_| message.id_bytes(body).to_vec());
    Ok((ways, name.map(str::to_owned), id))
}

/// Events of a stream as the standard reads them (HTML, section 9.2.6), data only: one leading byte-order mark is dropped,
/// lines end with LF, CRLF or CR, an event without data is none.
fn standard(stream: &[u8]) -> Vec<Vec<u8>> {
    let stream = stream.strip_prefix("\u{feff}".as_bytes()).unwrap_or(stream);
    let (mut events, mut data, mut line): (Vec<Vec<u8>>, Option<Vec<u8>>, Vec<u8>) =
        Default::default();
    let mut bytes = stream.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte != b'\n' && byte != b'\r' {
            line.push(byte);
            continue;
        }
        if byte == b'\r' {
            bytes.next_if_eq(&b'\n');
        }
        let ended = std::mem::take(&mut line);
        if ended.is_empty() {
            events.extend(data.take());
            continue;
        }
        let colon = ended.iter().position(|byte| *byte == b':');
        let (field, value) = ended.split_at(colon.unwrap_or(ended.len()));
        if field == b"data" {
            let value = value.strip_prefix(b":").unwrap_or(value);
            let value = value.strip_prefix(b" ").unwrap_or(value);
            match &mut data {
                Some(data) => {
                    data.push(b'\n');
                    data.extend_from_slice(value);
                }
                None => data = Some(value.to_vec()),
            }
        }
    }
    events
}

/// Events of a stream that comes in pieces of this size, as the gateway reads them.
fn pieces(stream: &[u8], size: usize) -> Option<Vec<Bytes>> {
    let (mut events, mut out) = (sse::Events::default(), Vec::new());
    for piece in stream.chunks(size.max(1)) {
        events.push(piece).ok()?;
        while let Some(event) = events.next_event() {
            out.push(event);
        }
    }
    Some(out)
}

fn events(input: &[u8]) -> Told {
    let Some(whole) = pieces(input, input.len()) else { return taken("too large") };
    // A CR at the very end may be half of a CRLF: what was read is the same once more bytes have come.
    let ended = [input, b"\n"].concat();
    let (one, all) = (pieces(&ended, 1), pieces(&ended, ended.len()));
    if one != all {
        return broken("cut: the events differ by how the stream is cut");
    }
    let ours: Vec<Vec<u8>> = all.iter().flatten().filter_map(|event| sse::data(event)).collect();
    let due = standard(&ended);
    if ours != due {
        return broken(format!(
            "standard: {} events with data, the standard's reader has {}",
            ours.len(),
            due.len()
        ));
    }
    for event in all.iter().flatten() {
        let Some(data) = sse::data(event) else { continue };
        // What replaces data is one line of JSON; other text may hold line ends of its own.
        if !data.contains(&b'\r')
            && sse::data(&sse::with_data(event, &data)).as_ref() != Some(&data)
        {
            return broken("replaced: data put in is not the data read out");
        }
    }
    let mut reader = writ_app::mcp::sse::Reader::default();
    reader.push(&Bytes::from(ended));
    let mut theirs = 0;
    while let Ok(Some(event)) = reader.pop() {
        theirs += usize::from(!event.data.is_empty());
    }
    if theirs != due.iter().filter(|data| !data.is_empty()).count() {
        return broken(format!("client: `writ connect` reads {theirs} events of {}", due.len()));
    }
    taken(format!(
        "{} {} {}",
        whole.len().min(9),
        due.len().min(9),
        scale(due.iter().map(Vec::len).sum())
    ))
}

fn shows(_: Surface, name: &str) -> bool {
    name.len() % 2 == 1
}

fn lists(input: &[u8]) -> Told {
    let body = Bytes::copy_from_slice(input);
    let pending = input.len().is_multiple_of(2);
    let filter = list::Filter {
        shows: &shows,
        pins: &|_, _| true,
        owns: &|task| task.len() % 2 == 1,
        pending,
    };
    let Ok(out) = list::answer(&body, filter) else { return taken("unreadable") };
    let Ok(value) = serde_json::from_slice::<Value>(&out) else {
        let was = serde_json::from_slice::<Value>(input).is_ok();
        return if was { broken("no JSON comes out") } else { taken("a large number") };
    };
    let mut ways = String::new();
    for (key, name) in [
        ("tools", "name"),
        ("prompts", "name"),
        ("resources", "uri"),
        ("resourceTemplates", "uriTemplate"),
    ] {
        let Some(items) = value.pointer(&format!("/result/{key}")).and_then(Value::as_array) else {
            continue;
        };
        for item in items {
            let named = item.get(name).and_then(Value::as_str).unwrap_or_default();
            let ours = pending && key == "tools" && named == writ_gateway::mcp::held::PENDING;
            if !ours && !shows(Surface::Tool, named) {
                return broken(format!("shown: {key} with {item}"));
            }
        }
        ways = format!("{ways}{key} {} ", items.len().min(4));
    }
    taken(format!("{ways}{}", out == body))
}

fn schemas(input: &[u8]) -> Told {
    let mut params = Params::default();
    params.learn(News::of(input));
    params.learn(News::of(input));
    let Ok(node) = json::parse(input, &Limits::ANSWER) else { return taken("unreadable") };
    let names = ["a", "bb", "ccc"];
    let found: usize = names.iter().map(|name| params.of(name, Some(&node)).len()).sum();
    taken(format!("{} {}", found.min(8), scale(input.len())))
}
