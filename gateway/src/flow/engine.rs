//! The engine of data flow (`writ_flow`) as the gateway uses it: the only file that knows its types.
//!
//! Never here: IO. What a record says in the clear (`words`) names places, never a value; sentences with values quoted are
//! sealed.

use serde_json::Value;
use writ_authority::{
    decide::{FlowSays, Traced},
    grant::Surface,
};
use writ_charter::Reach;
use writ_flow::{
    Acts, Call, Context, Decision, Kinds, NotAContext, Rules, Template, Verdict, classify_by,
};
use writ_model::json::Node;

use super::text::Message;

/// LIMIT: sentences and places of one finding; the first ones say enough.
const SAID: usize = 8;
/// LIMIT: characters of one sentence.
const SENTENCE: usize = 400;

/// What a thing of a server is.
#[derive(Debug)]
pub(crate) struct Class(writ_flow::Class);

impl Class {
    /// By the template that was chosen for its server, else by the definition that the server gives, if it is known.
    pub(super) fn of(
        server: &str,
        (surface, name): (Surface, &str),
        definition: Option<&[u8]>,
        template: Option<&Template>,
    ) -> Self {
        match surface {
            Surface::Tool => {}
            // Nothing tells what stands there.
            Surface::Resource => return Self(writ_flow::Class::resource()),
            Surface::Prompt => return Self(writ_flow::Class::prompt()),
        }
        let known: Value =
            definition.and_then(|text| serde_json::from_slice(text).ok()).unwrap_or_default();
        let tool = writ_flow::Tool {
            server,
            name,
            description: known.get("description").and_then(Value::as_str).unwrap_or_default(),
            input_schema: known.get("inputSchema"),
            annotations: known.get("annotations"),
        };
        Self(classify_by(&tool, template))
    }

    /// Of a tool whose definition is pinned and cannot be had: anything.
    pub(super) fn unknown() -> Self {
        Self(writ_flow::Class { document: true, ..writ_flow::Class::unknown() })
    }

    /// Of what a server says that answers no use of a thing: how it greets, or anything else.
    pub(super) fn said(method: &str) -> Self {
        Self(match method {
            "initialize" | "server/discover" => writ_flow::Class::greeting(),
            _ => writ_flow::Class::message(),
        })
    }

    /// As the charter says, where it names what the thing counts as: that is how people correct a guess, by signature.
    pub(super) fn correct(&mut self, reach: Reach) {
        self.0.acts = match reach {
            Reach::Reads => Acts::Reads,
            Reach::Inside => Acts::Inward,
            Reach::Outside => Acts::Outward,
        };
        self.0.confidence = 100;
        self.0.reasons = vec!["the charter names what it counts as".to_owned()];
    }

    /// Whether using it changes something.
    pub(super) fn acts(&self) -> bool {
        self.0.acts != Acts::Reads
    }

    /// Whether something may leave by using it: what it changes, or an address that it goes to.
    pub(super) fn leaves(&self) -> bool {
        self.acts() || self.0.kinds.meets(Kinds::VISIT)
    }
}

/// LIMIT: times that a context is halved until it can be kept: by then no text is left in it.
const HALVES: usize = 16;

/// A thing that is used.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tool<'a> {
    pub(super) server: &'a str,
    pub(super) surface: Surface,
    pub(super) name: &'a str,
    pub(super) class: &'a Class,
    pub(super) arguments: Option<&'a Node<'a>>,
}

/// What one running copy has read.
#[derive(Debug)]
pub(super) struct Read(Context);

impl Default for Read {
    fn default() -> Self {
        Self(Context::new())
    }
}

impl Read {
    /// What it has read may be lost in part: so nothing that is not there is trusted. The same again changes nothing.
    pub(super) fn lose(&mut self) {
        self.0.lost();
    }

    /// From the bytes that were kept.
    pub(super) fn of(bytes: &[u8]) -> Result<Self, NotAContext> {
        Context::from_bytes(bytes).map(Self)
    }

    /// Bytes to keep: of a context that would be too large, without the older half of what it has read.
    pub(super) fn bytes(&mut self) -> Result<Vec<u8>, NotAContext> {
        let mut bytes = self.0.to_bytes()?;
        for _ in 0..HALVES {
            if bytes.len() <= writ_flow::context::BYTES {
                break;
            }
            self.0.shrink();
            bytes = self.0.to_bytes()?;
        }
        Ok(bytes)
    }

    /// Reads what a use of a thing has answered: one source, however many parts it has.
    pub(super) fn heard(&mut self, (tool, arguments): (&Tool<'_>, &Value), message: &Message) {
        let from = of(tool, arguments);
        if !message.content.is_null() {
            self.0.result(&from, &message.content, message.is_error);
        }
        if message.opaque {
            self.0.unseen(&from);
        }
    }

    /// What a use is about to write: it comes back later as what it is made of. False if all of that is known.
    pub(super) fn writes(&mut self, (tool, arguments): (&Tool<'_>, &Value)) -> bool {
        tool.class.acts() && self.0.wrote(&of(tool, arguments))
    }

    /// What speaks against a use.
    pub(super) fn judge(&self, tool: &Tool<'_>) -> Option<Traced> {
        let arguments = match tool.surface {
            Surface::Resource => serde_json::json!({ "uri": tool.name }),
            Surface::Tool | Surface::Prompt => {
                tool.arguments.map(Node::to_serde).unwrap_or_default()
            }
        };
        let call = Call {
            server: tool.server,
            tool: tool.name,
            class: &tool.class.0,
            arguments: &arguments,
        };
        found(&self.0.judge(&call, &Rules::default()))
    }
}

fn of<'a>(tool: &Tool<'a>, arguments: &'a Value) -> writ_flow::Read<'a> {
    writ_flow::Read { server: tool.server, tool: tool.name, class: &tool.class.0, arguments }
}

/// The reason for a value that is in nothing that was read.
const UNPLACED: &str = "FLOW-0020";

fn found(verdict: &Verdict) -> Option<Traced> {
    let says = match verdict.decision {
        Decision::Permit => return None,
        Decision::Hold => FlowSays::Hold,
        Decision::Deny => FlowSays::Deny,
    };
    let at = |unplaced: bool| {
        let of = verdict.reasons.iter().filter(|one| (one.code == UNPLACED) == unplaced);
        let mut places: Vec<&str> = of.filter_map(|one| one.pointer.as_deref()).collect();
        places.dedup();
        let places = places.into_iter().take(SAID).map(|place| cut(place, 64));
        places.collect::<Vec<_>>().join(", ")
    };
    let words = match (at(false), at(true)) {
        (known, _) if !known.is_empty() => {
            format!("what stands at {known} comes from what others wrote")
        }
        (_, unplaced) if !unplaced.is_empty() => {
            format!("nobody can tell where what stands at {unplaced} comes from")
        }
        _ => "the call follows from what others wrote".to_owned(),
    };
    let sentences =
        verdict.reasons.iter().take(SAID).map(|one| cut(&one.sentence, SENTENCE)).collect();
    Some(Traced { says, words, sentences })
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}
