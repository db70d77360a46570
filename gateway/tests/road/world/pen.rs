//! Who writes for the gateway in a test's world, in good days and bad ones; and a passkey of its people.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use writ_authority::{Attestation, Command, Passkey, State, command};
use writ_gateway::Scribe;
use writ_model::{Actor, Clock as _, Cx, Entropy, PasskeyId, PersonId, Span, TenantId};
use writ_store::Sequencer;
use writ_testkit::{FakeClock, SeededEntropy};

/// A passkey that nobody signs with here: whoever answers for an agent has to have one.
pub(crate) fn passkey(person: PersonId) -> Passkey {
    let passkey = PasskeyId::from_bytes(person.to_bytes());
    Passkey {
        passkey,
        person,
        label: "test".to_owned(),
        credential: passkey.to_string(),
        jwk: "{}".to_owned(),
        alg: "ES256".to_owned(),
        rp_id: "localhost".to_owned(),
        origin: "http://localhost".to_owned(),
        aaguid: "00000000-0000-0000-0000-000000000000".to_owned(),
        synced: false,
        backed_up: false,
        attestation: Attestation::None,
        counter: 0,
    }
}

/// What a pen does when the gateway uses up an approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Mood {
    /// Writes.
    #[default]
    Well,
    /// Writes, and the process is gone before it hears of it.
    Crashes,
    /// Does not write.
    Fails,
}

#[derive(Debug)]
pub(crate) struct Pen {
    pub(crate) sequencer: Sequencer<State>,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) entropy: Arc<SeededEntropy>,
    pub(crate) mood: Mutex<Mood>,
    /// How much time passes while it writes what has to be durable before a call goes out.
    pub(crate) takes: Mutex<Span>,
    /// How many confirmations of an ending it does not write.
    pub(crate) loses: Mutex<u32>,
    /// How many sights of definitions it does not write.
    pub(crate) unseen: Mutex<u32>,
}

#[async_trait]
impl Scribe for Pen {
    async fn write(&self, tenant: TenantId, wish: Command) -> Result<u64, String> {
        let entropy: Arc<dyn Entropy> = self.entropy.clone();
        let cx = Cx::new(self.clock.now(), entropy, tenant, Actor::system("gateway"));
        if matches!(wish, Command::ConfirmTermination(_) | Command::ReachTermination(_)) {
            let mut loses = self.loses.lock();
            if *loses > 0 {
                *loses -= 1;
                return Err("the roster does not answer".to_owned());
            }
        }
        if matches!(wish, Command::SeeDefinitions(_)) {
            let mut unseen = self.unseen.lock();
            if *unseen > 0 {
                *unseen -= 1;
                return Err("somebody else wrote first".to_owned());
            }
        }
        let before = matches!(wish, Command::ConsumeApproval { .. } | Command::NotifyAct(_));
        let mood = if before { *self.mood.lock() } else { Mood::Well };
        if before {
            self.clock.advance(*self.takes.lock());
        }
        if mood == Mood::Fails {
            return Err("the disk is full".to_owned());
        }
        let decide = Box::new(move |view: &writ_store::View<State>| {
            let lines = command::lines(&view.state, wish.clone(), &cx)?;
            Ok::<_, writ_authority::Refusal>(
                lines.into_iter().map(|(_, line)| Bytes::from(line)).collect(),
            )
        });
        let committed = self.sequencer.submit(tenant, decide).await;
        if mood == Mood::Crashes {
            return Err("the process is gone".to_owned());
        }
        committed.map(|committed| committed.first).map_err(|fault| fault.to_string())
    }
}
