//! Sealed activity beside an exported ledger: `activity/LINE.ndjson` holds the records of the seal in that line, one a
//! line, in the order they were sealed.
//!
//! Never here: what a record means; only that these are the bytes that were sealed, that none is missing, and that each
//! stands where it says. To check one more member: [`Batch::check`].

use std::collections::BTreeMap;

use serde_json::Value;
use writ_authority::fact::ActivitySealed;
use writ_evidence::seal::batch_root;
use writ_model::{BootId, GatewayId, TenantId};

/// Path of the records of the seal in a line.
pub fn path(line: u64) -> String {
    format!("activity/{line}.ndjson")
}

/// What the seals of one ledger add up to.
#[derive(Debug, Default)]
pub struct Seals {
    /// The last sequence number sealed, for each gateway and boot.
    last: BTreeMap<(GatewayId, BootId), u64>,
    /// How many seals there are.
    pub count: u64,
    /// How many records under them.
    pub records: u64,
}

impl Seals {
    /// Takes the next seal with its records.
    ///
    /// # Errors
    /// If the records are not those that were sealed, or a range is missing before this one.
    pub fn take(
        &mut self,
        tenant: TenantId,
        seal: &ActivitySealed,
        records: &[u8],
    ) -> Result<(), String> {
        let place = (seal.gateway, seal.boot);
        let next = self.last.get(&place).map(|last| last.saturating_add(1));
        if next.is_some_and(|next| next != seal.first) {
            return Err(format!(
                "records {} to {} of boot {} are not sealed: a gap",
                next.unwrap_or_default(),
                seal.first.saturating_sub(1),
                seal.boot
            ));
        }
        Batch { tenant, seal }.check(records)?;
        self.last.insert(place, seal.last);
        self.count += 1;
        self.records += seal.count;
        Ok(())
    }
}

struct Batch<'a> {
    tenant: TenantId,
    seal: &'a ActivitySealed,
}

impl Batch<'_> {
    fn check(&self, records: &[u8]) -> Result<(), String> {
        let lines = lines(records)?;
        let seal = self.seal;
        let count = u64::try_from(lines.len()).unwrap_or(u64::MAX);
        if count != seal.count || seal.last.checked_sub(seal.first) != count.checked_sub(1) {
            return Err(format!("{count} records, and the seal says {}", seal.count));
        }
        if batch_root(&lines) != seal.root {
            return Err("the records do not lead to the root that was sealed".to_owned());
        }
        for (sequence, line) in (seal.first..).zip(&lines) {
            let record: Value = serde_json::from_slice(line)
                .map_err(|error| format!("record {sequence} is not JSON: {error}"))?;
            let text = |pointer: &str| record.pointer(pointer).and_then(Value::as_str);
            let stands = text("/metadata/tenant_uid") == Some(self.tenant.to_string().as_str())
                && record.pointer("/metadata/sequence").and_then(Value::as_u64) == Some(sequence)
                && text("/unmapped/gateway") == Some(seal.gateway.to_string().as_str())
                && text("/unmapped/boot") == Some(seal.boot.to_string().as_str());
            if !stands {
                return Err(format!("record {sequence} says that it stands elsewhere"));
            }
        }
        Ok(())
    }
}

fn lines(records: &[u8]) -> Result<Vec<&[u8]>, String> {
    let Some(whole) = records.strip_suffix(b"\n") else {
        return Err("the records do not end in a newline".to_owned());
    };
    Ok(whole.split(|byte| *byte == b'\n').collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use writ_model::Timestamp;

    use super::*;

    fn tenant() -> TenantId {
        TenantId::from_parts(Timestamp::from_micros(1), [1; 10])
    }

    pub(crate) fn sealed(first: u64, count: u64) -> (ActivitySealed, Vec<u8>) {
        let at = Timestamp::from_micros(1);
        let gateway = GatewayId::from_parts(at, [2; 10]);
        let boot = BootId::from_parts(at, [3; 10]);
        let records: Vec<String> = (first..first + count)
            .map(|sequence| {
                json!({
                    "metadata": {"tenant_uid": tenant(), "sequence": sequence},
                    "unmapped": {"gateway": gateway, "boot": boot},
                })
                .to_string()
            })
            .collect();
        let root = batch_root(&records);
        let seal = ActivitySealed { gateway, boot, first, last: first + count - 1, count, root };
        (seal, (records.join("\n") + "\n").into_bytes())
    }

    #[test]
    fn seals_follow_each_other_and_cover_their_records() {
        let mut seals = Seals::default();
        let (first, records) = sealed(1, 3);
        seals.take(tenant(), &first, &records).unwrap();
        let (second, more) = sealed(4, 2);
        seals.take(tenant(), &second, &more).unwrap();
        assert_eq!((seals.count, seals.records), (2, 5));
        let (later, records) = sealed(8, 1);
        assert!(seals.take(tenant(), &later, &records).unwrap_err().contains("6 to 7"));
    }

    #[test]
    fn other_bytes_are_refused() {
        let (seal, records) = sealed(1, 3);
        let text = String::from_utf8(records.clone()).unwrap();
        let cases = [
            text.replacen("\"sequence\":2", "\"sequence\":9", 1),
            text.trim_end().to_owned(),
            text.lines().rev().fold(String::new(), |all, line| all + line + "\n"),
            text.lines().skip(1).fold(String::new(), |all, line| all + line + "\n"),
            String::new(),
        ];
        for changed in cases {
            assert!(Seals::default().take(tenant(), &seal, changed.as_bytes()).is_err());
        }
        let other = TenantId::from_parts(Timestamp::from_micros(1), [9; 10]);
        assert!(Seals::default().take(other, &seal, &records).is_err());
    }
}
