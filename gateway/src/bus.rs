//! The way of records over the bus, both ends of it: a gateway's spool and shipper, and what brings them into a lake.
//!
//! ```text
//! Slot → journal → queue → spool (durable) → ship → bus (durable) → ingest → lake → acknowledged on the bus
//! ```
//! Each arrow may be tried again after a crash; the lake knows a record by its run and number, so each arrives once.
//! Never here: a decision, sealing (whoever has a lake seals), or a drop.
//! To add a station: it keeps what it has until the next one says that it is durable there.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use writ_lake::{Record, wire};
use writ_model::{Digest, TenantId};
use writ_store::{Message, bus::MAX_BODY};

mod ingest;
mod mirror;
mod recorder;
mod ship;

pub use ingest::{Arrived, Ingest};
pub use mirror::{Mirror, PassFault, Reflected};
pub use recorder::{BusRecorder, RecorderFault};

/// LIMIT: bytes of a pack, unless a single record is larger: few enough to be quick, many enough that a busy tenant's
/// records do not wait for each other's acknowledgements.
const PACK: usize = 256 << 10;
/// LIMIT: pause before something that failed is tried again.
const PAUSE: Duration = Duration::from_millis(250);

/// Waits for a while; whether it ended because all ends.
async fn pause(stop: &CancellationToken) -> bool {
    timeout(PAUSE, stop.cancelled()).await.is_ok()
}

/// A pack's message. It is known by what is in it.
fn message(tenant: TenantId, body: Vec<u8>) -> Message {
    let mut id = [0; 16];
    id.iter_mut().zip(Digest::of(&body).0).for_each(|(to, from)| *to = from);
    Message { tenant, id, body: Bytes::from(body) }
}

/// Packs records, each tenant's in their order.
fn pack(records: &[Record]) -> Vec<Message> {
    let mut open: BTreeMap<TenantId, Vec<u8>> = BTreeMap::new();
    let mut done = Vec::new();
    for record in records {
        let pack = open.entry(record.tenant).or_default();
        let start = pack.len();
        if let Err(fault) = wire::encode(record, pack) {
            // Its number stays free, so whoever reads the lake sees that it is missing.
            tracing::error!(code = fault.code().0, %fault, call = %record.call, seq = record.seq,
                "a record cannot travel and is lost");
        }
        if start > 0 && pack.len() > PACK {
            // A large record is a pack of its own: with others it could be more than travels.
            let own = pack.split_off(start);
            done.push(message(record.tenant, std::mem::replace(pack, own)));
        }
        if pack.len() >= PACK {
            done.push(message(record.tenant, std::mem::take(pack)));
        }
    }
    done.extend(
        open.into_iter()
            .filter(|(_, pack)| !pack.is_empty())
            .map(|(tenant, pack)| message(tenant, pack)),
    );
    done
}

/// Leaves out what no bus takes, and tells: trying it again would hold up everything behind it for ever. The numbers of
/// its records stay free.
fn leave_too_long(packs: &mut Vec<Message>) {
    packs.retain(|pack| {
        let travels = pack.body.len() <= MAX_BODY;
        if !travels {
            let (bytes, digest) = (pack.body.len(), Digest::of(&pack.body));
            tracing::error!(tenant = %pack.tenant, bytes, %digest, "a pack cannot travel and is lost");
        }
        travels
    });
}

/// Joins a tenant's packs as far as they fit, so that it waits for few acknowledgements.
fn join(packs: impl IntoIterator<Item = Message>) -> Vec<Message> {
    let mut open: BTreeMap<TenantId, Vec<Message>> = BTreeMap::new();
    let mut done = Vec::new();
    let close = |packs: Vec<Message>, done: &mut Vec<Message>| match <[Message; 1]>::try_from(packs)
    {
        Ok([alone]) => done.push(alone),
        Err(packs) => {
            if let Some(tenant) = packs.first().map(|pack| pack.tenant) {
                let bodies: Vec<&[u8]> = packs.iter().map(|pack| &*pack.body).collect();
                done.push(message(tenant, bodies.concat()));
            }
        }
    };
    for next in packs {
        let waiting = open.entry(next.tenant).or_default();
        let bytes: usize = waiting.iter().map(|pack| pack.body.len()).sum();
        if !waiting.is_empty() && bytes + next.body.len() > PACK {
            close(std::mem::take(waiting), &mut done);
        }
        waiting.push(next);
    }
    for packs in open.into_values() {
        close(packs, &mut done);
    }
    done
}

#[cfg(test)]
mod tests;
