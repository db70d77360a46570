//! The judgment of a call: may it go, by where its values came from and by what the person asked for.
//!
//! SECURITY: a fault is never a permit: what cannot be placed counts as a third party's. No rule knows a benchmark, a
//! tool's name or a phrase. Reads are never held, unless they carry something out. To add a ground: a code and a sentence
//! in `explain`, its function here, a case in `context::tests`.

mod elsewhere;
mod grounds;
mod house;
mod leaving;
mod papers;
mod reading;
mod sources;
#[cfg(test)]
pub(crate) mod tests;
mod whom;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    classify::{Acts, Class, Origin, Role},
    context::Context,
    explain,
    kinds::{Kinds, Topics},
    label::Label,
    rules::Rules,
    trace::{Atom, Found, Trace, atoms, find, trace},
    values::Sort,
    words::request::Request,
};

/// A call as it is judged.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The server.
    pub server: &'a str,
    /// The tool.
    pub tool: &'a str,
    /// What the tool is taken for.
    pub class: &'a Class,
    /// The arguments.
    pub arguments: &'a Value,
}

/// What is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It may go.
    Permit,
    /// A person is asked.
    Hold,
    /// It may not.
    Deny,
}

/// One ground of a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The stable code.
    pub code: String,
    /// One sentence.
    pub sentence: String,
    /// The argument.
    pub pointer: Option<String>,
    /// Its value, quoted.
    pub value: Option<String>,
    /// Where the value came from.
    pub origin: Option<Origin>,
    /// The result that has it.
    pub source: Option<String>,
}

/// A decision with its grounds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// What is decided.
    pub decision: Decision,
    /// Why; empty if permitted.
    pub reasons: Vec<Reason>,
    /// The labels of the context.
    pub labels: Label,
    /// Where each value came from, by JSON pointer; the least trusted of an argument's values.
    pub origins: BTreeMap<String, Trace>,
}

/// How clearly the person asked for this kind of action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Asked {
    /// By its kind.
    Yes,
    /// By its kind, about something else.
    Elsewhere,
    /// A text was to be followed that asks for it.
    Delegated,
    /// Nobody knows: no words, or of an unknown language, or a tool of an unknown kind.
    Unclear,
    /// No.
    No,
}

/// A call with everything that was found out.
pub(crate) struct Case<'a> {
    pub(crate) context: &'a Context,
    pub(crate) rules: &'a Rules,
    pub(crate) class: &'a Class,
    pub(crate) arguments: &'a Value,
    pub(crate) asked: Asked,
    pub(crate) values: Vec<(Atom, Found)>,
}

impl Case<'_> {
    /// True if the person handed the matter to a text.
    pub(crate) fn handed(&self) -> bool {
        self.asked == Asked::Delegated || self.context.person.request.delegated
    }
}

/// LIMIT: values of one call; beyond it the call is held, because nobody reads so many.
const VALUES: usize = 2_048;
/// LIMIT: levels of arguments; likewise.
const DEPTH: usize = 32;

impl Context {
    /// Judges a call by what this context has read.
    pub fn judge(&self, call: &Call<'_>, rules: &Rules) -> Verdict {
        let mut gathered = Gathered::default();
        leaves(call.arguments, &mut String::new(), call.class, DEPTH, &mut gathered);
        let values: Vec<(Atom, Found)> = gathered
            .all
            .into_iter()
            .map(|atom| {
                let found = find(self, &atom, rules);
                (atom, found)
            })
            .collect();
        let mut origins: BTreeMap<String, Trace> = BTreeMap::new();
        for (atom, found) in &values {
            let trace = trace(self, found);
            let worse = origins.get(&atom.pointer).is_none_or(|known| known.origin < trace.origin);
            if worse {
                origins.insert(atom.pointer.clone(), trace);
            }
        }
        let asked = asked(self, call.class);
        let arguments = call.arguments;
        let case = Case { context: self, rules, class: call.class, arguments, asked, values };
        let acts = call.class.acts != Acts::Reads;
        let mut reasons = if acts { grounds::act(&case) } else { reading::read(&case) };
        if acts && gathered.cut && self.has_read_text() {
            reasons.push(explain::untraced());
        }
        let denied =
            !reasons.is_empty() && rules.deny.iter().any(|kinds| kinds.meets(call.class.kinds));
        let decision = match (reasons.is_empty(), denied) {
            (true, _) => Decision::Permit,
            (false, true) => Decision::Deny,
            (false, false) => Decision::Hold,
        };
        Verdict { decision, reasons, labels: self.label(), origins }
    }
}

fn asked(context: &Context, class: &Class) -> Asked {
    let request = &context.person.request;
    // Who only asks for something to be looked at asks for no act, whatever it is.
    let looks = request.understood && request.kinds.is_empty() && !request.delegated;
    if !context.person.spoke || (class.kinds.is_empty() && !looks) {
        return Asked::Unclear;
    }
    // Money, access and secrets are asked for as such; a change of one of them as a change too.
    let grave = class.kinds.and(Kinds::GRAVE);
    let needed =
        if grave.is_empty() || class.kinds.meets(Kinds::UPDATE) { class.kinds } else { grave };
    if needed.meets(request.kinds) {
        let gone = Kinds::REMOVE.or(Kinds::CANCEL);
        let other = if class.kinds.without(gone).is_empty() {
            class.topics.without(Topics::WEB)
        } else {
            Topics::NONE
        };
        let about = other.is_empty() || request.topics.is_empty() || other.meets(request.topics);
        if about || request.delegated { Asked::Yes } else { Asked::Elsewhere }
    } else if request.delegated {
        Asked::Delegated
    } else if !request.understood || money(request, grave) {
        Asked::Unclear
    } else {
        Asked::No
    }
}

/// True if money may be meant by "send": nothing else that could be sent is spoken of.
fn money(request: &Request, grave: Kinds) -> bool {
    let words = Topics::MAIL.or(Topics::CHAT).or(Topics::FILE);
    grave == Kinds::PAY && request.kinds.meets(Kinds::SEND) && !request.topics.meets(words)
}

/// The values of the arguments, gathered.
#[derive(Default)]
struct Gathered {
    all: Vec<Atom>,
    /// True if some were left out: too many, or too deep.
    cut: bool,
}

fn leaves(value: &Value, pointer: &mut String, class: &Class, depth: usize, out: &mut Gathered) {
    if depth == 0 || out.all.len() >= VALUES {
        out.cut = true;
        return;
    }
    let role = || class.role(pointer);
    match value {
        Value::Null | Value::Bool(_) => {}
        Value::Number(number) => {
            let role = role().unwrap_or(Role::Other);
            atoms(pointer, &number.to_string(), role, &mut out.all);
        }
        Value::String(text) => {
            let role = role().unwrap_or_else(|| by_form(text));
            atoms(pointer, text, role, &mut out.all);
        }
        Value::Array(all) => {
            for (at, one) in all.iter().enumerate() {
                below(pointer, &at.to_string(), |pointer| {
                    leaves(one, pointer, class, depth - 1, out);
                });
            }
        }
        Value::Object(all) => {
            for (key, one) in all {
                let key = key.replace('~', "~0").replace('/', "~1");
                below(pointer, &key, |pointer| leaves(one, pointer, class, depth - 1, out));
            }
        }
    }
}

fn below(pointer: &mut String, key: &str, then: impl FnOnce(&mut String)) {
    let length = pointer.len();
    pointer.push('/');
    pointer.push_str(key);
    then(pointer);
    pointer.truncate(length);
}

/// The role of an argument that nothing tells: by the form of its value.
fn by_form(text: &str) -> Role {
    let folded = crate::words::tokens::fold(text);
    let values = crate::values::typed(&folded);
    let alone = folded.split_whitespace().count() <= 3;
    match values.first().map(|value| value.sort) {
        Some(Sort::Mail | Sort::Link | Sort::Account | Sort::Phone) if alone => Role::Destination,
        _ if folded.split_whitespace().count() > 8 => Role::Content,
        _ => Role::Other,
    }
}

/// True if a list of words, parted by spaces, has this one.
fn contains(list: &str, word: &str) -> bool {
    list.split(' ').any(|one| one == word)
}
