//! What `writ charter draft` proposes: a template, what a file says, and modes as a person types them:
//! `payments=approve:client/owner`.
//!
//! Never here: what a clause may say; the desk's answer names every problem at once. To type one more thing: an option of
//! [`Args`], its place in [`body`].

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::text;
use crate::{
    api::{ApiClient, segment},
    fault::Fault,
};

/// LIMIT: bytes of a file; a charter of more than 40,000 is refused.
const MAX_FILE: u64 = 256 << 10;

/// A draft.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The client
    #[arg(long)]
    pub client: String,
    /// Begin with this template: cautious, balanced, hands-off, or one of your own
    #[arg(long, required_unless_present = "file")]
    template: Option<String>,
    /// JSON or TOML: base, clauses, removes, counts_as, calendar, review_by; with clauses and no base it is the whole charter
    #[arg(long)]
    file: Option<PathBuf>,
    /// Another mode for a clause of the template: KEY=refuse, propose, act, notify-and-act, or approve:PARTY/ROLE, several with +
    #[arg(long = "set", value_name = "KEY=MODE")]
    set: Vec<String>,
    /// Leave a clause of the template out; may be given several times
    #[arg(long = "remove", value_name = "KEY")]
    remove: Vec<String>,
    /// What a tool counts as: SERVER/TOOL=ACTION, or resource:SERVER/NAME=ACTION, prompt:…; a final * matches any ending
    #[arg(long = "counts", value_name = "SERVER/TOOL=ACTION")]
    counts: Vec<String>,
    /// Leave out the clauses that nothing enforces here, so that the charter promises nothing empty
    #[arg(long)]
    enforced_only: bool,
    /// The contract it belongs to
    #[arg(long)]
    contract: Option<String>,
    /// To be looked at again by then (RFC 3339, UTC)
    #[arg(long)]
    review_by: Option<String>,
}

/// Proposes it; the desk's answer, and the keys of the clauses that were left out.
pub async fn propose(api: &ApiClient, args: &Args) -> Result<(Value, Vec<String>), Fault> {
    let base = format!("/api/v1/clients/{}/charter", segment(&args.client));
    let path = format!("{base}/draft");
    let mut body = body(api, args).await?;
    let answer = api.post(&path, &body).await?;
    if !args.enforced_only {
        return Ok((answer, Vec::new()));
    }
    let draft = api.get(&format!("{base}/versions/draft")).await?;
    let rows = draft.get("clauses").and_then(Value::as_array).into_iter().flatten();
    let bare =
        |row: &&Value| row.get("enforced_by").and_then(Value::as_array).is_none_or(Vec::is_empty);
    let left: Vec<String> = rows.filter(bare).map(|row| text(row, "key")).collect();
    if left.is_empty() {
        return Ok((answer, left));
    }
    without(&mut body, &left)?;
    Ok((api.post(&path, &body).await?, left))
}

/// Takes clauses out of a draft: its own, and those that its template would bring.
fn without(body: &mut Value, keys: &[String]) -> Result<(), Fault> {
    let Some(body) = body.as_object_mut() else { return Ok(()) };
    if body.contains_key("clauses") {
        list(body, "clauses")?.retain(|clause| !keys.contains(&text(clause, "key")));
    }
    if body.contains_key("base") {
        list(body, "removes")?.extend(keys.iter().cloned().map(Value::String));
    }
    Ok(())
}

/// The document that the desk takes.
async fn body(api: &ApiClient, args: &Args) -> Result<Value, Fault> {
    let mut body = match &args.file {
        Some(file) => read(file)?,
        None => Map::new(),
    };
    for (name, given) in
        [("base", &args.template), ("contract_ref", &args.contract), ("review_by", &args.review_by)]
    {
        if let Some(given) = given {
            body.insert(name.to_owned(), given.clone().into());
        }
    }
    if !args.remove.is_empty() {
        list(&mut body, "removes")?.extend(args.remove.iter().cloned().map(Value::String));
    }
    if !args.counts.is_empty() {
        let namings: Vec<Value> =
            args.counts.iter().map(|typed| naming(typed)).collect::<Result<_, _>>()?;
        list(&mut body, "counts_as")?.extend(namings);
    }
    if !args.set.is_empty() {
        let base = body.get("base").and_then(Value::as_str).map(str::to_owned);
        let inherited = match base {
            Some(base) => {
                let template =
                    api.get(&format!("/api/v1/provider/templates/{}", segment(&base))).await?;
                template.get("inherited").cloned().unwrap_or_default()
            }
            None => Value::Null,
        };
        let clauses = list(&mut body, "clauses")?;
        for wanted in &args.set {
            set(clauses, &inherited, wanted)?;
        }
    }
    Ok(Value::Object(body))
}

/// A file in JSON, or in TOML by its ending.
pub fn read(file: &Path) -> Result<Map<String, Value>, Fault> {
    let size = std::fs::metadata(file).map_err(|error| Fault::file(file, "read", &error))?.len();
    if size > MAX_FILE {
        return Err(Fault::usage(format!("`{}` has more than {MAX_FILE} bytes", file.display())));
    }
    let text = std::fs::read_to_string(file).map_err(|error| Fault::file(file, "read", &error))?;
    let bad = |why: String| {
        Fault::usage(format!("`{}` cannot be read: {why}", file.display()))
            .cure("write JSON, or TOML in a file that ends in .toml; `writ template show --json` has an example")
    };
    let toml = file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("toml"));
    let read: Value = if toml {
        toml::from_str(&text).map_err(|error| bad(error.message().to_owned()))?
    } else {
        serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?
    };
    match read {
        Value::Object(object) => Ok(object),
        _ => Err(bad("it is no object".to_owned())),
    }
}

fn list<'a>(body: &'a mut Map<String, Value>, name: &str) -> Result<&'a mut Vec<Value>, Fault> {
    let entry = body.entry(name.to_owned()).or_insert_with(|| Value::Array(Vec::new()));
    entry.as_array_mut().ok_or_else(|| Fault::usage(format!("`{name}` is no list")))
}

/// Gives a clause another mode: one of the file's own, else the template's, which it then replaces.
fn set(clauses: &mut Vec<Value>, inherited: &Value, wanted: &str) -> Result<(), Fault> {
    let form = || {
        Fault::usage(format!("`{wanted}` sets no mode"))
            .cure("write KEY=MODE, for example payments=approve:client/owner")
    };
    let (key, typed) = wanted.split_once('=').ok_or_else(form)?;
    let key = key.strip_prefix("clause.").unwrap_or(key);
    let mode = mode(typed).map_err(Fault::usage)?;
    let of = |rows: &[Value]| rows.iter().position(|row| text(row, "key") == key);
    let at = if let Some(at) = of(clauses) {
        at
    } else {
        let rows = inherited.as_array().map(Vec::as_slice).unwrap_or_default();
        let row = of(rows).and_then(|at| rows.get(at)?.get("clause")).cloned();
        let known: Vec<String> = rows.iter().map(|row| text(row, "key")).collect();
        clauses.push(row.ok_or_else(|| {
            Fault::usage(format!("there is no clause `{key}` to set"))
                .cure(format!("choose one of: {}", known.join(", ")))
        })?);
        clauses.len() - 1
    };
    if let Some(clause) = clauses.get_mut(at).and_then(Value::as_object_mut) {
        clause.insert("mode".to_owned(), mode);
    }
    Ok(())
}

/// What counts as what, as typed: `files/read_text_file=file.read`, `resource:files/*=file.read`.
fn naming(typed: &str) -> Result<Value, Fault> {
    let form = || {
        Fault::usage(format!("`{typed}` does not say what counts as what"))
            .cure("write SERVER/TOOL=ACTION, for example files/read_text_file=file.read")
    };
    let (thing, action) = typed.rsplit_once('=').ok_or_else(form)?;
    let (surface, thing) = match thing.split_once(':') {
        Some((surface @ ("tool" | "resource" | "prompt"), rest)) => (surface, rest),
        _ => ("tool", thing),
    };
    let (server, name) = thing.split_once('/').ok_or_else(form)?;
    if server.is_empty() || name.is_empty() || action.is_empty() {
        return Err(form());
    }
    Ok(json!({"server": server, "surface": surface, "name": name, "action": action}))
}

/// A mode as typed: `approve:client/owner+provider/approver*2`.
///
/// # Errors
/// In words, with the forms that are understood.
fn mode(typed: &str) -> Result<Value, String> {
    match typed {
        "refuse" | "propose" | "act" => return Ok(json!(typed)),
        "notify-and-act" => return Ok(json!("notify_and_act")),
        _ => {}
    }
    let form = || {
        format!(
            "`{typed}` is no mode: use refuse, propose, act, notify-and-act, or approve:PARTY/ROLE, for example \
             approve:client/owner or approve:client/owner+provider/approver*2"
        )
    };
    let seats = typed.strip_prefix("approve:").ok_or_else(form)?;
    let mut quorum = Vec::new();
    for seat in seats.split('+') {
        let (seat, n) = match seat.split_once('*') {
            Some((seat, n)) => (seat, n.parse::<u8>().map_err(|_error| form())?),
            None => (seat, 1),
        };
        let (party, role) = seat.split_once('/').ok_or_else(form)?;
        let known = matches!(party, "client" | "provider")
            && matches!(role, "owner" | "approver" | "engineer" | "auditor");
        if !known || n == 0 {
            return Err(form());
        }
        quorum.push(json!({"party": party, "role": role, "n": n}));
    }
    Ok(json!({"approve": {"quorum": quorum}}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_as_typed() {
        assert_eq!(mode("refuse").unwrap(), json!("refuse"));
        assert_eq!(
            mode("approve:client/owner+provider/approver*2").unwrap(),
            json!({"approve": {"quorum": [
                {"party": "client", "role": "owner", "n": 1},
                {"party": "provider", "role": "approver", "n": 2},
            ]}})
        );
        for bad in [
            "",
            "approve",
            "approve:",
            "approve:client",
            "approve:me/owner",
            "approve:client/king",
            "approve:client/owner*0",
            "approve:client/owner*x",
            "always",
        ] {
            assert!(mode(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_counts_as_what_as_typed() {
        let named = |surface: &str, name: &str| json!({"server": "files", "surface": surface, "name": name, "action": "file.read"});
        assert_eq!(naming("files/read_*=file.read").unwrap(), named("tool", "read_*"));
        let resource = naming("resource:files/demo://a/b=c=file.read").unwrap();
        assert_eq!(resource, named("resource", "demo://a/b=c"));
        for bad in ["files", "files=x", "/x=y", "files/=y", "files/x="] {
            assert!(naming(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_mode_replaces_the_templates_clause_or_the_files_own() {
        let inherited = json!([{"key": "payments", "clause": {"key": "payments", "mode": "act"}}]);
        let mut clauses = vec![json!({"key": "mail", "mode": "act"})];
        set(&mut clauses, &inherited, "payments=refuse").unwrap();
        set(&mut clauses, &inherited, "clause.mail=propose").unwrap();
        set(&mut clauses, &inherited, "payments=propose").unwrap();
        assert_eq!(
            clauses,
            [
                json!({"key": "mail", "mode": "propose"}),
                json!({"key": "payments", "mode": "propose"})
            ]
        );
        let fault = set(&mut clauses, &inherited, "unknown=act").unwrap_err();
        assert!(fault.cure.unwrap().contains("payments"));
        assert!(set(&mut clauses, &inherited, "payments").is_err());
    }

    #[test]
    fn files_are_json_or_toml() {
        let dir = writ_testkit::TempDir::new().unwrap();
        let (json, toml) = (dir.path().join("a.json"), dir.path().join("b.toml"));
        std::fs::write(&json, r#"{"base":"balanced"}"#).unwrap();
        std::fs::write(&toml, "base = \"balanced\"\n").unwrap();
        assert_eq!(read(&json).unwrap(), read(&toml).unwrap());
        std::fs::write(&json, "[]").unwrap();
        assert!(read(&json).is_err());
        assert!(read(&dir.path().join("none")).is_err());
    }
}
