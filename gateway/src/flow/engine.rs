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
use writ_flow::{Acts, Call, Context, Decision, NotAContext, Rules, Verdict};
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
    /// By the definition that its server gives, if it is known.
    pub(super) fn of(
        server: &str,
        (surface, name): (Surface, &str),
        definition: Option<&[u8]>,
    ) -> Self {
        let known: Value =
            definition.and_then(|text| serde_json::from_slice(text).ok()).unwrap_or_default();
        let said = known.get("description").and_then(Value::as_str).unwrap_or_default();
        let (name, description) = match surface {
            Surface::Tool => (name, said),
            // The protocol itself says what these do.
            Surface::Resource => ("read_resource", "Reads the resource at this address."),
            Surface::Prompt => ("get_prompt", "Gets the prompt of this name."),
        };
        Self(writ_flow::classify(&writ_flow::Tool {
            server,
            name,
            description,
            input_schema: known.get("inputSchema").filter(|_| surface == Surface::Tool),
            annotations: known.get("annotations").filter(|_| surface == Surface::Tool),
        }))
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
}

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
    /// From the bytes that were kept.
    pub(super) fn of(bytes: &[u8]) -> Result<Self, NotAContext> {
        Context::from_bytes(bytes).map(Self)
    }

    /// Bytes to keep.
    pub(super) fn bytes(&self) -> Result<Vec<u8>, NotAContext> {
        self.0.to_bytes()
    }

    /// Reads what a use of a thing has answered.
    pub(super) fn heard(&mut self, (tool, arguments): (&Tool<'_>, &Value), message: &Message) {
        let from = writ_flow::Read {
            server: tool.server,
            tool: tool.name,
            class: &tool.class.0,
            arguments,
        };
        for part in &message.parts {
            self.0.result(&from, part, message.is_error);
        }
        if tool.class.acts() {
            // What was written comes back later as what it is made of.
            self.0.wrote(&from);
        }
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

fn found(verdict: &Verdict) -> Option<Traced> {
    let says = match verdict.decision {
        Decision::Permit => return None,
        Decision::Hold => FlowSays::Hold,
        Decision::Deny => FlowSays::Deny,
    };
    let pointers = verdict.reasons.iter().filter_map(|one| one.pointer.as_deref());
    let mut places: Vec<&str> = pointers.collect();
    places.dedup();
    places.truncate(SAID);
    let places: Vec<String> = places.into_iter().map(|place| cut(place, 64)).collect();
    let words = match places.as_slice() {
        [] => "the call follows from what others wrote".to_owned(),
        places => format!("what stands at {} comes from what others wrote", places.join(", ")),
    };
    let sentences =
        verdict.reasons.iter().take(SAID).map(|one| cut(&one.sentence, SENTENCE)).collect();
    Some(Traced { says, words, sentences })
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}
