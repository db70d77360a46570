//! *Operations*: the processes of this installation, and what a person wants of its gateways.
//!
//! A gateway hears from the roster what is wanted of it, so a halt works while the ledger does not; the provider's ledger
//! says who wanted it.
//! Never here: who may (`authority`), or how a gateway obeys.

use std::collections::BTreeMap;

use writ_authority::{Command, State, command, fact::NEWEST, queue, refusal, state::Halted};
use writ_model::{GatewayId, Span, Timestamp};
use writ_store::{View, Wanted, Wish};

use super::show;
use crate::{
    Desk, DeskError, MemberStatus, Members, Who,
    desk::{Wrote, seated},
    fleet::QueueStatus,
    signing::After,
    view::{
        CountRow, GatewayRow, GatewayWanted, GatewaysView, HaltRow, LeaseRow, OperationsView,
        ProcessRow, QueueRow, StoreRow,
    },
};

/// Named leases that an installation of several processes has.
const LEASES: [&str; 2] = ["desk", "soc"];

impl Desk {
    /// The gateways, for people of the provider.
    ///
    /// # Errors
    /// If the asker is not seated there, or the roster does not answer.
    pub async fn gateways(&self, who: &Who) -> Result<GatewaysView, DeskError> {
        let provider = self.own_space(who).await?;
        let members = self.members().await?;
        Ok(GatewaysView { at: members.at, gateways: gateways(&provider.state, &members) })
    }

    /// The installation as it runs, for people of the provider.
    ///
    /// # Errors
    /// As [`Desk::gateways`].
    pub async fn operations(&self, who: &Who) -> Result<OperationsView, DeskError> {
        let provider = self.own_space(who).await?;
        let members = self.members().await?;
        let at = members.at;
        let living: Vec<&MemberStatus> = members.all.iter().filter(|one| one.alive(at)).collect();
        let looked = self.look_at_ledgers(&provider.state).await;
        let backup = self.fleet().backup();
        Ok(OperationsView {
            at,
            version: self.inner.parts.version.clone(),
            processes: members.all.iter().map(|one| process(one, at)).collect(),
            gateways: gateways(&provider.state, &members),
            leases: leases(&living),
            queues: living.iter().flat_map(|one| queues(one, at)).collect(),
            drops: counted(living.iter().map(|one| &one.report.drops)),
            refusals: counted(living.iter().map(|one| &one.report.refusals)),
            stores: living.iter().flat_map(|one| stores(one)).collect(),
            backup_age_us: backup.as_ref().map(|backup| micros(at - backup.at)),
            backup,
            formats: looked.formats(members.reads()),
            restored_count: looked.restored().count(),
            restored: looked.restored().take(Self::LEDGERS).cloned().collect(),
        })
    }

    /// Halts a gateway: it refuses everything and cuts what is open, until somebody lets it serve again by signature. It
    /// stops first, and is written down then: a ledger that cannot be written keeps nothing running.
    ///
    /// # Errors
    /// If there is no such gateway, or the actor does not run gateways.
    pub async fn halt_gateway(
        &self,
        who: &Who,
        gateway: &str,
        reason: String,
    ) -> Result<GatewayWanted, DeskError> {
        let (provider, id) = self.of_mine(who, gateway).await?;
        let command = Command::HaltGateway { gateway: id, reason };
        let cx = self.cx(provider.tenant, who.actor());
        let known = provider.state.halted.get(&id).map(|halt| halt.line);
        if known.is_none() {
            command::rehearse(&provider.state, &command, &cx)?;
        }
        self.want(id, Wanted::Halt, who.person.to_string()).await?;
        if let Some(line) = known {
            return Ok(wanted(id, Wanted::Halt, Some(line), "It is halted already."));
        }
        match self.act_as(provider.tenant, who, command).await {
            Ok(wrote) => Ok(wanted(id, Wanted::Halt, Some(wrote.first), "It is halted.")),
            Err(fault) => {
                tracing::error!(gateway = %id, error = %fault, "a halt is not written down");
                let says = "It is halted. That could not be written into the ledger; ask again.";
                Ok(wanted(id, Wanted::Halt, None, says))
            }
        }
    }

    /// Drains a gateway: it takes nothing new, and what is open ends by itself.
    ///
    /// # Errors
    /// As [`Desk::halt_gateway`]; one that is halted is not drained.
    pub async fn drain_gateway(
        &self,
        who: &Who,
        gateway: &str,
    ) -> Result<GatewayWanted, DeskError> {
        let (provider, id) = self.of_mine(who, gateway).await?;
        if let Some(halt) = provider.state.halted.get(&id) {
            return Err(halted(format!("{id} is halted since {}", halt.says.at)));
        }
        self.wish(who, id, Wanted::Drain).await?;
        Ok(wanted(id, Wanted::Drain, None, "It takes nothing new, and ends what is open."))
    }

    /// Lets a gateway serve again; one that was halted by signature.
    ///
    /// # Errors
    /// As [`Desk::halt_gateway`].
    pub async fn serve_gateway(
        &self,
        who: &Who,
        gateway: &str,
    ) -> Result<GatewayWanted, DeskError> {
        let (provider, id) = self.of_mine(who, gateway).await?;
        let members = self.members().await?;
        let halted = members.all.iter().any(|one| one.gateway == id && one.wanted == Wanted::Halt);
        let mut written = provider.state.halted.contains_key(&id);
        if halted && !written {
            // It could not be written then. What a signature ends has to stand there first.
            let reason = "It was halted, and that could not be written then".to_owned();
            let command = Command::HaltGateway { gateway: id, reason };
            self.act_as(provider.tenant, who, command).await?;
            written = true;
        }
        if written {
            let command = Command::ServeGateway { gateway: id };
            let wrote = self.done_then(provider.tenant, who, command, After::Nothing).await?;
            return Ok(wanted(id, Wanted::Serve, Some(wrote.first), "It serves again."));
        }
        // Somebody may have halted it since: what lifts that is a signature.
        self.wish(who, id, Wanted::Serve).await?;
        Ok(wanted(id, Wanted::Serve, None, "It serves again."))
    }

    /// A signature let a gateway serve again.
    pub(super) async fn wish_serve(
        &self,
        gateway: GatewayId,
        wrote: &Wrote,
    ) -> Result<(), DeskError> {
        let by = format!("line {} of the provider's ledger", wrote.first);
        self.want(gateway, Wanted::Serve, by).await
    }

    /// What lifts no halt, one that is not in the ledger included.
    async fn wish(&self, who: &Who, gateway: GatewayId, wish: Wanted) -> Result<(), DeskError> {
        let by = who.person.to_string();
        let heard = self.fleet().want_unless_halted(gateway, wish, by).await;
        match heard.map_err(|fault| DeskError::fault(fault.code(), fault.to_string()))? {
            Wish::Heard => Ok(()),
            Wish::Unknown => Err(DeskError::not_visible("gateway", &gateway.to_string())),
            Wish::Halted => Err(halted(format!("{gateway} is halted"))),
        }
    }

    async fn want(&self, gateway: GatewayId, wish: Wanted, by: String) -> Result<(), DeskError> {
        let heard = self.fleet().want(gateway, wish, by).await;
        if heard.map_err(|fault| DeskError::fault(fault.code(), fault.to_string()))? {
            return Ok(());
        }
        Err(DeskError::not_visible("gateway", &gateway.to_string()))
    }

    /// The provider's space, of somebody who is seated there.
    pub(super) async fn own_space(
        &self,
        who: &Who,
    ) -> Result<std::sync::Arc<View<State>>, DeskError> {
        self.standing(who.person).await?;
        let provider = self.provider_view().await?;
        if seated(&provider.state, who) {
            return Ok(provider);
        }
        Err(DeskError::not_visible("provider", provider.state.party_name()))
    }

    /// A gateway that the asker may say something to.
    async fn of_mine(
        &self,
        who: &Who,
        gateway: &str,
    ) -> Result<(std::sync::Arc<View<State>>, GatewayId), DeskError> {
        let provider = self.own_space(who).await?;
        let cx = self.cx(provider.tenant, who.actor());
        command::may_run_gateways(&provider.state, &cx)?;
        let unknown = || DeskError::not_visible("gateway", gateway);
        let id: GatewayId = gateway.parse().map_err(|_bad| unknown())?;
        let members = self.members().await?;
        let known = members.all.iter().any(|one| one.gateway == id && one.serves());
        if known { Ok((provider, id)) } else { Err(unknown()) }
    }

    /// Gateways that are heard no more, as decisions that wait in the provider's space.
    pub(super) async fn lost_gateways(&self) -> Vec<queue::Waiting> {
        let members = match self.members().await {
            Ok(members) => members,
            Err(fault) => {
                tracing::warn!(error = %fault, "the roster does not answer");
                return Vec::new();
            }
        };
        let back = |lost: &MemberStatus| {
            let same = |one: &&MemberStatus| one.gateway == lost.gateway;
            members.all.iter().filter(same).any(|one| one.alive(members.at) || one.left.is_some())
        };
        let gateways = members.all.iter().filter(|one| one.serves() && !back(one));
        gateways.map(lost).collect()
    }
}

impl Members {
    /// The newest format that every process reads; of a process that left nobody asks.
    pub fn reads(&self) -> u32 {
        let reads = self.all.iter().filter(|one| one.left.is_none()).map(|one| one.reads);
        reads.min().map_or(NEWEST, |least| least.min(NEWEST))
    }
}

fn lost(member: &MemberStatus) -> queue::Waiting {
    let over = member.over_at();
    queue::Waiting {
        ask: queue::Ask::GatewayLost,
        agent: None,
        hold: None,
        name: member.gateway.to_string(),
        since: over,
        deadline: None,
        what: format!("the gateway {} is heard no more since {}", member.gateway, member.seen),
        why: vec![format!("its lease was over at {over}; it lets nothing through")],
        otherwise: "Clients behind it reach nothing.".to_owned(),
        cure: vec!["Look at its machine and its way to the database; start it again.".to_owned()],
    }
}

fn halted(what: String) -> DeskError {
    let cure = "Let it serve again first.";
    DeskError::Refused(writ_authority::Refusal::new(refusal::GATEWAY, "gateway", what, cure))
}

fn wanted(gateway: GatewayId, wanted: Wanted, line: Option<u64>, says: &str) -> GatewayWanted {
    GatewayWanted { gateway, wanted, line, says: says.to_owned() }
}

fn micros(span: Span) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(0)
}

fn process(one: &MemberStatus, now: Timestamp) -> ProcessRow {
    ProcessRow {
        gateway: one.gateway,
        boot: one.boot,
        roles: one.roles.clone(),
        url: one.url.clone(),
        version: one.version.clone(),
        reads: one.reads,
        started_at: one.started_at,
        seen: one.seen,
        age_us: micros(now - one.seen),
        alive: one.alive(now),
        left: one.left,
        over_at: one.over_at(),
        holds: one.report.leases.iter().map(|lease| lease.name.clone()).collect(),
    }
}

fn gateways(provider: &State, members: &Members) -> Vec<GatewayRow> {
    let all = members.all.iter().filter(|one| one.serves());
    all.map(|one| GatewayRow {
        process: process(one, members.at),
        standing: one.standing,
        lag_us: one.applied.map(|applied| micros(one.seen - applied)),
        wanted: one.wanted,
        wanted_by: one.wanted_by.as_ref().map(|by| wisher(provider, by)),
        halt: provider.halted.get(&one.gateway).map(|halt| halt_row(provider, halt)),
        streams: one.report.streams,
        counters: one.report.counters.clone(),
        servers: one.report.servers.clone(),
    })
    .collect()
}

/// Who wants it: the roster has a person's id, for it keeps nobody's name.
fn wisher(provider: &State, by: &str) -> String {
    by.parse().map_or_else(|_words| by.to_owned(), |person| provider.person_name(person))
}

fn halt_row(provider: &State, halt: &Halted) -> HaltRow {
    let person = halt.by.filter(|_| halt.says.by.is_none());
    let by = halt.says.by.clone();
    HaltRow {
        at: halt.says.at,
        by: by.unwrap_or_else(|| show::by(provider, person).name),
        person,
        reason: halt.says.reason.clone(),
        line: halt.line,
    }
}

fn leases(living: &[&MemberStatus]) -> Vec<LeaseRow> {
    let held = |name: &str| {
        let all = living
            .iter()
            .flat_map(|one| one.report.leases.iter().map(|lease| (one.gateway, lease.clone())));
        all.filter(|(_, lease)| lease.name == name).max_by_key(|(_, lease)| lease.epoch)
    };
    LEASES
        .into_iter()
        .map(|name| match held(name) {
            Some((holder, lease)) => LeaseRow {
                name: name.to_owned(),
                holder: Some(holder),
                epoch: lease.epoch,
                since: Some(lease.since),
            },
            None => LeaseRow { name: name.to_owned(), holder: None, epoch: 0, since: None },
        })
        .collect()
}

fn queues(one: &MemberStatus, now: Timestamp) -> impl Iterator<Item = QueueRow> {
    one.report.queues.iter().map(move |queue: &QueueStatus| QueueRow {
        gateway: one.gateway,
        name: queue.name.clone(),
        waiting: queue.waiting,
        given_up: queue.given_up,
        oldest_us: queue.oldest.map(|oldest| micros(now - oldest)),
        limit: queue.limit,
    })
}

fn stores(one: &MemberStatus) -> impl Iterator<Item = StoreRow> {
    one.report.stores.iter().map(|(name, says)| StoreRow {
        gateway: one.gateway,
        name: name.clone(),
        says: says.clone(),
    })
}

/// Counts of several processes together, the most often first.
fn counted<'c>(all: impl Iterator<Item = &'c BTreeMap<String, u64>>) -> Vec<CountRow> {
    let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
    for (what, count) in all.flatten() {
        let sum = sums.entry(what).or_default();
        *sum = sum.saturating_add(*count);
    }
    let row = |(what, count): (&str, u64)| CountRow { what: what.to_owned(), count };
    let mut rows: Vec<CountRow> = sums.into_iter().map(row).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.count));
    rows
}
