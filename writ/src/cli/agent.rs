//! `writ agent`: the register: propose, account for, activate, hold, end, explain.
//!
//! Never here: a decision; the desk asks `authority` and says what it said.
//! To add a verb: a variant of [`Verb`], its arm in [`run`].

use std::path::PathBuf;

use serde_json::{Value, json};

use super::access::Ctx;
use crate::{
    api::{ApiClient, segment},
    fault::Fault,
    out,
};

/// An agent at a client.
#[derive(Debug, Clone, clap::Args)]
pub struct Which {
    /// The client
    #[arg(long)]
    pub client: String,
    /// The agent: its name or agt_…
    pub agent: String,
}

impl Which {
    fn path(&self, rest: &str) -> String {
        format!("/api/v1/clients/{}/agents/{}{rest}", segment(&self.client), segment(&self.agent))
    }
}

/// Who answers; what is left out is inherited from the group.
#[derive(Debug, Clone, clap::Args)]
pub struct Answers {
    /// Who authorises it (prs_…)
    #[arg(long)]
    authorizer: Option<String>,
    /// Who audits it (prs_…)
    #[arg(long)]
    auditor: Option<String>,
    /// Who can end it (prs_…); may be given several times, at least one of each party
    #[arg(long = "terminator")]
    terminators: Vec<String>,
}

impl Answers {
    /// The document the desk takes.
    pub fn body(&self) -> Value {
        super::given(json!({
            "authorizer": self.authorizer, "auditor": self.auditor, "terminators": self.terminators,
        }))
    }
}

/// Which agents to end: named ones, or all that a rule takes.
#[derive(Debug, clap::Args)]
pub struct Terminate {
    /// The client
    #[arg(long)]
    client: String,
    /// The agents: their names or agt_…
    #[arg(value_name = "AGENT", required_unless_present_any = ["all", "group", "vendor"])]
    agents: Vec<String>,
    /// Every agent of the client
    #[arg(long, conflicts_with_all = ["agents", "group", "vendor"])]
    all: bool,
    /// Every agent of this group and of the groups below it
    #[arg(long, conflicts_with_all = ["agents", "vendor"])]
    group: Option<String>,
    /// Every agent with a model of this vendor: a word of the model's name, or several in a row
    #[arg(long, conflicts_with = "agents")]
    vendor: Option<String>,
    /// Why
    #[arg(long)]
    reason: String,
}

impl Terminate {
    /// Where it is asked, and the document the desk takes. One agent has a receipt of its own.
    fn asked(&self) -> (String, Value) {
        let client = segment(&self.client);
        if let [agent] = self.agents.as_slice() {
            let path = format!("/api/v1/clients/{client}/agents/{}/terminate", segment(agent));
            return (path, json!({"reason": self.reason}));
        }
        let whom = match (&self.group, &self.vendor) {
            (Some(group), _) => json!({"group": group}),
            (None, Some(vendor)) => json!({"vendor": vendor}),
            (None, None) if self.all => json!({"all": true}),
            (None, None) => json!({"agents": self.agents}),
        };
        let path = format!("/api/v1/clients/{client}/terminations");
        (path, json!({"whom": whom, "reason": self.reason}))
    }
}

/// A new agent.
#[derive(Debug, clap::Args)]
pub struct Propose {
    /// The client
    #[arg(long)]
    client: String,
    /// Its name
    #[arg(long)]
    name: String,
    /// ai_agent, service_account, api_client, workload or bot
    #[arg(long, default_value = "ai_agent")]
    kind: String,
    /// What it is for, one sentence
    #[arg(long)]
    purpose: String,
    /// Whose it is in daily work (prs_…)
    #[arg(long)]
    owner: Option<String>,
    /// The group it belongs to (grp_… or name)
    #[arg(long)]
    group: Option<String>,
    /// A model it uses; may be given several times
    #[arg(long = "model")]
    models: Vec<String>,
    /// A class of data it touches; may be given several times
    #[arg(long = "data-class")]
    data_classes: Vec<String>,
    /// suggests, supervised or autonomous
    #[arg(long)]
    autonomy: Option<String>,
    /// It already runs, ungoverned
    #[arg(long)]
    observed: bool,
    /// When an observed one must be governed (RFC 3339, UTC)
    #[arg(long, requires = "observed")]
    deadline: Option<String>,
}

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Agents of all clients, or of one
    List {
        /// Only of this client
        #[arg(long)]
        client: Option<String>,
        /// Only in this state of life
        #[arg(long)]
        life: Option<String>,
        /// Only with this in the name or purpose
        #[arg(long)]
        q: Option<String>,
    },
    /// An agent's badge
    Show(Which),
    /// Propose an agent
    Propose(Box<Propose>),
    /// Say who answers for it
    Account {
        /// Which
        #[command(flatten)]
        which: Which,
        /// Who answers
        #[command(flatten)]
        answers: Answers,
    },
    /// Let it act, inside its grants
    Activate(Which),
    /// Let it wait
    Hold {
        /// Which
        #[command(flatten)]
        which: Which,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Let it act again
    Release(Which),
    /// Stop it on suspicion
    Quarantine {
        /// Which
        #[command(flatten)]
        which: Which,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// End an agent for good, or many in one act, and print the receipt
    Terminate(Terminate),
    /// Say that an agent acts for another one: only while that one may, and no longer than it lives
    Delegate {
        /// Which
        #[command(flatten)]
        which: Which,
        /// The agent it acts for: its name or agt_…
        #[arg(long)]
        by: String,
    },
    /// Offer a code that makes one machine an instance of it
    Offer(Which),
    /// End one instance of an agent
    EndInstance {
        /// The client
        #[arg(long)]
        client: String,
        /// The instance (ins_…)
        instance: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Decide a call again, as of now or of any past moment
    Explain {
        /// Which
        #[command(flatten)]
        which: Which,
        /// A file {"server":…,"method":…,"params":{…}}, or the id of a recorded call (cal_…)
        #[arg(long, value_name = "FILE|CALL")]
        call: String,
        /// As of this instant (RFC 3339, UTC)
        #[arg(long)]
        at: Option<String>,
    },
}

/// Does it.
pub async fn run(ctx: &Ctx, verb: Verb) -> Result<(), Fault> {
    let api = ctx.api().await?;
    let because = |reason: &str| json!({"reason": reason});
    let (path, body) = match verb {
        Verb::List { client, life, q } => return list(ctx, &api, client, life, q).await,
        Verb::Show(which) => {
            let answer = api.get(&which.path("")).await?;
            ctx.out.answer(&answer, badge);
            return Ok(());
        }
        Verb::Explain { which, call, at } => return explain(ctx, &api, (&which, &call), at).await,
        Verb::Propose(new) => {
            let path = format!("/api/v1/clients/{}/agents", segment(&new.client));
            (path, proposal(&new))
        }
        Verb::Account { which, answers } => (which.path("/accountability"), answers.body()),
        Verb::Activate(which) => (which.path("/activate"), json!({})),
        Verb::Hold { which, reason } => (which.path("/hold"), because(&reason)),
        Verb::Release(which) => (which.path("/release"), json!({})),
        Verb::Quarantine { which, reason } => (which.path("/quarantine"), because(&reason)),
        Verb::Terminate(whom) => whom.asked(),
        Verb::Delegate { which, by } => (which.path("/delegate"), json!({"by": by})),
        Verb::Offer(which) => (which.path("/enrollments"), json!({})),
        Verb::EndInstance { client, instance, reason } => {
            let (client, instance) = (segment(&client), segment(&instance));
            (format!("/api/v1/clients/{client}/instances/{instance}/end"), because(&reason))
        }
    };
    let answer = api.post(&path, &body).await?;
    ctx.out.answer(&answer, |answer| {
        if answer.get("targets").is_some() {
            receipt(answer);
        } else if answer.get("code").is_some() {
            let fields = [("code", "/code"), ("expires", "/expires"), ("run there", "/command")];
            out::fields(answer, &fields);
        } else {
            super::acted(answer);
        }
    });
    Ok(())
}

fn proposal(new: &Propose) -> Value {
    super::given(json!({
        "name": new.name, "kind": new.kind, "purpose": new.purpose, "owner": new.owner,
        "group": new.group, "models": new.models, "data_classes": new.data_classes,
        "autonomy": new.autonomy, "observed": new.observed, "deadline": new.deadline,
    }))
}

async fn list(
    ctx: &Ctx,
    api: &ApiClient,
    client: Option<String>,
    life: Option<String>,
    q: Option<String>,
) -> Result<(), Fault> {
    let base = match client {
        Some(client) => format!("/api/v1/clients/{}/agents", segment(&client)),
        None => "/api/v1/agents".to_owned(),
    };
    let path = super::query(&base, &[("life", life), ("q", q)]);
    let answer = api.get(&path).await?;
    ctx.out.answer(&answer, |answer| {
        let columns = [
            ("CLIENT", "/client/slug"),
            ("AGENT", "/name"),
            ("ID", "/agent"),
            ("LIFE", "/life"),
            ("GRANTS", "/grants"),
            ("MISSING", "/missing"),
        ];
        out::table(super::rows(answer, "agents"), &columns, "no agents");
    });
    Ok(())
}

async fn explain(
    ctx: &Ctx,
    api: &ApiClient,
    (which, call): (&Which, &str),
    at: Option<String>,
) -> Result<(), Fault> {
    let mut body = if call.starts_with("cal_") {
        json!({"call_id": call})
    } else {
        let path = PathBuf::from(call);
        let text =
            std::fs::read_to_string(&path).map_err(|error| Fault::file(&path, "read", &error))?;
        serde_json::from_str(&text).map_err(|error| {
            Fault::usage(format!("`{call}` is not JSON: {error}"))
                .cure(r#"write {"server":"mail","method":"tools/call","params":{"name":…,"arguments":{…}}}"#)
        })?
    };
    if let (Some(object), Some(at)) = (body.as_object_mut(), at) {
        object.insert("at".to_owned(), at.into());
    }
    let answer = api.post(&which.path("/explain"), &body).await?;
    ctx.out.answer(&answer, super::call::explained);
    Ok(())
}

fn badge(answer: &Value) {
    out::fields(
        answer,
        &[
            ("agent", "/name"),
            ("id", "/agent"),
            ("client", "/client/name"),
            ("purpose", "/purpose"),
            ("kind", "/kind"),
            ("life", "/life"),
            ("since", "/life_since"),
            ("because", "/life_reason"),
            ("owner", "/owner/name"),
            ("group", "/group/name"),
            ("authorizer", "/answers/authorizer/person/name"),
            ("auditor", "/answers/auditor/person/name"),
        ],
    );
    let terminators = answer.pointer("/answers/terminators").and_then(Value::as_array);
    let names: Vec<&str> = terminators
        .into_iter()
        .flatten()
        .filter_map(|one| one.pointer("/person/name")?.as_str())
        .collect();
    if !names.is_empty() {
        out::line(&format!("terminators {}", names.join(", ")));
    }
    for missing in answer.get("missing").and_then(Value::as_array).into_iter().flatten() {
        let text = |name| missing.get(name).and_then(Value::as_str).unwrap_or_default();
        out::line(&format!("missing: {}. {}", text("what"), text("cure")));
    }
    out::line("");
    let columns = [
        ("GRANT", "/grant"),
        ("SAYS", "/words"),
        ("RULES", "/rules"),
        ("USED", "/used/count"),
        ("GIVEN BY", "/given_by/name"),
    ];
    out::table(answer.get("grants").unwrap_or(&Value::Null), &columns, "no grants");
}

fn receipt(answer: &Value) {
    let fields = [
        ("ended", if answer.get("what").is_some() { "/what" } else { "/agent_name" }),
        ("agents", "/agents"),
        ("at", "/ended_at"),
        ("line", "/line"),
        ("reason", "/reason"),
        ("complete", "/complete"),
        ("waiting for", "/waiting_for"),
    ];
    out::fields(answer, &fields);
    let columns = [
        ("GATEWAY", "/gateway"),
        ("HOW", "/how"),
        ("AT", "/at"),
        ("REFUSED AFTER µs", "/tokens_refused_us"),
        ("LAST CUT AFTER µs", "/last_cut_us"),
        ("STREAMS", "/streams"),
        ("CALLS", "/calls"),
        ("CHILDREN", "/children"),
    ];
    out::table(answer.get("targets").unwrap_or(&Value::Null), &columns, "no gateway runs");
}
