//! [`Brake`]: whether a gateway serves, drains or stands still: the stricter of what was ordered on its own machine and of
//! what its operators want of it from afar.
//!
//! Never here: how calls are cut (`gateway`), or the socket that orders come by (`control.rs`).
//! To be told by one more place: its own wish in [`Wishes`], and its part in [`Wishes::mode`].

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use writ_model::{BootId, Clock, Timestamp};

use super::halted::{Kept, Order, Ordered};
use crate::fault::Fault;

/// LIMIT: characters of a reason.
const REASON: usize = 500;

/// What a gateway does. The later one is the stricter one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It serves.
    #[default]
    Serving,
    /// Calls under way may end, no other begins.
    Draining,
    /// Everything was cut, and everything is refused.
    Halted,
}

impl Mode {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Serving => "serving",
            Self::Draining => "draining",
            Self::Halted => "halted",
        }
    }
}

/// What is moved and stopped: the gateway and its lease.
pub trait Wheels: Send + Sync + fmt::Debug {
    /// Does it, at once; again is no harm.
    fn turn(&self, mode: Mode);

    /// Agents that have something under way.
    fn busy(&self) -> usize;
}

#[derive(Debug, Default)]
struct Wishes {
    kept: Kept,
    /// Calls were told to end on this machine. Not kept: who drains stops the process next.
    drained: bool,
    /// From afar.
    wanted: Mode,
    /// What the wheels were told last.
    mode: Mode,
}

impl Wishes {
    fn mode(&self) -> Mode {
        let here = match (&self.kept.halted, self.drained) {
            (Some(_), _) => Mode::Halted,
            (None, true) => Mode::Draining,
            (None, false) => Mode::Serving,
        };
        here.max(self.wanted)
    }
}

/// See the module.
pub struct Brake {
    folder: PathBuf,
    boot: BootId,
    clock: Arc<dyn Clock>,
    wishes: Mutex<Wishes>,
    wheels: OnceLock<Arc<dyn Wheels>>,
    unsaid: Notify,
}

impl fmt::Debug for Brake {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Brake({})", self.mode().word())
    }
}

/// How a gateway stands, for who asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// What it does.
    pub mode: Mode,
    /// Agents that have something under way.
    pub busy: usize,
    /// The halt on this machine, if that is why.
    pub halted: Option<Order>,
    /// What is wanted from afar.
    pub wanted: Mode,
}

impl Brake {
    /// As the folder says. A file that cannot be read keeps the gateway halted.
    pub fn new(folder: &Path, boot: BootId, clock: Arc<dyn Clock>) -> Self {
        let kept = Kept::read(folder).unwrap_or_else(|fault| {
            tracing::error!(event = "gateway.halt_unreadable", error = %fault, "halted");
            let reason = "halted.json could not be read".to_owned();
            let by = "this gateway".to_owned();
            let order = Order { what: Ordered::Halt, boot, at: clock.now(), by, reason };
            Kept { halted: Some(order.clone()), unsaid: vec![order], wanted: Mode::Serving }
        });
        let mut wishes = Wishes { wanted: kept.wanted, kept, ..Wishes::default() };
        wishes.mode = wishes.mode();
        Self {
            folder: folder.to_owned(),
            boot,
            clock,
            wishes: Mutex::new(wishes),
            wheels: OnceLock::new(),
            unsaid: Notify::new(),
        }
    }

    /// Hands in what is stopped, which then stands as it should: it was begun as [`Brake::mode`] said.
    pub fn fit(&self, wheels: Arc<dyn Wheels>) {
        let wheels = self.wheels.get_or_init(|| wheels);
        match self.wishes.lock().mode {
            Mode::Serving => {}
            mode => wheels.turn(mode),
        }
    }

    /// What it does now.
    pub fn mode(&self) -> Mode {
        self.wishes.lock().mode
    }

    /// How it stands.
    pub fn shown(&self) -> Shown {
        let wishes = self.wishes.lock();
        let busy = self.wheels.get().map_or(0, |wheels| wheels.busy());
        let halted = wishes.kept.halted.clone();
        Shown { mode: wishes.mode, busy, halted, wanted: wishes.wanted }
    }

    /// What is wanted from afar. Called with each beat, before the lease is renewed.
    pub fn wanted(&self, wanted: Mode) {
        let mut wishes = self.wishes.lock();
        if wishes.wanted != wanted {
            wishes.wanted = wanted;
            self.turn(&mut wishes);
        }
    }

    /// The same where no roster keeps it: the folder does.
    ///
    /// # Errors
    /// If it cannot be kept: it holds until the process ends.
    pub fn keep_wanted(&self, wanted: Mode) -> Result<(), Fault> {
        self.keep(&mut self.wishes.lock(), wanted)
    }

    /// The same, unless a halt is wanted from afar: false then, and nothing changes.
    ///
    /// # Errors
    /// As [`Brake::keep_wanted`].
    pub fn keep_unless_halted(&self, wanted: Mode) -> Result<bool, Fault> {
        let mut wishes = self.wishes.lock();
        if wishes.wanted == Mode::Halted {
            return Ok(false);
        }
        self.keep(&mut wishes, wanted).map(|()| true)
    }

    fn keep(&self, wishes: &mut Wishes, wanted: Mode) -> Result<(), Fault> {
        wishes.wanted = wanted;
        self.turn(wishes);
        wishes.kept.wanted = wanted;
        wishes.kept.write(&self.folder)
    }

    /// An order of this machine. It is done first and kept then.
    ///
    /// # Errors
    /// If it cannot be kept: it holds until the process ends.
    pub fn order(&self, mode: Mode, by: &str, reason: &str) -> Result<Shown, Fault> {
        let mut wishes = self.wishes.lock();
        wishes.drained = mode == Mode::Draining;
        let what = match mode {
            Mode::Halted => Some(Ordered::Halt),
            Mode::Serving if wishes.kept.halted.is_some() => Some(Ordered::Serve),
            Mode::Serving | Mode::Draining => None,
        };
        let kept = match what {
            // Told again, it is halted already; only the first reason counts.
            Some(Ordered::Halt) if wishes.kept.halted.is_some() => Ok(()),
            Some(what) => {
                let order = self.ordered(what, by, reason);
                wishes.kept.take(order);
                self.turn(&mut wishes);
                wishes.kept.write(&self.folder)
            }
            None => Ok(()),
        };
        self.turn(&mut wishes);
        drop(wishes);
        self.unsaid.notify_one();
        kept.map(|()| self.shown())
    }

    fn ordered(&self, what: Ordered, by: &str, reason: &str) -> Order {
        let cut = |text: &str| text.chars().take(REASON).collect::<String>();
        let at: Timestamp = self.clock.now();
        Order { what, boot: self.boot, at, by: cut(by), reason: cut(reason) }
    }

    /// Tells the wheels what follows, under the lock, so that two orders never cross.
    fn turn(&self, wishes: &mut Wishes) {
        let mode = wishes.mode();
        if mode == wishes.mode {
            return;
        }
        wishes.mode = mode;
        tracing::warn!(event = "gateway.mode", mode = mode.word(), "the gateway is told");
        if let Some(wheels) = self.wheels.get() {
            wheels.turn(mode);
        }
    }

    /// Waits until there may be something to write down.
    pub async fn something_unsaid(&self) {
        self.unsaid.notified().await;
    }

    /// Orders that the ledger does not know yet, oldest first.
    pub fn unsaid(&self) -> Vec<Order> {
        self.wishes.lock().kept.unsaid.clone()
    }

    /// This order is written down now.
    ///
    /// # Errors
    /// If that cannot be kept: it is then written down twice, which is no harm.
    pub fn said(&self, order: &Order) -> Result<(), Fault> {
        let mut wishes = self.wishes.lock();
        wishes.kept.unsaid.retain(|known| known != order);
        wishes.kept.write(&self.folder)
    }
}

#[cfg(test)]
mod tests {
    use writ_testkit::{FakeClock, TempDir};

    use super::*;

    #[derive(Debug, Default)]
    struct Told(Mutex<Vec<Mode>>);

    impl Wheels for Told {
        fn turn(&self, mode: Mode) {
            self.0.lock().push(mode);
        }

        fn busy(&self) -> usize {
            0
        }
    }

    fn brake(folder: &TempDir) -> (Brake, Arc<Told>) {
        let clock = Arc::new(FakeClock::default());
        let brake = Brake::new(folder.path(), BootId::from_bytes([2; 16]), clock);
        let told = Arc::new(Told::default());
        brake.fit(Arc::clone(&told) as Arc<dyn Wheels>);
        (brake, told)
    }

    #[test]
    fn the_stricter_wish_holds() {
        let folder = TempDir::new().unwrap();
        let (brake, told) = brake(&folder);
        brake.wanted(Mode::Draining);
        brake.order(Mode::Halted, "uid 0", "fire").unwrap();
        brake.wanted(Mode::Serving);
        assert_eq!(brake.mode(), Mode::Halted, "what was ordered here is not lifted from afar");
        brake.wanted(Mode::Halted);
        brake.order(Mode::Serving, "uid 0", "out").unwrap();
        assert_eq!(brake.mode(), Mode::Halted, "what is wanted from afar is not lifted here");
        brake.wanted(Mode::Serving);
        assert_eq!(brake.mode(), Mode::Serving);
        brake.order(Mode::Draining, "uid 0", "").unwrap();
        brake.order(Mode::Serving, "uid 0", "").unwrap();
        let told = told.0.lock().clone();
        let (serving, draining, halted) = (Mode::Serving, Mode::Draining, Mode::Halted);
        assert_eq!(told, [draining, halted, serving, draining, serving]);
    }

    #[test]
    fn a_halt_outlives_the_process_until_it_is_lifted_and_written_down() {
        let folder = TempDir::new().unwrap();
        let (first, _) = brake(&folder);
        first.order(Mode::Halted, "uid 0", "fire").unwrap();
        first.order(Mode::Halted, "uid 0", "again").unwrap();
        drop(first);
        let (second, told) = brake(&folder);
        assert_eq!(*told.0.lock(), [Mode::Halted]);
        assert_eq!(second.unsaid().len(), 1);
        second.order(Mode::Serving, "uid 0", "out").unwrap();
        for order in second.unsaid() {
            second.said(&order).unwrap();
        }
        assert_eq!(brake(&folder).0.mode(), Mode::Serving);
        assert!(brake(&folder).0.keep_unless_halted(Mode::Draining).unwrap());
        brake(&folder).0.keep_wanted(Mode::Halted).unwrap();
        assert!(!brake(&folder).0.keep_unless_halted(Mode::Serving).unwrap());
        assert_eq!(brake(&folder).0.mode(), Mode::Halted, "no roster keeps it, so the folder does");
        std::fs::write(folder.path().join("halted.json"), "{").unwrap();
        let (third, _) = brake(&folder);
        assert_eq!((third.mode(), third.unsaid().len()), (Mode::Halted, 1));
        third.order(Mode::Serving, "uid 0", "").unwrap();
        assert_eq!(third.mode(), Mode::Serving);
    }
}
