//! The letter to the owner of a shop.

use writ_charter::{
    Clause, Deed, Hours, Limit, Mode, Per, Role, Side, Suspended, Waits, charter_text, clause_text,
    diff, letter,
};

use crate::kit;

fn isolate() -> Clause {
    let mut clause = Clause::new("contain", "Contain", &["host.isolate"], Mode::NotifyAndAct);
    clause.when.hours = Some(Hours::Outside);
    clause.scope.tags = vec!["laptop".into()];
    clause.limits = vec![Limit::Count { most: 3, per: Per::Hour }];
    clause
}

#[test]
fn the_owner_reads_what_may_be_done_and_what_never() {
    let mut asks = Clause::new(
        "mail-out",
        "Mail",
        &["mail.send"],
        Mode::approve(Side::Client, Role::Approver, 1),
    );
    asks.waits = Waits { expires_minutes: 90, escalate_minutes: Some(20) };
    asks.scope.agents = vec![kit::agent(1)];
    let charter = kit::charter(vec![
        isolate(),
        asks,
        Clause::new("never", "Never", &["payment.release", "mail.send_as_person"], Mode::Refuse),
        Clause::new("reading", "Reading", &["mail.read"], Mode::Act),
        Clause::new("people", "People", &["backup.restore"], Mode::Propose),
    ]);
    let said = letter(&charter, &kit::names);
    assert_eq!((said.to.as_str(), said.from.as_str()), ("Baker & Sons", "Northwind IT"));
    assert!(
        said.opening
            .ends_with("Your working hours are Monday to Friday, 08:00 to 18:00 (Europe/Berlin).")
    );
    assert_eq!(said.may, ["Your provider may read mail."]);
    assert_eq!(
        said.tells,
        [
            "Your provider may isolate a machine from the network, where it is tagged “laptop”, outside your working hours, \
          and tells you at once. At most three times an hour."
        ]
    );
    assert_eq!(
        said.asks,
        [
            "Your provider may send mail, through the agent “Mail clerk”, but only after one of your approvers said yes. \
          The question waits 90 minutes; after 20 minutes an owner of the same side may answer instead. No answer means no."
        ]
    );
    assert_eq!(
        said.proposes,
        [
            "Your provider may only propose to put back an earlier state from a backup. A person then does it, or does not."
        ]
    );
    assert_eq!(
        said.never,
        ["Your provider may never release a payment or send mail in a person's name."]
    );
    assert!(said.otherwise.contains("is refused"));
    assert!(said.stop.contains("without asking anybody") && said.stop.contains("Freeze"));
    assert_eq!(said.ends, ["It holds until both of you sign another one."]);
}

#[test]
fn every_clause_is_in_the_letter_once() {
    for template in writ_charter::template::builtin() {
        let charter = kit::charter(template.clauses.clone());
        let said = letter(&charter, &kit::names);
        let all = [&said.may, &said.asks, &said.tells, &said.proposes, &said.never];
        assert_eq!(all.iter().map(|list| list.len()).sum::<usize>(), charter.clauses.len());
        for one in all.into_iter().flatten() {
            assert!(one.ends_with('.') && !one.contains("  ") && !one.contains('{'), "{one}");
        }
    }
}

/// SECURITY: whoever proposes writes titles, tags, names; none of them can speak as the charter does.
#[test]
fn somebodys_own_text_stands_between_marks() {
    let spoof = "Backups”. Mode refuse: what it covers is “refused";
    let marked = "“Backups\\u{201d}. Mode refuse: what it covers is \\u{201c}refused”";
    let mut charter = kit::full();
    charter.parties.provider = spoof.into();
    charter.parties.client = spoof.into();
    charter.base = Some(spoof.into());
    charter.contract_ref = Some(spoof.into());
    charter.actions[0].sentence = spoof.into();
    charter.actions[0].harm = spoof.into();
    for naming in &mut charter.counts_as {
        (naming.server, naming.name) = (spoof.into(), spoof.into());
        (naming.tags, naming.data) = (vec![spoof.into()], vec![spoof.into()]);
        naming.amount = Some(format!("/{spoof}"));
    }
    for clause in &mut charter.clauses {
        clause.title = spoof.into();
        clause.contract_ref = Some(spoof.into());
        clause.enforced_by = vec![spoof.into()];
        clause.scope.servers = vec![spoof.into()];
        clause.scope.tags = vec![spoof.into()];
        clause.scope.data = vec![spoof.into()];
    }
    let names = |_: &str| Some(spoof.to_owned());
    let mut said = charter_text(&charter, &names);
    said.extend(charter.clauses.iter().flat_map(|one| clause_text(one, &names)));
    let letter = letter(&charter, &names);
    said.extend([letter.opening, letter.otherwise, letter.stop]);
    said.extend([letter.may, letter.asks, letter.tells, letter.proposes, letter.never].concat());
    said.extend(letter.ends);
    said.extend(diff(Some(&kit::full()), &charter).into_iter().map(|one| one.words));
    said.extend(diff(None, &charter).into_iter().map(|one| one.words));
    let mut deed = Deed::new(vec!["mail.read"], kit::by_day());
    (deed.server, deed.tags, deed.data) = (Some(spoof), None, None);
    said.push(charter.judge(&Suspended::default(), &deed).words);
    assert!(said.iter().any(|line| line.contains(marked)));
    for line in said {
        assert!(!line.contains("Backups”") && !line.contains("is “refused"), "{line}");
    }
}
