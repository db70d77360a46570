//! The text of acts about decision authority. The whole charter stands in what is signed, so its whole text is shown:
//! the letter first, then every clause and what counts as what, with nothing left out that decides.

use writ_charter::{Charter, Letter};
use writ_model::text::{quote, shown};

use super::{Request, because, clock, subject};
use crate::command::Command;

pub(super) fn title(request: &Request) -> String {
    match request.act.as_ref() {
        Command::SignCharter { charter } => {
            format!("Sign version {} of the charter", charter.version)
        }
        Command::ResumeDelegation { .. } => "Delegate again".to_owned(),
        Command::Thaw {} => "Let everything go on".to_owned(),
        Command::Approve { .. } => "Approve what waits".to_owned(),
        Command::SetAway { deputy, .. } => {
            format!("Let {} stand in for you", request.name(deputy))
        }
        Command::SetObserve { .. } => "Watch instead of blocking".to_owned(),
        _ => String::new(),
    }
}

pub(super) fn of(request: &Request, party: &str) -> Vec<String> {
    match request.act.as_ref() {
        Command::SignCharter { charter } => whole(request, charter),
        Command::ResumeDelegation { clause: None } => {
            vec![format!("Your party delegates again at {party} what it took back, all of it.")]
        }
        Command::ResumeDelegation { clause: Some(key) } => {
            let title = request.those("clause");
            let title = title.first().map_or(String::new(), |title| format!(", {title}"));
            vec![format!(
                "Your party delegates again at {party} by the clause {}{title}.",
                quote(key)
            )]
        }
        Command::Thaw {} => vec![
            format!("What your party froze at {party} goes on, under its charter."),
            "A freeze of the other party stays.".to_owned(),
        ],
        Command::Approve { digest, words, .. } => {
            let mut out = vec!["You approve this, exactly as it waits, once.".to_owned()];
            // Composed by `holds.rs`, quoted there.
            out.extend(request.said().iter().map(|line| shown(line)));
            out.push(format!("Its digest is {digest}."));
            out.extend(words.iter().map(|words| format!("You say: {}", quote(words))));
            out
        }
        Command::SetAway { deputy, until } => vec![
            format!(
                "{} counts in your place at {party} until {}.",
                request.name(deputy),
                clock(*until)
            ),
            "Never for what you asked for yourself, and not besides you.".to_owned(),
        ],
        Command::SetObserve { subject: of, until, reason } => {
            let what = of.map_or_else(|| "every agent".to_owned(), |of| subject(request, of));
            vec![
                format!("At {party} {what} is watched instead of blocked until {}.", clock(*until)),
                "What no grant or clause lets it do is let through and written down.".to_owned(),
                "What a clause refuses stays refused.".to_owned(),
                because(reason),
            ]
        }
        _ => Vec::new(),
    }
}

fn whole(request: &Request, charter: &Charter) -> Vec<String> {
    let (provider, client) = (quote(&charter.parties.provider), quote(&charter.parties.client));
    // Names as they are: the charter's own text quotes them.
    let names = |id: &str| request.names.get(id).cloned();
    let mut out = vec![
        format!("You sign version {} of the charter of {client} with {provider}.", charter.version),
        "It decides what agents and people may do here, once both parties have signed it."
            .to_owned(),
        format!("Its digest is {}.", charter.digest()),
    ];
    out.extend(letter(&writ_charter::letter(charter, &names)));
    out.push("The charter itself, to the letter:".to_owned());
    out.extend(writ_charter::charter_text(charter, &names));
    out.extend(charter.clauses.iter().flat_map(|one| writ_charter::clause_text(one, &names)));
    out.into_iter().map(|line| shown(&line)).collect()
}

fn letter(letter: &Letter) -> Vec<String> {
    let lists = [&letter.may, &letter.asks, &letter.tells, &letter.proposes, &letter.never];
    let mut out = vec![letter.opening.clone()];
    out.extend(lists.into_iter().flatten().cloned());
    out.extend([letter.otherwise.clone(), letter.stop.clone()]);
    out.extend(letter.ends.iter().cloned());
    out
}
