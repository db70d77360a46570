//! What people know of a recording: corrected classes of tools, which the engine takes instead of its guesses, and what
//! calls really were, which it never sees: the answers are counted by it.
//!
//! Lines: `{"server","tool","class":{…}}` and `{"conversation","calls":{"ID":"WHAT"}}`; members besides are passed over.
//! Never here: a judgment.

use std::{collections::BTreeMap, fs::File, io::BufReader, path::Path};

use serde::Deserialize;
use serde_json::{Value, json};
use writ_flow::{Class, Tool, classify, simulate::LINE};

use super::{Classes, lines::Lines};
use crate::{fault::Fault, out};

/// LIMIT: kinds that calls may be labelled as: a table of more says nothing.
const KINDS: usize = 32;

/// A corrected class: members of the engine's class that replace what was guessed.
#[derive(Debug, Deserialize)]
struct Correction {
    server: String,
    tool: String,
    class: Value,
}

/// A tool's line of the recording.
#[derive(Debug, Deserialize)]
struct Definition {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    server: String,
    #[serde(default)]
    tool: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    input_schema: Option<Value>,
    #[serde(default)]
    annotations: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Truth {
    conversation: String,
    calls: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Line {
    Correction(Correction),
    Truth(Truth),
}

/// What a labels file says.
#[derive(Debug, Default)]
pub(super) struct Labels {
    corrections: BTreeMap<(String, String), (u64, Value)>,
    truth: BTreeMap<String, BTreeMap<String, String>>,
}

impl Labels {
    /// Reads them.
    ///
    /// # Errors
    /// If the file cannot be read, or a line of it is neither of the two.
    pub(super) fn read(path: &Path) -> Result<Self, Fault> {
        let file = File::open(path).map_err(|why| Fault::file(path, "read", &why))?;
        let mut lines = Lines::new(BufReader::new(file), LINE);
        let mut labels = Self::default();
        while let Some((number, line)) = lines.next(path)? {
            if line.is_empty() {
                continue;
            }
            match serde_json::from_str(line) {
                Ok(Line::Correction(Correction { server, tool, class })) => {
                    labels.corrections.insert((server, tool), (number, class));
                }
                Ok(Line::Truth(truth)) => {
                    labels.truth.entry(truth.conversation).or_default().extend(truth.calls);
                }
                Err(_why) => {
                    return Err(Fault::usage(format!(
                        "line {number} of `{}` is no label: `{}`",
                        path.display(),
                        out::clean(&line.chars().take(60).collect::<String>())
                    ))
                    .cure(r#"write {"server":…,"tool":…,"class":{…}} or {"conversation":…,"calls":{"ID":"WHAT"}}"#));
                }
            }
        }
        Ok(labels)
    }

    /// The corrected classes: what is guessed from the tools' lines of the recording, with what people said over it.
    ///
    /// # Errors
    /// If the recording cannot be read, or a correction is no class.
    pub(super) fn classes(&self, recording: &Path) -> Result<Classes, Fault> {
        let mut classes = Classes::new();
        if self.corrections.is_empty() {
            return Ok(classes);
        }
        for (tool, (number, said)) in &self.corrections {
            classes.insert(tool.clone(), corrected(*number, &Class::unknown(), said)?);
        }
        let file = File::open(recording).map_err(|why| Fault::file(recording, "read", &why))?;
        let mut lines = Lines::new(BufReader::new(file), LINE);
        while let Some((_number, line)) = lines.next(recording)? {
            // What is no tool's line is read, and judged, later.
            let Ok(tool) = serde_json::from_str::<Definition>(line) else { continue };
            let key = (tool.server, tool.tool);
            let Some((number, said)) = self.corrections.get(&key).filter(|_| tool.kind == "tool")
            else {
                continue;
            };
            let guess = classify(&Tool {
                server: &key.0,
                name: &key.1,
                description: tool.description.as_deref().unwrap_or_default(),
                input_schema: tool.input_schema.as_ref(),
                annotations: tool.annotations.as_ref(),
            });
            classes.insert(key, corrected(*number, &guess, said)?);
        }
        Ok(classes)
    }

    /// What a call really was, if anybody said.
    pub(super) fn what(&self, conversation: &str, id: &str) -> Option<&str> {
        self.truth.get(conversation)?.get(id).map(String::as_str)
    }
}

/// A class with what people said in place of what was guessed.
fn corrected(number: u64, guess: &Class, said: &Value) -> Result<Class, Fault> {
    let bad = |why: String| Fault::usage(format!("line {number} of the labels is no class: {why}"));
    let mut class = serde_json::to_value(guess).map_err(|why| bad(why.to_string()))?;
    let said = said.as_object().ok_or_else(|| bad("`class` is no object".to_owned()))?;
    for (member, value) in said {
        let known = class
            .get_mut(member)
            .ok_or_else(|| bad(format!("no member `{}`", out::clean(member))))?;
        known.clone_from(value);
    }
    serde_json::from_value(class).map_err(|why| bad(why.to_string()))
}

/// Answers counted by what calls really were.
#[derive(Debug, Default)]
pub(super) struct Tally(BTreeMap<String, BTreeMap<&'static str, u64>>);

impl Tally {
    /// One more answer.
    pub(super) fn add(&mut self, what: Option<&str>, decision: &'static str) {
        let Some(what) = what else { return };
        if !self.0.contains_key(what) && self.0.len() >= KINDS {
            return;
        }
        *self.0.entry(what.to_owned()).or_default().entry(decision).or_default() += 1;
    }

    /// A row for each kind of call; nothing if nothing was labelled.
    pub(super) fn document(&self) -> Option<Value> {
        let row = |(what, counts): (&String, &BTreeMap<&'static str, u64>)| {
            let count = |word: &str| counts.get(word).copied().unwrap_or_default();
            json!({"what": what, "permit": count("permit"), "hold": count("hold"), "deny": count("deny")})
        };
        (!self.0.is_empty()).then(|| self.0.iter().map(row).collect())
    }
}
