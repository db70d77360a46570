//! Grants from files, decided on by the engine that decides at the gateway: the files become facts of a client that has a
//! charter which lets everything granted go.
//!
//! SECURITY: the state lives here and nowhere else, and only explanations come of it, never a permit.
//! Never here: the meaning of a grant. Limits are not counted: a recording does not say when its calls were made.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use serde_json::Value;
use writ_authority::{
    AgentKind, Autonomy, Engine, Entry, Fact, Grant, Moment, State, What,
    decide::explain::{Supposed, Unused},
    fact::{AgentDescribed, LedgerFounded, PersonSeated, Subject},
    grant::Surface,
};
use writ_charter::{Charter, Clause, Mode, Parties};
use writ_desk::{NewGrant, NewSubject};
use writ_model::{
    Actor, AgentId, Fold as _, Id, Kind, PersonId, Role, Side, TenantId, Timestamp,
    json::{Limits, parse},
};

use super::authority::{Asked, Said};
use crate::fault::Fault;

/// LIMIT: bytes of one file of grants: some thousand grants.
const FILE: u64 = 8 << 20;
/// LIMIT: files in the folder.
const FILES: usize = 10_000;

/// A file: one grant, or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Given {
    Several(Vec<NewGrant>),
    One(Box<NewGrant>),
}

/// A client that has these grants and nothing else.
#[derive(Debug)]
pub(super) struct Granted {
    engine: Engine,
    state: State,
    agents: BTreeMap<String, AgentId>,
    giver: PersonId,
    at: Timestamp,
    made: u64,
}

impl Granted {
    /// Reads every `.json` file of a folder.
    ///
    /// # Errors
    /// If there is none, or one of them is no grant to an agent.
    pub(super) fn read(folder: &Path, at: Timestamp) -> Result<Self, Fault> {
        let mut granted = Self::found(at)?;
        for path in files(folder)? {
            let bad = |why: String| {
                Fault::usage(format!("`{}` is no grant: {why}", path.display())).cure(
                    r#"write {"subject":{"agent":"NAME"},"server":…,"surface":"tool","name":…,"reason":…}, or a list of them"#,
                )
            };
            let long =
                fs::metadata(&path).map_err(|why| Fault::file(&path, "read", &why))?.len() > FILE;
            if long {
                return Err(bad(format!("it has more than {FILE} bytes")));
            }
            let text = fs::read_to_string(&path).map_err(|why| Fault::file(&path, "read", &why))?;
            let given = match serde_json::from_str(&text).map_err(|why| bad(why.to_string()))? {
                Given::Several(several) => several,
                Given::One(one) => vec![*one],
            };
            for one in given {
                granted.give(one).map_err(bad)?;
            }
        }
        Ok(granted)
    }

    /// A client with a charter under which everything that is granted goes.
    fn found(at: Timestamp) -> Result<Self, Fault> {
        let mut random = [0; 10];
        random[9] = 1;
        let tenant = TenantId::from_parts(at, random);
        let giver = PersonId::from_parts(at, random);
        let state = State::empty(tenant);
        let mut granted =
            Self { engine: Engine::default(), state, agents: BTreeMap::new(), giver, at, made: 1 };
        let parties = Parties { provider: "Provider".to_owned(), client: "Client".to_owned() };
        let mut charter = Charter::new(granted.id(), 1, tenant, parties);
        charter.clauses = vec![Clause::new("granted", "Whatever is granted", &["*"], Mode::Act)];
        let (id, digest) = (charter.charter, charter.digest());
        let provider = Some(granted.id());
        for fact in [
            Fact::LedgerFounded(LedgerFounded {
                tenant,
                side: Side::Client,
                name: "Client".to_owned(),
                slug: "client".to_owned(),
                provider,
                checkpoint_key: "client.example+00000000+AQ==".to_owned(),
            }),
            Fact::PersonSeated(PersonSeated {
                person: giver,
                name: "the files".into(),
                side: Side::Client,
                roles: vec![Role::Owner],
            }),
            Fact::CharterProposed { charter: Box::new(charter) },
            Fact::CharterInForce { charter: id, digest },
        ] {
            granted.write(fact).map_err(Fault::usage)?;
        }
        Ok(granted)
    }

    fn id<K: Kind>(&mut self) -> Id<K> {
        self.made += 1;
        let mut random = [0; 10];
        for (to, from) in random.iter_mut().rev().zip(self.made.to_le_bytes()) {
            *to = from;
        }
        Id::from_parts(self.at, random)
    }

    fn write(&mut self, fact: Fact) -> Result<(), String> {
        let actor = Actor::System { part: "simulation".to_owned() };
        let line = Entry::by(actor, self.at, fact).to_line().map_err(|why| why.to_string())?;
        self.state.fold(self.state.size, &line).map_err(|why| why.to_string())
    }

    /// The agent of this name, made active on first sight.
    fn agent(&mut self, name: &str) -> Result<AgentId, String> {
        if let Some(known) = self.agents.get(name) {
            return Ok(*known);
        }
        let (agent, giver) = (self.id(), self.giver);
        self.write(Fact::AgentProposed(AgentDescribed {
            agent,
            name: name.to_owned(),
            kind: AgentKind::AiAgent,
            purpose: "Acts in the recording.".to_owned(),
            owner: None,
            group: None,
            models: Vec::new(),
            data_classes: Vec::new(),
            autonomy: Autonomy::Supervised,
            deadline: None,
        }))?;
        self.write(Fact::AgentChartered {
            agent,
            authorizer: giver,
            auditor: giver,
            terminators: vec![giver],
        })?;
        self.write(Fact::AgentActivated { agent })?;
        self.agents.insert(name.to_owned(), agent);
        Ok(agent)
    }

    fn give(&mut self, new: NewGrant) -> Result<(), String> {
        let NewSubject::Agent(name) = &new.subject else {
            return Err("a group is not known here; name an agent".to_owned());
        };
        let agent = self.agent(name)?;
        let says = Box::new(Grant {
            subject: Subject::Agent(agent),
            server: new.server,
            surface: new.surface,
            name: new.name,
            rules: new.rules,
            only_named_arguments: new.only_named_arguments,
            window: new.window,
            limits: Vec::new(),
            from: new.from,
            until: new.until,
            given_by: self.giver,
            reason: new.reason,
        });
        let grant = self.id();
        self.write(Fact::GrantGiven { grant, says })
    }

    /// What the engine says of a call.
    ///
    /// # Errors
    /// If the arguments are no JSON that a gateway would read.
    pub(super) fn ask(&mut self, asked: &Asked<'_>) -> Result<Said, Fault> {
        let agent = self.agent(asked.agent).map_err(Fault::usage)?;
        let text = asked.arguments.to_string();
        let node = match asked.arguments {
            Value::Null => None,
            _ => Some(
                parse(text.as_bytes(), &Limits::REQUEST)
                    .map_err(|why| Fault::usage(format!("the call's arguments: {why}")))?,
            ),
        };
        let what =
            What::Call { surface: Surface::Tool, name: asked.tool, arguments: node.as_ref() };
        let call = Supposed { agent, server: asked.server, what };
        let moment = Moment { at: self.at, counters: &Unused };
        let said = self.engine.suppose(&self.state, &call, &moment);
        Ok(Said { effect: said.effect.to_owned(), code: said.code, words: said.words })
    }
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, Fault> {
    let listed = fs::read_dir(folder).map_err(|why| Fault::file(folder, "read", &why))?;
    let mut paths = Vec::new();
    for entry in listed {
        let path = entry.map_err(|why| Fault::file(folder, "read", &why))?.path();
        if path.extension().is_some_and(|ending| ending == "json") {
            paths.push(path);
        }
        if paths.len() > FILES {
            return Err(Fault::usage(format!("more than {FILES} files in `{}`", folder.display())));
        }
    }
    if paths.is_empty() {
        return Err(Fault::usage(format!("no .json file in `{}`", folder.display()))
            .cure("put each grant into a file as the API takes it, or leave --grants out: then every tool is granted"));
    }
    paths.sort();
    Ok(paths)
}
