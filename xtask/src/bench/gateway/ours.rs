//! Writ under measurement: the real `writ up` of a release build, on a data folder with as many agents as asked.
//!
//! The provider and its clients are made by the real commands. Agents and grants are appended to the clients' ledgers as
//! the lines that the same facts would have; ten thousand enrollments by hand would measure nothing. Tokens come from the
//! real token endpoint. Never here: a switch that makes the server do less.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use serde_json::Value;
use writ_identity::{AgentKey, assertion};
use writ_lake::Activity;
use writ_model::{InstanceId, TenantId};
use writ_store::{DataFolder, Hold, Ledger as _, SqliteLedger};

use super::{
    super::{
        child::{Server, free_port},
        load::{Answer, Line},
        population::{Maker, Size},
    },
    agents::{Agent, Proofs, With, now},
    rival::Trust,
};
use crate::{
    root::target,
    shell::{captured, command, make_folder},
};

/// Clients among which the agents are spread.
const TENANTS: usize = 20;
/// Grants of each agent: mail with a condition on the recipient's domain, and others that do not cover the call.
const GRANTS: usize = 5;
/// Connections that fetch tokens.
const FETCHERS: usize = 8;
/// LIMIT: tries for one token: the first is answered with a nonce.
const TRIES: usize = 3;

/// The server's path for the one upstream.
pub(crate) const PATH: &str = "/mcp/mail";

/// An agent without a token.
#[derive(Debug)]
pub(crate) struct Enrolled {
    /// Its key.
    pub(crate) key: AgentKey,
    /// Its running copy.
    pub(crate) instance: InstanceId,
}

/// A running Writ with its agents.
#[derive(Debug)]
pub(crate) struct Writ {
    /// Its process.
    pub(crate) server: Server,
    /// Where the gateway listens.
    pub(crate) gateway: SocketAddr,
    /// The agents, with tokens for [`PATH`].
    pub(crate) agents: Vec<Agent>,
    /// What another verifier of the same tokens has to know.
    pub(crate) trust: Trust,
    data: PathBuf,
    tenants: Vec<TenantId>,
}

impl Writ {
    /// Prepares the folder, starts the server, fetches the tokens.
    ///
    /// # Errors
    /// If any of it fails.
    pub(crate) fn start(folder: &Path, upstream: SocketAddr, agents: usize) -> Result<Self> {
        let data = folder.join("data");
        if data.exists() {
            fs::remove_dir_all(&data).context("cannot empty the bench's data folder")?;
        }
        make_folder(&data)?;
        let (desk, gateway) = (local(free_port()?), local(free_port()?));
        // Eight connections that never rest bring some clients near their guarantee; what it costs to refuse is not measured here.
        let configuration = format!(
            "[desk]\nlisten = \"{desk}\"\n\n[limits]\ncalls_per_second = 2000\n\n[gateway]\nlisten = \"{gateway}\"\n\n[[server]]\nname = \"mail\"\nurl = \"http://{upstream}/mcp\"\n"
        );
        fs::write(data.join("writ.toml"), configuration).context("cannot write writ.toml")?;
        let up = || {
            let mut server = Server::start(writ(&data, &["up"]), &folder.join("writ.log"))?;
            server.until(&mut || data.join("server.json").exists())?;
            Ok::<Server, anyhow::Error>(server)
        };
        let server = up()?;
        let tenants = found(&data)?;
        server.stop()?;
        let enrolled = populate(&data, &tenants, agents)?;
        let server = up()?;
        let resource = format!("http://{gateway}{PATH}");
        let agents = tokens(desk, &resource, enrolled)?;
        let jwks = Line::open(desk)?.ask(get(desk, "/oauth/jwks").as_bytes())?;
        let jwks: Value = serde_json::from_slice(&jwks.body).context("no key set")?;
        let trust =
            Trust { issuer: format!("http://{desk}"), audience: resource, jwks: jwks.to_string() };
        Ok(Self { server, gateway, agents, trust, data, tenants })
    }

    /// The nonce of the gateway's boot, by asking once without one.
    ///
    /// # Errors
    /// If the gateway gives none.
    pub(crate) fn nonce(&self, proofs: &mut Proofs) -> Result<String> {
        let agent = self.agents.first().context("no agents")?;
        let url = format!("http://{}{PATH}", self.gateway);
        let proof =
            proofs.make(&agent.key, &url, With { nonce: None, token: Some(&agent.token) })?;
        let body = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
        let request = format!(
            "POST {PATH} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2025-11-25\r\nAuthorization: DPoP {}\r\nDPoP: {proof}\r\nContent-Length: {}\r\n\r\n{body}",
            self.gateway,
            agent.token,
            body.len()
        );
        let answer = Line::open(self.gateway)?.ask(request.as_bytes())?;
        let nonce = answer.header("dpop-nonce").map(str::to_owned);
        nonce.with_context(|| format!("no nonce: {} {}", answer.status, text(&answer)))
    }

    /// Stops the server and counts the records it left, whatever became of the calls.
    ///
    /// # Errors
    /// If the records cannot be read.
    pub(crate) fn records(self) -> Result<u64> {
        self.server.stop()?;
        let lake = Activity::open(&self.data.join("lake.db"))?;
        let count = async {
            let mut count = 0;
            for tenant in &self.tenants {
                count += lake.effects(*tenant).await?.iter().map(|(_, n)| n).sum::<u64>();
            }
            lake.close().await;
            Ok::<u64, anyhow::Error>(count)
        };
        tokio::runtime::Runtime::new().context("no runtime")?.block_on(count)
    }
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

fn writ(data: &Path, words: &[&str]) -> Command {
    let mut writ = command(target().join("release/writ"), words);
    writ.arg("--data").arg(data).arg("--json");
    writ
}

/// The provider and its clients, by the commands that people use.
fn found(data: &Path) -> Result<Vec<TenantId>> {
    let founded = ["provider", "found", "--name", "Northgate IT", "--person", "Mara Lind"];
    captured(writ(data, &founded))?;
    let mut tenants = Vec::new();
    for nth in 1..=TENANTS {
        let (name, slug) = (format!("Client {nth}"), format!("client-{nth}"));
        let added = captured(writ(data, &["client", "add", "--name", &name, "--slug", &slug]))?;
        let added: Value = serde_json::from_str(&added).context("client add printed no JSON")?;
        let tenant = added.get("tenant").and_then(Value::as_str).context("no tenant")?;
        tenants.push(tenant.parse()?);
    }
    Ok(tenants)
}

/// Agents with keys, instances and grants, appended to the clients' ledgers.
fn populate(data: &Path, tenants: &[TenantId], agents: usize) -> Result<Vec<Enrolled>> {
    let runtime = tokio::runtime::Runtime::new().context("no runtime")?;
    let folder = DataFolder::open(data, Hold::Exclusive)?;
    let ledger = SqliteLedger::open(folder.path())?;
    let mut maker = Maker::new(3, now()?);
    let mut crews = Vec::with_capacity(tenants.len());
    for tenant in tenants {
        let size = Size { agents: agents.div_ceil(tenants.len()), grants: GRANTS };
        let mut crew = Vec::with_capacity(size.agents);
        let lines = maker.crew(*tenant, size, &mut |member| {
            let key = AgentKey::generate()?;
            let jwk = key.jwk();
            crew.push(Enrolled { key, instance: member.instance });
            Ok(jwk)
        })?;
        let mut size = runtime.block_on(ledger.head(*tenant))?.size;
        for lines in lines.chunks(2000) {
            let lines = lines.iter().map(|line| Bytes::from(line.clone())).collect();
            size = runtime.block_on(ledger.append(*tenant, size, lines))?.size;
        }
        crews.push(crew.into_iter());
    }
    // One of each client in turn: clients that call one after the other, each as fast as all together, would be held back.
    let mut enrolled = Vec::with_capacity(agents);
    while enrolled.len() < agents {
        let before = enrolled.len();
        enrolled.extend(crews.iter_mut().filter_map(Iterator::next));
        anyhow::ensure!(enrolled.len() > before, "fewer agents than were asked for");
    }
    Ok(enrolled)
}

/// A token for each, from the token endpoint, in their order.
///
/// # Errors
/// If it gives none.
pub(crate) fn tokens(
    desk: SocketAddr,
    resource: &str,
    enrolled: Vec<Enrolled>,
) -> Result<Vec<Agent>> {
    let per = enrolled.len().div_ceil(FETCHERS).max(1);
    let mut rest = enrolled;
    let mut shares = Vec::new();
    while !rest.is_empty() {
        let tail = rest.split_off(per.min(rest.len()));
        shares.push(std::mem::replace(&mut rest, tail));
    }
    thread::scope(|scope| {
        let fetch = |share| scope.spawn(move || share_of_tokens(desk, resource, share));
        let threads: Vec<_> = shares.into_iter().map(fetch).collect();
        let mut agents = Vec::new();
        for thread in threads {
            let Ok(share) = thread.join() else { anyhow::bail!("a fetcher of tokens fell over") };
            agents.extend(share?);
        }
        Ok(agents)
    })
}

fn share_of_tokens(desk: SocketAddr, resource: &str, share: Vec<Enrolled>) -> Result<Vec<Agent>> {
    let mut till = Till { line: Line::open(desk)?, desk, proofs: Proofs::new(), nonce: None };
    let mut agents = Vec::with_capacity(share.len());
    for enrolled in share {
        let token = till.token((&enrolled.key, enrolled.instance), resource)?;
        agents.push(Agent { key: enrolled.key, token });
    }
    Ok(agents)
}

/// Gives an agent a new token before its own is over.
///
/// # Errors
/// If the token endpoint gives none; the agent keeps its own.
pub(crate) fn renew(
    desk: SocketAddr,
    resource: &str,
    (agent, instance): (&mut Agent, InstanceId),
) -> Result<()> {
    let mut till = Till { line: Line::open(desk)?, desk, proofs: Proofs::new(), nonce: None };
    agent.token = till.token((&agent.key, instance), resource)?;
    Ok(())
}

/// One connection to the token endpoint, and the nonce it gave last.
struct Till {
    line: Line,
    desk: SocketAddr,
    proofs: Proofs,
    nonce: Option<String>,
}

impl Till {
    fn token(&mut self, who: (&AgentKey, InstanceId), resource: &str) -> Result<String> {
        for _ in 0..TRIES {
            let request = self.request(who, resource)?;
            let answer = self.line.ask(request.as_bytes())?;
            if let Some(nonce) = answer.header("dpop-nonce") {
                self.nonce = Some(nonce.to_owned());
            }
            let told: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            if let Some(given) = told.get("access_token").and_then(Value::as_str) {
                return Ok(given.to_owned());
            }
            let asks = told.get("error").and_then(Value::as_str) == Some("use_dpop_nonce");
            anyhow::ensure!(asks, "no token: {} {}", answer.status, text(&answer));
        }
        anyhow::bail!("the token endpoint asks for one nonce after another")
    }

    fn request(
        &mut self,
        (key, instance): (&AgentKey, InstanceId),
        resource: &str,
    ) -> Result<String> {
        let issuer = format!("http://{}", self.desk);
        let with = With { nonce: self.nonce.as_deref(), token: None };
        let proof = self.proofs.make(key, &format!("{issuer}/oauth/token"), with)?;
        let id = self.proofs.id();
        let assertion = assertion::create(key, instance, &issuer, now()?, &id)?;
        let resource = resource.replace(':', "%3A").replace('/', "%2F");
        let kind = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
        let form = format!(
            "grant_type=client_credentials&client_assertion_type={kind}&client_assertion={assertion}&resource={resource}"
        );
        Ok(format!(
            "POST /oauth/token HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-www-form-urlencoded\r\nDPoP: {proof}\r\nContent-Length: {}\r\n\r\n{form}",
            self.desk,
            form.len()
        ))
    }
}

fn get(address: SocketAddr, path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nAccept: application/json\r\n\r\n")
}

fn text(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.body).chars().take(300).collect()
}
