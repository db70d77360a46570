//! `halted.json` of a gateway's folder: that it was halted on its own machine, by whom and why, and what of that is not yet
//! written down in the ledger. It needs neither ledger nor desk, and outlives a restart.
//!
//! Never here: what halting does (`brake.rs`). To keep one more thing: a member of [`Kept`], optional when read.

use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use writ_model::{BootId, Timestamp};

use super::brake::Mode;
use crate::fault::Fault;

/// The file's name in the data folder.
pub const FILE: &str = "halted.json";
/// LIMIT: bytes of the file: some hundred orders.
const SIZE: u64 = 64 << 10;
/// LIMIT: orders that wait to be written down; what is older goes, the first halt stays.
const UNSAID: usize = 64;

/// What was ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ordered {
    /// To stop at once.
    Halt,
    /// To go on after a halt.
    Serve,
}

/// An order that was given on the gateway's own machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// What.
    pub what: Ordered,
    /// In which run of the gateway.
    pub boot: BootId,
    /// When.
    pub at: Timestamp,
    /// By whom, as the machine knows them.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// The gateway is halted, since this order.
    #[serde(default)]
    pub halted: Option<Order>,
    /// Orders that the ledger does not know yet, oldest first.
    #[serde(default)]
    pub unsaid: Vec<Order>,
    /// What is wanted from afar, where no roster keeps it.
    #[serde(default)]
    pub wanted: Mode,
}

impl Kept {
    /// Takes an order in.
    pub fn take(&mut self, order: Order) {
        self.halted = match order.what {
            Ordered::Halt => Some(order.clone()),
            Ordered::Serve => None,
        };
        if self.unsaid.len() >= UNSAID {
            self.unsaid.remove(1.min(self.unsaid.len() - 1));
            tracing::warn!(
                event = "gateway.order_dropped",
                "too many orders wait to be written down"
            );
        }
        self.unsaid.push(order);
    }

    /// Reads the file of a folder; nothing is kept if there is none.
    ///
    /// # Errors
    /// If it is there and cannot be read: whoever starts then must stay halted.
    pub fn read(folder: &Path) -> Result<Self, Fault> {
        let path = folder.join(FILE);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(Fault::file(&path, "read", &error)),
        };
        let mut text = Vec::new();
        file.take(SIZE)
            .read_to_end(&mut text)
            .map_err(|error| Fault::file(&path, "read", &error))?;
        serde_json::from_slice(&text).map_err(|error| {
            Fault::unreachable(format!("`{}` is damaged: {error}", path.display()))
                .cure("the gateway stays halted; `writ gateway serve` writes the file anew")
        })
    }

    /// Writes it durably; the file goes when nothing is left to keep.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn write(&self, folder: &Path) -> Result<(), Fault> {
        let path = folder.join(FILE);
        let fault = |error: io::Error| Fault::file(&path, "write", &error);
        if *self == Self::default() {
            return match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(fault(error)),
                _ => Ok(()),
            };
        }
        let text = serde_json::to_vec_pretty(self).map_err(|error| fault(error.into()))?;
        let beside = beside(&path);
        let written = File::create(&beside)
            .and_then(|mut file| file.write_all(&text).and_then(|()| file.sync_all()))
            .and_then(|()| fs::rename(&beside, &path))
            .and_then(|()| File::open(folder)?.sync_all());
        written.map_err(fault)
    }
}

fn beside(path: &Path) -> PathBuf {
    path.with_extension("json.new")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(what: Ordered, at: i64) -> Order {
        let (by, reason) = ("uid 0 on this machine".to_owned(), "r".to_owned());
        Order {
            what,
            boot: BootId::from_bytes([1; 16]),
            at: Timestamp::from_micros(at),
            by,
            reason,
        }
    }

    #[test]
    fn a_halt_outlives_the_process_and_a_damaged_file_is_no_permission() {
        let folder = writ_testkit::TempDir::new().unwrap();
        assert_eq!(Kept::read(folder.path()).unwrap(), Kept::default());
        let mut kept = Kept::default();
        kept.take(order(Ordered::Halt, 1));
        kept.write(folder.path()).unwrap();
        assert_eq!(Kept::read(folder.path()).unwrap(), kept);
        kept.take(order(Ordered::Serve, 2));
        assert_eq!((kept.halted.as_ref(), kept.unsaid.len()), (None, 2));
        kept.unsaid.clear();
        kept.write(folder.path()).unwrap();
        assert!(!folder.path().join(FILE).exists());
        for damaged in ["", "{", "{\"halted\": 3}", "{\"other\": 1}"] {
            fs::write(folder.path().join(FILE), damaged).unwrap();
            assert!(Kept::read(folder.path()).is_err(), "{damaged}");
        }
    }

    #[test]
    fn what_waits_is_bounded_and_the_first_halt_stays() {
        let mut kept = Kept::default();
        for at in 0..200 {
            kept.take(order(if at % 2 == 0 { Ordered::Halt } else { Ordered::Serve }, at));
        }
        assert_eq!(kept.unsaid.len(), UNSAID);
        assert_eq!(kept.unsaid[0].at, Timestamp::from_micros(0));
        assert_eq!(kept.unsaid[UNSAID - 1].at, Timestamp::from_micros(199));
    }
}
