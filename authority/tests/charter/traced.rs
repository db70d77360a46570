//! Traceability: a good client has no loose end; take away any point or any clause and it has one.

use writ_authority::{
    fact::{Fact, Subject},
    trace::{self, Kind, Point},
};
use writ_charter::{Charter, Clause, Hours, Mode, Scope, Unless, When};
use writ_model::Side;

use crate::kit::{World, a_grant, approver, clause, euro, id, naming};

/// Clauses of every kind, all of them enforced by something.
fn clauses() -> Vec<Clause> {
    let mut night = clause("night", &["mail.*"], Mode::Refuse);
    night.when = When { hours: Some(Hours::Outside), ..When::default() };
    let mut large = clause("large", &["payment.release"], approver());
    large.when.amount_over = Some(euro("100"));
    let mut own = clause("own", &["mail.send"], Mode::NotifyAndAct);
    own.scope = Scope { agents: vec![id(20)], ..Scope::default() };
    let mut till = clause("till", &["payment.*"], Mode::NotifyAndAct);
    till.scope = Scope { groups: vec![id(40)], servers: vec!["bank".into()], ..Scope::default() };
    let mut outside = clause("outside", &["tool.use"], Mode::Act);
    let when = When { hours: Some(Hours::Outside), ..When::default() };
    outside.unless = vec![Unless { when, ..Unless::default() }];
    let mut widen = clause("widen", &["agent.widen"], approver());
    widen.scope = Scope { data: vec!["customer".to_owned()], ..Scope::default() };
    vec![
        night,
        large,
        own,
        till,
        outside,
        widen,
        clause("pay", &["payment.*"], Mode::Act),
        clause("mail", &["mail.*"], Mode::Act),
        clause("agents", &["agent.*"], Mode::Act),
        clause("copies", &["credential.issue"], Mode::Propose),
        clause("export", &["evidence.export"], Mode::Refuse),
        clause("origins", &["origin.untrusted"], Mode::NotifyAndAct),
        clause("answers", &["answer.hidden", "answer.secret"], Mode::Propose),
    ]
}

fn world() -> World {
    let mut world = World::bare();
    world.fact(Fact::GroupCreated { group: id(40), name: "Till".to_owned(), parent: None });
    let charter = world.charter(clauses());
    let charter = trace::named(&charter, &trace::points_of(&charter));
    world.sign(charter);
    world
}

fn force(world: &World) -> Charter {
    Charter::clone(&world.state.charter.as_ref().unwrap().charter)
}

#[test]
fn a_good_client_has_no_loose_end() {
    let world = world();
    let points = trace::points(&world.state);
    let trace = trace::check(&world.state, &points);
    assert_eq!(trace.orphans, Vec::new());
    assert_eq!((trace.clauses, trace.points), (13, points.len() as u64));
    for row in &trace.rows {
        assert!(!row.points.is_empty(), "{row:?}");
    }
    let row = |key: &str| trace.rows.iter().find(|row| row.clause == key).unwrap().points.clone();
    assert_eq!(row("till"), ["gateway:bank/tool/pay*".to_owned()]);
    assert_eq!(row("copies"), ["desk:credential.issue".to_owned()]);
    assert_eq!(row("outside"), ["gateway:*/tool/*".to_owned()]);
    assert_eq!(row("origins"), ["gateway:origin.untrusted".to_owned()]);
    assert_eq!(row("answers"), ["gateway:answer.hidden", "gateway:answer.secret"]);
    let ids: Vec<&str> = points.iter().map(|point| point.id.as_str()).collect();
    assert!(ids.contains(&"gateway:mail/tool/send*") && ids.contains(&"desk:agent.activate"));
    assert_eq!(points.iter().filter(|one| matches!(one.kind, Kind::Grant { .. })).count(), 2);
}

#[test]
fn take_away_any_point_and_there_is_a_loose_end() {
    let world = world();
    let points = trace::points(&world.state);
    for at in 0..points.len() {
        let mut fewer: Vec<Point> = points.clone();
        let gone = fewer.remove(at);
        let trace = trace::check(&world.state, &fewer);
        assert!(!trace.orphans.is_empty(), "{}", gone.id);
        assert!(trace.orphans.iter().any(|one| one.what == gone.id), "{}", gone.id);
    }
}

#[test]
fn take_away_any_clause_and_there_is_a_loose_end() {
    let mut world = world();
    let kept = world.state.charter.clone();
    let count = force(&world).clauses.len();
    for at in 0..count {
        // Behind everybody's back: what is in force is not what was signed.
        let mut force = kept.as_deref().unwrap().clone();
        let mut charter = Charter::clone(&force.charter);
        let gone = charter.clauses.remove(at);
        force.charter = charter.into();
        world.state.charter = Some(force.into());
        let trace = trace::check(&world.state, &trace::points(&world.state));
        assert!(trace.orphans.iter().any(|one| one.why.contains("not what was signed")));
        assert_eq!(trace.clauses, count as u64 - 1, "{}", gone.key);
    }
}

#[test]
fn change_what_enforces_a_clause_and_it_names_what_is_not_so() {
    // Signed by both, and still loose: each clause is bent in turn so that what it names does not stand on it.
    let mut world = world();
    let good = force(&world);
    for at in 0..good.clauses.len() {
        let bends: [fn(&mut Clause); 4] = [
            |clause| clause.enforced_by.clear(),
            |clause| clause.enforced_by = vec!["gateway:nowhere/tool/x".to_owned()],
            |clause| clause.enforced_by = vec!["gateway:*/prompt/*".to_owned()],
            |clause| clause.actions = vec!["host.isolate".to_owned()],
        ];
        for (number, bend) in bends.into_iter().enumerate() {
            let mut charter = good.clone();
            bend(&mut charter.clauses[at]);
            world.sign(charter);
            let key = format!("clause {}", good.clauses[at].key);
            let trace = trace::check(&world.state, &trace::points(&world.state));
            assert!(trace.orphans.iter().any(|one| one.what == key), "{key} {number}");
        }
    }
}

#[test]
fn what_may_act_without_a_clause_is_loose() {
    let mut world = world();
    // A name that no clause covers.
    let mut charter = force(&world);
    charter.counts_as.push(naming("host", "isolate", "host.isolate", None));
    charter.clauses.retain(|clause| clause.key != "outside");
    let charter = trace::named(&charter, &trace::points_of(&charter));
    world.sign(charter);
    let loose = |world: &World| {
        let trace = trace::check(&world.state, &trace::points(&world.state));
        trace.orphans.into_iter().map(|one| one.what).collect::<Vec<_>>()
    };
    assert_eq!(loose(&world), ["gateway:host/tool/isolate".to_owned()]);
    // A grant for things that no clause covers, until it is revoked.
    let grant = id(91);
    let says = Box::new(a_grant(Subject::Agent(id(20)), "files", "read"));
    world.fact(Fact::GrantGiven { grant, says });
    assert!(loose(&world).contains(&format!("grant:{grant}")));
    world.fact(Fact::GrantRevoked { grant, reason: "r".to_owned() });
    assert_eq!(loose(&world).len(), 1);
}

#[test]
fn stops_and_observation_do_not_hide_a_clause() {
    let mut world = world();
    world.suspend(Side::Client, None);
    world.fact(Fact::ClientFrozen { side: Side::Provider, reason: "r".to_owned() });
    world.observe(None, world.now + writ_model::Span::days(1));
    let trace = trace::check(&world.state, &trace::points(&world.state));
    assert_eq!(trace.orphans, Vec::new());
}

#[test]
fn half_signed_is_loose_and_none_is_not() {
    let bare = World::bare();
    let trace = trace::check(&bare.state, &trace::points(&bare.state));
    assert_eq!((trace.clauses, trace.orphans.len()), (0, 0));
    let mut world = world();
    let mut force = world.state.charter.as_deref().unwrap().clone();
    force.signed.retain(|one| one.side != Side::Client);
    world.state.charter = Some(force.into());
    let trace = trace::check(&world.state, &trace::points(&world.state));
    assert!(trace.orphans.iter().any(|one| one.why == "the client did not sign it"));
}

#[test]
fn many_points_are_named_by_what_they_share() {
    let mut world = World::bare();
    let mut charter = world.charter(vec![clause("all", &["*"], Mode::Act)]);
    for number in 0..40 {
        charter.counts_as.push(naming("mail", &format!("tool_{number}"), "mail.send", None));
    }
    let charter = trace::named(&charter, &trace::points_of(&charter));
    let named = &charter.clauses[0].enforced_by;
    assert!(named.len() <= 8 && named.contains(&"gateway:mail/*".to_owned()), "{named:?}");
    world.sign(charter);
    let trace = trace::check(&world.state, &trace::points(&world.state));
    assert_eq!(trace.orphans, Vec::new());
}
