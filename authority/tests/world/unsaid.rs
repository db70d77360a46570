//! What somebody said is theirs no more once they left or a passkey of theirs was taken: it has to be said again. And
//! nobody takes up the room of all others.
//! Never here: who counts in the first place (`approvals.rs`).

use writ_authority::{Command, Decision, Fact, refusal};
use writ_charter::Seat;
use writ_model::{Digest, HoldId, Role, Side, Span};

use crate::{
    approvals::{CLIENT_APPROVER, CLIENT_OWNER, approve, asking, gateway, waits, yes},
    charter::clause,
    kit::{START, World, everything},
};

const TWO: [Seat; 1] = [Seat { party: Side::Client, role: Role::Approver, n: 2 }];

fn given(world: &World, hold: HoldId) -> usize {
    world.state.holds.get(&hold).unwrap().given.len()
}

fn revoke(world: &World, person: writ_model::PersonId) -> Command {
    let passkey = world.devices.get(&person).map(|device| device.key.passkey).unwrap();
    Command::RevokePasskey { passkey, reason: "stolen".to_owned() }
}

#[test]
fn a_yes_is_gone_with_the_passkey_or_the_person_that_said_it() {
    let (mut world, who) = asking(&TWO);
    let dana = world.dana;
    let bo = world.client(7, "Bo Quist", &[Role::Approver]);
    let ada = world.client(8, "Ada Nils", &[Role::Approver]);
    let eve = world.client(9, "Eve Lund", &[Role::Approver]);
    for leaves in [false, true] {
        let hold = waits(&mut world, who, "{}");
        world.by(if leaves { eve } else { bo }, yes(&world, hold)).unwrap();
        assert_eq!(given(&world, hold), 1);
        let away = if leaves { Command::PersonLeaves { person: eve } } else { revoke(&world, bo) };
        world.by(dana, away).unwrap();
        assert_eq!(given(&world, hold), 0, "it has to be said again");
        world.by(ada, yes(&world, hold)).unwrap();
        assert!(matches!(world.call(who, "send", "{}"), Decision::Hold(_)), "one is not two");
        let use_up = Command::ConsumeApproval { hold, gateway: gateway() };
        assert_eq!(world.system(use_up), Err(refusal::QUORUM));
        world.by(ada, Command::RefuseApproval { hold, words: "no".to_owned() }).unwrap();
        world.now = world.now + Span::minutes(61);
    }
}

#[test]
fn who_stood_in_for_somebody_who_left_did_not_say_yes_for_them() {
    let (mut world, who) = asking(&[CLIENT_OWNER, CLIENT_APPROVER]);
    let dana = world.dana;
    let ada = world.client(8, "Ada Nils", &[Role::Owner]);
    let bo = world.client(7, "Bo Quist", &[Role::Engineer]);
    world.by(ada, Command::SetAway { deputy: bo, until: START + Span::days(7) }).unwrap();
    let hold = waits(&mut world, who, "{}");
    world.by(bo, yes(&world, hold)).unwrap();
    world.by(dana, Command::PersonLeaves { person: ada }).unwrap();
    assert_eq!(given(&world, hold), 0);
}

#[test]
fn a_signature_under_a_draft_is_gone_with_the_passkey() {
    let mut world = World::new();
    let (dana, milo) = (world.dana, world.milo);
    let ada = world.client(8, "Ada Nils", &[Role::Owner]);
    let charter = world.charter(vec![everything()]);
    let charter = world.draft(charter);
    let sign = || Command::SignCharter { charter: charter.clone() };
    world.by(ada, sign()).unwrap();
    world.by(dana, revoke(&world, ada)).unwrap();
    let facts = world.by(milo, sign()).unwrap();
    assert!(matches!(facts.as_slice(), [Fact::CharterSigned { .. }]), "the client has to sign");
    let facts = world.by(dana, sign()).unwrap();
    assert!(matches!(facts.last(), Some(Fact::CharterInForce { .. })));
}

#[test]
fn one_person_asks_for_so_much_at_once_and_no_more() {
    let mut world = World::new();
    let (agent, _) = world.active("mailer");
    let keys = clause("keys", &["credential.issue"], approve(&[CLIENT_OWNER]));
    world.agree(vec![everything(), keys]);
    let expires = world.now + Span::hours(1);
    let offer = |code: u8| Command::OfferEnrollment { agent, code: Digest::of(&[code]), expires };
    for code in 0..64 {
        world.by(world.milo, offer(code)).unwrap();
    }
    assert_eq!(world.by(world.milo, offer(64)), Err(refusal::BOUND));
    let eve = world.staff(6, "Eve Lund", &[Role::Engineer]);
    world.by(eve, offer(65)).unwrap();
}
