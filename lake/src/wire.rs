//! Records as bytes, for the way from a gateway to a lake: versioned, bounded, canonical. A pack is records one after the
//! other, so two packs joined are a pack; each record says its form and its length.
//!
//! Every value has one form and every record one encoding: what decodes encodes to the same bytes. Whoever reads refuses
//! what is cut, longer than it says, of an unknown form, or over a bound.
//! Never here: an argument in the clear, or compression.
//! To add a field: at the end, with a new [`FORM`]; readers know every form that was ever written.

use bytes::{BufMut as _, Bytes};
use writ_model::{BootId, Code, GatewayId, Id, Kind, Timestamp};

use crate::record::{Inputs, Record, effect_number, effect_of};

/// The form that this build writes, and the newest that it reads.
pub const FORM: u8 = 1;
/// LIMIT: bytes of one record: a request of 1 MiB whose arguments' canonical form is at most 4.5 times as long, sealed.
pub const MAX_RECORD: usize = 7 << 20;
/// LIMIT: bytes of a name, a code, a sentence or a list in a record: the gateway cuts its own at a tenth of that.
const MAX_TEXT: usize = 1 << 20;
/// Form and length before each record.
const HEAD: usize = 5;

/// Why bytes are no records.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireFault {
    /// A newer release wrote them.
    #[error("a record has form {found} and this build reads up to {FORM}: run the newer release")]
    Newer {
        /// Its form.
        found: u8,
    },
    /// They are damaged, or never were records.
    #[error("record {at} of a pack is damaged: {what}")]
    Damaged {
        /// Which one, from 0.
        at: usize,
        /// The rule that is broken.
        what: &'static str,
    },
    /// A record has a value that has no place in a pack.
    #[error("field {field} of a record has {found} bytes, at most {most} can travel")]
    TooLong {
        /// Which field.
        field: &'static str,
        /// Its bytes.
        found: usize,
        /// The bound.
        most: usize,
    },
}

impl WireFault {
    /// The stable code.
    pub const fn code(&self) -> Code {
        Code(match self {
            Self::Newer { .. } => "LAKE-0007",
            Self::Damaged { .. } => "LAKE-0008",
            Self::TooLong { .. } => "LAKE-0009",
        })
    }
}

/// Appends a record to a pack. If it fails, the pack is as before.
///
/// # Errors
/// If a field is over its bound.
pub fn encode(record: &Record, pack: &mut Vec<u8>) -> Result<(), WireFault> {
    let start = pack.len();
    let written = write(record, pack);
    let length = pack.len().saturating_sub(start + HEAD);
    let written = written.and_then(|()| {
        let fits = u32::try_from(length).ok().filter(|_| length <= MAX_RECORD);
        fits.ok_or(WireFault::TooLong { field: "record", found: length, most: MAX_RECORD })
    });
    match written {
        Ok(length) => {
            if let Some(place) = pack.get_mut(start + 1..start + HEAD) {
                place.copy_from_slice(&length.to_be_bytes());
            }
            Ok(())
        }
        Err(fault) => {
            pack.truncate(start);
            Err(fault)
        }
    }
}

fn write(record: &Record, out: &mut Vec<u8>) -> Result<(), WireFault> {
    let Record { call, tenant, gateway, boot, seq, at, agent, instance, server, method, .. } =
        record;
    out.put_u8(FORM);
    out.put_u32(0);
    for id in [
        call.to_bytes(),
        tenant.to_bytes(),
        gateway.to_bytes(),
        boot.to_bytes(),
        agent.to_bytes(),
        instance.to_bytes(),
    ] {
        out.put_slice(&id);
    }
    out.put_u64(*seq);
    out.put_i64(at.micros());
    out.put_u64(record.latency_us);
    out.put_u8(u8::try_from(effect_number(record.effect)).unwrap_or_default());
    maybe(record.grant, out);
    text("server", server, out)?;
    text("method", method, out)?;
    text("surface", &record.surface, out)?;
    text("name", &record.name, out)?;
    text("code", &record.code, out)?;
    text("detail", &record.detail, out)?;
    blob("ocsf", &record.ocsf, MAX_RECORD, out)?;
    let inputs = &record.inputs;
    out.put_u64(inputs.tree_size);
    out.put_u64(inputs.epoch);
    out.put_u32(inputs.charter);
    maybe(inputs.hold, out);
    text("engine", &inputs.engine, out)?;
    text("reads", &inputs.reads, out)?;
    blob("arguments", &inputs.arguments, MAX_RECORD, out)?;
    text("clauses", &inputs.clauses, out)?;
    text("clause_reads", &inputs.clause_reads, out)?;
    text("charged", &inputs.charged, out)?;
    text("observed", &inputs.observed, out)
}

fn maybe<K: Kind>(id: Option<Id<K>>, out: &mut Vec<u8>) {
    out.put_u8(u8::from(id.is_some()));
    if let Some(id) = id {
        out.put_slice(&id.to_bytes());
    }
}

fn text(field: &'static str, value: &str, out: &mut Vec<u8>) -> Result<(), WireFault> {
    blob(field, value.as_bytes(), MAX_TEXT, out)
}

fn blob(
    field: &'static str,
    value: &[u8],
    most: usize,
    out: &mut Vec<u8>,
) -> Result<(), WireFault> {
    let length = u32::try_from(value.len()).ok().filter(|_| value.len() <= most);
    let too_long = || WireFault::TooLong { field, found: value.len(), most };
    out.put_u32(length.ok_or_else(too_long)?);
    out.put_slice(value);
    Ok(())
}

/// The records of a pack. Nothing of a pack is taken if one of its records cannot be read.
///
/// # Errors
/// If it is damaged, or a newer release wrote it.
pub fn decode(pack: &Bytes) -> Result<Vec<Record>, WireFault> {
    let mut records = Vec::new();
    let mut rest = pack.clone();
    while !rest.is_empty() {
        let at = records.len();
        let form = *rest.first().unwrap_or(&0);
        if form > FORM {
            return Err(WireFault::Newer { found: form });
        }
        let damaged = |what| WireFault::Damaged { at, what };
        if form == 0 {
            return Err(damaged("its form is none"));
        }
        let mut body = Reader(rest.split_off(1));
        let length = body.number(MAX_RECORD).map_err(damaged)?;
        let mut one = Reader(body.take(length).map_err(damaged)?);
        let record = read(&mut one).map_err(damaged)?;
        if !one.0.is_empty() {
            return Err(damaged("it is longer than its fields"));
        }
        records.push(record);
        rest = body.0;
    }
    Ok(records)
}

/// The run that a pack's first record is of, without reading the pack; none if it is no pack of a form that is known.
pub fn run_of(pack: &[u8]) -> Option<(GatewayId, BootId)> {
    // Form and length; the call, the tenant, the gateway, the boot.
    const GATEWAY: usize = HEAD + 2 * 16;
    let (form, ids) = (pack.first()?, pack.get(GATEWAY..GATEWAY + 2 * 16)?);
    let (gateway, boot) = ids.split_at_checked(16)?;
    let id = |bytes: &[u8]| <[u8; 16]>::try_from(bytes).ok();
    let run = (GatewayId::from_bytes(id(gateway)?), BootId::from_bytes(id(boot)?));
    (1..=FORM).contains(form).then_some(run)
}

/// What is left of a record's bytes.
struct Reader(Bytes);

impl Reader {
    fn take(&mut self, count: usize) -> Result<Bytes, &'static str> {
        if self.0.len() < count {
            return Err("it ends too early");
        }
        Ok(self.0.split_to(count))
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], &'static str> {
        let taken = self.take(N)?;
        <[u8; N]>::try_from(&*taken).map_err(|_wrong_length| "it ends too early")
    }

    fn long(&mut self) -> Result<u64, &'static str> {
        Ok(u64::from_be_bytes(self.fixed()?))
    }

    fn number(&mut self, most: usize) -> Result<usize, &'static str> {
        let length = u32::from_be_bytes(self.fixed()?);
        usize::try_from(length)
            .ok()
            .filter(|length| *length <= most)
            .ok_or("a length is over its bound")
    }

    fn id<K: Kind>(&mut self) -> Result<Id<K>, &'static str> {
        Ok(Id::from_bytes(self.fixed()?))
    }

    fn maybe<K: Kind>(&mut self) -> Result<Option<Id<K>>, &'static str> {
        match self.fixed()? {
            [0] => Ok(None),
            [1] => Ok(Some(self.id()?)),
            _ => Err("a flag is neither yes nor no"),
        }
    }

    fn blob(&mut self, most: usize) -> Result<Bytes, &'static str> {
        let length = self.number(most)?;
        self.take(length)
    }

    fn text(&mut self) -> Result<String, &'static str> {
        let bytes = self.blob(MAX_TEXT)?;
        let text = std::str::from_utf8(&bytes).map_err(|_not_text| "a text is not UTF-8")?;
        Ok(text.to_owned())
    }
}

fn read(from: &mut Reader) -> Result<Record, &'static str> {
    Ok(Record {
        call: from.id()?,
        tenant: from.id()?,
        gateway: from.id()?,
        boot: from.id()?,
        agent: from.id()?,
        instance: from.id()?,
        seq: from.long().and_then(sequence)?,
        at: Timestamp::from_micros(i64::from_be_bytes(from.fixed()?)),
        latency_us: from.long()?,
        effect: {
            let [number] = from.fixed()?;
            effect_of(i64::from(number)).ok_or("its effect is none")?
        },
        grant: from.maybe()?,
        server: from.text()?,
        method: from.text()?,
        surface: from.text()?,
        name: from.text()?,
        code: from.text()?,
        detail: from.text()?,
        ocsf: from.blob(MAX_RECORD)?,
        inputs: Inputs {
            tree_size: from.long()?,
            epoch: from.long()?,
            charter: u32::from_be_bytes(from.fixed()?),
            hold: from.maybe()?,
            engine: from.text()?,
            reads: from.text()?,
            arguments: from.blob(MAX_RECORD)?,
            clauses: from.text()?,
            clause_reads: from.text()?,
            charged: from.text()?,
            observed: from.text()?,
        },
    })
}

/// LIMIT: a sequence number that a column and arithmetic on it can hold. No gateway comes near it.
fn sequence(seq: u64) -> Result<u64, &'static str> {
    if seq < 1 << 62 { Ok(seq) } else { Err("its sequence number is over its bound") }
}

#[cfg(test)]
mod tests;
