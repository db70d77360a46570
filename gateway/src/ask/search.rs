//! Searches (`OpenID` `AuthZEN` Authorization API 1.0, section 8): which agents, which things, which actions would be
//! permitted now. Candidates come from the register, each is decided by the engine, and only permits are given.
//!
//! A search uses up nothing: no limit, no approval. Things and actions are found where grants name them one by one; what a
//! pattern covers cannot be listed. Each search is one record of the asker.
//! Never here: an answer that an evaluation would not give.
//! To search for one more part: a row of [`Of`], its candidates in [`candidates`].

use std::collections::BTreeSet;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use writ_authority::{Ask, Condition, Decision, Grant, State, What, grant::Surface};
use writ_model::{
    AgentId, Digest, InstanceId,
    json::{Limits, Node, parse},
};

use crate::{
    ask::{
        decide::Request,
        question::{self, Sought, Subject, Tuple},
        right::{self, Asked},
        who,
    },
    authorize::decide_on,
    refusal::{self, Refusal},
};

/// LIMIT: results of one page, and candidates decided for it: some milliseconds of a thread that others wait for.
const RESULTS: usize = 100;
const CANDIDATES: usize = 256;
/// LIMIT: bytes of what is searched with, which is read again for each candidate.
const SEARCH: usize = 8 << 10;
/// LIMIT: letters of a page's token.
const TOKEN: usize = 2 << 10;
/// Bytes of a search's digest in the token of its next page.
const BOUND: usize = 16;

/// What is searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    Subjects,
    Resources,
    Actions,
}

impl Of {
    /// What the end of an address means.
    pub(crate) fn named(what: &str) -> Option<Self> {
        match what {
            "search/subject" => Some(Self::Subjects),
            "search/resource" => Some(Self::Resources),
            "search/action" => Some(Self::Actions),
            _ => None,
        }
    }

    fn sought(self) -> Sought {
        match self {
            Self::Subjects => Sought::Subject,
            Self::Resources => Sought::Resource,
            Self::Actions => Sought::Action,
        }
    }

    fn method(self) -> &'static str {
        match self {
            Self::Subjects => "access/search/subject",
            Self::Resources => "access/search/resource",
            Self::Actions => "access/search/action",
        }
    }
}

/// A page that is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Page {
    /// Only candidates after this one.
    after: Option<String>,
    most: usize,
}

/// Answers a search.
///
/// # Errors
/// If it is none, the asker may not ask, or nothing can be recorded.
pub(crate) async fn search(asked: &Request<'_>, of: Of, node: &Node<'_>) -> Result<Value, Refusal> {
    let Request { core, asks, body, .. } = *asked;
    let tuple = Tuple::of(node, node);
    let server = question::text(tuple.resource, "resource", "type")?;
    let action = match of {
        Of::Actions => None,
        Of::Subjects | Of::Resources => Some(question::text(tuple.action, "action", "name")?),
    };
    let base = question::arguments(&tuple, body, of.sought())?;
    question::fits(&base, SEARCH)?;
    let bound = bound(of, (server, action), &base);
    let page = page(node, &bound)?;
    let arguments = parse(&base, &Limits::REQUEST).map_err(Refusal::json)?;
    let (method, raw) = (of.method(), &base[..]);
    let question = Asked { server, method, arguments: Some(&arguments), raw };
    let right = right::may_ask(core, &asks.who, &question).await?;
    let whose = match of {
        Of::Subjects => Whose::Each,
        Of::Resources | Of::Actions => agent(asked, &tuple)?,
    };
    let recording = right::record(core, &asks.who, &question, right).await?;
    let search = Search { asked, tuple, server, action, of, base: &base, parts: &arguments };
    let state = &asks.who.view.state;
    let all = candidates(state, (server, action), (of, whose));
    let found = search.found(state, all, &page, whose);
    recording.answered();
    let (results, last) = found?;
    let next = last.map(|last| token(&bound, &last)).unwrap_or_default();
    Ok(json!({ "page": { "next_token": next, "count": results.len() }, "results": results }))
}

/// Whose permits are searched.
#[derive(Debug, Clone, Copy)]
enum Whose {
    /// Each candidate's own.
    Each,
    /// This agent's.
    One(AgentId, InstanceId),
    /// The client has no such agent: nothing is found.
    Nobodys,
}

/// The agent that is asked about.
fn agent(asked: &Request<'_>, tuple: &Tuple<'_>) -> Result<Whose, Refusal> {
    match question::subject(tuple)? {
        Subject::Agent(name, copy) => {
            let found = who::found(&asked.asks.who.view.state, name, copy);
            Ok(found.map_or(Whose::Nobodys, |(agent, copy)| Whose::One(agent, copy)))
        }
        Subject::Token(_) => {
            Err(refusal::QUESTION.saying("a search names its subject by id or name".to_owned()))
        }
    }
}

/// Names in order, each once.
fn candidates(
    state: &State,
    (server, action): (&str, Option<&str>),
    (of, whose): (Of, Whose),
) -> BTreeSet<String> {
    let grants = |each: &dyn Fn(&Grant) -> Vec<String>| {
        let agent = match whose {
            Whose::One(agent, _) => state.agents.get(&agent),
            Whose::Each | Whose::Nobodys => None,
        };
        let all = agent.map(|agent| state.grants_of(agent)).unwrap_or_default();
        all.iter().flat_map(|(_, given)| each(&given.says)).collect()
    };
    match of {
        Of::Subjects => state.names.keys().cloned().collect(),
        Of::Actions => grants(&|says| {
            let named = says.server == server && says.surface == Surface::Tool;
            let one = (named && !says.name.ends_with('*')).then(|| says.name.clone());
            one.into_iter().collect()
        }),
        Of::Resources => grants(&|says| {
            if !says.covers(server, Surface::Tool, action.unwrap_or_default()) {
                return Vec::new();
            }
            let ids = says.rules.iter().filter(|rule| rule.path == "/resource/id");
            let named = ids.filter_map(|rule| match &rule.must {
                Condition::OneOf(list) => Some(list.clone()),
                _ => None,
            });
            named.flatten().collect()
        }),
    }
}

struct Search<'a> {
    asked: &'a Request<'a>,
    tuple: Tuple<'a>,
    server: &'a str,
    action: Option<&'a str>,
    of: Of,
    /// The arguments but for what is sought, and their reading.
    base: &'a [u8],
    parts: &'a Node<'a>,
}

impl Search<'_> {
    /// The results of a page, and the last candidate that was looked at if there are more.
    fn found(
        &self,
        state: &State,
        all: BTreeSet<String>,
        page: &Page,
        whose: Whose,
    ) -> Result<(Vec<Value>, Option<String>), Refusal> {
        let mut results = Vec::new();
        let mut last = page.after.clone();
        let later = |name: &String| page.after.as_ref().is_none_or(|after| name > after);
        for (at, name) in all.into_iter().filter(later).enumerate() {
            if results.len() >= page.most || at >= CANDIDATES {
                return Ok((results, Some(last.unwrap_or_default())));
            }
            let who = match whose {
                Whose::Each => who::found(state, &name, None),
                Whose::One(agent, copy) => Some((agent, copy)),
                Whose::Nobodys => None,
            };
            if let Some(who) = who
                && self.permits(state, who, &name)?
            {
                results.push(self.result(&name));
            }
            last = Some(name);
        }
        Ok((results, None))
    }

    /// Whether an evaluation of this candidate would be permitted now, without anybody's approval.
    fn permits(
        &self,
        state: &State,
        (agent, instance): (AgentId, InstanceId),
        name: &str,
    ) -> Result<bool, Refusal> {
        let arguments = self.arguments(name);
        let node = parse(&arguments, &Limits::REQUEST).map_err(Refusal::json)?;
        let epoch = state.agents.get(&agent).map_or(0, |known| known.epoch);
        let action = match self.of {
            Of::Actions => name,
            Of::Subjects | Of::Resources => self.action.unwrap_or_default(),
        };
        let what = What::Call { surface: Surface::Tool, name: action, arguments: Some(&node) };
        let ask = Ask { agent, instance, epoch, server: self.server, what };
        let who = &self.asked.asks.who;
        Ok(match decide_on(self.asked.core, who, state, (&ask, None)) {
            Decision::Permit(permitted) => !permitted.rehearsal() && permitted.approval().is_none(),
            Decision::Hold(_) | Decision::Deny(_) => false,
        })
    }

    /// The arguments that the candidate's evaluation would have.
    fn arguments(&self, name: &str) -> Vec<u8> {
        let part = |key: &str| self.parts.get(key).map(|node| node.bytes_in(self.base));
        let id = serde_json::to_vec(name).unwrap_or_default();
        let with = |key: &str| {
            let raw = |inner: &str| {
                let node = self.parts.get(key).and_then(|node| node.get(inner));
                node.map(|node| node.bytes_in(self.base))
            };
            let (said, kind) = (raw("properties"), raw("type"));
            question::object(&[("id", Some(&id)), ("properties", said), ("type", kind)])
        };
        let sought = match self.of {
            Of::Subjects => Some(("subject", with("subject"))),
            Of::Resources => Some(("resource", with("resource"))),
            Of::Actions => None,
        };
        let whole = |key: &'static str| match &sought {
            Some((one, text)) if *one == key => Some(text.as_slice()),
            _ => part(key),
        };
        question::object(&["action", "context", "resource", "subject"].map(|key| (key, whole(key))))
    }

    fn result(&self, name: &str) -> Value {
        let kind = |node: Option<&Node<'_>>| {
            node.and_then(|node| node.get("type")).and_then(Node::as_str).map(str::to_owned)
        };
        match self.of {
            Of::Subjects => json!({ "type": kind(self.tuple.subject), "id": name }),
            Of::Resources => json!({ "type": kind(self.tuple.resource), "id": name }),
            Of::Actions => json!({ "name": name }),
        }
    }
}

/// What a page's token belongs to.
fn bound(of: Of, (server, action): (&str, Option<&str>), arguments: &[u8]) -> Vec<u8> {
    let parts = [of.method(), "\0", server, "\0", action.unwrap_or_default(), "\0"];
    let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).chain([arguments]).collect();
    Digest::of_parts(&parts).as_bytes().iter().take(BOUND).copied().collect()
}

fn token(bound: &[u8], last: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode([bound, last.as_bytes()].concat())
}

/// The page that is asked for (section 8.2.1). A token names where to go on and opens nothing: whoever makes one up sees
/// what the search shows anyway.
fn page(node: &Node<'_>, bound: &[u8]) -> Result<Page, Refusal> {
    let Some(page) = node.get("page") else { return Ok(Page { after: None, most: RESULTS }) };
    if page.as_object().is_none() {
        return Err(refusal::PAGE);
    }
    let most = match page.get("limit") {
        None => RESULTS,
        Some(limit) => {
            let limit = limit.as_i64().and_then(|limit| usize::try_from(limit).ok());
            limit.ok_or(refusal::PAGE)?.min(RESULTS)
        }
    };
    let after = match page.get("token").map(Node::as_str) {
        None | Some(Some("")) => None,
        Some(None) => return Err(refusal::PAGE),
        Some(Some(text)) => {
            let bytes = (text.len() <= TOKEN).then(|| BASE64_URL_SAFE_NO_PAD.decode(text).ok());
            let bytes = bytes.flatten().ok_or(refusal::PAGE)?;
            let last = bytes.strip_prefix(bound).ok_or(refusal::PAGE)?;
            Some(String::from_utf8(last.to_vec()).map_err(|_not_text| refusal::PAGE)?)
        }
    };
    Ok(Page { after: after.filter(|after| !after.is_empty()), most })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, bound: &[u8]) -> Result<Page, &'static str> {
        let node = parse(text.as_bytes(), &Limits::REQUEST).unwrap();
        page(&node, bound).map_err(|refusal| refusal.code.0)
    }

    #[test]
    fn a_token_belongs_to_its_search() {
        let one = bound(Of::Subjects, ("todo", Some("read")), b"{}");
        let other = bound(Of::Subjects, ("todo", Some("write")), b"{}");
        let text = format!(r#"{{"page":{{"token":"{}","limit":3}}}}"#, token(&one, "rick"));
        let wanted = Page { after: Some("rick".to_owned()), most: 3 };
        assert_eq!(read(&text, &one), Ok(wanted));
        assert_eq!(read(&text, &other), Err("GATE-0158"));
        assert_eq!(read("{}", &one), Ok(Page { after: None, most: RESULTS }));
        let start = Page { after: None, most: RESULTS };
        assert_eq!(read(r#"{"page":{"token":"","limit":100000}}"#, &one), Ok(start));
        for bad in [
            r#"{"page":7}"#,
            r#"{"page":{"limit":-1}}"#,
            r#"{"page":{"limit":1.5}}"#,
            r#"{"page":{"limit":"5"}}"#,
            r#"{"page":{"token":7}}"#,
            r#"{"page":{"token":"%%"}}"#,
            r#"{"page":{"token":"AAAA"}}"#,
        ] {
            assert_eq!(read(bad, &one), Err("GATE-0158"), "{bad}");
        }
    }
}
