//! One file: what is wanted of it by its place alone, and what is found in it.
//!
//! Never here: a walk (that is the caller's), or a rule. To add a kind of file: a member of [`Want`], its part of [`look`].

use serde_json::Value;

use super::{
    Component, FileVerdict, Kind, MAX_TEXT, Mode, Place, Reason, Scope, Source,
    clients::{self, Holds, Row},
    code, extensions, frameworks, grants, head, keys, logs,
    models::{self, Examine, Examined},
    packages, servers, settings,
    shape::{self, Form},
    texts,
};

/// LIMIT: bytes of a source file that agents and keys are looked for in; written ones are smaller.
const MAX_SOURCE: u64 = 2 << 20;

/// What is wanted of a file.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is one question that a place answers")]
pub struct Want {
    row: Option<(&'static Row, Scope)>,
    packages: bool,
    source: bool,
    keys: bool,
    script: bool,
    ollama: bool,
    browser: bool,
    log: bool,
    export: bool,
    examine: Examine,
}

/// What was found in a file.
#[derive(Debug, Default)]
pub struct Looked {
    /// Verdicts about files.
    pub files: Vec<FileVerdict>,
    /// Components.
    pub components: Vec<Component>,
    /// What was met and is not told one by one, in words.
    pub notes: Vec<String>,
}

/// Names of files in which people keep keys.
const KEEPERS: [&str; 18] = [
    ".bashrc",
    ".bash_profile",
    ".zshrc",
    ".zshenv",
    ".zprofile",
    ".profile",
    ".netrc",
    ".npmrc",
    ".pypirc",
    "credentials",
    "secrets.toml",
    "local.settings.json",
    "appsettings.json",
    "docker-compose.yml",
    "docker-compose.yaml",
    "compose.yaml",
    "compose.yml",
    "config.fish",
];
/// Endings of texts in which keys are looked for below a folder that was named.
const TEXTS: [&str; 20] = [
    "json",
    "jsonc",
    "yaml",
    "yml",
    "toml",
    "ini",
    "cfg",
    "conf",
    "env",
    "properties",
    "tf",
    "tfvars",
    "sh",
    "ps1",
    "bat",
    "xml",
    "txt",
    "md",
    "ipynb",
    "sql",
];
/// Endings of scripts that a skill can bring.
const SCRIPTS: [&str; 9] = ["py", "js", "mjs", "cjs", "ts", "sh", "ps1", "rb", "pl"];

/// What is wanted of a file; `None` if it need not be opened.
pub fn want(place: &Place) -> Option<Want> {
    let (name, ending) = (place.name().to_lowercase(), place.ending());
    let foreign = place.foreign();
    let host = place.mode == Mode::Host;
    let row = clients::row(place).filter(|(row, _)| {
        !foreign || matches!(row.holds, Holds::Extensions | Holds::Extension | Holds::Config)
    });
    let keeper = KEEPERS.contains(&name.as_str())
        || name == ".env"
        || name.starts_with(".env.")
        || ending == "env";
    let named = |at: &str| place.parts.iter().any(|part| part == at);
    let examine = models::examine(place);
    let want = Want {
        row: row.filter(|(row, _)| row.holds != Holds::Models),
        packages: !foreign && packages::ecosystem(&name).is_some(),
        source: !foreign && !host && frameworks::language(&ending).is_some(),
        keys: !foreign
            && (keeper
                || (!host
                    && (TEXTS.contains(&ending.as_str())
                        || frameworks::language(&ending).is_some()))),
        script: named("skills") && !foreign && SCRIPTS.contains(&ending.as_str()),
        ollama: named("manifests") && (named(".ollama") || named("ollama")),
        browser: extensions::is_browser(place),
        log: (ending == "log" && !host)
            || (place.mode == Mode::Named
                && matches!(ending.as_str(), "log" | "txt" | "csv" | "tsv" | "jsonl" | "ndjson")),
        export: !host && !foreign && matches!(ending.as_str(), "json" | "csv"),
        examine: if foreign && examine == Examine::Quietly { Examine::No } else { examine },
    };
    let any = want.row.is_some()
        || want.packages
        || want.source
        || want.keys
        || want.script
        || want.ollama
        || want.browser
        || want.log
        || want.export
        || want.examine != Examine::No;
    any.then_some(want)
}

impl Want {
    /// Whether the whole text is read.
    fn text(&self) -> bool {
        self.row.is_some()
            || self.packages
            || self.source
            || self.keys
            || self.script
            || self.ollama
            || self.browser
            || self.export
    }

    /// Whether its place is one of the catalogue: what cannot be read there is a finding of its own.
    pub fn expected(&self) -> bool {
        self.row.is_some()
    }
}

/// Looks at a file.
///
/// # Errors
/// The reason in words if it cannot be read.
pub fn look(place: &Place, want: &Want, source: &mut dyn Source) -> Result<Looked, String> {
    let mut out = Looked::default();
    if want.text() {
        text(place, want, source, &mut out)?;
    }
    if want.log && out.components.iter().all(|one| one.kind != Kind::Grant) {
        let (found, lines) = logs::services(place, source)?;
        if !found.is_empty() || place.ending() == "log" {
            out.notes.push(format!("{lines} lines of log"));
        }
        out.components.extend(found);
    }
    let told = out.files.iter().any(|file| file.path == place.path) || !out.components.is_empty();
    let how = match want.examine {
        Examine::IfLike if models::like(&head(source, 512)?) => Examine::Quietly,
        Examine::IfLike => Examine::No,
        // A named log, lock file or configuration is no model that nobody knows.
        Examine::Yes if told && place.mode == Mode::Named => Examine::Quietly,
        how => how,
    };
    if how != Examine::No {
        match models::look(place, how, source) {
            Examined::Told(told) => {
                let (verdict, component) = *told;
                out.files.push(verdict);
                out.components.extend(component);
            }
            Examined::Counted(words) => out.notes.push(format!("1 {words}")),
            Examined::Nothing => {}
        }
    }
    if place.mode == Mode::Named && out.files.iter().all(|file| file.path != place.path) {
        out.files.push(named(place, want, source, &out.components)?);
    }
    Ok(out)
}

/// The verdict of a file that was named and is nothing that has one by itself.
fn named(
    place: &Place,
    want: &Want,
    source: &mut dyn Source,
    found: &[Component],
) -> Result<FileVerdict, String> {
    let kind = match (want.source, want.packages, found.first().map(|one| one.kind)) {
        (true, ..) => "source",
        (_, true, _) => "lock file",
        (.., Some(Kind::Grant)) => "export",
        (.., Some(Kind::Service)) => "log",
        _ if want.log => "log",
        _ => "text",
    };
    let mut reasons: Vec<Reason> = found.iter().flat_map(|one| one.reasons.clone()).collect();
    if want.source
        && let Ok(said) = shape::text(&head(source, MAX_SOURCE)?)
    {
        reasons.extend(code::signs(&said));
    }
    let mut verdict = FileVerdict::of(&place.path, kind, reasons);
    if want.source && source.len() > MAX_SOURCE {
        verdict.status = super::Status::Partial;
        verdict.finding = verdict.finding.max(super::Verdict::Unknown);
        verdict.not_looked_at.push(format!("what follows its first {MAX_SOURCE} bytes"));
    }
    Ok(verdict)
}

fn text(
    place: &Place,
    want: &Want,
    source: &mut dyn Source,
    out: &mut Looked,
) -> Result<(), String> {
    let catalogued = want.row.is_some() || want.packages || want.export;
    let most = if catalogued { MAX_TEXT } else { MAX_SOURCE };
    let long = source.len() > most;
    let bytes = head(source, most)?;
    if long && !catalogued {
        // A log or a model that only looks like a source: others look at it, but nobody looks for keys there.
        out.notes.push("1 text whose first 2 MiB only were looked at".to_owned());
    }
    if let Some((row, scope)) = want.row {
        if long {
            let why = format!("it has {} bytes, more than {MAX_TEXT}", source.len());
            out.files.push(FileVerdict::unread(&place.path, "config", &why));
        } else {
            catalogue(place, row, scope, &bytes, out);
        }
    }
    if want.packages && !long {
        match packages::packages(place, &bytes) {
            Ok(found) => out.components.extend(found),
            Err(why) => out.files.push(broken(place, "lock file", &why)),
        }
    }
    let Some(said) = letters(want, &bytes) else {
        out.notes.push("1 file that is no text, where a text was expected".to_owned());
        return Ok(());
    };
    if want.ollama {
        out.components.extend(ollama(place, &said));
    }
    if want.browser
        && let Ok(manifest) = shape::read(Form::Json, &bytes)
    {
        out.components.extend(extensions::browser(place, &manifest));
    }
    if want.export
        && want.row.is_none()
        && let Some((found, count)) = grants::grants(place, &said)
    {
        out.notes.push(format!("{count} grants of a directory"));
        out.components.extend(found);
    }
    if want.source {
        agents(place, &said, long, out);
    }
    if want.script {
        let (mut verdict, component) = texts::script(place, &said);
        if long {
            verdict.status = super::Status::Partial;
            verdict.finding = verdict.finding.max(super::Verdict::Unknown);
            verdict.not_looked_at.push(format!("what follows its first {MAX_SOURCE} bytes"));
        }
        out.files.push(verdict);
        out.components.push(component);
    } else if want.keys {
        let found = keys::components(place, &said);
        if !found.is_empty() && out.files.iter().all(|file| file.path != place.path) {
            let reasons = found.iter().flat_map(|one| one.reasons.clone()).collect();
            out.files.push(FileVerdict::of(&place.path, "text", reasons));
        }
        out.components.extend(found);
    }
    Ok(())
}

/// The letters of a file: one of another coding, or one that is cut in the middle, hides nothing around it.
fn letters(want: &Want, bytes: &[u8]) -> Option<String> {
    match shape::text(bytes) {
        Ok(said) => Some(said),
        Err(_other) if want.script || !bytes.contains(&0) => {
            Some(String::from_utf8_lossy(bytes).into_owned())
        }
        Err(_binary) => None,
    }
}

/// Agents of a source file; if it serves tools, what their descriptions say and what it does is looked at, too.
fn agents(place: &Place, said: &str, long: bool, out: &mut Looked) {
    let mut found = frameworks::agents(place, said);
    let Some(first) = found.first_mut() else { return };
    if long {
        first.unknown(format!("what follows the first {MAX_SOURCE} bytes of it"));
    }
    let mut reasons = code::descriptions(said);
    reasons.extend(code::signs(said).into_iter().filter(|one| one.rule != "code.install_script"));
    if texts::bad(&reasons) {
        first.add(reasons.clone());
        out.files.push(FileVerdict::of(&place.path, "source", reasons));
    }
    out.components.extend(found);
}

fn broken(place: &Place, kind: &str, why: &str) -> FileVerdict {
    let mut verdict = FileVerdict::unread(&place.path, kind, why);
    verdict.reasons = vec![Reason::new("config.broken", format!("{why}."), "")];
    verdict.rules = vec!["config.broken".into()];
    verdict
}

/// A file of a client's catalogue.
fn catalogue(place: &Place, row: &'static Row, scope: Scope, bytes: &[u8], out: &mut Looked) {
    let from = out.components.len();
    match row.holds {
        Holds::Rules | Holds::Skill => match shape::text(bytes) {
            Ok(said) => {
                let (verdict, component) = texts::steering(place, row, &said);
                out.files.push(verdict);
                out.components.push(component);
            }
            Err(why) => out.files.push(broken(place, "rules", &why)),
        },
        Holds::PluginCode => {
            if let Ok(said) = shape::text(bytes) {
                let reasons = code::signs(&said);
                let mut found =
                    Component::new(Kind::Extension, place.name(), &place.path, "plugin.code")
                        .because(reasons.clone());
                found.digest = Some(writ_model::Digest::of(bytes).to_string());
                out.files.push(FileVerdict::of(&place.path, "plugin", reasons));
                out.components.push(found);
            }
        }
        Holds::Presence | Holds::Models => {}
        Holds::ConfigXml => xml(place, bytes, out),
        _ => match shape::read(Form::of(&place.ending()), bytes) {
            Ok(config) => configuration(place, row, &config, out),
            Err(why) => out.files.push(broken(place, "config", &why)),
        },
    }
    let user = place.home().map(|(_, user)| user.to_owned());
    for one in out.components.iter_mut().skip(from) {
        one.client.get_or_insert_with(|| row.client.to_owned());
        one.scope.get_or_insert(scope);
        one.user = one.user.take().or_else(|| user.clone());
    }
    let installed = matches!(scope, Scope::User | Scope::System)
        && !matches!(row.client, "Any agent" | "MCP registry")
        && !matches!(
            row.holds,
            Holds::Rules
                | Holds::Skill
                | Holds::Tasks
                | Holds::Plugin
                | Holds::PluginCode
                | Holds::Extensions
        );
    if installed || row.holds == Holds::Presence {
        let rule = if row.holds == Holds::Presence { "client.presence" } else { "client.config" };
        let mut client = Component::new(Kind::Client, row.client, &place.path, rule);
        client.scope = Some(scope);
        client.user = user;
        out.components.push(client);
    }
}

fn configuration(place: &Place, row: &Row, config: &Value, out: &mut Looked) {
    let from = out.components.len();
    let mut reasons = Vec::new();
    match row.holds {
        Holds::Extensions => out.components.extend(extensions::editor(place, config)),
        Holds::Extension => {
            out.components.push(extensions::client(place, config));
            out.components.extend(servers::servers(config, row.key, &place.path));
        }
        Holds::Tasks => out.components.extend(settings::tasks(config, place)),
        Holds::Manifest => {
            if config.get("packages").is_some() || config.get("remotes").is_some() {
                let name = shape::word(config, "name").unwrap_or_default();
                let mut found = Component::new(Kind::McpServer, name, &place.path, "mcp.server")
                    .about("transport", "described");
                found.version = shape::word(config, "version").map(str::to_owned);
                found.unknown("what the description describes");
                out.components.push(found);
            }
        }
        Holds::Registry => {
            for name in config
                .get("registry")
                .and_then(Value::as_object)
                .into_iter()
                .flat_map(serde_json::Map::keys)
            {
                let mut found = Component::new(Kind::McpServer, name, &place.path, "mcp.server")
                    .about("transport", "image");
                found.unknown("the image of the server");
                out.components.push(found);
            }
        }
        _ => {
            out.components.extend(servers::servers(config, row.key, &place.path));
            out.components.extend(settings::hooks(config, place));
            if matches!(row.holds, Holds::Config | Holds::Settings) {
                reasons = settings::reasons(config);
            }
        }
    }
    // A server says about itself what is wrong with it; the file says all of it once.
    let mut said: Vec<Reason> =
        out.components.iter().skip(from).flat_map(|one| one.reasons.iter().cloned()).collect();
    for reason in reasons {
        if !said.iter().any(|known| known.rule == reason.rule && known.sentence == reason.sentence)
        {
            said.push(reason);
        }
    }
    out.files.push(FileVerdict::of(&place.path, "config", said));
}

/// Servers in the settings of `JetBrains`: JSON inside an attribute or an element of XML.
fn xml(place: &Place, bytes: &[u8], out: &mut Looked) {
    let Ok(said) = shape::text(bytes) else {
        out.files.push(broken(place, "config", "it is no UTF-8"));
        return;
    };
    let plain = said
        .replace("&quot;", "\"")
        .replace("&#10;", "\n")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&");
    let mut found = Vec::new();
    for (at, _) in plain.match_indices("{\"").take(64) {
        let rest = plain.get(at..).unwrap_or_default();
        let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        if let Some(Ok(config)) = stream.next() {
            found.extend(servers::servers(&config, "mcpServers", &place.path));
        }
    }
    let mut verdict = FileVerdict::of(
        &place.path,
        "config",
        found.iter().flat_map(|one| one.reasons.clone()).collect(),
    );
    if found.is_empty() && plain.contains("mcp") {
        verdict.status = super::Status::Partial;
        verdict.finding = verdict.finding.max(super::Verdict::Unknown);
        verdict.not_looked_at.push("settings in a form that is not known".to_owned());
    }
    out.files.push(verdict);
    out.components.extend(found);
}

/// A model of Ollama, by its manifest: the name is its path, the digest that of its layer.
fn ollama(place: &Place, said: &str) -> Option<Component> {
    let manifest: Value = serde_json::from_str(said).ok()?;
    let layers = manifest.get("layers")?.as_array()?;
    let model = layers.iter().find(|layer| {
        shape::word(layer, "mediaType").is_some_and(|kind| kind.ends_with("image.model"))
    })?;
    let at = place.parts.iter().position(|part| part == "manifests")?;
    let name = place.parts.get(at + 2..)?.join("/");
    let mut found =
        Component::new(Kind::Model, name, &place.path, "model.file").about("format", "ollama");
    found.client = Some("Ollama".to_owned());
    found.user = place.home().map(|(_, user)| user.to_owned());
    found.digest = shape::word(model, "digest").map(str::to_owned);
    found.unknown(
        "the layer of the model, which is examined as a file of its own where it can be read",
    );
    Some(found)
}
