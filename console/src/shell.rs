//! What surrounds every page: whose space it is, the way around, who is signed in, what was just done.
//!
//! Never here: what a page says. Templates extend `layout.html` and keep a [`Shell`] in a field `shell`.

use writ_model::Timestamp;

use crate::{show, view};

/// A client as it is named everywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientRef {
    /// Its name.
    pub name: String,
    /// Its short name.
    pub slug: String,
}

impl ClientRef {
    /// The client of a desk's view.
    #[must_use]
    pub fn of(client: &view::ClientRef) -> Self {
        Self { name: client.name.clone(), slug: client.slug.clone() }
    }

    /// Its chip.
    #[must_use]
    pub fn chip(&self) -> show::Svg {
        show::chip(&self.slug)
    }
}

/// Where in the console a page stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Section {
    /// Decisions waiting.
    Decisions,
    /// What waits for a yes.
    Approvals,
    /// The charter.
    Charter,
    /// Agents.
    Agents,
    /// Calls.
    Calls,
    /// What is only watched.
    Observe,
    /// Rehearsed endings.
    Drills,
    /// Clients, and a client's overview.
    Clients,
    /// What runs.
    Operations,
    /// A party's people.
    People,
    /// What servers list.
    Tools,
    /// Programs let in, and accounts.
    Connections,
    /// What was signed.
    Receipts,
    /// Who watches the ledger.
    Witnesses,
    /// A client's ledger.
    Ledger,
    /// The reader's own keys and sessions.
    Me,
    /// Elsewhere.
    #[default]
    Elsewhere,
}

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// Their name.
    pub name: String,
    /// What every form of theirs must carry.
    pub csrf: String,
}

/// What was just done, above the page that shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// One sentence.
    pub what: String,
    /// The ledger line that says so, and where it stands.
    pub line: Option<(u64, String)>,
}

/// What surrounds a page.
#[derive(Debug, Clone, Default)]
pub struct Shell {
    /// The page's title, without client and product.
    pub title: String,
    /// Where it stands.
    pub section: Section,
    /// Whose space; nothing means all clients.
    pub client: Option<ClientRef>,
    /// Clients for the way around, the first few.
    pub clients: Vec<ClientRef>,
    /// How many clients there are.
    pub clients_total: u64,
    /// Who is signed in.
    pub signed: Option<Signed>,
    /// Decisions waiting.
    pub waiting: usize,
    /// The provider's name.
    pub provider: String,
    /// The provider's own space, for its people.
    pub home: Option<ClientRef>,
    /// What was just done.
    pub notice: Option<Notice>,
    /// The instant of the page.
    pub now: Timestamp,
}

impl Shell {
    /// Most clients named in the margin; the rest are two clicks away.
    pub const NAMED: usize = 8;

    /// The title in the browser's tab.
    #[must_use]
    pub fn tab(&self) -> String {
        let place = self.client.as_ref().map_or("All clients", |client| client.name.as_str());
        format!("{} · {place} · Writ", self.title)
    }

    /// Whether this section is the current one of all clients.
    #[must_use]
    pub fn fleet(&self, section: Section) -> bool {
        self.client.is_none() && self.section == section
    }

    /// Whether this section is the current one of a client.
    #[must_use]
    pub fn tab_of(&self, section: Section) -> bool {
        self.client.is_some() && self.section == section
    }

    /// Whether this is the provider's own space, which has no agents.
    #[must_use]
    pub fn at_home(&self) -> bool {
        self.client.is_some() && self.client == self.home
    }

    /// Whether a client is the current one.
    #[must_use]
    pub fn is(&self, client: &ClientRef) -> bool {
        self.client.as_ref() == Some(client)
    }

    /// An instant as seen from this page.
    #[must_use]
    pub fn when(&self, at: impl show::Instant) -> show::When {
        show::When::new(at.instant(), self.now)
    }

    /// A time of day as seen from this page.
    #[must_use]
    pub fn clock(&self, at: impl show::Instant) -> show::Clock {
        self.when(at).clock()
    }

    /// The stripe of the page.
    #[must_use]
    pub fn stripe(&self) -> show::Svg {
        show::stripe(self.client.as_ref().map(|client| client.slug.as_str()), "page")
    }

    /// What forms must carry.
    #[must_use]
    pub fn csrf(&self) -> &str {
        self.signed.as_ref().map_or("", |signed| signed.csrf.as_str())
    }

    /// A shell for samples.
    #[must_use]
    pub fn sample(title: &str, section: Section) -> Self {
        let named =
            |name: &str, slug: &str| ClientRef { name: name.to_owned(), slug: slug.to_owned() };
        Self {
            title: title.to_owned(),
            section,
            client: None,
            clients: vec![
                named("Cole & Sons Bakery", "cole-bakery"),
                named("Harbor Books", "harbor-books"),
                named("Juniper Dental", "juniper-dental"),
            ],
            clients_total: 3,
            signed: Some(Signed {
                name: "Ines Ortega".to_owned(),
                csrf: "sample-token".to_owned(),
            }),
            waiting: 8,
            provider: "Northgate Managed IT".to_owned(),
            home: Some(named("Northgate Managed IT", "northgate")),
            notice: None,
            now: Timestamp::from_micros(1_795_298_400_123_456),
        }
    }

    /// A sample in the provider's own space.
    #[must_use]
    pub fn sample_home(title: &str, section: Section) -> Self {
        let mut shell = Self::sample(title, section);
        shell.client = shell.home.clone();
        shell
    }

    /// A sample in the space of Harbor Books.
    #[must_use]
    pub fn sample_client(title: &str, section: Section) -> Self {
        let mut shell = Self::sample(title, section);
        shell.client = shell.clients.get(1).cloned();
        shell
    }
}
