//! [`Rehearser`]: the agent gone wrong that a drill plays: a key of its own, a real token, real proofs, real sockets, a
//! stream at every gateway. The desk says when; this says what was seen, and when, by the clock it was handed.
//!
//! Never here: a way past the gateway, a step that is not taken, or a judgement of what was seen. What it does once it is
//! inside is in `drill/rogue.rs`.

use std::sync::Arc;

use async_trait::async_trait;
use writ_desk::{NotPlayed, Part, Rehearse, Rogue};
use writ_identity::AgentKey;
use writ_model::{Clock, Entropy};

use crate::{
    agent::{
        Holder, KeyFile,
        enroll::{self, Ask},
        keyfile::Instance,
    },
    fault::Fault,
    net::Http,
};

mod rogue;

use rogue::Inside;

/// What the rehearsed instance calls itself in the register.
const LABEL: &str = "drill";

/// Plays agents gone wrong, from inside the server's own process, over its public doors.
#[derive(Debug)]
pub struct Rehearser {
    entropy: Arc<dyn Entropy>,
}

impl Rehearser {
    /// With this randomness.
    pub fn new(entropy: Arc<dyn Entropy>) -> Self {
        Self { entropy }
    }
}

#[async_trait]
impl Rehearse for Rehearser {
    async fn enter(&self, part: Part) -> Result<Box<dyn Rogue>, NotPlayed> {
        let http = Http::new();
        let ask = Ask {
            desk: part.desk.clone(),
            code: part.code.expose().clone(),
            label: LABEL.to_owned(),
            name: None,
        };
        let file = enroll::enroll(&http, &ask).await.map_err(|why| not_played(&why))?;
        let means =
            Means { clock: Arc::clone(&part.clock), entropy: Arc::clone(&self.entropy), http };
        let inside = Inside::enter(means, file, &part).await.map_err(|why| not_played(&why))?;
        Ok(Box::new(inside))
    }
}

/// What every connection of a rehearsal is made with.
#[derive(Debug, Clone)]
struct Means {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    http: Http,
}

impl Means {
    /// A holder of the same key that knows nothing yet, for one gateway.
    fn holder(&self, file: &KeyFile, gateway: &str) -> Result<Arc<Holder>, Fault> {
        let broken = |why: writ_identity::KeyFault| Fault::unreachable(why.to_string());
        let key = file.key.to_pkcs8().and_then(|document| AgentKey::from_pkcs8(&document));
        let instance = Instance { gateway: gateway.to_owned(), ..file.instance.clone() };
        let file = KeyFile { instance, key: key.map_err(broken)? };
        let (clock, entropy) = (Arc::clone(&self.clock), Arc::clone(&self.entropy));
        Ok(Arc::new(Holder::new(file, self.http.clone(), clock, entropy)))
    }
}

fn not_played(why: &Fault) -> NotPlayed {
    NotPlayed(why.to_string())
}
