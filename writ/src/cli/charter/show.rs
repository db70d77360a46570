//! What `writ charter` shows: words for people of what the desk answers.
//!
//! Never here: a sentence about what a clause means; those come with the answer. To show one more answer: a function.

use serde_json::Value;

use super::{Which, text};
use crate::{
    api::{ApiClient, segment},
    cli::access::Ctx,
    fault::Fault,
    out,
};

/// Everything that stands, or one version of it.
pub async fn standing(ctx: &Ctx, api: &ApiClient, which: &Which) -> Result<(), Fault> {
    let base = format!("/api/v1/clients/{}/charter", segment(&which.client));
    if let Some(version) = &which.version {
        let answer = api.get(&format!("{base}/versions/{}", segment(version))).await?;
        ctx.out.answer(&answer, self::version);
        return Ok(());
    }
    let answer = api.get(&base).await?;
    ctx.out.answer(&answer, |answer| {
        let part = |name: &str| answer.get(name).unwrap_or(&Value::Null);
        match part("in_force") {
            Value::Null => out::line("No charter is in force: nothing acts."),
            in_force => version(in_force),
        }
        if !part("draft").is_null() {
            out::line("");
            version(part("draft"));
            changes(part("draft").get("changes").unwrap_or(&Value::Null));
        }
        stops(answer);
        sentences(part("notes"));
    });
    Ok(())
}

/// Every clause, word for word.
pub async fn clauses(ctx: &Ctx, api: &ApiClient, which: &Which) -> Result<(), Fault> {
    let base = format!("/api/v1/clients/{}/charter", segment(&which.client));
    let answer = if let Some(version) = &which.version {
        api.get(&format!("{base}/versions/{}", segment(version))).await?
    } else {
        let standing = api.get(&base).await?;
        let part = |name: &str| standing.get(name).filter(|part| !part.is_null()).cloned();
        part("in_force").or_else(|| part("draft")).ok_or_else(none)?
    };
    let rows = answer.get("clauses").cloned().unwrap_or_default();
    ctx.out.answer(&rows, |rows| {
        for row in rows.as_array().into_iter().flatten() {
            out::line(&format!(
                "{}: {} ({})",
                text(row, "key"),
                text(row, "title"),
                text(row, "mode")
            ));
            for sentence in row.get("text").and_then(Value::as_array).into_iter().flatten() {
                out::line(&format!("    {}", out::clean(sentence.as_str().unwrap_or_default())));
            }
        }
    });
    Ok(())
}

fn none() -> Fault {
    Fault::refused("this client has no charter yet")
        .cure("draft one: `writ charter draft --client C --template balanced`")
}

/// A version: its head, its clauses, who has signed.
fn version(answer: &Value) {
    let fields = [
        ("version", "/version"),
        ("state", "/state"),
        ("since", "/since"),
        ("began with", "/base"),
        ("contract", "/contract_ref"),
        ("to be looked at by", "/review_by"),
        ("digest", "/digest"),
    ];
    out::fields(answer, &fields);
    for row in answer.get("signed").and_then(Value::as_array).into_iter().flatten() {
        let who = row.pointer("/person/name").and_then(Value::as_str).unwrap_or_default();
        out::line(&format!("{} signed for {}.", out::clean(who), out::clean(&text(row, "party"))));
    }
    missing(answer.get("missing").unwrap_or(&Value::Null));
    out::line("");
    let columns = [
        ("CLAUSE", "/key"),
        ("TITLE", "/title"),
        ("MODE", "/mode"),
        ("FROM", "/from"),
        ("SUSPENDED", "/suspended"),
    ];
    out::table(
        answer.get("clauses").unwrap_or(&Value::Null),
        &columns,
        "no clauses: it refuses everything",
    );
}

/// Which party has not signed, and who of it could.
pub fn missing(rows: &Value) {
    for row in rows.as_array().into_iter().flatten() {
        let who = row.get("who").and_then(Value::as_array).into_iter().flatten();
        let names: Vec<String> = who.map(|one| out::clean(&text(one, "name"))).collect();
        let party = out::clean(&text(row, "party"));
        if names.is_empty() {
            out::line(&format!(
                "Not signed for {party} yet, and no owner of it has a passkey here."
            ));
        } else {
            out::line(&format!(
                "Not signed for {party} yet: {} can, in the console.",
                names.join(" or ")
            ));
        }
    }
}

fn stops(answer: &Value) {
    for row in answer.get("frozen").and_then(Value::as_array).into_iter().flatten() {
        out::line(&format!(
            "FROZEN by the {}: {}",
            text(row, "side"),
            out::clean(&text(row, "reason"))
        ));
    }
    for row in answer.get("suspended").and_then(Value::as_array).into_iter().flatten() {
        let what = row.get("clause").and_then(Value::as_str).unwrap_or("all of it");
        let (side, reason) = (text(row, "side"), out::clean(&text(row, "reason")));
        out::line(&format!("SUSPENDED by the {side}: {}: {reason}", out::clean(what)));
    }
}

fn changes(rows: &Value) {
    let columns = [("CLAUSE", "/key"), ("BECOMES", "/direction"), ("WHAT CHANGES", "/words")];
    out::table(rows, &columns, "nothing changes");
}

fn sentences(rows: &Value) {
    for row in rows.as_array().into_iter().flatten() {
        out::line(&out::clean(row.as_str().unwrap_or_default()));
    }
}

/// The letter.
pub fn letter(answer: &Value) {
    let Some(letter) = answer.get("letter") else { return };
    for part in ["to", "from", "opening"] {
        sentence(letter, part);
    }
    for (head, part) in [
        ("", "may"),
        ("It has to ask first:", "asks"),
        ("It does it and tells you:", "tells"),
        ("It may only propose:", "proposes"),
        ("It may never:", "never"),
        ("", "otherwise"),
        ("", "stop"),
        ("", "ends"),
    ] {
        match letter.get(part) {
            Some(Value::Array(rows)) if !rows.is_empty() => {
                if !head.is_empty() {
                    out::line(head);
                }
                for row in rows {
                    out::line(&format!("- {}", out::clean(row.as_str().unwrap_or_default())));
                }
                out::line("");
            }
            Some(Value::String(_)) => sentence(letter, part),
            _ => {}
        }
    }
}

fn sentence(letter: &Value, part: &str) {
    let text = letter.get(part).and_then(Value::as_str).unwrap_or_default();
    if !text.is_empty() {
        out::line(&out::clean(text));
        out::line("");
    }
}

/// What lies between two versions.
pub fn differences(answer: &Value) {
    let fields = [("from version", "/from/version"), ("to version", "/to/version")];
    out::fields(answer, &fields);
    changes(answer.get("changes").unwrap_or(&Value::Null));
}

/// What would have gone another way.
pub fn replayed(answer: &Value) {
    let fields = [
        ("under version", "/version/version"),
        ("since", "/since"),
        ("decided again", "/looked"),
        ("the same", "/same"),
        ("another way", "/others"),
    ];
    out::fields(answer, &fields);
    sentences(answer.get("says").unwrap_or(&Value::Null));
    let columns = [
        ("AT", "/at"),
        ("AGENT", "/agent_name"),
        ("SERVER", "/server"),
        ("CALL", "/name"),
        ("WAS", "/was/effect"),
        ("WOULD BE", "/would/effect"),
        ("WHY", "/would/words"),
    ];
    out::table(answer.get("differs").unwrap_or(&Value::Null), &columns, "nothing goes another way");
}

/// Whether charter and enforcement fit.
pub fn checked(answer: &Value) {
    let fields = [("clauses", "/clauses"), ("points", "/points"), ("loose ends", "/orphans")];
    out::fields(answer, &fields);
    let columns = [("CLAUSE", "/clause"), ("TITLE", "/title"), ("ENFORCED BY", "/enforced_by")];
    out::table(answer.get("rows").unwrap_or(&Value::Null), &columns, "no clauses");
    if let Some(Value::Array(found)) =
        answer.get("found").filter(|found| **found != Value::Array(vec![]))
    {
        out::line("");
        let columns = [("LOOSE", "/what"), ("WHY", "/why"), ("CURE", "/cure")];
        out::table(&Value::Array(found.clone()), &columns, "");
    }
}
