//! Every address of the console, as functions: no template and no handler writes an address of its own.
//!
//! Never here: what a page does. To add a page: one line in `routes!`, its handler in `router.rs`; the tests find it.

use std::fmt::Display;

/// Which methods an address answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Methods {
    /// `GET` only.
    Get,
    /// `POST` only.
    Post,
    /// A form: `GET` shows it, `POST` acts.
    Both,
}

/// One address.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Name of the function that writes it.
    pub name: &'static str,
    /// axum's pattern.
    pub pattern: &'static str,
    /// Methods it answers.
    pub methods: Methods,
}

macro_rules! routes {
    ($($(#[$doc:meta])* $upper:ident $name:ident($($arg:ident),*) $methods:ident $pattern:literal;)*) => {
        $(
            $(#[$doc])*
            pub const $upper: &str = $pattern;
            $(#[$doc])*
            #[must_use]
            pub fn $name($($arg: &(impl Display + ?Sized)),*) -> String {
                fill($pattern, &[$((concat!("{", stringify!($arg), "}"), $arg.to_string())),*])
            }
        )*
        /// Every address of the console.
        pub const TABLE: &[Row] = &[$(
            Row { name: stringify!($name), pattern: $pattern, methods: Methods::$methods }
        ),*];
    };
}

routes! {
    /// Home: decisions waiting over all clients.
    DECISIONS decisions() Get "/";
    /// Agents of all clients.
    AGENTS agents() Get "/agents";
    /// Calls of all clients, as they are decided.
    CALLS calls() Get "/calls";
    /// The stream of decided calls (server-sent events); `?client=` narrows it.
    CALLS_EVENTS calls_events() Get "/calls/events";
    /// Clients.
    CLIENTS clients() Get "/clients";
    /// Add a client.
    CLIENT_NEW client_new() Both "/clients/new";
    /// Search, without JavaScript.
    FIND find() Get "/find";
    /// What the palette searches in.
    FIND_INDEX find_index() Get "/find.json";
    /// Keys.
    KEYS keys() Get "/keys";
    /// How to sign in.
    SIGN_IN sign_in() Get "/sign-in";
    /// Ends the session.
    SIGN_OUT sign_out() Post "/sign-out";
    /// Style, script and mark, by hashed name.
    ASSET asset(name) Get "/asset/{name}";
    /// One client: its people, its groups, its figures.
    CLIENT client(client) Get "/clients/{client}";
    /// Agents of one client.
    CLIENT_AGENTS client_agents(client) Get "/clients/{client}/agents";
    /// Propose an agent.
    AGENT_NEW agent_new(client) Both "/clients/{client}/agents/new";
    /// One agent.
    AGENT agent(client, agent) Get "/clients/{client}/agents/{agent}";
    /// Say who answers for an agent.
    AGENT_ANSWERS agent_answers(client, agent) Both "/clients/{client}/agents/{agent}/accountability";
    /// Switch an agent on.
    AGENT_ACTIVATE agent_activate(client, agent) Both "/clients/{client}/agents/{agent}/activate";
    /// Make an agent wait.
    AGENT_HOLD agent_hold(client, agent) Both "/clients/{client}/agents/{agent}/hold";
    /// Let an agent go on.
    AGENT_RELEASE agent_release(client, agent) Both "/clients/{client}/agents/{agent}/release";
    /// Stop an agent on suspicion.
    AGENT_QUARANTINE agent_quarantine(client, agent) Both "/clients/{client}/agents/{agent}/quarantine";
    /// End an agent for good.
    AGENT_TERMINATE agent_terminate(client, agent) Both "/clients/{client}/agents/{agent}/terminate";
    /// The receipt of an ending.
    AGENT_RECEIPT agent_receipt(client, agent) Get "/clients/{client}/agents/{agent}/receipt";
    /// Offer to bind an instance.
    AGENT_ENROLL agent_enroll(client, agent) Both "/clients/{client}/agents/{agent}/enroll";
    /// End one instance.
    INSTANCE_END instance_end(client, instance) Both "/clients/{client}/instances/{instance}/end";
    /// Give a grant; `?agent=` or `?group=` says to whom.
    GRANT_NEW grant_new(client) Both "/clients/{client}/grants/new";
    /// Revoke a grant.
    GRANT_REVOKE grant_revoke(client, grant) Both "/clients/{client}/grants/{grant}/revoke";
    /// Seat a person.
    PERSON_NEW person_new(client) Both "/clients/{client}/people/new";
    /// End a person's seat.
    PERSON_LEAVE person_leave(client, person) Both "/clients/{client}/people/{person}/leave";
    /// Make a group.
    GROUP_NEW group_new(client) Both "/clients/{client}/groups/new";
    /// Say who answers for a group.
    GROUP_ANSWERS group_answers(client, group) Both "/clients/{client}/groups/{group}/accountability";
    /// Calls of one client.
    CLIENT_CALLS client_calls(client) Get "/clients/{client}/calls";
    /// One call.
    CALL call(client, call) Get "/clients/{client}/calls/{call}";
    /// The ledger of one client.
    LEDGER ledger(client) Get "/clients/{client}/ledger";
    /// One line of it, with its proof.
    LINE line(client, line) Get "/clients/{client}/ledger/{line}";
    /// The proof of a line, to download.
    PROOF proof(client, line) Get "/clients/{client}/ledger/{line}/proof.json";
}

fn fill(pattern: &str, values: &[(&str, String)]) -> String {
    values.iter().fold(pattern.to_owned(), |path, (name, value)| path.replace(name, &encode(value)))
}

/// A text as it may stand in an address: everything but letters, digits and `-._~` percent-encoded.
#[must_use]
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let hex = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
            out.extend([
                '%',
                hex(byte >> 4).to_ascii_uppercase(),
                hex(byte & 15).to_ascii_uppercase(),
            ]);
        }
    }
    out
}

/// An address with these query values; empty ones are left out.
#[must_use]
pub fn query(path: impl AsRef<str>, values: &[(&str, &str)]) -> String {
    let path = path.as_ref();
    let given = values.iter().filter(|(_, value)| !value.is_empty());
    let text: Vec<String> =
        given.map(|(name, value)| format!("{name}={}", encode(value))).collect();
    if text.is_empty() { path.to_owned() } else { format!("{path}?{}", text.join("&")) }
}

/// Whether a path, without its query, is one of the console's.
#[must_use]
pub fn known(path: &str) -> bool {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    TABLE.iter().any(|row| {
        let (wanted, given) = (row.pattern.split('/'), path.split('/'));
        wanted.clone().count() == given.clone().count()
            && wanted
                .zip(given)
                .all(|(want, got)| want == got || (want.starts_with('{') && !got.is_empty()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_filled_encoded_and_known() {
        assert_eq!(agent("harbor-books", "a b/c"), "/clients/harbor-books/agents/a%20b%2Fc");
        assert_eq!(query("/agents", &[("q", "ä&b"), ("life", "")]), "/agents?q=%C3%A4%26b");
        assert!(known("/clients/x/ledger/7/proof.json") && known("/?client=x") && known("/find"));
        assert!(!known("/clients/x/ledger/7/other") && !known("/nowhere"));
    }

    #[test]
    fn no_pattern_stands_twice() {
        let mut seen: Vec<_> = TABLE.iter().map(|row| row.pattern).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), TABLE.len());
    }
}
