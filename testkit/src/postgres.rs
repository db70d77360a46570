//! [`Postgres`]: a real PostgreSQL server of a test's own, on loopback, with a folder of its own.
//!
//! Never here: a server that outlives its test process (a small shell waits beside it and ends it), or a fixed port.
//! To make it do something new: a method that asks it by [`Postgres::sql`].

#[cfg(test)]
mod tests;
mod tools;

use std::{
    fs,
    io::{self, BufRead, BufReader, Write},
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use self::tools::{Tools, children, done};
use crate::{Certificates, TempDir};

/// How long a start may take, with the recovery after a crash.
const START: Duration = Duration::from_mins(1);
/// Ports that are tried: another process may take one between its choice and the start.
const PORTS: usize = 8;
/// Starts after a crash while the old server's children are still ending.
const AGAIN: usize = 200;
/// Runs a server beside a pipe: `stop` ends it in order, a closed pipe (the test's process is gone) ends it at once and
/// removes its folder.
const BESIDE: &str = r#"
folder=$1; shift
# Nobody may listen any more to what it says; that must not keep it from tidying up.
trap '' PIPE
"$@" 2>&1 </dev/null &
server=$!
echo "pid $server"
read -r how || how=gone
case $how in stop) kill -INT $server ;; *) kill -QUIT $server; kill -CONT $server ;; esac
wait $server
[ "$how" = stop ] || rm -rf "$folder"
"#;
/// A server that runs.
#[derive(Debug)]
struct Running {
    shell: Child,
    pid: u32,
    lines: Receiver<String>,
}

/// A PostgreSQL server with the database `writ` and the roles `writ_owner` and `writ_app`. Dropped, it is gone.
#[derive(Debug)]
pub struct Postgres {
    running: Mutex<Option<Running>>,
    databases: AtomicU64,
    tools: Tools,
    port: u16,
    settings: Vec<String>,
    folder: TempDir,
}

/// A database of a test's own in a server.
#[derive(Debug, Clone)]
pub struct Database {
    port: u16,
    name: String,
}

impl Database {
    /// Where the processes' role finds it.
    pub fn url(&self) -> String {
        self.url_of("writ_app")
    }

    /// Where the owner of the tables finds it.
    pub fn owner_url(&self) -> String {
        self.url_of("writ_owner")
    }

    /// Where another role finds it.
    pub fn url_of(&self, role: &str) -> String {
        format!("postgresql://{role}@127.0.0.1:{}/{}", self.port, self.name)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Postgres {
    /// Starts a server.
    ///
    /// # Errors
    /// If there is none on this machine, or it does not start.
    pub fn start() -> io::Result<Self> {
        Self::start_with(&[])
    }

    /// Starts a server with these settings (`name=value`).
    ///
    /// # Errors
    /// If there is none on this machine, or it does not start.
    pub fn start_with(settings: &[&str]) -> io::Result<Self> {
        crate::named::after_a_server()?;
        let tools = Tools::find()?;
        let template = tools.template()?;
        let folder = tools.folder()?;
        let data = folder.path().join("data");
        done("cp", Command::new("cp").arg("-a").args([&template, &data]).output()?)?;
        Self::over(tools, folder, settings.iter().map(|text| (*text).to_owned()).collect())
    }

    /// The server that all tests of this process share; each takes a [`Postgres::database`] of its own.
    ///
    /// # Panics
    /// If there is none on this machine, or it does not start.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(|| match Self::start() {
            Ok(server) => server,
            #[expect(clippy::panic, reason = "a test without its server has failed")]
            Err(fault) => panic!("{fault}"),
        })
    }

    /// An empty database of a test's own, owned by `writ_owner`.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn database(&self) -> io::Result<Database> {
        let name = match self.databases.fetch_add(1, Ordering::SeqCst) {
            // The first one is there from the start.
            0 => "writ".to_owned(),
            nth => {
                let name = format!("writ_{nth}");
                self.sql("postgres", &format!("CREATE DATABASE {name} OWNER writ_owner"))?;
                name
            }
        };
        Ok(Database { port: self.port, name })
    }

    /// Where the processes' role finds the database `writ`.
    pub fn url(&self) -> String {
        self.writ().url()
    }

    /// Where the owner of the tables finds the database `writ`.
    pub fn owner_url(&self) -> String {
        self.writ().owner_url()
    }

    fn writ(&self) -> Database {
        Database { port: self.port, name: "writ".to_owned() }
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process id of its first process, if it runs.
    pub fn pid(&self) -> Option<u32> {
        self.running().as_ref().map(|running| running.pid)
    }

    /// Its data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// What a superuser's statements answer, one row a line, columns between `|`.
    ///
    /// # Errors
    /// If one fails; the error says what the server said.
    pub fn sql(&self, database: &str, sql: &str) -> io::Result<String> {
        self.sql_as("postgres", database, sql)
    }

    /// What a role's statements answer.
    ///
    /// # Errors
    /// If one fails; the error says what the server said.
    pub fn sql_as(&self, role: &str, database: &str, sql: &str) -> io::Result<String> {
        let port = self.port.to_string();
        let mut psql = Command::new(self.tools.bin.join("psql"));
        psql.args([
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            "127.0.0.1",
            "-p",
            &port,
        ])
        .args(["-U", role, "-d", database, "-c", sql]);
        let output = done("psql", psql.output()?)?;
        Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
    }

    /// Stops it in order.
    ///
    /// # Errors
    /// If it does not end.
    pub fn stop(&self) -> io::Result<()> {
        let Some(mut running) = self.running().take() else { return Ok(()) };
        if let Some(mut pipe) = running.shell.stdin.take() {
            pipe.write_all(b"stop\n")?;
        }
        running.shell.wait().map(drop)
    }

    /// Kills it as a machine that loses power would: nothing is flushed or said.
    ///
    /// # Errors
    /// If it cannot be killed.
    pub fn kill9(&self) -> io::Result<()> {
        if let Some(pid) = self.pid() {
            let all = [vec![pid], children(pid)?].concat();
            let mut kill = Command::new("kill");
            kill.arg("-KILL").args(all.iter().map(u32::to_string));
            // One that has just ended by itself is no fault.
            drop(kill.output()?);
        }
        self.stop()
    }

    /// Makes it and all its processes stand still, as a partition does.
    ///
    /// # Errors
    /// If it does not run.
    pub fn freeze(&self) -> io::Result<()> {
        self.signal("-STOP")
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// If it does not run.
    pub fn thaw(&self) -> io::Result<()> {
        self.signal("-CONT")
    }

    fn signal(&self, signal: &str) -> io::Result<()> {
        let pid = self.pid().ok_or_else(|| io::Error::other("it does not run"))?;
        let send = |to: Vec<u32>| {
            let mut kill = Command::new("kill");
            // A child that has just ended by itself is no fault.
            drop(kill.arg(signal).args(to.iter().map(u32::to_string)).output());
        };
        // The first one first: standing still it makes no more of them.
        send(vec![pid]);
        send(children(pid)?);
        Ok(())
    }

    /// Starts it again over what is on its disk.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start_again(&self) -> io::Result<()> {
        let mut running = self.running();
        if running.is_some() {
            return Ok(());
        }
        let mut last = io::Error::other("it was not tried");
        for _ in 0..AGAIN {
            match self.run() {
                Ok(started) => {
                    *running = Some(started);
                    return Ok(());
                }
                // The children of a killed server notice within milliseconds; the next try takes as long.
                Err(fault) if fault.to_string().contains("still in use") => last = fault,
                Err(fault) => return Err(fault),
            }
        }
        Err(last)
    }

    /// A standby of this server, which from now on acknowledges only what the standby has flushed too.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn standby(&self) -> io::Result<Self> {
        let folder = self.tools.folder()?;
        let port = self.port.to_string();
        let copied = self
            .tools
            .command("pg_basebackup")
            .args(["-h", "127.0.0.1", "-p", &port, "-U", "postgres", "-R", "-X", "stream"])
            .args(["-c", "fast", "--no-sync", "-D"])
            .arg(folder.path().join("data"))
            .output()?;
        done("pg_basebackup", copied)?;
        let standby = Self::over(self.tools.clone(), folder, self.settings.clone())?;
        self.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'")?;
        self.sql("postgres", "SELECT pg_reload_conf()")?;
        self.sql("postgres", WAIT_FOR_STANDBY)?;
        Ok(standby)
    }

    /// Makes a standby the server that takes writes, alone.
    ///
    /// # Errors
    /// If it does not.
    pub fn promote(&self) -> io::Result<()> {
        let said = self.sql("postgres", "SELECT pg_promote(true, 60)")?;
        if said == "t" { Ok(()) } else { Err(io::Error::other("the standby was not promoted")) }
    }

    /// From now on a role needs TLS, with these certificates, and its password; whoever is connected stays.
    ///
    /// # Errors
    /// If a file cannot be written, or the server does not take it up.
    pub fn demand_tls(&self, certificates: &Certificates, role: &str) -> io::Result<()> {
        let data = self.data();
        let rules = format!(
            "hostssl all {role} 127.0.0.1/32 scram-sha-256\nhost all {role} all reject\nhost all all 127.0.0.1/32 trust\n"
        );
        fs::write(data.join("pg_hba.conf"), rules)?;
        let key = &certificates.key;
        self.tools.own(key)?;
        done("chmod", Command::new("chmod").arg("600").arg(key).output()?)?;
        for (setting, value) in [
            ("ssl_cert_file", certificates.certificate.display().to_string()),
            ("ssl_key_file", key.display().to_string()),
            ("ssl", "on".to_owned()),
        ] {
            self.sql("postgres", &format!("ALTER SYSTEM SET {setting} = '{value}'"))?;
        }
        self.sql("postgres", "SELECT pg_reload_conf()").map(drop)
    }

    /// Starts a server over a folder that holds its data, on a free port.
    fn over(tools: Tools, folder: TempDir, settings: Vec<String>) -> io::Result<Self> {
        let (running, databases) = (Mutex::new(None), AtomicU64::new(0));
        let mut server = Self { running, databases, tools, port: 0, settings, folder };
        let mut last = io::Error::other("no port was tried");
        for _ in 0..PORTS {
            server.port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
            match server.start_again() {
                Ok(()) => return Ok(server),
                Err(fault) if fault.to_string().contains("could not bind") => last = fault,
                Err(fault) => return Err(fault),
            }
        }
        Err(last)
    }

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) -> io::Result<Running> {
        let mut command = Command::new("sh");
        command.args(["-c", BESIDE, "sh"]).arg(self.folder.path());
        self.tools.as_server(&mut command, "postgres");
        command.arg("-D").arg(self.data()).args(["-p", &self.port.to_string()]);
        for setting in [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=300",
            "shared_buffers=64MB",
            "logging_collector=off",
            "log_destination=stderr",
            "log_line_prefix=",
        ] {
            command.args(["-c", setting]);
        }
        for setting in &self.settings {
            command.args(["-c", setting]);
        }
        command.env("LC_ALL", "C").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut shell = command.stderr(Stdio::null()).spawn()?;
        let (said, lines) = mpsc::channel();
        if let Some(out) = shell.stdout.take() {
            // Read to the end, so that the server never waits for a full pipe.
            thread::spawn(move || {
                for line in BufReader::new(out).lines().map_while(Result::ok) {
                    // After the start nobody listens.
                    drop(said.send(line));
                }
            });
        }
        ready(shell, lines)
    }
}

/// Waits until a server says that it is ready.
fn ready(mut shell: Child, lines: Receiver<String>) -> io::Result<Running> {
    let (mut pid, mut said) = (0, String::new());
    loop {
        let line = match lines.recv_timeout(START) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => "FATAL: it is not ready in time".to_owned(),
            Err(RecvTimeoutError::Disconnected) => "FATAL: it ended".to_owned(),
        };
        if let Some(found) = line.strip_prefix("pid ") {
            pid = found.trim().parse().map_err(io::Error::other)?;
        }
        if line.contains("ready to accept") {
            return Ok(Running { shell, pid, lines });
        }
        let early = line.contains("the database system is");
        said += &line;
        said.push('\n');
        if line.contains("FATAL") && !early {
            if let Some(mut pipe) = shell.stdin.take() {
                pipe.write_all(b"stop\n")?;
            }
            shell.wait()?;
            return Err(io::Error::other(format!("PostgreSQL did not start:\n{said}")));
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(mut running) = self.running().take() {
            // A closed pipe ends it at once and removes its folder.
            drop(running.shell.stdin.take());
            drop(running.shell.wait());
            drop(running.lines);
        }
    }
}

/// Waits inside the server until its standby is one that commits wait for.
const WAIT_FOR_STANDBY: &str = "DO $$
BEGIN
  FOR n IN 1..600 LOOP
    PERFORM pg_stat_clear_snapshot();
    IF EXISTS (SELECT FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')) THEN
      RETURN;
    END IF;
    PERFORM pg_sleep(0.05);
  END LOOP;
  RAISE EXCEPTION 'no standby';
END $$";
