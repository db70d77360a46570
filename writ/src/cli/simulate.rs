//! `writ simulate`: recorded conversations decided again without a network: what the rules of data flow would have said,
//! joined with what grants or a client's charter of a moment say.
//!
//! Never here: a rule (`writ_flow` judges values, `authority` grants and clauses). To add a source of authority: a variant
//! of [`authority::Authority`].

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{BufReader, BufWriter, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use writ_flow::{
    Class, Decision, Rules,
    simulate::{LINE, Simulation},
};
use writ_model::Timestamp;

use super::access::Ctx;
use crate::{fault::Fault, out};

mod authority;
mod desk;
mod granted;
mod labels;
mod lines;
#[cfg(test)]
mod tests;

use authority::{Asked, Authority, Said};
use labels::{Labels, Tally};
use lines::Lines;

/// What to decide, and by what.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The recording: a JSON object a line, of type tool, task, call or result
    #[arg(long, value_name = "FILE")]
    calls: PathBuf,
    /// Corrected classes of tools, and what calls really were, to count the answers by
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// With the authority of this client: the agents of the recording are its agents, by name
    #[arg(long, value_name = "CLIENT", conflicts_with = "grants")]
    tenant: Option<String>,
    /// As of this instant (RFC 3339, UTC) [default: now]
    #[arg(long)]
    at: Option<String>,
    /// With these grants only: a folder of JSON files, each a grant or a list of them as the API takes them
    #[arg(long, value_name = "DIR")]
    grants: Option<PathBuf>,
    /// How strictly values are judged [default: 2]
    #[arg(long, value_name = "0-4", value_parser = clap::value_parser!(u8).range(0..=4))]
    strictness: Option<u8>,
    /// The answers: a JSON object for each call, in the order of the recording; an older file is replaced
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// What a line begins with; the engine reads the rest.
#[derive(Debug, Deserialize)]
struct Head {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    conversation: String,
    #[serde(default)]
    id: Value,
    #[serde(default)]
    agent: String,
    #[serde(default)]
    server: String,
    #[serde(default)]
    tool: String,
    #[serde(default)]
    arguments: Value,
}

/// Corrected classes by server and tool.
type Classes = BTreeMap<(String, String), Class>;

/// What authority said of a call that did not go.
#[derive(Debug, Serialize)]
struct Stopped<'a> {
    conversation: &'a str,
    id: &'a Value,
    decision: &'a str,
    reasons: [Value; 1],
    labels: [&'static str; 0],
    origins: Value,
}

/// Decides.
pub async fn run(ctx: &Ctx, args: Args) -> Result<(), Fault> {
    let at = args.at.as_deref().map(instant).transpose()?;
    let labels = args.labels.as_deref().map(Labels::read).transpose()?.unwrap_or_default();
    let authority = match (&args.tenant, &args.grants) {
        (Some(client), _) => Authority::desk(ctx.api().await?, client, at),
        (None, Some(folder)) => Authority::granted(folder, at)?,
        (None, None) => Authority::All,
    };
    let rules = args.strictness.map_or_else(Rules::default, Rules::at);
    let corrected = labels.classes(&args.calls)?;
    let mut run = Run::new(rules, corrected, labels, authority);
    let file = File::open(&args.calls).map_err(|why| Fault::file(&args.calls, "read", &why))?;
    for read in [Some(&args.calls), args.labels.as_ref()].into_iter().flatten() {
        if same(read, &args.out) {
            return Err(Fault::usage(format!(
                "`--out {}` is a file that is read",
                args.out.display()
            ))
            .cure("name another file: what is there is replaced"));
        }
    }
    let written = File::create(&args.out).map_err(|why| Fault::file(&args.out, "write", &why))?;
    let mut written = BufWriter::new(written);
    let mut lines = Lines::new(BufReader::new(file), LINE);
    while let Some((number, line)) = lines.next(&args.calls)? {
        if let Some(answer) = run.line(number, line).await? {
            answer.write(&mut written).map_err(|why| Fault::file(&args.out, "write", &why))?;
        }
    }
    written.flush().map_err(|why| Fault::file(&args.out, "write", &why))?;
    ctx.out.answer(&run.summary(&args.out), told);
    Ok(())
}

/// Whether two paths are one file.
fn same(one: &Path, other: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let known = |path: &Path| std::fs::metadata(path).map(|known| (known.dev(), known.ino()));
        if let (Ok(one), Ok(other)) = (known(one), known(other)) {
            return one == other;
        }
    }
    matches!((std::fs::canonicalize(one), std::fs::canonicalize(other)), (Ok(one), Ok(other)) if one == other)
}

fn instant(text: &str) -> Result<Timestamp, Fault> {
    text.parse().map_err(|_why| {
        Fault::usage(format!("`--at {}` is no instant", out::clean(text)))
            .cure("write RFC 3339 in UTC: 2026-11-03T14:03:00Z")
    })
}

/// A line of the answers.
#[derive(Debug)]
struct Line(Vec<u8>);

impl Line {
    fn of(answer: &impl Serialize) -> Result<Self, Fault> {
        let told =
            |why: serde_json::Error| Fault::usage(format!("an answer cannot be written: {why}"));
        serde_json::to_vec(answer).map(Self).map_err(told)
    }

    fn write(&self, to: &mut impl Write) -> std::io::Result<()> {
        to.write_all(&self.0)?;
        to.write_all(b"\n")
    }
}

/// What becomes of a line before the engine sees it.
enum Heard {
    /// The engine sees it.
    Passes,
    /// A call that authority stopped, with its answer.
    Stopped(Line),
    /// The result of such a call.
    Unread,
}

/// One simulation under way.
struct Run {
    simulation: Simulation,
    labels: Labels,
    authority: Authority,
    /// Who acts in a conversation, as its first task says.
    agents: BTreeMap<String, String>,
    /// Calls that authority stopped and whose results are passed over.
    stopped: BTreeSet<(String, String)>,
    counts: BTreeMap<&'static str, u64>,
    tally: Tally,
    conversations: BTreeSet<String>,
}

impl Run {
    fn new(rules: Rules, corrected: Classes, labels: Labels, authority: Authority) -> Self {
        Self {
            simulation: Simulation::new(rules, corrected),
            labels,
            authority,
            agents: BTreeMap::new(),
            stopped: BTreeSet::new(),
            counts: BTreeMap::new(),
            tally: Tally::default(),
            conversations: BTreeSet::new(),
        }
    }

    /// Takes a line of the recording; the answer if it is a call.
    async fn line(&mut self, number: u64, line: &str) -> Result<Option<Line>, Fault> {
        let heard = self.on_authority(number, line).await?;
        // What authority stopped is an empty line to the engine, which counts lines by itself.
        let line = if matches!(heard, Heard::Passes) { line } else { "" };
        let decided = self.simulation.line(line);
        let decided = decided.map_err(|why| Fault::usage(why.to_string()).code(why.code().0))?;
        if let Heard::Stopped(answer) = heard {
            return Ok(Some(answer));
        }
        let Some(decided) = decided else { return Ok(None) };
        let decision = match decided.decision {
            Decision::Permit => "permit",
            Decision::Hold => "hold",
            Decision::Deny => "deny",
        };
        self.count(&decided.conversation, &decided.id, decision);
        Line::of(&decided).map(Some)
    }

    /// What authority says first.
    async fn on_authority(&mut self, number: u64, line: &str) -> Result<Heard, Fault> {
        if matches!(self.authority, Authority::All) {
            return Ok(Heard::Passes);
        }
        // What is no line at all is told by the engine, in its words.
        let Ok(head) = serde_json::from_str::<Head>(line) else { return Ok(Heard::Passes) };
        match head.kind.as_str() {
            "task" => {
                self.agents.entry(head.conversation).or_insert(head.agent);
                Ok(Heard::Passes)
            }
            "call" => {
                let agent = self.agents.get(&head.conversation).map_or("", String::as_str);
                let (server, tool, arguments) = (&*head.server, &*head.tool, &head.arguments);
                let asked = Asked { agent, server, tool, arguments };
                let said = self.authority.ask(&asked).await.map_err(|fault| Fault {
                    what: format!("line {number}: {}", fault.what),
                    ..fault
                })?;
                self.stop(&head, &said)
            }
            "result" => {
                let stopped = self.stopped.remove(&(head.conversation, head.id.to_string()));
                Ok(if stopped { Heard::Unread } else { Heard::Passes })
            }
            _ => Ok(Heard::Passes),
        }
    }

    fn stop(&mut self, head: &Head, said: &Said) -> Result<Heard, Fault> {
        let Some(decision) = said.stops() else { return Ok(Heard::Passes) };
        self.count(&head.conversation, &head.id, decision);
        self.stopped.insert((head.conversation.clone(), head.id.to_string()));
        let line = Line::of(&Stopped {
            conversation: &head.conversation,
            id: &head.id,
            decision,
            reasons: [json!({"code": said.code, "sentence": said.words})],
            labels: [],
            origins: json!({}),
        })?;
        Ok(Heard::Stopped(line))
    }

    fn count(&mut self, conversation: &str, id: &Value, decision: &'static str) {
        *self.counts.entry(decision).or_default() += 1;
        if !self.conversations.contains(conversation) {
            self.conversations.insert(conversation.to_owned());
        }
        let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
        self.tally.add(self.labels.what(conversation, &id), decision);
    }

    fn summary(&self, file: &Path) -> Value {
        let count = |word: &str| self.counts.get(word).copied().unwrap_or_default();
        let mut summary = json!({
            "file": file,
            "conversations": self.conversations.len(),
            "calls": self.counts.values().sum::<u64>(),
            "permit": count("permit"),
            "hold": count("hold"),
            "deny": count("deny"),
        });
        if let (Some(tally), Some(object)) = (self.tally.document(), summary.as_object_mut()) {
            object.insert("labels".to_owned(), tally);
        }
        summary
    }
}

fn told(summary: &Value) {
    let fields = [
        ("conversations", "/conversations"),
        ("calls", "/calls"),
        ("permit", "/permit"),
        ("hold", "/hold"),
        ("deny", "/deny"),
        ("answers", "/file"),
    ];
    out::fields(summary, &fields);
    if let Some(rows) = summary.get("labels") {
        let columns =
            [("WERE", "/what"), ("PERMIT", "/permit"), ("HOLD", "/hold"), ("DENY", "/deny")];
        out::table(rows, &columns, "the labels name no call of the recording");
    }
}
