//! [`Nats`]: real NATS servers with JetStream of a test's own, one or three of them as a cluster, on loopback.
//!
//! They flush before they acknowledge (`sync_interval: always`), as an installation must.
//! Never here: a server that outlives its test process (a small shell waits beside it and ends it), or a fixed port.
//! To make them do something new: a word that the shell understands.

use std::{
    fs,
    io::{self, BufRead as _, BufReader, Write as _},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Mutex, PoisonError,
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use crate::TempDir;

/// What is said when there is no server to start.
const MISSING: &str = "nats-server is not installed: run `cargo xtask test`, which installs it";
/// How long a start, or an election, may take.
const START: Duration = Duration::from_secs(30);
/// LIMIT: folders that are looked through for the server.
const FOLDERS: usize = 20_000;
/// Runs a server beside a pipe, over which it is told what to do; a closed pipe (the test's process is gone) ends it.
const BESIDE: &str = r#"
"$@" 2>&1 </dev/null &
server=$!
how=
while read -r how; do
  case $how in
    freeze) kill -STOP $server; how= ;;
    thaw) kill -CONT $server; how= ;;
    *) break ;;
  esac
done
case $how in stop) kill -TERM $server ;; *) kill -KILL $server ;; esac
wait $server
echo "the shell says: ended"
"#;

#[derive(Debug)]
struct Running {
    shell: Child,
    lines: Receiver<String>,
}

#[derive(Debug)]
struct Node {
    port: u16,
    config: PathBuf,
    running: Mutex<Option<Running>>,
}

/// NATS servers with JetStream. Dropped, they are gone.
#[derive(Debug)]
pub struct Nats {
    program: PathBuf,
    nodes: Vec<Node>,
    // Last, so that the servers are gone before their folder is.
    _folder: TempDir,
}

impl Nats {
    /// Starts one server.
    ///
    /// # Errors
    /// If there is none on this machine, or it does not start.
    pub fn start() -> io::Result<Self> {
        Self::with(1, "")
    }

    /// Starts three servers that are a cluster, and waits until they have a leader.
    ///
    /// # Errors
    /// If there is none on this machine, or they do not start.
    pub fn cluster() -> io::Result<Self> {
        Self::with(3, "")
    }

    /// Starts so many servers with more lines in their configuration.
    ///
    /// # Errors
    /// If there is none on this machine, or they do not start.
    pub fn with(count: usize, more: &str) -> io::Result<Self> {
        crate::named::after_a_server()?;
        let program = program()?;
        let folder = TempDir::new()?;
        let ports = free_ports(count * 2)?;
        let (clients, routes) = ports.split_at(count);
        let mut nodes = Vec::new();
        for (at, (port, route)) in clients.iter().zip(routes).enumerate() {
            let config = folder.path().join(format!("n{at}.conf"));
            let store = folder.path().join(format!("n{at}"));
            fs::write(&config, text(at, *port, (*route, routes), (&store, more)))?;
            nodes.push(Node { port: *port, config, running: Mutex::new(None) });
        }
        let this = Self { program, nodes, _folder: folder };
        for at in 0..count {
            this.start_again(at)?;
        }
        if count > 1 {
            for at in 0..count {
                this.until(at, "metadata leader")?;
            }
        }
        Ok(this)
    }

    /// Addresses, one of each server.
    pub fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(|node| format!("nats://127.0.0.1:{}", node.port)).collect()
    }

    /// Ends a server at once, as a crash does; it keeps what its disk has.
    ///
    /// # Errors
    /// If there is none of this number that runs.
    pub fn kill9(&self, at: usize) -> io::Result<()> {
        self.end(at, "kill")
    }

    /// Ends a server in order.
    ///
    /// # Errors
    /// If there is none of this number that runs.
    pub fn stop(&self, at: usize) -> io::Result<()> {
        self.end(at, "stop")
    }

    /// Makes a server stand still, as a partition does.
    ///
    /// # Errors
    /// If there is none of this number that runs.
    pub fn freeze(&self, at: usize) -> io::Result<()> {
        self.tell(at, "freeze")
    }

    /// Lets a server that stands still go on.
    ///
    /// # Errors
    /// If there is none of this number that runs.
    pub fn thaw(&self, at: usize) -> io::Result<()> {
        self.tell(at, "thaw")
    }

    /// Starts a server that was ended, on what its disk has.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start_again(&self, at: usize) -> io::Result<()> {
        let node = self.node(at)?;
        let mut shell = Command::new("/bin/sh")
            .args(["-c", BESIDE, "nats"])
            .arg(&self.program)
            .arg("-c")
            .arg(&node.config)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (send, lines) = mpsc::channel();
        let out = shell.stdout.take().ok_or_else(|| io::Error::other("no output"))?;
        thread::spawn(move || {
            let read = BufReader::new(out).lines().map_while(Result::ok);
            // Nobody may listen any more; the pipe is read to its end all the same.
            read.for_each(|line| drop(send.send(line)));
        });
        *node.running.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(Running { shell, lines });
        self.until(at, "Server is ready")
    }

    /// Waits until a server says something.
    fn until(&self, at: usize, what: &str) -> io::Result<()> {
        let running = self.node(at)?.running.lock().unwrap_or_else(PoisonError::into_inner);
        let none = || io::Error::other("that server does not run");
        let lines = &running.as_ref().ok_or_else(none)?.lines;
        let mut last = String::new();
        loop {
            match lines.recv_timeout(START) {
                Ok(line) if line.contains(what) => return Ok(()),
                Ok(line) => last = line,
                Err(RecvTimeoutError::Timeout) => {
                    return Err(io::Error::other(format!("nats-server never said {what}: {last}")));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(io::Error::other(format!("nats-server ended: {last}")));
                }
            }
        }
    }

    fn node(&self, at: usize) -> io::Result<&Node> {
        self.nodes.get(at).ok_or_else(|| io::Error::other("there is no server of that number"))
    }

    fn tell(&self, at: usize, word: &str) -> io::Result<()> {
        let mut running = self.node(at)?.running.lock().unwrap_or_else(PoisonError::into_inner);
        let none = || io::Error::other("that server does not run");
        let pipe = running.as_mut().ok_or_else(none)?.shell.stdin.as_mut();
        writeln!(pipe.ok_or_else(none)?, "{word}")
    }

    fn end(&self, at: usize, word: &str) -> io::Result<()> {
        self.tell(at, word)?;
        let mut running = self.node(at)?.running.lock().unwrap_or_else(PoisonError::into_inner);
        match running.take() {
            Some(mut ended) => ended.shell.wait().map(drop),
            None => Ok(()),
        }
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        for node in &mut self.nodes {
            let running = node.running.get_mut().unwrap_or_else(PoisonError::into_inner);
            if let Some(mut running) = running.take() {
                // With its pipe closed the shell ends the server; nobody can be told if it does not.
                drop(running.shell.stdin.take());
                drop(running.shell.wait());
            }
        }
    }
}

fn text(
    at: usize,
    port: u16,
    (route, routes): (u16, &[u16]),
    (store, more): (&Path, &str),
) -> String {
    let mut text = format!(
        "server_name: n{at}
listen: \"127.0.0.1:{port}\"
max_payload: 8MB
jetstream {{ store_dir: \"{}\", sync_interval: always, max_memory_store: 64MB, max_file_store: 64GB }}
{more}
",
        store.display()
    );
    if routes.len() > 1 {
        let all: Vec<_> = routes.iter().map(|port| format!("nats://127.0.0.1:{port}")).collect();
        let all = all.join(", ");
        let listen = format!("listen: \"127.0.0.1:{route}\"");
        text.extend(["cluster { name: writ, ", &listen, ", routes: [", &all, "] }\n"]);
    }
    text
}

/// Ports that nobody uses, all at once, so that they differ.
fn free_ports(count: usize) -> io::Result<Vec<u16>> {
    let listeners: io::Result<Vec<_>> =
        (0..count).map(|_| TcpListener::bind(("127.0.0.1", 0))).collect();
    listeners?.iter().map(|listener| Ok(listener.local_addr()?.port())).collect()
}

/// The server: of `WRIT_NATS_SERVER`, or of the virtual environment that `cargo xtask test` makes.
fn program() -> io::Result<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "a test's own setting")]
    if let Ok(path) = std::env::var("WRIT_NATS_SERVER") {
        return Ok(PathBuf::from(path));
    }
    let venv = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/real/venv");
    // The last one is looked at first: other packages' folders must not use up the bound.
    let mut folders = vec![venv.clone(), venv.join("bin")];
    for _ in 0..FOLDERS {
        let Some(folder) = folders.pop() else { break };
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else if name == "nats-server" || name == "nats-server.exe" {
                return Ok(path);
            }
        }
    }
    Err(io::Error::new(io::ErrorKind::NotFound, MISSING))
}
