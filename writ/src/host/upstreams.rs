//! Protected servers of the operator's file, as gateway and desk want them: settings with their secrets out of their files,
//! and the client that asks authorization servers.
//!
//! Never here: a rule of the flow. SECURITY: secrets are read once, kept wrapped, and printed nowhere.

use std::{path::Path, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use writ_desk::{Desk, UpstreamServer};
use writ_flow::{Chosen, Template};
use writ_gateway::Target;
use writ_identity::AgentKey;
use writ_model::Secret;
use writ_reach::{
    Bounds, Dial, Https, Place as Address,
    oauth::{Grant, Proof, Protected, Provider, Registered, Settings},
};

use super::{
    System,
    oidc::{MAX_ROOTS, read, secret},
};
use crate::{
    config::{
        Config, Place, Server,
        upstream::{Auth, Client, Grant as Wanted},
    },
    fault::Fault,
};

/// LIMIT: bytes of a key in PEM.
const MAX_KEY: usize = 8 << 10;
const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

/// What the parts of a process need to know about protected servers.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    /// The data folder, from which files are named.
    pub folder: &'a Path,
    /// Clock and entropy.
    pub system: &'a System,
    /// The console's origin: our metadata document stands there.
    pub origin: &'a str,
}

/// Hands the protected servers to the desk, and which template was chosen for which server.
///
/// # Errors
/// If a file of one cannot be read or used.
pub fn start(desk: &Desk, config: &Config, around: Around<'_>) -> Result<(), Fault> {
    let mut servers = Vec::new();
    for server in &config.servers {
        if let Some(protected) = protected(server, around)? {
            let (name, client) = (server.name.clone(), server.client.clone());
            servers.push(UpstreamServer { name, client, protected });
        }
    }
    desk.set_upstreams(servers);
    desk.set_templates(templates(&config.servers));
    Ok(())
}

/// The templates that the operator's file names, by server.
pub fn templates(entries: &[Server]) -> Chosen {
    let mut chosen = Chosen::default();
    for entry in entries {
        if let Some(template) = entry.template.as_deref().and_then(Template::of) {
            chosen.choose(&entry.name, entry.client.as_deref(), template);
        }
    }
    chosen
}

/// The address of a server with what it takes to be let in there.
///
/// # Errors
/// If a file of it cannot be read or used.
pub fn dressed(target: Target, server: &Server, around: Around<'_>) -> Result<Target, Fault> {
    let dial = match &server.ca_file {
        Some(file) => {
            let roots = read(&around.folder.join(file), MAX_ROOTS)?;
            let clock = Arc::clone(&around.system.clock);
            Some(Dial::new(clock, Some(roots.as_slice())).map_err(|fault| reach(&fault))?)
        }
        None => None,
    };
    Ok(Target { dial, protected: protected(server, around)?, ..target })
}

fn reach(fault: &writ_reach::Fault) -> Fault {
    Fault::usage(fault.to_string()).code(fault.code().to_string())
}

fn protected(server: &Server, around: Around<'_>) -> Result<Option<Arc<Protected>>, Fault> {
    let (Some(auth), Place::Url(url)) = (&server.auth, &server.place) else { return Ok(None) };
    let at = Address::parse(url).map_err(|fault| {
        Fault::usage(format!("server `{}`: {fault}", server.name))
            .cure("a server with [server.auth] has an https address, or http on this machine")
    })?;
    let roots = match &server.ca_file {
        Some(file) => Some(read(&around.folder.join(file), MAX_ROOTS)?),
        None => None,
    };
    let roots = roots.as_ref().map(|roots| roots.as_slice());
    let clock = Arc::clone(&around.system.clock);
    let client = Https::new(clock, roots, Bounds::default()).map_err(|fault| reach(&fault))?;
    let client = if auth.allow_private { client } else { client.public_only() };
    let word = auth.word_file.as_ref().map(|file| around.folder.join(file));
    Ok(Some(Arc::new(Protected {
        settings: settings(auth, at, around)?,
        holders: auth.holders,
        outside: Arc::new(client),
        word,
    })))
}

fn settings(auth: &Auth, at: Address, around: Around<'_>) -> Result<Settings, Fault> {
    let client = match &auth.client {
        Some(client) => Some(registered(client, around.folder)?),
        None => None,
    };
    let grant = match &auth.grant {
        Wanted::Code => Grant::Code,
        Wanted::ClientCredentials => Grant::Ourselves,
        Wanted::Workload => Grant::Workload,
        Wanted::Enterprise { token, client } => Grant::Enterprise(Box::new(Provider {
            token: token.as_ref().clone(),
            client: registered(client, around.folder)?,
        })),
    };
    // Only an address that everybody reaches can be our id.
    let own = around.origin.starts_with("https://");
    let own = own.then(|| format!("{}/upstream/client.json", around.origin));
    Ok(Settings {
        at,
        grant,
        issuer: auth.issuer.clone(),
        client,
        document: auth.document.clone().or(own),
        scopes: auth.scopes.clone(),
        dpop: auth.dpop,
        assume_pkce: auth.assume_pkce,
    })
}

fn registered(client: &Client, folder: &Path) -> Result<Registered, Fault> {
    let proof = match (&client.secret_file, &client.key_file) {
        (Some(file), _) => Proof::Secret(secret(&folder.join(file), "client secret")?),
        (None, Some(file)) => Proof::Key(Arc::new(key(&folder.join(file))?)),
        (None, None) => Proof::Nothing,
    };
    Ok(Registered { id: client.id.clone(), proof })
}

/// A PKCS#8 key in PEM (RFC 7468 section 10): Ed25519 or P-256.
fn key(path: &Path) -> Result<AgentKey, Fault> {
    let bad = || {
        Fault::usage(format!("`{}` holds no key that can sign", path.display()))
            .cure("write a PKCS#8 key of Ed25519 or P-256 into it, in PEM")
    };
    let bytes = read(path, MAX_KEY)?;
    let text = std::str::from_utf8(&bytes).map_err(|_bytes| bad())?;
    let inner = text.split_once(BEGIN).and_then(|(_, rest)| rest.split_once(END));
    let body = Secret::new(
        inner.ok_or_else(bad)?.0.chars().filter(|one| !one.is_whitespace()).collect::<String>(),
    );
    let document = Secret::new(STANDARD.decode(body.expose()).map_err(|_text| bad())?);
    AgentKey::from_pkcs8(&document).map_err(|_fault| bad())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_out_of_pem_and_nothing_else() {
        let dir = writ_testkit::TempDir::new().unwrap();
        let path = dir.path().join("key.pem");
        let made = AgentKey::generate_p256().unwrap();
        let body = STANDARD.encode(made.to_pkcs8().unwrap().expose());
        std::fs::write(&path, format!("{BEGIN}\n{body}\n{END}\n")).unwrap();
        assert_eq!(key(&path).unwrap().thumbprint(), made.thumbprint());
        for bad in ["", &body, &format!("{BEGIN}\nAQID\n{END}"), &format!("{BEGIN}\n{body}")] {
            std::fs::write(&path, bad).unwrap();
            assert!(key(&path).unwrap_err().document().to_string().contains("holds no key"));
        }
    }
}
