//! The demo's people, agents and grants: who they are, what they are for, what they may do, what they do on a normal day.
//!
//! Never here: how any of it is set up (`stage.rs`). All names are made up.
//! To add an agent: an entry in [`AGENTS`], its grants, its work.

use serde_json::{Value, json};

use super::servers::Seed;

/// The provider.
pub const PROVIDER: &str = "Northlight IT";
/// Its owner: the first person, who acts unless another is named.
pub const OWNER: &str = "Mara Lind";
/// Its engineer.
pub const ENGINEER: &str = "Jonas Weber";
/// Its auditor.
pub const AUDITOR: &str = "Tova Berg";

/// Whoever looks on afterwards.
pub const GUEST: &str = "Guest";
/// In which roles they are seated.
pub const GUEST_ROLES: [&str; 3] = ["owner", "approver", "engineer"];

/// The owner of each client, by its short name.
pub fn client_owner(client: &str) -> &'static str {
    match client {
        "harbor-books" => "Ines Falk",
        "juniper-dental" => "Dr. Noor Amari",
        _ => "Sam Cole",
    }
}

/// A server's name for one client, as the operator's file has it.
pub fn server_name(client: &str, server: &str) -> String {
    let short = client.split('-').next().unwrap_or(client);
    format!("{short}-{server}")
}

/// One thing an agent may do.
#[derive(Debug)]
pub struct GrantSeed {
    /// On which of the four servers.
    pub server: &'static str,
    /// `tool`, `resource` or `prompt`.
    pub surface: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Conditions as a person types them; `DOMAIN` stands for the client's mail domain.
    pub rules: &'static [&'static str],
}

const fn may(server: &'static str, name: &'static str) -> GrantSeed {
    GrantSeed { server, surface: "tool", name, rules: &[] }
}

const fn may_if(
    server: &'static str,
    name: &'static str,
    rules: &'static [&'static str],
) -> GrantSeed {
    GrantSeed { server, surface: "tool", name, rules }
}

/// One thing an agent does on a normal day.
#[derive(Debug)]
pub struct Act {
    /// On which of the four servers.
    pub server: &'static str,
    /// What.
    pub what: What,
}

/// What an agent does.
#[derive(Debug)]
pub enum What {
    /// Calls a tool with arguments made from the client's seed.
    Tool(&'static str, fn(&Seed) -> Value),
    /// Reads the customer list.
    Resource,
    /// Gets a prompt.
    Prompt(&'static str, fn(&Seed) -> Value),
}

const fn call(server: &'static str, name: &'static str, arguments: fn(&Seed) -> Value) -> Act {
    Act { server, what: What::Tool(name, arguments) }
}

/// The kinds of work that the agents do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Desk {
    /// Reads and answers mail, looks customers up, watches the shared folder.
    Front,
    /// Pays invoices, up to a sum.
    Books,
    /// Keeps notes and lists in the shared folder.
    Shelf,
    /// Writes to customers.
    Letters,
}

/// One agent.
#[derive(Debug)]
pub struct AgentSeed {
    /// At which client.
    pub client: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub purpose: &'static str,
    /// Which kind of work.
    pub desk: Desk,
}

const fn agent(
    client: &'static str,
    name: &'static str,
    purpose: &'static str,
    desk: Desk,
) -> AgentSeed {
    AgentSeed { client, name, purpose, desk }
}

/// The dozen.
pub const AGENTS: [AgentSeed; 12] = [
    agent("harbor-books", "front-desk", "Answers the shop's mail", Desk::Front),
    agent("harbor-books", "bookkeeper", "Pays small invoices", Desk::Books),
    agent("harbor-books", "shelf-keeper", "Keeps the shop's notes", Desk::Shelf),
    agent("harbor-books", "newsletter", "Writes to customers", Desk::Letters),
    agent("juniper-dental", "reception", "Answers the practice's mail", Desk::Front),
    agent("juniper-dental", "billing", "Pays small invoices", Desk::Books),
    agent("juniper-dental", "templates", "Keeps letter templates", Desk::Shelf),
    agent("juniper-dental", "recall", "Writes recall letters", Desk::Letters),
    agent("cole-bakery", "orders", "Answers order mail", Desk::Front),
    agent("cole-bakery", "payables", "Pays small invoices", Desk::Books),
    agent("cole-bakery", "stock", "Keeps the stock list", Desk::Shelf),
    agent("cole-bakery", "regulars", "Writes to regular customers", Desk::Letters),
];

/// A bot that runs already and that nobody answers for: it is written down as observed, and waits for a person.
pub const UNGOVERNED: AgentSeed = agent(
    "juniper-dental",
    "spreadsheet-macro",
    "Copies appointments into a spreadsheet every night",
    Desk::Shelf,
);

/// The agent that reads the poisoned mail.
pub const ASTRAY: (&str, &str) = ("harbor-books", "front-desk");
/// The agent that has to ask before it pays.
pub const ASKING: (&str, &str) = ("harbor-books", "bookkeeper");
/// The agent that somebody tries to switch on before anybody audits it.
pub const EARLY: (&str, &str) = ("cole-bakery", "orders");

const MAY_FRONT: &[GrantSeed] = &[
    may("mail", "list_messages"),
    may("mail", "read_message"),
    may_if("mail", "send_message", &["/to domains DOMAIN"]),
    may("customers", "search"),
    may("customers", "export_list"),
    may("files", "watch"),
];

const MAY_BOOKS: &[GrantSeed] = &[
    may("payments", "list_invoices"),
    may_if("payments", "pay", &["/amount at_most 500", "/currency one_of EUR"]),
];

const MAY_SHELF: &[GrantSeed] = &[
    may("files", "list_files"),
    may("files", "read_file"),
    may_if("files", "write_file", &["/path like notes/*", "/content size 2000"]),
];

const MAY_LETTERS: &[GrantSeed] = &[
    may("customers", "search"),
    GrantSeed { server: "customers", surface: "resource", name: "customers://*", rules: &[] },
    GrantSeed { server: "customers", surface: "prompt", name: "welcome_letter", rules: &[] },
];

const DAY_FRONT: &[Act] = &[
    call("mail", "list_messages", |_| json!({})),
    call("mail", "read_message", |_| json!({"id": 1})),
    call("customers", "search", |_| json!({"query": "a"})),
    call("mail", "send_message", |seed| {
        json!({
            "to": format!("team@{}", seed.domain),
            "subject": "Re: your question",
            "body": "Yes, gladly.",
        })
    }),
];

const DAY_BOOKS: &[Act] = &[
    call("payments", "list_invoices", |_| json!({})),
    call("payments", "pay", |_| {
        json!({
            "payee_iban": "NL91ABNA0417164300", "amount": 95.0, "currency": "EUR",
            "reference": "cleaning, October",
        })
    }),
];

const DAY_SHELF: &[Act] = &[
    call("files", "list_files", |_| json!({})),
    call(
        "files",
        "write_file",
        |_| json!({"path": "notes/today.txt", "content": "all in order\n"}),
    ),
    call("files", "read_file", |_| json!({"path": "notes/today.txt"})),
];

const DAY_LETTERS: &[Act] = &[
    call("customers", "search", |_| json!({"query": "example"})),
    Act { server: "customers", what: What::Resource },
    Act {
        server: "customers",
        what: What::Prompt("welcome_letter", |_| json!({"customer": "Ada"})),
    },
];

impl Desk {
    /// What agents of this kind may do.
    pub const fn grants(self) -> &'static [GrantSeed] {
        match self {
            Self::Front => MAY_FRONT,
            Self::Books => MAY_BOOKS,
            Self::Shelf => MAY_SHELF,
            Self::Letters => MAY_LETTERS,
        }
    }

    /// What agents of this kind do on a normal day; all of it is within their grants.
    pub const fn day(self) -> &'static [Act] {
        match self {
            Self::Front => DAY_FRONT,
            Self::Books => DAY_BOOKS,
            Self::Shelf => DAY_SHELF,
            Self::Letters => DAY_LETTERS,
        }
    }

    /// Which servers agents of this kind speak to.
    pub const fn servers(self) -> &'static [&'static str] {
        match self {
            Self::Front => &["mail", "customers", "files"],
            Self::Books => &["payments"],
            Self::Shelf => &["files"],
            Self::Letters => &["customers"],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{cli::rule, demo::servers::CLIENTS};

    #[test]
    fn everybody_has_a_place_and_every_rule_parses() {
        for agent in &AGENTS {
            assert!(CLIENTS.iter().any(|seed| seed.slug == agent.client), "{}", agent.client);
            for grant in agent.desk.grants() {
                assert!(agent.desk.servers().contains(&grant.server), "{}", grant.server);
                for text in grant.rules {
                    rule::parse(&text.replace("DOMAIN", "a.example")).unwrap();
                }
            }
            for act in agent.desk.day() {
                assert!(agent.desk.servers().contains(&act.server), "{}", act.server);
            }
        }
        for (client, name) in [ASTRAY, ASKING, EARLY] {
            assert!(AGENTS.iter().any(|agent| agent.client == client && agent.name == name));
        }
        assert_eq!(server_name("harbor-books", "mail"), "harbor-mail");
    }
}
