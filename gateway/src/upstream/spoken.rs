//! What a server says of itself that the gateway has to repeat: the revisions it speaks, told to clients that ask for another
//! one, and whether it has tasks. Learned from its answers to `server/discover`.
//!
//! Never here: a decision. A revision that a server does not name is still let through to it; it refuses by itself.

use parking_lot::Mutex;
use writ_model::json::{self, Limits, Node};

use super::jobs;
use crate::mcp::header;

/// What a server said last. LIMIT: as many revisions as are published; others are of no use to a client of ours.
#[derive(Debug, Default)]
pub(crate) struct Spoken(Mutex<Said>);

#[derive(Debug, Default)]
struct Said {
    revisions: Option<Vec<&'static str>>,
    lacks_tasks: bool,
}

impl Spoken {
    /// Learns from an answer to `server/discover`; from anything else it learns nothing.
    pub(crate) fn heard(&self, answer: &[u8]) {
        let Ok(node) = json::parse(answer, &Limits::ANSWER) else { return };
        let Some(result) = node.get("result") else { return };
        let named = result.get("supportedVersions").and_then(Node::as_array);
        let (Some(named), Some(can)) = (named, result.get("capabilities")) else { return };
        let both: Vec<_> = header::revisions()
            .filter(|ours| named.iter().any(|theirs| theirs.as_str() == Some(ours)))
            .collect();
        let tasks = can.get("extensions").and_then(|extensions| extensions.get(jobs::EXTENSION));
        let revisions = (!both.is_empty()).then_some(both);
        *self.0.lock() = Said { revisions, lacks_tasks: tasks.is_none() };
    }

    /// Revisions that the server and we speak; ours, as long as it has not said.
    pub(crate) fn known(&self) -> Vec<&'static str> {
        self.0.lock().revisions.clone().unwrap_or_else(|| header::revisions().collect())
    }

    /// Whether it has said that it has no tasks.
    pub(crate) fn lacks_tasks(&self) -> bool {
        self.0.lock().lacks_tasks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_both_speak_is_known() {
        let spoken = Spoken::default();
        let says = |versions: &str, capabilities: &str| {
            let answer = format!(
                r#"{{"id":1,"result":{{"supportedVersions":{versions},"capabilities":{capabilities}}}}}"#
            );
            spoken.heard(answer.as_bytes());
            (spoken.known(), spoken.lacks_tasks())
        };
        let tasks = r#"{"extensions":{"io.modelcontextprotocol/tasks":{}}}"#;
        assert_eq!((spoken.known().len(), spoken.lacks_tasks()), (5, false));
        assert_eq!(says(r#"["2031-01-01","2026-07-28"]"#, "{}"), (vec!["2026-07-28"], true));
        for nothing in
            ["{", r#"{"id":1,"error":{"code":1,"message":""}}"#, r#"{"id":1,"result":{}}"#]
        {
            spoken.heard(nothing.as_bytes());
            assert_eq!(spoken.known(), ["2026-07-28"], "what says nothing changes nothing");
        }
        let both = vec!["2025-11-25", "2026-07-28"];
        assert_eq!(says(r#"["2026-07-28","2025-11-25",7]"#, tasks), (both, false));
        assert_eq!(says(r#"["2031-01-01"]"#, tasks).0.len(), 5);
    }
}
