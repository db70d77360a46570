//! `control.sock` of a gateway's folder: orders from its own machine, which need neither ledger nor desk. One line of JSON
//! each way; only who may enter the folder can speak here, and the kernel says who they are.
//!
//! ```text
//! > {"order":"halt","reason":"it sends mail to everybody"}
//! < {"mode":"halted","busy":0,"wanted":"serving","since":"…","by":"uid 0 on this machine","reason":"…"}
//! ```
//! Never here: what an order does (`brake.rs`); an answer to anybody over the network. To add an order: a word in [`ORDERS`].

use std::{
    fs, io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{UnixListener, UnixStream},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use writ_gateway::Running;
use writ_store::Lease;

use super::{
    brake::{Brake, Mode, Shown},
    lane::LaneWheels,
};
use crate::fault::Fault;

/// The socket's name in the data folder.
pub const SOCKET: &str = "control.sock";
/// The orders, and what the gateway then does; `show` changes nothing.
const ORDERS: [(&str, Option<Mode>); 4] = [
    ("halt", Some(Mode::Halted)),
    ("drain", Some(Mode::Draining)),
    ("serve", Some(Mode::Serving)),
    ("show", None),
];
/// LIMIT: bytes of an order, and of its answer.
const LINE: u64 = 8 << 10;
/// LIMIT: how long one exchange may take: a file is written and flushed.
const EXCHANGE: Duration = Duration::from_secs(10);

/// Hands the brake its gateway, and listens for orders.
///
/// # Errors
/// If the socket cannot be made.
pub fn start(
    folder: &Path,
    brake: &Arc<Brake>,
    (gateway, lease): (&Arc<Running>, Arc<Lease>),
    stop: &CancellationToken,
) -> Result<Control, Fault> {
    brake.fit(Arc::new(LaneWheels::new(Arc::clone(gateway), lease)));
    Control::start(folder, Arc::clone(brake), stop.clone())
}

/// The socket, as long as it is served.
#[derive(Debug)]
pub struct Control {
    path: PathBuf,
}

impl Control {
    /// Listens in the folder, for this user only, until told to stop.
    ///
    /// # Errors
    /// If the socket cannot be made.
    pub fn start(folder: &Path, brake: Arc<Brake>, stop: CancellationToken) -> Result<Self, Fault> {
        let path = folder.join(SOCKET);
        let fault = |error: io::Error| {
            Fault::file(&path, "listen on", &error).cure(
                "a socket's path has at most about a hundred bytes: name a shorter data folder",
            )
        };
        // The folder's lock is ours: whoever left a socket here is gone.
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(fault(error)),
            _ => {}
        }
        let listener = UnixListener::bind(&path).map_err(fault)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(fault)?;
        tokio::spawn(serve(listener, brake, stop));
        Ok(Self { path })
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(%error, "the control socket is left");
        }
    }
}

async fn serve(listener: UnixListener, brake: Arc<Brake>, stop: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        // One after the other: orders must not cross, and whoever holds the line is cut after a moment.
        match accepted {
            Ok((stream, _)) => match timeout(EXCHANGE, exchange(stream, &brake)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%error, "an order was not answered"),
                Err(_elapsed) => {
                    tracing::warn!(event = "gateway.order_slow", "an order took too long");
                }
            },
            Err(error) => tracing::warn!(%error, "an order was not heard"),
        }
    }
}

async fn exchange(stream: UnixStream, brake: &Arc<Brake>) -> io::Result<()> {
    let by = match stream.peer_cred() {
        Ok(peer) => format!("uid {} on this machine", peer.uid()),
        Err(_unknown) => "this machine".to_owned(),
    };
    let (read, mut write) = stream.into_split();
    let mut line = Vec::new();
    BufReader::new(read.take(LINE)).read_until(b'\n', &mut line).await?;
    let answer = match order(&line) {
        Ok((mode, reason)) => {
            let brake = Arc::clone(brake);
            // It may wait for the disk.
            let done = tokio::task::spawn_blocking(move || match mode {
                Some(mode) => brake.order(mode, &by, &reason),
                None => Ok(brake.shown()),
            });
            match done.await {
                Ok(Ok(shown)) => document(&shown),
                Ok(Err(fault)) => fault.document(),
                Err(died) => Fault::unreachable(died.to_string()).document(),
            }
        }
        Err(why) => Fault::usage(why).document(),
    };
    write.write_all(format!("{answer}\n").as_bytes()).await?;
    write.shutdown().await
}

/// What a line asks for, and why.
fn order(line: &[u8]) -> Result<(Option<Mode>, String), &'static str> {
    let value: Value =
        serde_json::from_slice(line).map_err(|_bad| "an order is one line of JSON")?;
    let word = value.get("order").and_then(Value::as_str).unwrap_or_default();
    let known = ORDERS.iter().find(|(known, _)| *known == word);
    let (_, mode) = known.ok_or("the order is halt, drain, serve or show")?;
    let reason = value.get("reason").and_then(Value::as_str).unwrap_or_default();
    if reason.chars().any(char::is_control) {
        return Err("a reason is one line of text");
    }
    Ok((*mode, reason.to_owned()))
}

fn document(shown: &Shown) -> Value {
    let mut out = json!({"mode": shown.mode, "busy": shown.busy, "wanted": shown.wanted});
    if let (Some(halted), Some(object)) = (&shown.halted, out.as_object_mut()) {
        object.insert("since".to_owned(), json!(halted.at));
        object.insert("by".to_owned(), json!(halted.by));
        object.insert("reason".to_owned(), json!(halted.reason));
    }
    out
}

/// Gives an order to the gateway of a folder, and says how it then stands.
///
/// # Errors
/// If no gateway runs there, or it says no.
pub async fn tell(folder: &Path, word: &str, reason: &str) -> Result<Value, Fault> {
    let path = folder.join(SOCKET);
    let gone = |why: String| {
        Fault::unreachable(format!("no gateway listens at `{}`: {why}", path.display()))
            .cure("run this on the gateway's machine, as its user, with --data FOLDER; or name the gateway's id")
    };
    let asked = async {
        let mut stream = UnixStream::connect(&path).await?;
        let line = format!("{}\n", json!({"order": word, "reason": reason}));
        stream.write_all(line.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.take(LINE).read_to_end(&mut answer).await?;
        Ok::<_, io::Error>(answer)
    };
    let answer = timeout(EXCHANGE, asked).await.map_err(|_late| gone("no answer".to_owned()))?;
    let answer = answer.map_err(|error| gone(error.to_string()))?;
    let answer: Value = serde_json::from_slice(&answer).map_err(|error| gone(error.to_string()))?;
    let said = |key: &str| answer.pointer(key).and_then(Value::as_str).map(str::to_owned);
    match said("/error/detail") {
        None => Ok(answer),
        Some(detail) => {
            let fault = Fault::refused(detail);
            Err(match said("/error/cure") {
                Some(cure) => fault.cure(cure),
                None => fault,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use writ_model::BootId;
    use writ_testkit::{FakeClock, TempDir};

    use super::*;

    #[tokio::test]
    async fn orders_come_by_the_socket_and_are_answered() {
        let folder = TempDir::new().unwrap();
        let clock = Arc::new(FakeClock::default());
        let brake = Arc::new(Brake::new(folder.path(), BootId::from_bytes([1; 16]), clock));
        let stop = CancellationToken::new();
        assert!(tell(folder.path(), "show", "").await.is_err(), "nobody listens yet");
        fs::write(folder.path().join(SOCKET), "left").unwrap();
        let control = Control::start(folder.path(), Arc::clone(&brake), stop.clone()).unwrap();
        let mode = fs::metadata(folder.path().join(SOCKET)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let shown = tell(folder.path(), "halt", "fire").await.unwrap();
        assert_eq!(
            (shown["mode"].as_str(), shown["reason"].as_str()),
            (Some("halted"), Some("fire"))
        );
        assert!(shown["by"].as_str().unwrap().starts_with("uid "));
        assert_eq!(brake.mode(), Mode::Halted);
        for (word, mode) in [("show", "halted"), ("serve", "serving"), ("drain", "draining")] {
            assert_eq!(tell(folder.path(), word, "").await.unwrap()["mode"], mode, "{word}");
        }
        for (word, reason) in [("explode", ""), ("halt", "a\u{7}b")] {
            assert!(tell(folder.path(), word, reason).await.is_err(), "{word}");
        }
        assert_eq!(brake.mode(), Mode::Draining);
        drop(control);
        assert!(!folder.path().join(SOCKET).exists());
    }

    #[test]
    fn nothing_but_an_order_is_one() {
        for line in ["", "halt", "[]", "{}", "{\"order\":3}", "{\"order\":\"Halt\"}", "\u{0}"] {
            assert!(order(line.as_bytes()).is_err(), "{line}");
        }
    }
}
