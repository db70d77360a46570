//! `cargo xtask bench idle`: many streams that say nothing. What they cost in memory, what the gateways do meanwhile, and how
//! soon the streams of one agent are cut when it is ended.
//!
//! Separate processes on one PostgreSQL and one NATS, as in `bench kill`; the server behind them is a process of its own, because
//! each stream is a file on both sides of a gateway. Other agents' streams must not be cut.
//! Never here: a stream that is not read by anybody on the other side.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _};

use super::{
    child::{Server, pause},
    cpu,
    gateway::{Agent, Proofs},
    population::Size,
    stats::{float, percentile, round},
};
use crate::{
    args::Args,
    budget::now,
    cluster::{
        Build, Member, Shared,
        caller::{Door, Stream},
        upstream::{STREAM, answer},
        world::{Clerk, World},
    },
    root::target,
    shell::{command, say},
};

/// Streams, gateways and clients, if nothing says otherwise. Two gateways, because a process may often have only twenty
/// thousand files open.
const STREAMS: u64 = 10_000;
const GATEWAYS: u64 = 2;
const TENANTS: u64 = 40;
/// Agents of each client.
const AGENTS: usize = 5;
/// How long the gateways are watched while nothing happens.
const REST: Duration = Duration::from_secs(10);
/// Work that was put off (records, statistics) is done before anything is weighed.
const SETTLE: Duration = Duration::from_secs(3);
/// LIMIT: a stream that is not cut after this long was not cut.
const PATIENCE: Duration = Duration::from_secs(10);
/// Threads that open streams.
const LANES: usize = 4;
/// Bars: of the issue, and what Writ promises of an ending.
const MB_MAX: f64 = 500.0;
const CUT_MS_MAX: f64 = 1_000.0;

/// Runs it; false if a bar is missed.
///
/// # Errors
/// If the processes cannot be had, or a stream is refused.
pub(crate) fn run(args: &Args) -> Result<bool> {
    if args.has("--upstream") {
        return upstream();
    }
    let number =
        |name: &str, default| Ok::<u64, anyhow::Error>(args.number(name)?.unwrap_or(default));
    let (streams, gateways) = (number("--streams", STREAMS)?, number("--gateways", GATEWAYS)?);
    let tenants = usize::try_from(number("--tenants", TENANTS)?)?;
    let folder = target().join("bench/idle");
    let (behind, _upstream) = apart()?;
    let build = Build::of(args);
    let shared = Shared::start(&folder, behind, (1, build))?;
    let desk = shared.member("desk", "desk")?;
    let world = shared.populate(tenants, Size { agents: AGENTS, grants: 1 })?;
    desk.server.stop()?;
    let _desk = shared.member("desk", "desk")?;
    let _soc = shared.member("soc", "soc")?;
    let mut members = Vec::new();
    for nth in 0..gateways {
        members.push(shared.member(&format!("gateway-{nth}"), "gateway")?);
    }
    let site =
        Site { shared: &shared, members: &members, world, streams: usize::try_from(streams)? };
    let shown = site.measure()?;
    let held = shown.resident <= MB_MAX && shown.late == 0 && shown.others_cut == 0;
    say(&json!({
        "build": build.folder(),
        "streams": streams, "gateways": gateways, "clients": tenants, "agents": tenants * AGENTS,
        "opened_per_second": round(shown.opened, 0),
        "resident_mb_before": round(shown.before, 1), "resident_mb": round(shown.resident, 1), "resident_mb_max": MB_MAX,
        "kb_per_stream": round((shown.resident - shown.before) * 1024.0 / float(streams), 1),
        "cpu_ms_per_second_at_rest": round(shown.at_rest, 1), "cpu_ms_per_second_before": round(shown.idle_before, 1),
        "streams_ended": shown.cut.len(), "cut_ms_p50": shown.ms(0.5), "cut_ms_max": shown.ms(1.0), "cut_ms_max_bar": CUT_MS_MAX,
        "cut_late": shown.late, "other_streams_cut": shown.others_cut,
        "held": held,
    })
    .to_string())?;
    Ok(held)
}

/// What was measured.
struct Shown {
    opened: f64,
    /// Megabytes of all gateways together, before any stream and with all of them.
    before: f64,
    resident: f64,
    /// Milliseconds of CPU a second of all gateways together: without streams, and with them.
    idle_before: f64,
    at_rest: f64,
    /// From the request that ends the agent to the end of each of its streams, in microseconds.
    cut: Vec<u64>,
    late: usize,
    others_cut: usize,
}

impl Shown {
    fn ms(&self, share: f64) -> f64 {
        round(float(percentile(&mut self.cut.clone(), share)) / 1000.0, 1)
    }
}

/// Everybody.
struct Site<'a> {
    shared: &'a Shared,
    members: &'a [Member],
    world: World,
    streams: usize,
}

/// An open stream and whose it is.
struct Open {
    clerk: usize,
    stream: Stream,
}

impl Site<'_> {
    fn measure(mut self) -> Result<Shown> {
        self.world.person.again()?;
        let clerks = std::mem::take(&mut self.world.clerks);
        let who: Vec<(String, writ_model::AgentId)> =
            clerks.iter().map(|one| (one.slug.clone(), one.agent)).collect();
        let agents = self
            .shared
            .tokens(clerks.into_iter().map(|Clerk { enrolled, .. }| enrolled).collect())?;
        self.warm(&agents)?;
        pause(SETTLE);
        let (before, idle_before) = (self.resident()?, self.rests()?);
        let since = now();
        let open = self.open(&agents)?;
        let opened = float(u64::try_from(open.len())?) / since.elapsed().as_secs_f64();
        pause(SETTLE);
        let at_rest = self.rests()?;
        let resident = self.resident()?;
        let (cut, late, others_cut) = self.end(open, who.first().context("no agents")?)?;
        Ok(Shown { opened, before, resident, idle_before, at_rest, cut, late, others_cut })
    }

    /// One call of each agent at each gateway: what is kept for an agent is no cost of a stream.
    fn warm(&self, agents: &[Agent]) -> Result<()> {
        let mut proofs = Proofs::new();
        for member in self.members {
            let mut door = Door::new(member.address, &self.shared.resource());
            for agent in agents {
                door.call(agent, &mut proofs)?;
            }
        }
        Ok(())
    }

    /// Streams, spread over gateways and agents.
    fn open(&self, agents: &[Agent]) -> Result<Vec<Open>> {
        let url = self.shared.resource();
        thread::scope(|scope| {
            let lane = |lane: usize| {
                let url = url.clone();
                scope.spawn(move || {
                    let mut proofs = Proofs::new();
                    let mut doors: Vec<Door> =
                        self.members.iter().map(|member| Door::new(member.address, &url)).collect();
                    let (mut open, count) = (Vec::new(), doors.len());
                    for door in &mut doors {
                        door.call(agents.first().context("no agents")?, &mut proofs)?;
                    }
                    for nth in (lane..self.streams).step_by(LANES) {
                        let clerk = nth / count % agents.len();
                        let (Some(door), Some(agent)) =
                            (doors.get_mut(nth % count), agents.get(clerk))
                        else {
                            continue;
                        };
                        let stream = door
                            .stream(agent, &mut proofs)
                            .with_context(|| format!("stream {nth}"))?;
                        open.push(Open { clerk, stream });
                    }
                    Ok::<_, anyhow::Error>(open)
                })
            };
            let lanes: Vec<_> = (0..LANES).map(lane).collect();
            let mut open = Vec::with_capacity(self.streams);
            for lane in lanes {
                open.extend(lane.join().map_err(|_panic| anyhow::anyhow!("a lane fell over"))??);
            }
            Ok(open)
        })
    }

    /// Ends the first agent; how long each of its streams lived on, how many of them too long, and how many of others ended.
    fn end(
        &self,
        open: Vec<Open>,
        (slug, agent): &(String, writ_model::AgentId),
    ) -> Result<(Vec<u64>, usize, usize)> {
        let path = format!("/api/v1/clients/{slug}/agents/{agent}/terminate");
        let ready = self.world.person.prepare(&path, &json!({"reason": "measured"}))?;
        let (own, others): (Vec<Open>, Vec<Open>) =
            open.into_iter().partition(|one| one.clerk == 0);
        let readers: Vec<thread::JoinHandle<Option<Instant>>> =
            own.into_iter().map(|one| thread::spawn(move || one.stream.last())).collect();
        let begun = now();
        self.world.person.send(&ready)?;
        let (mut cut, mut late) = (Vec::new(), 0);
        for reader in readers {
            let ended = reader.join().map_err(|_panic| anyhow::anyhow!("a reader fell over"))?;
            let span = ended.map_or(PATIENCE, |ended| ended.saturating_duration_since(begun));
            late += usize::from(span.as_secs_f64() * 1000.0 > CUT_MS_MAX);
            cut.push(u64::try_from(span.as_micros())?);
        }
        anyhow::ensure!(!cut.is_empty(), "the ended agent had no streams");
        let others_cut =
            others.into_iter().filter_map(|mut one| one.stream.ended().then_some(())).count();
        Ok((cut, late, others_cut))
    }

    fn resident(&self) -> Result<f64> {
        let each = self.members.iter().map(|member| cpu::resident(member.server.pid()));
        Ok(float(each.sum::<Result<u64>>()?) / f64::from(1 << 20))
    }

    /// Milliseconds of CPU a second while nobody asks for anything.
    fn rests(&self) -> Result<f64> {
        let spent = || {
            let each = self.members.iter().map(|member| cpu::nanos_by_thread(member.server.pid()));
            let all = each.collect::<Result<Vec<BTreeMap<String, u64>>>>()?;
            Ok::<u64, anyhow::Error>(all.iter().flat_map(BTreeMap::values).sum())
        };
        let before = spent()?;
        pause(REST);
        Ok(float(spent()?.saturating_sub(before)) / 1e6 / REST.as_secs_f64())
    }
}

/// The server behind the gateways, as a process of its own; where it listens.
fn apart() -> Result<(SocketAddr, Server)> {
    let log = target().join("bench/idle-upstream.log");
    let program = std::env::current_exe().context("where is this program")?;
    let mut again = command(program, &["bench", "idle", "--upstream"]);
    again.stdin(Stdio::null());
    let mut server = Server::start(again, &log)?;
    let address = || std::fs::read_to_string(&log).ok()?.lines().next()?.parse().ok();
    server.until(&mut || address().is_some())?;
    Ok((address().context("no address")?, server))
}

/// Answers every call at once; one that asks for a stream with one event and then nothing, until the other side ends it.
fn upstream() -> Result<bool> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("no runtime")?;
    runtime.block_on(async {
        let listener =
            tokio::net::TcpListener::bind("127.0.0.1:0").await.context("no free port")?;
        say(&listener.local_addr()?.to_string())?;
        loop {
            let (stream, _) = listener.accept().await.context("cannot accept")?;
            tokio::spawn(serve(stream));
        }
    })
}

/// One connection until it breaks; nothing of it is told, the gateway sees it.
async fn serve(stream: tokio::net::TcpStream) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    // Small: ten thousand of them.
    let mut stream = tokio::io::BufReader::with_capacity(1 << 10, stream);
    loop {
        let mut length = 0_usize;
        let mut line = String::new();
        loop {
            line.clear();
            stream.read_line(&mut line).await.ok().filter(|read| *read > 0)?;
            let text = line.trim_end();
            if text.is_empty() {
                break;
            }
            if let Some((name, value)) = text.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                // LIMIT: a call of this bench is below a kilobyte.
                length = value.trim().parse().ok().filter(|length| *length <= 1 << 16)?;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.ok()?;
        let message = String::from_utf8_lossy(&body).into_owned();
        drop(body);
        if message.contains(STREAM) {
            let event = "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{\"level\":\"info\",\"data\":\"on\"}}\n\n";
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
            let out = format!("{head}{:x}\r\n{event}\r\n", event.len());
            stream.get_mut().write_all(out.as_bytes()).await.ok()?;
            // Until the other side goes.
            drop(message);
            stream.read_u8().await.ok()?;
        } else {
            let out = answer(&message);
            stream.get_mut().write_all(out.as_bytes()).await.ok()?;
        }
    }
}
