//! Stdio upstreams: one process per agent instance and session, made from the operator's file only.
//!
//! Never here: a command, an argument or a variable that did not come from that file; two instances in one process.

mod child;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use http::{HeaderValue, Method, StatusCode};
use parking_lot::Mutex;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;
use writ_model::{Entropy, InstanceId};

use self::child::Child;
use super::{Answer, Outgoing, Upstream, ear::Ear, notes};
use crate::{
    config::Command,
    fair::Of,
    mcp::{
        header::{MODERN, SESSION, VERSION, is_json},
        parse::Kind,
    },
    refusal::{self, Refusal},
};

/// LIMIT: processes of one upstream.
const CHILDREN: usize = 256;
/// LIMIT: processes of one upstream for one instance: a few windows of one client.
const PER_INSTANCE: usize = 8;
/// LIMIT: how long a process may take to die after it was killed.
const DYING: Duration = Duration::from_secs(2);

type Children = Arc<Mutex<BTreeMap<(InstanceId, String), Arc<Child>>>>;

/// One stdio server.
#[derive(Debug)]
pub(crate) struct StdioUpstream {
    command: Command,
    children: Children,
    entropy: Arc<dyn Entropy>,
    tasks: TaskTracker,
    ear: Arc<Ear>,
    /// Messages that nobody got.
    dropped: Arc<AtomicU64>,
}

impl StdioUpstream {
    /// An upstream that runs this command.
    pub(crate) fn new(command: Command, entropy: Arc<dyn Entropy>, tasks: TaskTracker) -> Self {
        let (children, ear, dropped) = Default::default();
        Self { command, children, entropy, tasks, ear, dropped }
    }

    fn known(&self, instance: InstanceId, session: &str) -> Option<Arc<Child>> {
        self.children.lock().get(&(instance, session.to_owned())).cloned()
    }

    fn start(&self, outgoing: &Outgoing<'_>, session: String) -> Result<Arc<Child>, Refusal> {
        let instance = outgoing.instance;
        let key = (instance, session);
        let mut children = self.children.lock();
        if let Some(child) = children.get(&key) {
            return Ok(Arc::clone(child));
        }
        let own = children.keys().filter(|(owner, _)| *owner == instance).count();
        if children.len() >= CHILDREN || own >= PER_INSTANCE {
            return Err(refusal::SESSIONS_FULL);
        }
        let seat = outgoing.share.take(Of::Children).ok_or(refusal::SESSIONS_FULL)?;
        let child = Child::start(&self.command, &self.dropped).map_err(|fault| {
            tracing::error!(error = %fault, program = %self.command.program.display(),
                "a server's process did not start");
            refusal::CHILD
        })?;
        let (child, work) = child;
        children.insert(key.clone(), Arc::clone(&child));
        let all = Arc::clone(&self.children);
        self.tasks.spawn(async move {
            work.run().await;
            all.lock().remove(&key);
            drop(seat);
        });
        Ok(child)
    }

    async fn post(&self, outgoing: Outgoing<'_>) -> Result<Answer, Refusal> {
        let message = outgoing.message.ok_or(refusal::NOT_RPC)?;
        let modern = outgoing.headers.get(&VERSION).is_some_and(|version| version == MODERN);
        self.ear.agrees(&outgoing)?;
        self.ear.owns(&outgoing)?;
        let about = Ear::about(&outgoing);
        let mut begun = None;
        let child = match (outgoing.session, message.method()) {
            (Some(session), _) => {
                self.known(outgoing.instance, session).ok_or(refusal::NO_SESSION)?
            }
            (None, Some("initialize")) => {
                let id = self.session_id();
                begun = Some(id.clone());
                self.start(&outgoing, id)?
            }
            (None, _) if modern => self.start(&outgoing, String::new())?,
            (None, _) => return Err(refusal::NO_SESSION),
        };
        let mut answer = match message.kind {
            Kind::Request { .. } => {
                let (ticket, read) = child.ask(message, &outgoing.body, modern).await?;
                notes::answered(ticket, read, (modern, refusal::CHILD)).await?
            }
            Kind::Notification { .. } | Kind::Response => {
                child.tell(message, &outgoing.body).await?;
                notes::empty(StatusCode::ACCEPTED)
            }
        };
        if let Some(about) = about {
            let json = is_json(&answer.headers);
            answer.body = self.ear.listens(about, answer.body, json).await?;
        }
        if let Some(id) = begun.and_then(|id| HeaderValue::from_str(&id).ok()) {
            answer.headers.insert(SESSION.clone(), id);
        }
        Ok(answer)
    }

    fn session_id(&self) -> String {
        let mut random = [0; 16];
        self.entropy.fill(&mut random);
        format!("{:032x}", u128::from_be_bytes(random))
    }
}

#[async_trait]
impl Upstream for StdioUpstream {
    async fn send(&self, outgoing: Outgoing<'_>) -> Result<Answer, Refusal> {
        if outgoing.verb == Method::POST {
            return self.post(outgoing).await;
        }
        let session = outgoing.session.ok_or(refusal::WRONG_VERB)?;
        let child = self.known(outgoing.instance, session).ok_or(refusal::NO_SESSION)?;
        if outgoing.verb == Method::DELETE {
            child.stop();
            return Ok(notes::empty(StatusCode::OK));
        }
        Ok(notes::listening(child.listen()))
    }

    fn revisions(&self) -> Vec<&'static str> {
        self.ear.revisions()
    }

    fn began(&self, whose: InstanceId, task: &str) -> Option<Arc<str>> {
        self.ear.began(whose, task)
    }

    fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    async fn end(&self, instances: &BTreeSet<InstanceId>) -> u64 {
        self.ear.forget(instances);
        let ending: Vec<_> = self
            .children
            .lock()
            .iter()
            .filter(|((owner, _), _)| instances.contains(owner))
            .map(|(_, child)| Arc::clone(child))
            .collect();
        for child in &ending {
            child.stop();
        }
        for child in &ending {
            if timeout(DYING, child.gone()).await.is_err() {
                tracing::error!("a server's process does not die");
            }
        }
        ending.len() as u64
    }

    async fn close(&self) {
        let ending: Vec<_> = self.children.lock().values().cloned().collect();
        for child in &ending {
            child.stop();
        }
        for child in &ending {
            if timeout(DYING, child.gone()).await.is_err() {
                tracing::error!("a server's process does not die");
            }
        }
    }
}
