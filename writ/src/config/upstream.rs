//! `[server.auth]` of the operator's file, below the `[[server]]` it is about: how the gateway is let in at a server that
//! takes nobody without a token. `docs/upstreams.md` tells the whole of it.
//!
//! ```toml
//! [[server]]
//! name = "mail"
//! url = "https://mail.example/mcp"
//! [server.auth]
//! grant = "code"                     # a person consents; or client_credentials, workload, enterprise
//! as = "person"                      # one account for each: client, agent (if left out), person
//! issuer = "https://id.mail.example" # the one authorization server that is believed; needed with client_id
//! client_id = "writ"                 # leave out: our metadata document, or a registration
//! client_secret_file = "mail.secret" # or client_key_file, a PKCS#8 key in PEM: private_key_jwt
//! client_document = "https://writ.example/upstream/client.json" # leave out: at the console's own origin
//! scopes = ["mail.read"]             # leave out: those that the server names
//! dpop = "always"                    # leave out: where the authorization server offers it; or never
//! assume_pkce = true                 # it takes PKCE with S256 and does not say so
//! allow_private = true               # server and authorization server may be at addresses that are not public
//! ca_file = "roots.pem"              # certificates trusted beside Mozilla's
//! word_file = "words/{agent}.jwt"    # workload: its token; enterprise: the ID token; {client} {agent} {person} are filled in
//! idp_token_endpoint = "https://idp.example/token" # enterprise: where the ID token is exchanged
//! idp_client_id = "writ"
//! idp_client_secret_file = "idp.secret"
//! ```
//! Never here: a secret itself. To add a key: its reader below, its line above, a row in the tests.

use std::path::PathBuf;

use toml::{Table, Value};
use writ_reach::{
    Place as Address,
    oauth::{Dpop, Holders, MAX_SCOPES},
};

use super::Problems;

/// LIMIT: characters of an id or a path.
const MAX_TEXT: usize = 1_024;

/// How the gateway is let in at a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Auth {
    /// How tokens are come by.
    pub grant: Grant,
    /// For whom one account is.
    pub holders: Holders,
    /// The one authorization server that is believed.
    pub issuer: Option<String>,
    /// Who we are there.
    pub client: Option<Client>,
    /// Where our metadata stand, if not at the console's origin.
    pub document: Option<String>,
    /// Scopes to ask for.
    pub scopes: Option<Vec<String>>,
    /// Whether tokens are bound to a key.
    pub dpop: Dpop,
    /// It takes PKCE with S256 and does not say so.
    pub assume_pkce: bool,
    /// It may be asked at addresses that are not public.
    pub allow_private: bool,
    /// Where somebody's word stands, with marks to be filled in.
    pub word_file: Option<PathBuf>,
}

/// How tokens are come by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    /// A person consents.
    Code,
    /// By our own credentials.
    ClientCredentials,
    /// By a workload's token.
    Workload,
    /// By an identity provider's word.
    Enterprise {
        /// Where the word is exchanged.
        token: Box<Address>,
        /// Who we are there.
        client: Box<Client>,
    },
}

/// A registration that somebody made for us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Our id.
    pub id: String,
    /// The file of our secret.
    pub secret_file: Option<PathBuf>,
    /// The file of our key.
    pub key_file: Option<PathBuf>,
}

impl Problems {
    /// Reads `auth` and `ca_file` out of a server's entry; only one that is asked by its address has them.
    pub(super) fn guarded(
        &mut self,
        place: &str,
        entry: &mut Table,
        reached: bool,
    ) -> (Option<Auth>, Option<PathBuf>) {
        let auth = self.auth(place, entry);
        let ca_file = self.text(place, entry, "ca_file").map(PathBuf::from);
        if !reached && (auth.is_some() || ca_file.is_some()) {
            self.add(place, "only a server with a url has [server.auth] or ca_file");
        }
        (auth, ca_file)
    }

    fn auth(&mut self, place: &str, entry: &mut Table) -> Option<Auth> {
        let place = format!("{place}.auth");
        let Value::Table(mut section) = entry.remove("auth")? else {
            self.add(&place, "write it as [server.auth]");
            return None;
        };
        let before = self.0.len();
        let client = self.client(&place, &mut section, "");
        let idp = self.client(&place, &mut section, "idp_");
        let endpoint = self.address(&place, &mut section, "idp_token_endpoint");
        let issuer = self.address(&place, &mut section, "issuer");
        let grant = self.one_of(&place, &mut section, "grant", &GRANTS);
        let holders = self.one_of(&place, &mut section, "as", &["agent", "client", "person"]);
        let dpop = self.one_of(&place, &mut section, "dpop", &["offered", "always", "never"]);
        let auth = Auth {
            grant: self.grant(&place, grant, (endpoint, idp)),
            holders: match holders {
                "client" => Holders::Client,
                "person" => Holders::Person,
                _ => Holders::Agent,
            },
            issuer: issuer.map(|issuer| issuer.as_str().to_owned()),
            client,
            document: self.document(&place, &mut section),
            scopes: self.scopes(&place, &mut section),
            dpop: match dpop {
                "always" => Dpop::Always,
                "never" => Dpop::Never,
                _ => Dpop::Offered,
            },
            assume_pkce: self.yes_or_no(&place, &mut section, "assume_pkce"),
            allow_private: self.yes_or_no(&place, &mut section, "allow_private"),
            word_file: self.path(&place, &mut section, "word_file"),
        };
        self.unknown(&place, &section);
        self.fits(&place, &auth);
        (self.0.len() == before).then_some(auth)
    }

    fn grant(
        &mut self,
        place: &str,
        word: &str,
        (token, client): (Option<Address>, Option<Client>),
    ) -> Grant {
        match (word, token, client) {
            ("client_credentials", None, None) => Grant::ClientCredentials,
            ("workload", None, None) => Grant::Workload,
            ("enterprise", Some(token), Some(client)) => {
                let (token, client) = (Box::new(token), Box::new(client));
                Grant::Enterprise { token, client }
            }
            ("enterprise", ..) => {
                self.add(place, "an enterprise needs idp_token_endpoint and idp_client_id");
                Grant::Code
            }
            (_, None, None) => Grant::Code,
            _ => {
                self.add(place, "idp_… are for grant = \"enterprise\"");
                Grant::Code
            }
        }
    }

    /// What has to be said together.
    fn fits(&mut self, place: &str, auth: &Auth) {
        if auth.client.is_some() && auth.issuer.is_none() {
            // SECURITY: otherwise the server's own metadata would say whom our credentials are shown to.
            self.add(place, "client_id needs issuer: our credentials are shown to no other");
        }
        let wants_word = matches!(auth.grant, Grant::Workload | Grant::Enterprise { .. });
        if wants_word != auth.word_file.is_some() {
            self.add(
                place,
                "word_file is for grant = \"workload\" and \"enterprise\", which need it",
            );
        }
        if !matches!(auth.grant, Grant::Code) && auth.client.is_none() {
            self.add(place, "without a person's consent we need a client_id");
        }
        let marks = auth.word_file.as_ref().and_then(|path| path.to_str()).unwrap_or_default();
        for (mark, holders) in [("{agent}", Holders::Agent), ("{person}", Holders::Person)] {
            if marks.contains(mark) && auth.holders != holders {
                let words =
                    format!("word_file has {mark}, which needs as = \"{}\"", holders.word());
                self.add(place, &words);
            }
        }
    }

    fn client(&mut self, place: &str, section: &mut Table, prefix: &str) -> Option<Client> {
        let id = self.short_text(place, section, &format!("{prefix}client_id"));
        let secret_file = self.path(place, section, &format!("{prefix}client_secret_file"));
        let key_file = self.path(place, section, &format!("{prefix}client_key_file"));
        match (id, secret_file, key_file) {
            (None, None, None) => None,
            (Some(_), Some(_), Some(_)) => {
                self.add(place, &format!("{prefix}client has a secret or a key, not both"));
                None
            }
            (None, ..) => {
                self.add(place, &format!("{prefix}client_id is missing"));
                None
            }
            (Some(id), secret_file, key_file) => Some(Client { id, secret_file, key_file }),
        }
    }

    fn address(&mut self, place: &str, section: &mut Table, key: &str) -> Option<Address> {
        let text = self.short_text(place, section, key)?;
        match Address::parse(&text) {
            Ok(address) => Some(address),
            Err(why) => {
                self.add(&format!("{place}.{key}"), &format!("{why}: write https://NAME/PATH"));
                None
            }
        }
    }

    fn document(&mut self, place: &str, section: &mut Table) -> Option<String> {
        let address = self.address(place, section, "client_document")?;
        if !address.tls() || address.path() == "/" {
            self.add(&format!("{place}.client_document"), "write https://NAME/PATH");
            return None;
        }
        Some(address.as_str().to_owned())
    }

    fn scopes(&mut self, place: &str, section: &mut Table) -> Option<Vec<String>> {
        let scopes = self.texts(place, section, "scopes")?;
        let plain = |scope: &String| {
            let letter = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
            !scope.is_empty() && scope.len() <= MAX_TEXT && scope.bytes().all(letter)
        };
        if scopes.len() > MAX_SCOPES || !scopes.iter().all(plain) {
            self.add(&format!("{place}.scopes"), "write a short list of words");
        }
        Some(scopes)
    }

    fn path(&mut self, place: &str, section: &mut Table, key: &str) -> Option<PathBuf> {
        self.short_text(place, section, key).map(PathBuf::from)
    }

    fn short_text(&mut self, place: &str, section: &mut Table, key: &str) -> Option<String> {
        let text = self.text(place, section, key)?;
        let fits = !text.is_empty()
            && text.chars().count() <= MAX_TEXT
            && !text.chars().any(char::is_control);
        if !fits {
            self.add(&format!("{place}.{key}"), "write a short text");
        }
        fits.then_some(text)
    }

    fn yes_or_no(&mut self, place: &str, section: &mut Table, key: &str) -> bool {
        match section.remove(key) {
            None => false,
            Some(Value::Boolean(flag)) => flag,
            Some(_) => {
                self.add(&format!("{place}.{key}"), "it is true or false");
                false
            }
        }
    }

    /// One of these words; the first if nothing is said.
    fn one_of<'w>(
        &mut self,
        place: &str,
        section: &mut Table,
        key: &str,
        words: &[&'w str],
    ) -> &'w str {
        let first = words.first().copied().unwrap_or_default();
        let Some(text) = self.text(place, section, key) else { return first };
        let known = words.iter().find(|word| **word == text);
        if known.is_none() {
            self.add(&format!("{place}.{key}"), &format!("write one of {}", words.join(", ")));
        }
        known.copied().unwrap_or(first)
    }
}

const GRANTS: [&str; 4] = ["code", "client_credentials", "workload", "enterprise"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn read(auth: &str) -> Result<Option<Auth>, Vec<String>> {
        let text = format!("[[server]]\nname = \"mail\"\nurl = \"https://m.example/mcp\"\n{auth}");
        Config::parse(&text).map(|config| config.servers[0].auth.clone())
    }

    #[test]
    fn a_full_section_is_read() {
        assert_eq!(read("").unwrap(), None);
        let auth = read(
            r#"[server.auth]
            grant = "enterprise"
            as = "person"
            issuer = "https://id.example"
            client_id = "writ"
            client_key_file = "key.pem"
            client_document = "https://w.example/c.json"
            scopes = ["a", "b:c"]
            dpop = "always"
            assume_pkce = true
            allow_private = true
            word_file = "words/{client}/{person}.jwt"
            idp_token_endpoint = "https://idp.example/token"
            idp_client_id = "at-idp"
            idp_client_secret_file = "idp.secret"
            "#,
        );
        let auth = auth.unwrap().unwrap();
        assert_eq!((auth.holders, auth.dpop), (Holders::Person, Dpop::Always));
        assert!(auth.assume_pkce && auth.allow_private);
        assert_eq!(auth.issuer.as_deref(), Some("https://id.example"));
        assert_eq!(auth.client.unwrap().key_file, Some(PathBuf::from("key.pem")));
        let Grant::Enterprise { token, client } = auth.grant else { panic!("not an enterprise") };
        assert_eq!((token.host(), client.id.as_str()), ("idp.example", "at-idp"));
        let bare = read("[server.auth]").unwrap().unwrap();
        assert_eq!((bare.grant, bare.holders), (Grant::Code, Holders::Agent));
    }

    #[test]
    fn what_does_not_fit_together_is_said() {
        for (auth, wanted) in [
            ("grant = \"implicit\"", "server 1.auth.grant: write one of code"),
            ("client_id = \"a\"", "server 1.auth: client_id needs issuer"),
            ("client_secret_file = \"a\"", "server 1.auth: client_id is missing"),
            ("grant = \"client_credentials\"", "server 1.auth: without a person's consent"),
            ("word_file = \"a\"", "server 1.auth: word_file is for"),
            ("grant = \"workload\"", "server 1.auth: word_file is for"),
            ("grant = \"enterprise\"", "server 1.auth: an enterprise needs"),
            ("idp_client_id = \"a\"", "server 1.auth: idp_… are for"),
            ("issuer = \"http://id.example\"", "server 1.auth.issuer: "),
            ("client_document = \"https://a.example\"", "server 1.auth.client_document: write"),
            ("dpop = true", "server 1.auth.dpop: write a text"),
            ("scopes = [\"a b\"]", "server 1.auth.scopes: write a short list"),
            ("secret = \"x\"", "server 1.auth.secret: unknown key"),
            (
                "grant = \"workload\"\nword_file = \"{person}\"\nclient_id = \"a\"\nissuer = \"https://i.example\"",
                "server 1.auth: word_file has {person}",
            ),
        ] {
            let problems = read(&format!("[server.auth]\n{auth}")).unwrap_err();
            let found = problems.iter().any(|problem| problem.starts_with(wanted));
            assert!(found, "{auth}: {problems:#?}");
        }
        let wrong = Config::parse("[[server]]\nname = \"a\"\nwrapped = true\n[server.auth]\n");
        assert!(wrong.unwrap_err()[0].contains("only a server with a url"));
    }
}
