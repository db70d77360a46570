//! The charter of a test's world, and the people's answers under it.

use writ_authority::Fact;
use writ_charter::{Charter, Clause, Limit, Mode, Naming, Parties, Seat};
use writ_model::{
    CharterId, Clock as _, Digest, HoldId, PersonId, Role, Side, Span, TenantId, Timestamp,
};

use super::{Agent, World};

/// A clause for a family of actions.
pub(crate) fn clause(key: &str, action: &str, mode: Mode) -> Clause {
    Clause::new(key, key, &[action], mode)
}

/// The same with limits.
pub(crate) fn limited(key: &str, action: &str, mode: Mode, limits: Vec<Limit>) -> Clause {
    Clause { limits, ..clause(key, action, mode) }
}

/// What a tool of the server `mail` counts as.
pub(crate) fn naming(name: &str, action: &str) -> Naming {
    Naming {
        server: "mail".to_owned(),
        surface: "tool".to_owned(),
        name: name.to_owned(),
        action: action.to_owned(),
        amount: None,
        currency: None,
        tags: Vec::new(),
        data: Vec::new(),
    }
}

/// One owner of the client has to say yes.
pub(crate) fn approve() -> Mode {
    Mode::Approve { quorum: vec![Seat { party: Side::Client, role: Role::Owner, n: 1 }] }
}

impl World {
    /// Puts a charter in force: at first one clause that lets everything go, changed as told.
    pub(crate) async fn charter(&self, tenant: TenantId, change: impl FnOnce(&mut Charter)) {
        let before = self.tenants.cached(tenant).and_then(|view| view.state.charter.clone());
        let version = before.map_or(0, |before| before.charter.version) + 1;
        let mut id = [77; 16];
        id[0] = u8::try_from(version % 256).unwrap();
        id[1] = u8::try_from(version / 256).unwrap();
        let parties = Parties { provider: "Provider".to_owned(), client: "Client".to_owned() };
        let mut charter = Charter::new(CharterId::from_bytes(id), version, tenant, parties);
        charter.clauses = vec![clause("everything", "*", Mode::Act)];
        change(&mut charter);
        assert_eq!(charter.check(), Ok(()));
        let (id, digest) = (charter.charter, charter.digest());
        let signed = |side, person| Fact::CharterSigned {
            charter: id,
            digest,
            person: PersonId::from_bytes([person; 16]),
            side,
        };
        let facts = vec![
            Fact::CharterProposed { charter: Box::new(charter) },
            signed(Side::Provider, 11),
            signed(Side::Client, 12),
            Fact::CharterInForce { charter: id, digest },
        ];
        self.write(tenant, facts).await;
    }

    /// The charter of most tests of holding: `send` is mail, which an owner of the client approves; all else acts.
    pub(crate) async fn asks(&self, agent: &Agent) {
        self.charter(agent.tenant, |charter| {
            charter.counts_as = vec![naming("send", "mail.send")];
            charter.clauses.push(clause("mail", "mail.*", approve()));
        })
        .await;
    }

    /// The instant of this world.
    pub(crate) fn clock_now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Time passes; a nonce that is too old is fetched anew.
    pub(crate) fn advance(&self, span: Span) {
        self.clock.advance(span);
        *self.nonce.lock() = None;
    }

    /// The holds of a tenant, oldest first.
    pub(crate) fn holds(&self, tenant: TenantId) -> Vec<(HoldId, Digest)> {
        let view = self.tenants.cached(tenant).unwrap();
        let mut all: Vec<_> =
            view.state.holds.values().map(|hold| (hold.line, hold.id(), hold.digest())).collect();
        all.sort_unstable();
        all.into_iter().map(|(_, hold, digest)| (hold, digest)).collect()
    }

    /// An owner of the client says yes to the newest hold.
    pub(crate) async fn approve(&self, tenant: TenantId) -> HoldId {
        let (hold, digest) = *self.holds(tenant).last().unwrap();
        let person = PersonId::from_bytes([12; 16]);
        let fact = Fact::ApprovalGiven { hold, person, digest, deputy_of: None, words: None };
        self.write(tenant, vec![fact]).await;
        hold
    }

    /// The facts of a tenant of one kind.
    pub(crate) async fn facts(&self, tenant: TenantId, kind: &str) -> Vec<serde_json::Value> {
        let mut lines = Vec::new();
        loop {
            let ledger = self.tenants.ledger();
            let next = ledger.read(tenant, lines.len() as u64, usize::MAX).await.unwrap();
            if next.is_empty() {
                break;
            }
            lines.extend(next);
        }
        let values = lines.iter().map(|line| serde_json::from_slice(line).unwrap());
        values.filter_map(|line: serde_json::Value| line["fact"].get(kind).cloned()).collect()
    }
}
