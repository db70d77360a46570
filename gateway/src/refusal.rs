//! [`Refusal`]: what the gateway says no with before or instead of a decision: an HTTP status, a JSON-RPC code, a stable
//! code, a sentence and its cure.
//!
//! Never here: a decision's denial (`authority` has those), or text that repeats a secret or an argument.
//! To add one: a constant below in its block, a line in [`CODES`], its prose in `docs/errors.md`.

use std::borrow::Cow;

use http::StatusCode;
use writ_identity::Fault;
use writ_model::{Code, json};

/// JSON-RPC: not JSON.
pub const RPC_PARSE: i32 = -32_700;
/// JSON-RPC: not a request.
pub const RPC_INVALID: i32 = -32_600;
/// JSON-RPC: no such method.
pub const RPC_METHOD: i32 = -32_601;
/// JSON-RPC: bad parameters.
pub const RPC_PARAMS: i32 = -32_602;
/// JSON-RPC: our fault or the upstream's.
pub const RPC_INTERNAL: i32 = -32_603;
/// MCP 2026-07-28: headers and body disagree.
pub const RPC_HEADERS: i32 = -32_020;
/// MCP 2026-07-28: the client lacks a capability that the request needs.
pub const RPC_CAPABILITY: i32 = -32_021;
/// MCP 2026-07-28: no such protocol version.
pub const RPC_VERSION: i32 = -32_022;
/// Ours, in the range that MCP leaves to implementations: refused by authority.
pub const RPC_DENIED: i32 = -32_003;
/// Ours: the credential was refused.
pub const RPC_CREDENTIAL: i32 = -32_004;
/// Ours: not now, whatever is asked; try again, here or at another gateway.
pub const RPC_LATER: i32 = -32_005;

/// Why nothing was forwarded.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// HTTP status.
    pub status: StatusCode,
    /// JSON-RPC error code.
    pub rpc: i32,
    /// Stable code.
    pub code: Code,
    /// What is wrong, one sentence without its full stop.
    pub words: Cow<'static, str>,
    /// What would cure it, one sentence without its full stop.
    pub cure: Cow<'static, str>,
    /// Set for refused credentials: the OAuth error word for `WWW-Authenticate`; empty for "none was sent".
    pub oauth: Option<&'static str>,
}

impl Refusal {
    /// A refusal with fixed words.
    pub const fn new(
        status: StatusCode,
        rpc: i32,
        code: Code,
        words: &'static str,
        cure: &'static str,
    ) -> Self {
        let (words, cure) = (Cow::Borrowed(words), Cow::Borrowed(cure));
        Self { status, rpc, code, words, cure, oauth: None }
    }

    /// The same with these words.
    #[must_use]
    pub fn saying(mut self, words: String) -> Self {
        self.words = Cow::Owned(words);
        self
    }

    /// The same as what an API calls a bad request.
    #[must_use]
    pub fn bad_request(mut self) -> Self {
        self.status = StatusCode::BAD_REQUEST;
        self
    }

    /// The same with this cure.
    #[must_use]
    pub fn curing(mut self, cure: String) -> Self {
        self.cure = Cow::Owned(cure);
        self
    }

    /// A refused credential.
    pub fn credential(fault: &impl Fault) -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            rpc: RPC_CREDENTIAL,
            code: fault.code(),
            words: Cow::Owned(fault.to_string()),
            cure: Cow::Borrowed(fault.cure()),
            oauth: Some(fault.oauth_error()),
        }
    }

    /// A body that the strict reader refused.
    pub fn json(fault: json::Fault) -> Self {
        use json::Rule;
        let base = match fault.rule {
            Rule::TooLarge => TOO_LARGE,
            Rule::DuplicateKey => DUPLICATE_KEY,
            Rule::TooDeep | Rule::TooMany => TOO_DEEP,
            Rule::NotUtf8 | Rule::LoneSurrogate => NOT_UTF8,
            Rule::Trailing | Rule::BadNumber | Rule::Syntax | Rule::Incomplete => BAD_JSON,
        };
        base.saying(format!("the body is refused: {fault}"))
    }

    const fn unauthorized(mut self, error: &'static str) -> Self {
        self.oauth = Some(error);
        self
    }
}

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $status:ident, $rpc:ident, $words:literal, $cure:literal;)*) => {
        $(
            $(#[$doc])*
            #[doc = concat!("`", $code, "`: ", $words, ".")]
            pub const $name: Refusal = Refusal::new(StatusCode::$status, $rpc, Code($code), $words, $cure);
        )*
        /// Every code of this crate with its meaning, for documents and tests.
        pub const CODES: &[(&str, &str)] = &[$(($code, $words)),*];
    };
}

refusals! {
    NO_ROUTE = "GATE-0001", NOT_FOUND, RPC_INVALID, "there is nothing at this address",
        "use /mcp or /mcp/{server} of this gateway";
    WRONG_VERB = "GATE-0002", METHOD_NOT_ALLOWED, RPC_INVALID, "this HTTP method is not served here",
        "use POST, GET or DELETE as MCP says";
    NO_SERVER = "GATE-0003", NOT_FOUND, RPC_INVALID, "there is no such server",
        "use a server that the operator's file names for this client";
    TOO_LARGE = "GATE-0004", PAYLOAD_TOO_LARGE, RPC_INVALID, "the body is larger than 1 MiB",
        "send less in one message";
    SLOW = "GATE-0005", REQUEST_TIMEOUT, RPC_INVALID, "the body did not arrive in time",
        "send the body at once";
    NOT_JSON = "GATE-0006", UNSUPPORTED_MEDIA_TYPE, RPC_INVALID,
        "the body is not declared as plain application/json",
        "send Content-Type: application/json and no Content-Encoding";
    NOT_ACCEPTABLE = "GATE-0007", NOT_ACCEPTABLE, RPC_INVALID,
        "the client does not accept the form of the answer",
        "send Accept: application/json, text/event-stream";
    BAD_JSON = "GATE-0008", BAD_REQUEST, RPC_PARSE, "the body is not JSON", "send one JSON value";
    DUPLICATE_KEY = "GATE-0009", BAD_REQUEST, RPC_PARSE, "a key stands twice in one object",
        "send each key once: readers would disagree about which counts";
    TOO_DEEP = "GATE-0010", BAD_REQUEST, RPC_PARSE, "the body is nested too deeply or has too many values",
        "send a simpler message";
    NOT_UTF8 = "GATE-0011", BAD_REQUEST, RPC_PARSE, "the body is not UTF-8", "send UTF-8";
    BATCH = "GATE-0012", BAD_REQUEST, RPC_INVALID, "batches are not part of MCP",
        "send one message in each request";
    NOT_RPC = "GATE-0013", BAD_REQUEST, RPC_INVALID, "the body is not one JSON-RPC 2.0 message",
        "send a request, a notification or a response";
    MISMATCH = "GATE-0014", BAD_REQUEST, RPC_HEADERS, "headers and body disagree",
        "let the headers repeat what the body says";
    VERSION = "GATE-0015", BAD_REQUEST, RPC_VERSION, "Unsupported protocol version",
        "use a published revision of MCP";
    METHOD = "GATE-0016", NOT_FOUND, RPC_METHOD, "this method is not let through",
        "use a method of the protocol revision that was agreed on";
    PARAMS = "GATE-0017", BAD_REQUEST, RPC_PARAMS, "the parameters are not of the form that the method has",
        "send params as the protocol says";
    NO_SESSION = "GATE-0018", NOT_FOUND, RPC_INVALID, "there is no such session for this agent",
        "initialize again";
    SESSIONS_FULL = "GATE-0019", SERVICE_UNAVAILABLE, RPC_INTERNAL, "there are too many sessions",
        "end sessions that are not used";
    ORIGIN = "GATE-0020", FORBIDDEN, RPC_INVALID, "requests of this web origin are refused",
        "call the gateway from a program, not from a page";
    TENANT = "GATE-0030", SERVICE_UNAVAILABLE, RPC_INTERNAL, "the client's register cannot be read",
        "try again shortly; if it stays so, the operator must look at the ledger";
    NOT_RECORDED = "GATE-0031", SERVICE_UNAVAILABLE, RPC_INTERNAL, "the call could not be recorded",
        "try again shortly; nothing was forwarded";
    UNREACHABLE = "GATE-0050", BAD_GATEWAY, RPC_INTERNAL, "the server cannot be reached",
        "see that it runs where the operator's file says";
    TIMED_OUT = "GATE-0051", GATEWAY_TIMEOUT, RPC_INTERNAL, "the server did not answer in time",
        "try again";
    BROKEN = "GATE-0052", BAD_GATEWAY, RPC_INTERNAL, "the server's answer cannot be understood",
        "look at the server's log";
    ANSWER_LARGE = "GATE-0053", BAD_GATEWAY, RPC_INTERNAL, "the server's answer is larger than 16 MiB",
        "ask for less at once";
    UPSTREAM_AUTH = "GATE-0054", BAD_GATEWAY, RPC_INTERNAL, "the server refuses the gateway",
        "give the gateway the server's credential in the operator's file";
    CHILD = "GATE-0055", BAD_GATEWAY, RPC_INTERNAL, "the server's process did not start or has ended",
        "look at the gateway's log for what it wrote";
    BUSY = "GATE-0056", SERVICE_UNAVAILABLE, RPC_INTERNAL, "too many calls wait for this server",
        "try again shortly";
    ENDED = "GATE-0060", UNAUTHORIZED, RPC_DENIED, "the agent was ended or stopped while the call was under way",
        "see the agent's register page for who did it and why";
    CLIENT_LEFT = "GATE-0061", BAD_REQUEST, RPC_INVALID, "the client went away before the answer was complete",
        "keep the connection open until the answer is there";
    UNKNOWN_CALL = "GATE-0070", NOT_FOUND, RPC_INVALID, "there is no such call that waits for its outcome",
        "report an outcome once, within ten minutes";
    NO_OUTCOME = "GATE-0071", REQUEST_TIMEOUT, RPC_INTERNAL, "no outcome was reported for the call",
        "report the outcome of each permitted call";
    NO_TOKEN = "GATE-0080", UNAUTHORIZED, RPC_CREDENTIAL, "no access token was sent",
        "fetch a token from the authorization server and send Authorization: DPoP, or use writ connect";
    SEVERAL_TOKENS = "GATE-0081", UNAUTHORIZED, RPC_CREDENTIAL, "more than one Authorization header was sent",
        "send one";
    BEARER = "GATE-0082", UNAUTHORIZED, RPC_CREDENTIAL, "bearer tokens are refused: anybody could replay them",
        "send Authorization: DPoP with a proof, or use writ connect";
    NOT_BOUND = "GATE-0083", UNAUTHORIZED, RPC_CREDENTIAL, "the token is not bound to this instance's key",
        "fetch a new token with the key that was enrolled";
    HOLDS_FULL = "GATE-0090", OK, RPC_DENIED, "too many calls of this agent wait for an approval",
        "wait until people have answered some of them";
    NOT_HELD = "GATE-0091", OK, RPC_DENIED, "the call has to wait for an approval and could not be held",
        "make the call again shortly; nothing was forwarded";
    NOT_TOLD = "GATE-0092", OK, RPC_DENIED, "the people who have to be told of the call could not be",
        "make the call again shortly; nothing was forwarded";
    NOT_CONSUMED = "GATE-0093", OK, RPC_DENIED,
        "the approval could not be used: another call used it, it was taken back, or its use could not be written down",
        "nothing was forwarded; make the call again to ask for a new approval";
    UNKNOWN_HOLD = "GATE-0094", OK, RPC_DENIED, "no call of this agent on this server waits under that hold_id",
        "use the hold_id from the answer to the held call, from the same running copy on the same server";
    HOLD_USED = "GATE-0095", OK, RPC_DENIED, "the held call was executed already, and is executed once",
        "make the call again to ask for a new approval";
    HOLD_OVER = "GATE-0096", OK, RPC_DENIED, "the hold is over, or its call is not kept any more",
        "make the call again, without what was sent back, to ask for a new approval";
    HOLD_FREE = "GATE-0097", OK, RPC_DENIED, "the call does not stand on that approval now",
        "make the call itself again, without what was sent back";
    HOLD_OTHER = "GATE-0098", OK, RPC_DENIED,
        "the approval is for the same thing asked in another way: another method or generation of the protocol",
        "make the call in the way in which it was held";
    CANNOT_WAIT = "GATE-0099", OK, RPC_DENIED,
        "this kind of request cannot wait for an approval, and uses none up",
        "make the call that needs the approval itself";
    HIDDEN = "GATE-0100", OK, RPC_DENIED, "a server's tool is named writ_pending and is hidden",
        "rename the tool at the server; the name is the gateway's own";
    HOLD_LOST = "GATE-0101", OK, RPC_DENIED, "the held call cannot be read",
        "make the call itself again; an approval that was given still counts for it";
    REHEARSED = "GATE-0102", OK, RPC_DENIED, "a rehearsal is never forwarded",
        "a defect in Writ: please report it";
    NO_LEASE = "GATE-0103", SERVICE_UNAVAILABLE, RPC_LATER,
        "the gateway has lost touch with the ledger for too long and lets nothing through",
        "try again shortly; if it stays so, the operator must look at the gateway's way to the ledger and to the bus";
    READS_ONLY = "GATE-0104", SERVICE_UNAVAILABLE, RPC_INTERNAL,
        "the gateway has lost touch with the ledger: for now nothing may act and streams are closed",
        "try again shortly";
    HALTED = "GATE-0105", SERVICE_UNAVAILABLE, RPC_LATER, "the gateway was halted by a person",
        "ask the operator who halted it and why";
    DRAINING = "GATE-0106", SERVICE_UNAVAILABLE, RPC_LATER,
        "the gateway finishes what is open and takes nothing new",
        "use another gateway, or try again when it serves again";
    OLD_TOKEN = "GATE-0107", UNAUTHORIZED, RPC_CREDENTIAL,
        "the token is from before the client's ledger was restored from a backup",
        "fetch a new token";
    CROWDED = "GATE-0108", TOO_MANY_REQUESTS, RPC_LATER,
        "this client has too much under way at this gateway, or calls too often",
        "wait for as long as Retry-After says; the operator's limits for each client may be raised";
    OLDER = "GATE-0109", SERVICE_UNAVAILABLE, RPC_LATER,
        "this gateway is older than the ledger of this client",
        "the operator must upgrade the gateway, or look at the ledger if it is of the newest release";
    RUN_ENDED = "GATE-0110", BAD_GATEWAY, RPC_INTERNAL,
        "the gateway ended while the call was under way",
        "ask the server whether it was done before it is done again";
    NO_TASK = "GATE-0111", BAD_REQUEST, RPC_PARAMS, "there is no such task of this agent",
        "use the taskId from the answer to a call of this running copy, made through this gateway";
    NO_TASKS = "GATE-0112", BAD_REQUEST, RPC_CAPABILITY, "the client does not say that it understands tasks",
        "declare the extension io.modelcontextprotocol/tasks in the request's client capabilities";
    TASK_TOOL = "GATE-0113", OK, RPC_DENIED, "the agent may not call the tool any more whose call began the task",
        "ask for a grant of the tool, or cancel the task";
    BATCH_FORM = "GATE-0114", BAD_REQUEST, RPC_INVALID, "the batch is not one that can be taken",
        "send one to sixteen messages, each request under an id of its own and initialize alone";
    AMBIGUOUS = "GATE-0115", BAD_REQUEST, RPC_INVALID, "the head of the request can be read in two ways",
        "send one Host, one way to say how long the body is, and a path as the target";
    NO_CALL = "GATE-0120", BAD_REQUEST, RPC_PARAMS, "no call of this agent waits under that requestState for that request",
        "make the call again without requestState and inputResponses";
    UNASKABLE = "GATE-0121", BAD_GATEWAY, RPC_INTERNAL, "the server asks what its client cannot be asked",
        "use a client that says it can answer, or look at the server";
    ROUNDS = "GATE-0122", BAD_GATEWAY, RPC_INTERNAL, "the server asks its client too often",
        "look at the server: 16 rounds of questions did not bring it to an answer";
    UNANSWERED = "GATE-0123", BAD_GATEWAY, RPC_INTERNAL, "the client did not answer the server's question",
        "make the call again and answer what is asked, within ten minutes";
    UNKNOWN_NAME = "GATE-0125", BAD_REQUEST, RPC_PARAMS, "no server of this address has a thing of that name",
        "use a name as this address lists it: SERVER__NAME, or writ-SERVER:URI for what is read";
    LIES = "GATE-0126", BAD_GATEWAY, RPC_INTERNAL,
        "the server's list cannot be shown: a name is missing, no name or there twice, or the list has no end",
        "look at what the server lists";
    FAULTY = "GATE-0127", BAD_GATEWAY, RPC_INTERNAL,
        "the server answered with an error, to another request, or in a revision that it was not asked for",
        "look at the server's log";
    CURSOR = "GATE-0128", BAD_REQUEST, RPC_PARAMS, "the cursor, or the event to go on from, is none of this address",
        "list again from the first page, or listen anew";
    SEVERAL_HAVE = "GATE-0129", BAD_REQUEST, RPC_PARAMS, "several servers have a resource of that address",
        "use the address as it is listed here, writ-SERVER:URI";
    HELD_DEFINITION = "GATE-0130", OK, RPC_DENIED, "the thing changed or is flagged, and waits for a person",
        "have it looked at on the client's page of tools";
    REFUSED_DEFINITION = "GATE-0131", OK, RPC_DENIED, "a person refused the thing as its server defines it now",
        "have it looked at on the client's page of tools";
    UNFIT = "GATE-0132", BAD_GATEWAY, RPC_INTERNAL, "a server lists what is no definition that could be pinned",
        "look at the server: a name is missing or too long, or the definition is larger than 64 KiB";
    NOT_LISTED = "GATE-0133", OK, RPC_DENIED, "the server does not list this",
        "list what the server has, and use that";
    NOT_READ = "GATE-0134", OK, RPC_DENIED,
        "the server did not list what it has, so that it is not known whether this changed",
        "try again shortly; if it stays so, look at the server";
    CATALOG_FULL = "GATE-0135", BAD_GATEWAY, RPC_INTERNAL, "a server lists more than is taken of one server",
        "look at the server: more than 4,096 things are pinned of it";
    NOT_PINNED = "GATE-0136", OK, RPC_DENIED, "what the server lists could not be written down",
        "try again shortly; if it stays so, the operator must look at the ledger";
    UNCONNECTED = "GATE-0140", OK, RPC_DENIED, "no account is connected at this server",
        "a person connects one with writ upstream connect, then make the call again";
    NO_OWNER = "GATE-0141", OK, RPC_DENIED,
        "the server is entered with the account of the person whose agent calls, and this agent is nobody's",
        "have the person written in the register whose agent it is";
    CREDENTIAL_LATE = "GATE-0142", SERVICE_UNAVAILABLE, RPC_LATER,
        "no token for the server can be had at this moment",
        "try again shortly; if it stays so, the operator must look at the gateway's log";
    MORE_SCOPES = "GATE-0143", OK, RPC_DENIED,
        "the server wants more than the account was connected for",
        "a person connects it again with writ upstream connect, then make the call again";
    STILL_REFUSED = "GATE-0144", BAD_GATEWAY, RPC_INTERNAL,
        "the server refuses what its own authorization server granted",
        "the operator must ask those who run the server what the account may do there";
    DISCONNECTED = "GATE-0145", BAD_GATEWAY, RPC_DENIED,
        "the account at the server was disconnected while the call was under way",
        "a person connects it again with writ upstream connect, if it is to be used";
    NO_CREDENTIAL = "GATE-0146", BAD_GATEWAY, RPC_INTERNAL,
        "the server's authorization server gives the gateway no token",
        "the operator must look at the gateway's log and at [server.auth] in writ.toml";
    QUESTION = "GATE-0150", BAD_REQUEST, RPC_INVALID, "the body is not a question of the Authorization API",
        "send subject, action and resource as OpenID AuthZEN Authorization API 1.0 says";
    NO_RIGHT = "GATE-0151", FORBIDDEN, RPC_DENIED,
        "whoever asks has no right of its own to ask: what is only observed, rehearsed or waits for an approval gives none",
        "have people grant it the tool of that server's name on the server decisions";
    NO_SUBJECT = "GATE-0152", FORBIDDEN, RPC_DENIED, "whoever is asked about is no living agent of this client",
        "name an agent by its id or its name in the register";
    KEY = "GATE-0153", UNAUTHORIZED, RPC_CREDENTIAL,
        "the key is none of the operator's file, or is not shown from there, or its agent is not in the register",
        "show the asker's key from an address that the operator's file names, or send a token and a proof";
    NO_ROAD = "GATE-0154", FORBIDDEN, RPC_DENIED, "nothing is decided at this address of this road",
        "name the road and the path in the operator's file";
    PATH = "GATE-0155", FORBIDDEN, RPC_DENIED, "the path can be read in two ways",
        "send a path without empty parts, dots as parts, and escapes of what parts it";
    NO_BODY = "GATE-0156", FORBIDDEN, RPC_DENIED, "the body is missing, cut or not declared as plain JSON",
        "send plain JSON no larger than the proxy and the gateway take; the proxy has to pass all of it on";
    QUESTIONS = "GATE-0157", BAD_REQUEST, RPC_INVALID, "there are more than 64 questions in the request",
        "ask the rest in another request";
    PAGE = "GATE-0158", BAD_REQUEST, RPC_INVALID, "the page is not one of this search",
        "send the token of the last answer with the same search, and a limit that is a whole number";
    OUT_OF_SCOPE = "GATE-0160", FORBIDDEN, RPC_CREDENTIAL, "the token was issued for other servers than this one",
        "ask the token endpoint for the scope that WWW-Authenticate names";
    NO_CONTEXT = "GATE-0170", SERVICE_UNAVAILABLE, RPC_LATER,
        "what this agent has read cannot be kept or looked up, so that nothing it does can be traced",
        "try again shortly; if it stays so, the operator must look at the store";
    UNSEEN = "GATE-0171", FORBIDDEN, RPC_DENIED,
        "the charter follows where this agent's values come from, and answers at this door do not pass the gateway",
        "call the server through the gateway";
    FOREIGN = "GATE-0180", BAD_GATEWAY, RPC_INTERNAL, "the server answered a request that it was not asked there",
        "look at the server: each answer has to have the id of the request that it answers";
    LISTS_LARGE = "GATE-0181", BAD_GATEWAY, RPC_INTERNAL,
        "the server's list, or all lists together, are larger than is put together at one address",
        "look at what the server lists, or use its own address, /mcp/{server}";
    NO_ENDPOINT = "GATE-0182", BAD_GATEWAY, RPC_INTERNAL,
        "the server's stream does not say where on that server messages are to be posted",
        "look at the server: its first event has to be an endpoint of the same scheme, host and port";
    CHAIN = "GATE-0190", UNAUTHORIZED, RPC_CREDENTIAL,
        "somebody in the token's chain was stopped or ended since, or does not act for the next one",
        "get a new token of the agent that all act for and exchange that";
    NOT_FOR_OTHERS = "GATE-0191", OK, RPC_DENIED, "whoever this is done for may not do it themselves",
        "call with a token of the caller's own, or have people grant it to the agent that it acts for";
    RETURNED = "GATE-0200", OK, RPC_DENIED, "the charter refuses what the server answered",
        "what was asked for was done; read less of it, or have people let such answers be masked";
    UNSIFTED = "GATE-0201", BAD_GATEWAY, RPC_INTERNAL,
        "the server's answer carries what may not go on, and can be read in two ways, so that it cannot be masked",
        "look at the server: no key twice in one object, no half of a letter, at most a million values";
}

/// Seconds after which it is worth trying again; nothing where only a person can cure it.
pub fn retry_after(code: Code) -> Option<&'static str> {
    match code {
        one if one == NO_LEASE.code || one == READS_ONLY.code || one == CROWDED.code => Some("1"),
        one if one == DRAINING.code => Some("5"),
        _ => None,
    }
}

/// Refusals of missing or unusable credentials get a challenge.
pub const fn challenged(refusal: Refusal, error: &'static str) -> Refusal {
    refusal.unauthorized(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_sorted() {
        let codes: Vec<_> = CODES.iter().map(|(code, _)| *code).collect();
        let mut sorted = codes.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(codes, sorted);
    }
}
