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
    /// The decisions that can be delegated.
    CATALOG catalog() Get "/catalog";
    /// What runs, what waits, what was dropped.
    OPERATIONS operations() Get "/operations";
    /// Halt a gateway.
    GATEWAY_HALT gateway_halt(gateway) Both "/operations/gateways/{gateway}/halt";
    /// Drain a gateway.
    GATEWAY_DRAIN gateway_drain(gateway) Both "/operations/gateways/{gateway}/drain";
    /// Let a gateway serve again.
    GATEWAY_SERVE gateway_serve(gateway) Both "/operations/gateways/{gateway}/serve";
    /// The provider's templates of charters.
    TEMPLATES templates() Get "/templates";
    /// One of them, with what it inherits and overrides.
    TEMPLATE template(name) Get "/templates/{name}";
    /// What waits for a yes, over all clients.
    APPROVALS approvals() Get "/approvals";
    /// What a message links to: the page of what waits, at whichever client.
    HOLD_LINK hold_link(hold) Get "/a/{hold}";
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
    /// Sign in with a passkey; `?next=` says where to go.
    SIGN_IN sign_in() Get "/sign-in";
    /// The link of the very first person: a button, which uses the link's code up.
    FIRST first(code) Both "/sign-in/{code}";
    /// The first person makes their first passkey.
    WELCOME welcome() Get "/welcome";
    /// Somebody invited makes a passkey.
    JOIN join(code) Get "/join/{code}";
    /// Somebody who lost their keys makes a new one.
    RECOVER recover(code) Get "/recover/{code}";
    /// My passkeys and sessions.
    ME me() Get "/me";
    /// Where my own messages go.
    MY_CONTACT my_contact() Post "/me/contact";
    /// Revoke one of my passkeys.
    MY_KEY_REVOKE my_key_revoke(passkey) Both "/me/passkeys/{passkey}/revoke";
    /// End one of my sessions.
    MY_SESSION_END my_session_end(session) Both "/me/sessions/{session}/end";
    /// Unlink a login of mine at an identity provider.
    MY_LOGIN_UNLINK my_login_unlink() Post "/me/logins/unlink";
    /// Open what is to be signed by its short code: `?code=`.
    SIGN sign() Get "/sign";
    /// What is to be signed, with the button that signs it.
    SIGNING signing(signing) Get "/sign/{signing}";
    /// Refuse to sign it.
    SIGNING_REFUSE signing_refuse(signing) Both "/sign/{signing}/refuse";
    /// A client asks to be let in: whose running copy it becomes, or none.
    CONSENT consent() Both "/consent";
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
    /// Have an agent act for another one.
    AGENT_DELEGATE agent_delegate(client, agent) Both "/clients/{client}/agents/{agent}/delegate";
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
    /// People and seats of both parties, their keys, invitations, recoveries.
    PEOPLE people(client) Get "/clients/{client}/people";
    /// Seat a person.
    PERSON_NEW person_new(client) Both "/clients/{client}/people/new";
    /// End a person's seat.
    PERSON_LEAVE person_leave(client, person) Both "/clients/{client}/people/{person}/leave";
    /// Admit somebody who has joined, by their key's fingerprint.
    PERSON_ADMIT person_admit(client, person) Both "/clients/{client}/people/{person}/admit";
    /// Ask for a recovery of a person's lost keys.
    PERSON_RECOVER person_recover(client, person) Both "/clients/{client}/people/{person}/recover";
    /// Offboard a person of the provider everywhere at once.
    PERSON_OFFBOARD person_offboard(client, person) Both "/clients/{client}/people/{person}/offboard";
    /// Erase the name of somebody who left.
    PERSON_ERASE person_erase(client, person) Both "/clients/{client}/people/{person}/erase";
    /// Revoke another person's passkey.
    KEY_REVOKE key_revoke(client, passkey) Both "/clients/{client}/passkeys/{passkey}/revoke";
    /// End a session of a person of one's own side.
    SESSION_END session_end(client, session) Both "/clients/{client}/sessions/{session}/end";
    /// Invite a person.
    INVITE invite(client) Both "/clients/{client}/invitations/new";
    /// Withdraw an invitation.
    INVITATION_WITHDRAW invitation_withdraw(client, invitation) Both "/clients/{client}/invitations/{invitation}/withdraw";
    /// Confirm a recovery, by the new key's fingerprint.
    RECOVERY_CONFIRM recovery_confirm(client, recovery) Both "/clients/{client}/recoveries/{recovery}/confirm";
    /// Refuse a recovery.
    RECOVERY_REFUSE recovery_refuse(client, recovery) Both "/clients/{client}/recoveries/{recovery}/refuse";
    /// Which keys people of the party may have.
    KEY_POLICY key_policy(client) Both "/clients/{client}/key-policy";
    /// The root key's fingerprint, for the paper contract.
    ROOT root(client) Get "/clients/{client}/root";
    /// Witnesses: how far each has seen.
    WITNESSES witnesses(client) Get "/clients/{client}/witnesses";
    /// Name a witness.
    WITNESS_NEW witness_new(client) Both "/clients/{client}/witnesses/new";
    /// Remove a witness.
    WITNESS_REMOVE witness_remove(client, witness) Both "/clients/{client}/witnesses/{witness}/remove";
    /// What tools are taken for.
    DATA data(client) Get "/clients/{client}/data";
    /// What flowed through an agent.
    AGENT_DATA agent_data(client, agent) Get "/clients/{client}/agents/{agent}/data";
    /// What the servers list.
    TOOLS tools(client) Get "/clients/{client}/tools";
    /// One thing that a server lists, and what changed.
    TOOL tool(client, tool) Get "/clients/{client}/tools/{tool}";
    /// Let a definition be used.
    TOOL_APPROVE tool_approve(client, tool) Both "/clients/{client}/tools/{tool}/approve";
    /// Refuse a definition.
    TOOL_REFUSE tool_refuse(client, tool) Both "/clients/{client}/tools/{tool}/refuse";
    /// Programs that were let in, and accounts at protected servers.
    CONNECTIONS connections(client) Get "/clients/{client}/connections";
    /// Connect an account at a protected server.
    ACCOUNT_CONNECT account_connect(client, server) Both "/clients/{client}/connections/{server}/connect";
    /// End an account: `?agent=` or `?person=` says whose.
    ACCOUNT_END account_end(client, server) Both "/clients/{client}/connections/{server}/end";
    /// What was signed.
    RECEIPTS receipts(client) Get "/clients/{client}/receipts";
    /// One receipt: the exact text, the key, the digest.
    SIGNED signed(client, line) Get "/clients/{client}/receipts/{line}";
    /// The portable file of a receipt.
    RECEIPT_FILE receipt_file(client, line) Get "/clients/{client}/receipts/{line}/receipt.json";
    /// Take the ledger out: asks for a signature, then for an hour it may be exported.
    EXPORT export(client) Both "/clients/{client}/export";
    /// The charter, as a letter.
    CHARTER charter(client) Get "/clients/{client}/charter";
    /// Its clauses, as a table.
    CHARTER_CLAUSES charter_clauses(client) Get "/clients/{client}/charter/clauses";
    /// Write the next one.
    CHARTER_DRAFT charter_draft(client) Both "/clients/{client}/charter/draft";
    /// Take back what waits for signatures.
    CHARTER_WITHDRAW charter_withdraw(client) Both "/clients/{client}/charter/withdraw";
    /// Sign what waits: asks for the passkey.
    CHARTER_SIGN charter_sign(client) Post "/clients/{client}/charter/sign";
    /// Two versions side by side, in words: `?from=&to=`.
    CHARTER_COMPARE charter_compare(client) Get "/clients/{client}/charter/compare";
    /// What the draft would have decided: `?days=`.
    CHARTER_REPLAY charter_replay(client) Get "/clients/{client}/charter/replay";
    /// Whether every clause is enforced and everything that acts stands on one.
    CHARTER_CHECK charter_check(client) Get "/clients/{client}/charter/check";
    /// The appendix for the paper contract; `?version=`.
    CHARTER_PDF charter_pdf(client) Get "/clients/{client}/charter/charter.pdf";
    /// Suspend what one's own party delegates: `?clause=`, or everything.
    SUSPEND suspend(client) Both "/clients/{client}/charter/suspend";
    /// Let it go on: `?clause=`.
    RESUME resume(client) Both "/clients/{client}/charter/resume";
    /// Stop everything of this client.
    FREEZE freeze(client) Both "/clients/{client}/freeze";
    /// End many agents in one act.
    CLIENT_END client_end(client) Both "/clients/{client}/end";
    /// Acts that ended agents.
    ENDINGS endings(client) Get "/clients/{client}/endings";
    /// Such an act, gateway by gateway.
    ENDING ending(client, line) Get "/clients/{client}/endings/{line}";
    /// Lift one's own freeze.
    THAW thaw(client) Both "/clients/{client}/thaw";
    /// What waits for a yes at one client; `?state=` shows what is over too.
    CLIENT_APPROVALS client_approvals(client) Get "/clients/{client}/approvals";
    /// One thing that waits for a yes.
    APPROVAL approval(client, hold) Get "/clients/{client}/approvals/{hold}";
    /// Say yes: asks for the passkey.
    APPROVAL_YES approval_yes(client, hold) Post "/clients/{client}/approvals/{hold}/approve";
    /// Say no, with a word.
    APPROVAL_NO approval_no(client, hold) Both "/clients/{client}/approvals/{hold}/refuse";
    /// Let somebody answer in one's place for a while.
    AWAY away(client) Both "/clients/{client}/away";
    /// Be back.
    AWAY_END away_end(client) Post "/clients/{client}/away/end";
    /// The code of an enrollment that was approved, once, for whoever asked.
    APPROVAL_CODE approval_code(client, hold) Post "/clients/{client}/approvals/{hold}/code";
    /// What was only watched: what would have been refused; `?from=&to=`.
    OBSERVE observe(client) Get "/clients/{client}/observe";
    /// Watch instead of blocking, until a day.
    OBSERVE_NEW observe_new(client) Both "/clients/{client}/observe/new";
    /// Block again, at once: `?agent=` or `?group=`.
    OBSERVE_END observe_end(client) Both "/clients/{client}/observe/end";
    /// Turn a row of the report into a grant.
    OBSERVE_PROPOSE observe_propose(client) Post "/clients/{client}/observe/propose";
    /// Rehearsed endings.
    DRILLS drills(client) Get "/clients/{client}/drills";
    /// Rehearse one.
    DRILL_NEW drill_new(client) Both "/clients/{client}/drills/new";
    /// One drill, step by step.
    DRILL drill(client, drill) Get "/clients/{client}/drills/{drill}";
    /// Its portable file.
    DRILL_FILE drill_file(client, drill) Get "/clients/{client}/drills/{drill}/drill.json";
    /// What was told to people, and by which ways.
    NOTIFICATIONS notifications(client) Get "/clients/{client}/notifications";
    /// Send a test message.
    NOTIFICATIONS_TEST notifications_test(client) Post "/clients/{client}/notifications/test";
    /// Why an agent could do something at a moment: `?at=&server=&name=`.
    EXPLAIN explain(client, agent) Get "/clients/{client}/agents/{agent}/explain";
    /// Make a group.
    GROUP_NEW group_new(client) Both "/clients/{client}/groups/new";
    /// Say who answers for a group.
    GROUP_ANSWERS group_answers(client, group) Both "/clients/{client}/groups/{group}/accountability";
    /// Calls of one client.
    CLIENT_CALLS client_calls(client) Get "/clients/{client}/calls";
    /// One call.
    CALL call(client, call) Get "/clients/{client}/calls/{call}";
    /// Why it could happen, as JSON.
    CALL_EXPLAINED call_explained(client, call) Get "/clients/{client}/calls/{call}/explanation.json";
    /// The same as a paper.
    CALL_PAPER call_paper(client, call) Get "/clients/{client}/calls/{call}/explanation.pdf";
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

/// Where somebody goes after signing in: only an address of the console's own, and nothing that looks like another host.
#[must_use]
pub fn local(next: &str) -> Option<String> {
    let plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let doors = ["/sign-in", "/sign-out", "/welcome", "/join/", "/recover/", "/asset/"];
    let inside = !doors.iter().any(|door| next.starts_with(door));
    let short = next.len() <= MAX_NEXT;
    (short && plain && inside && !next.starts_with("//") && known(next)).then(|| next.to_owned())
}

/// LIMIT: bytes of an address to go to: a client's authorization request.
const MAX_NEXT: usize = 2_048;

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
    fn only_pages_of_our_own_are_gone_to() {
        for good in ["/", "/clients/x/people", "/agents?q=a%20b", "/sign/K7QF-93TD", "/me"] {
            assert_eq!(local(good).as_deref(), Some(good));
        }
        for bad in [
            "",
            "//evil.example",
            "//evil.example/me",
            "/\\evil.example",
            "https://evil.example/",
            "javascript:alert(1)",
            "/nowhere",
            "/me\n",
            "/sign-in",
            "/sign-in/ABC",
            "/join/ABC",
            "/clients/\u{202e}x",
            "me",
            " /me",
        ] {
            assert_eq!(local(bad), None, "{bad}");
        }
        assert_eq!(local(&format!("/agents?q={}", "a".repeat(2_100))), None);
    }

    #[test]
    fn no_pattern_stands_twice() {
        let mut seen: Vec<_> = TABLE.iter().map(|row| row.pattern).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), TABLE.len());
    }
}
