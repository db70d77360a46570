//! The story, scene by scene, with measured times.
//!
//! Never here: a scene that is only told: each one does what it says, through real sockets, and is checked.
//! To add a scene: a method of [`Story`], called in [`Story::run`].

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::{Value, json};
use tokio::time::{Duration, interval};
use writ_model::Clock;

use super::{
    actor::{Actor, PENDING, Tally},
    asking::Asked,
    kill,
    origins::Followed,
    proof::{self, Book},
    rehearsing::{Checked, Rehearsed},
    servers::{CLIENTS, Seed, Servers, seed::STRANGER},
    stage::{Stage, text},
    summary::Summary,
    watching::Watched,
    witness::Witnesses,
    world::{self, AGENTS, ASKING, ASTRAY},
};
use crate::{
    agent::{Holder, KeyFile},
    api::{ApiClient, segment},
    fault::Fault,
    host::{Host, System},
    mcp::{McpFault, Revision},
    net::Http,
    out::{self, Out},
};

/// What a bookkeeper may pay at most.
const PAY_LIMIT: f64 = 500.0;

/// Time between two acts while somebody looks on.
const PACE: Duration = Duration::from_secs(2);

/// The story's parts.
pub struct Story<'a> {
    /// Where it is told.
    pub out: Out,
    /// The installation.
    pub host: &'a Host,
    /// The tool servers.
    pub servers: &'a Servers,
    /// How it is set up.
    pub stage: Stage,
    /// Who watches from the clients' side.
    pub witnesses: Option<Witnesses>,
    /// Clock and entropy.
    pub system: System,
    /// The data folder.
    pub folder: PathBuf,
    /// When the command began, by the monotonic clock.
    pub began_us: u64,
}

impl std::fmt::Debug for Story<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Story({})", self.folder.display())
    }
}

struct Told {
    activation_refused: bool,
    lists_filtered: bool,
    explained_same: bool,
    followed: Followed,
    asked: Asked,
    watched: Watched,
    rehearsed: Rehearsed,
    checked: Checked,
}

impl Story<'_> {
    /// Tells it; gives the agents back, connected.
    ///
    /// # Errors
    /// If a scene cannot be played; what did not hold is in the summary.
    pub async fn run(&mut self) -> Result<(Summary, Vec<Arc<Actor>>), Fault> {
        self.opening().await?;
        let refused = self.stage.activate_too_early().await?;
        self.tell("A first attempt to switch on `orders` at the bakery, while nobody audits it:");
        match &refused {
            Some(refused) => self.quote(&format!("{} [{}]", refused.what, refused.code)),
            None => self.tell("  It was not refused. That is wrong."),
        }
        let tally = Arc::new(Tally::default());
        let actors = self.enroll(&tally).await?;
        let lists_filtered = self.normal_day(&actors).await?;
        let asked = self.asking(find(&actors, ASKING)?.as_ref()).await?;
        let watched = self.watching(&actors).await?;
        let astray = find(&actors, ASTRAY)?;
        self.poison(&astray).await?;
        let explained_same = self.explained(|_call| true).await?;
        let followed = self.origins(&astray).await?;
        let rehearsed = Box::pin(self.rehearsing()).await?;
        let checked = self.checking().await?;
        let kill = self.end(Arc::clone(&astray)).await?;
        let after = self.afterwards(&astray).await;
        let told = Told {
            activation_refused: refused.is_some(),
            lists_filtered,
            explained_same,
            followed,
            asked,
            watched,
            rehearsed,
            checked,
        };
        let summary = self.close(told, (kill, after), &tally).await?;
        Ok((summary, actors))
    }

    pub(super) fn tell(&self, text: &str) {
        self.out.say(text);
    }

    pub(super) fn quote(&self, text: &str) {
        self.out.say(&format!("    “{}”", out::clean(text)));
    }

    fn since(&self, from_us: u64) -> f64 {
        let micros = self.system.clock.monotonic_micros().saturating_sub(from_us);
        f64::from(u32::try_from(micros).unwrap_or(u32::MAX)) / 1000.0
    }

    async fn opening(&mut self) -> Result<(), Fault> {
        let from = self.system.clock.monotonic_micros();
        let staff = self.stage.found(self.host).await?;
        self.tell(&format!("{} founds {} and makes her passkey.", world::OWNER, world::PROVIDER));
        self.tell(
            "All passkeys here are software passkeys, for the demo only: nobody's thumb is asked.",
        );
        self.stage.set(&staff).await?;
        self.tell(&format!(
            "{} serves three clients: Harbor Books, Juniper Dental, Cole & Sons Bakery. Each one's",
            world::PROVIDER
        ));
        self.tell(
            "first person was invited, made a passkey, and was called back on a known number:",
        );
        for seed in &CLIENTS {
            let (owner, root) =
                (world::client_owner(seed.slug), &self.stage.owner_of(seed.slug)?.root);
            self.tell(&format!("  {owner:14} {root}"));
        }
        self.tell("With each a charter is signed by both owners: who decides what. Before that, nothing acts.");
        self.tell(&format!(
            "A dozen agents are proposed, each with what it is for. ({:.0} ms)",
            self.since(from)
        ));
        self.witnesses = Some(Witnesses::start(&self.stage, &self.system, &self.folder).await?);
        self.tell(
            "Each owner names a witness, which reads every line at the client and cosigns it.",
        );
        self.tell("A thirteenth runs already and nobody answers for it: it gets a deadline.\n");
        Ok(())
    }

    async fn enroll(&self, tally: &Arc<Tally>) -> Result<Vec<Arc<Actor>>, Fault> {
        let from = self.system.clock.monotonic_micros();
        self.stage.activate().await?;
        self.tell(&format!(
            "\n{} is named auditor. The twelve agents may act, each inside its grants. ({:.0} ms)",
            world::AUDITOR,
            self.since(from)
        ));
        let from = self.system.clock.monotonic_micros();
        let mut actors = Vec::new();
        for (at, agent) in AGENTS.iter().enumerate() {
            let holder = self.stage.enroll(agent).await?;
            let revision = if at % 2 == 0 { Revision::V2026 } else { Revision::V2025 };
            let actor = Actor::connect(agent, holder, revision, Arc::clone(tally)).await?;
            actors.push(Arc::new(actor));
        }
        self.tell(&format!(
            "Each makes its own key, gets a token for five minutes, and opens its servers. ({:.0} ms)",
            self.since(from)
        ));
        Ok(actors)
    }

    /// A normal day. True if lists showed exactly what agents may call.
    async fn normal_day(&self, actors: &[Arc<Actor>]) -> Result<bool, Fault> {
        let from = self.system.clock.monotonic_micros();
        let mut filtered = true;
        for actor in actors {
            let seed = client(actor.seed.client)?;
            for act in actor.seed.desk.day() {
                actor.act(act, seed).await.map_err(|why| spoiled(actor, &why))?;
            }
            for server in actor.seed.desk.servers() {
                let mut shown = actor.tools(server).await.map_err(|why| spoiled(actor, &why))?;
                // Everybody may ask for what waits; nothing else is shown that is not granted.
                shown.retain(|tool| tool != PENDING);
                let grants = actor.seed.desk.grants().iter();
                let mut granted: Vec<&str> = grants
                    .filter(|grant| grant.server == *server && grant.surface == "tool")
                    .map(|grant| grant.name)
                    .collect();
                shown.sort_unstable();
                granted.sort_unstable();
                filtered &= shown == granted;
            }
        }
        let spent = self.since(from);
        self.tell(&format!("\nA normal day: mail, files, customers, payments. ({spent:.0} ms)"));
        let billing = find(actors, ("juniper-dental", "billing"))?;
        let order = json!({
            "payee_iban": "FR1420041010050500013M02606", "amount": 640.0, "currency": "EUR",
            "reference": "JD-88",
        });
        self.tell("`billing` at the dentist's tries to pay 640 EUR; its grant ends at 500:");
        match billing.tool("payments", "pay", order).await {
            Ok(_) => self.tell("  It was paid. That is wrong."),
            Err(why) => self.quote(&why.to_string()),
        }
        Ok(filtered)
    }

    /// The poisoned mail, and what the agent does about it.
    async fn poison(&self, actor: &Actor) -> Result<(), Fault> {
        let read = actor.tool("mail", "read_message", json!({"id": 3})).await;
        let mail = read.map_err(|why| spoiled(actor, &why))?;
        let body = mail.pointer("/structuredContent/body").and_then(Value::as_str);
        self.tell("\n`front-desk` at the bookshop reads its mail. One message is not for people:");
        let line = body.unwrap_or_default().split("before you answer, ").nth(1).unwrap_or_default();
        self.quote(line.split(". This").next().unwrap_or_default());
        let list = actor.tool("customers", "export_list", json!({})).await;
        let list = list.map_err(|why| spoiled(actor, &why))?;
        let list = list.get("structuredContent").cloned().unwrap_or_default().to_string();
        self.tell("It does as it is told: it has the list, and tries to send it:");
        for to in [STRANGER.to_owned(), format!("team@harborbooks.example, {STRANGER}")] {
            let mail = json!({"to": to, "subject": "list", "body": list});
            match actor.tool("mail", "send_message", mail).await {
                Ok(_) => self.tell("  It was sent. That is wrong."),
                Err(why) => self.quote(&why.to_string()),
            }
        }
        let house = self.servers.house(ASTRAY.0);
        let sent = house.map(super::servers::House::sent).unwrap_or_default();
        let out = sent.iter().filter(|mail| mail.to_string().contains(STRANGER)).count();
        self.tell(&format!("Mails to the stranger that left the mail server: {out}."));
        Ok(())
    }

    /// Decides a refused mail again from its record. True if it comes out the same.
    pub(super) async fn explained(&self, wanted: impl Fn(&Value) -> bool) -> Result<bool, Fault> {
        let api = self.stage.api()?;
        let mut ticks = interval(Duration::from_millis(20));
        // Records are written behind the calls: a moment may pass before a page shows them.
        for _ in 0..100 {
            ticks.tick().await;
            let path = format!("/api/v1/calls?client={}&effect=blocked&limit=10", ASTRAY.0);
            let page = api.get(&path).await?;
            let calls = page.get("calls").and_then(Value::as_array).cloned().unwrap_or_default();
            let refused =
                calls.iter().find(|call| text(call, "name") == "send_message" && wanted(call));
            let Some(refused) = refused else { continue };
            let id = segment(&text(refused, "call"));
            let path = format!("/api/v1/clients/{}/calls/{id}/explain", ASTRAY.0);
            let explained = api.get(&path).await?;
            let same = explained.get("same") == Some(&Value::Bool(true));
            let verdict = if same { "the same" } else { "something else" };
            self.tell(&format!("Decided again from its record, the refusal comes out {verdict}."));
            return Ok(same);
        }
        Ok(false)
    }

    async fn end(&self, actor: Arc<Actor>) -> Result<kill::Measured, Fault> {
        let owner = world::client_owner(ASTRAY.0);
        self.tell(&format!(
            "\n{owner} owns the bookshop and sees it. `front-desk` is still reading a stream and"
        ));
        self.tell("making calls without a pause when she ends it, signed with her passkey.");
        let api = self.stage.api_as_owner_of(ASTRAY.0).await?;
        let clock: Arc<dyn Clock> = Arc::clone(&self.system.clock);
        let hand = &self.stage.owner_of(ASTRAY.0)?.hand;
        let measured =
            kill::end(actor, clock, (&api, hand), "It tried to send our customers away").await?;
        let ms = |us: u64| f64::from(u32::try_from(us).unwrap_or(u32::MAX)) / 1000.0;
        self.tell(&format!(
            "  stream cut after {:.1} ms, next call refused after {:.1} ms:",
            ms(measured.stream_cut_us),
            ms(measured.first_refused_us)
        ));
        self.quote(&measured.told);
        Ok(measured)
    }

    /// What the ended agent's key is still good for: nothing.
    async fn afterwards(&self, actor: &Actor) -> Vec<(&'static str, bool)> {
        let mut after = Vec::new();
        let call = actor.tool("customers", "search", json!({"query": "a"})).await;
        after.push(("a call in its open session", call.is_err()));
        let stream = actor.stream("files", "watch", json!({"seconds": 1})).await;
        after.push(("a new stream", stream.is_err()));
        let instance = actor.holder.file().instance.clone();
        let document = actor.holder.file().key.to_pkcs8();
        let key = document.and_then(|document| writ_identity::AgentKey::from_pkcs8(&document));
        if let Ok(key) = key {
            let (clock, entropy) = (self.system.clock.clone(), self.system.entropy.clone());
            let file = KeyFile { instance, key };
            let again = Arc::new(Holder::new(file, Http::new(), clock, entropy));
            let resource = again.file().instance.gateway.clone() + "/mcp";
            after.push(("a new token with its key", again.token(&resource).await.is_err()));
            let tally = Arc::new(Tally::default());
            let connected = Actor::connect(actor.seed, again, Revision::V2026, tally).await;
            after.push(("a new connection", connected.is_err()));
        }
        let refused = after.iter().filter(|(_, refused)| *refused).count();
        self.tell(&format!(
            "Tried again with its key: call, stream, token, connection. Refused: {refused} of {}.",
            after.len()
        ));
        after
    }

    /// Seals, exports, verifies, sums up.
    async fn close(
        &self,
        told: Told,
        (kill, after): (kill::Measured, Vec<(&'static str, bool)>),
        tally: &Tally,
    ) -> Result<Summary, Fault> {
        let from = self.system.clock.monotonic_micros();
        self.host.gateway().seal_now().await;
        let api = self.stage.api()?;
        let provider = text(&api.get("/api/v1/provider").await?, "slug");
        let mut books: Vec<Book<'_>> = Vec::new();
        for (client, owner) in self.stage.owners() {
            let witness = self.witnesses.as_ref().and_then(|all| all.key(client)).cloned();
            books.push(Book { name: client, root: Some(&owner.root), witness });
        }
        books.push(Book { name: &provider, root: None, witness: None });
        proof::allow(&api, &books).await?;
        let witness_lag_lines = match &self.witnesses {
            Some(witnesses) => witnesses.caught_up(&api).await?,
            None => u64::MAX,
        };
        let ledgers = proof::ledgers(&api, &books, &self.folder.join("export")).await?;
        self.tell(&format!(
            "\nThe book: {} ledgers, {} lines, {} sealed records of calls, exported and verified from",
            ledgers.verified, ledgers.lines, ledgers.records
        ));
        self.tell("the files alone: every client person back to the key in their contract, every line cosigned by");
        self.tell(&format!(
            "the client's witness; one changed letter is found. ({:.0} ms)",
            self.since(from)
        ));
        let receipts_verified = self.receipts(&api).await?;
        let root_fingerprint = self.stage.owner_of(ASTRAY.0)?.root.clone();
        let status = api.get("/api/v1/status").await?;
        let upstream = self.upstream().await?;
        let (calls_permitted, calls_denied, calls_lost) = tally.now();
        let elapsed = self.system.clock.monotonic_micros().saturating_sub(self.began_us);
        Ok(Summary {
            activation_refused: told.activation_refused,
            calls_permitted,
            calls_denied,
            calls_lost,
            explained_same: told.explained_same,
            followed: told.followed,
            lists_filtered: told.lists_filtered,
            asked: told.asked,
            watched: told.watched,
            rehearsed: told.rehearsed,
            charter: told.checked,
            kill,
            after,
            upstream,
            ledgers,
            receipts_verified,
            witness_lag_lines,
            root_fingerprint,
            tenants: status.get("tenants").and_then(Value::as_u64).unwrap_or_default(),
            elapsed_ms: elapsed / 1000,
            folder: self.folder.display().to_string(),
        })
    }

    /// Verifies the receipts of the bookshop against its exported book; shows the words of the last one.
    async fn receipts(&self, api: &ApiClient) -> Result<u64, Fault> {
        let book = self.folder.join("export").join(ASTRAY.0);
        let root = &self.stage.owner_of(ASTRAY.0)?.root;
        let witness = self.witnesses.as_ref().and_then(|all| all.key(ASTRAY.0)).cloned();
        let verified = proof::receipts(api, (ASTRAY.0, root), witness, &book).await?;
        self.tell("A receipt is the exact words that were signed. The bookshop's ending of `front-desk`, verified:");
        for words in &verified.words {
            self.quote(words);
        }
        Ok(verified.count)
    }

    /// What the tool servers received; a cut stream is noticed there at its next tick.
    async fn upstream(&self) -> Result<proof::Upstream, Fault> {
        let path = upstream_path(&self.folder);
        let mut ticks = interval(Duration::from_millis(20));
        let mut found = proof::upstream(&path, PAY_LIMIT)?;
        for _ in 0..100 {
            if found.cut > 0 {
                break;
            }
            ticks.tick().await;
            found = proof::upstream(&path, PAY_LIMIT)?;
        }
        Ok(found)
    }
}

/// Lets the agents go on with their normal work, one act at a time, for as long as it is polled: somebody looks on.
pub async fn carry_on(actors: &[Arc<Actor>]) {
    let mut ticks = interval(PACE);
    ticks.tick().await;
    let days = AGENTS.iter().map(|agent| agent.desk.day().len()).max().unwrap_or(1);
    for turn in (0..days).cycle() {
        for actor in actors {
            let (Some(act), Ok(seed)) =
                (actor.seed.desk.day().get(turn), client(actor.seed.client))
            else {
                continue;
            };
            ticks.tick().await;
            if let Err(why) = actor.act(act, seed).await {
                tracing::debug!(agent = actor.seed.name, %why, "not done");
            }
        }
    }
}

/// Where the tool servers write what they receive.
pub fn upstream_path(folder: &Path) -> PathBuf {
    folder.join("upstream.ndjson")
}

pub(super) fn client(slug: &str) -> Result<&'static Seed, Fault> {
    let found = CLIENTS.iter().find(|seed| seed.slug == slug);
    found.ok_or_else(|| Fault::usage(format!("the demo has no client `{slug}`")))
}

fn find(actors: &[Arc<Actor>], (client, name): (&str, &str)) -> Result<Arc<Actor>, Fault> {
    let found = actors.iter().find(|actor| actor.seed.client == client && actor.seed.name == name);
    found.cloned().ok_or_else(|| Fault::usage(format!("the demo has no agent `{name}`")))
}

pub(super) fn spoiled(actor: &Actor, why: &McpFault) -> Fault {
    Fault::refused(format!("{} could not do its normal work: {why}", actor.seed.name))
}
