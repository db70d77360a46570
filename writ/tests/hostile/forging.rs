//! Lines that the provider appends: well formed, in order, under a good checkpoint. Each is found by the chain of
//! signatures, at the witness and by `ledger verify --root` alike.

use futures_util::future::BoxFuture;
use writ_authority::{
    Admitted, Command, Fact, KeyPolicy,
    fact::{PersonInvited, PersonSeated, RecoveryAsked},
};
use writ_model::{
    Actor, Digest, InvitationId, PasskeyId, PersonId, RecoveryId, Role, Side, Span, WitnessId,
};

use crate::{
    server::{Server, caught, verified},
    world::{Someone, World},
};

fn watched() -> BoxFuture<'static, (World, Server)> {
    Box::pin(async {
        let world = World::honest().await;
        world.witness("office").await.round(0).await.unwrap();
        let server = Server::of(&world).await;
        assert!(verified(&world, &server).is_ok(), "the honest beginning verifies");
        (world, server)
    })
}

fn seated(person: PersonId) -> Fact {
    let (name, roles) = ("Eve Moss".to_owned(), vec![Role::Owner, Role::Approver]);
    Fact::PersonSeated(PersonSeated { person, name: name.into(), side: Side::Client, roles })
}

fn added(key: &Someone, admitted: Admitted) -> Fact {
    Fact::PasskeyAdded { key: Box::new(key.key.clone()), admitted }
}

fn writ() -> Actor {
    Actor::system("desk")
}

fn invitation(server: &mut Server, whom: &Someone) -> PersonInvited {
    let cx = server.cx(writ());
    PersonInvited {
        invitation: InvitationId::new(&cx),
        person: whom.person,
        name: "Eve Moss".into(),
        side: Side::Client,
        roles: vec![Role::Owner],
        code: Digest::of(b"eve"),
        expires: cx.now() + Span::days(1),
    }
}

fn invite(new: &PersonInvited) -> Command {
    let PersonInvited { invitation, person, name, side, roles, code, expires } = new.clone();
    Command::InvitePerson { invitation, person, name, side, roles, code, expires }
}

#[tokio::test]
async fn a_client_person_written_by_the_system() {
    let (world, mut server) = watched().await;
    let eve = PersonId::new(&server.cx(writ()));
    server.append(writ(), seated(eve));
    caught(&world, server, "AUTH-0024").await;
}

#[tokio::test]
async fn a_client_person_written_in_the_owners_name() {
    let (world, mut server) = watched().await;
    let eve = PersonId::new(&server.cx(writ()));
    server.append(world.dana.actor(), seated(eve));
    caught(&world, server, "AUTH-0024").await;
}

#[tokio::test]
async fn a_second_key_for_the_owner_written_by_the_system() {
    let (world, mut server) = watched().await;
    let second = Someone::known(&server.cx(writ()), world.dana.person, 66, "Dana's tablet");
    for admitted in [Admitted::Own, Admitted::Admission, Admitted::Mirrored, Admitted::Bootstrap] {
        let mut server = Server::of(&world).await;
        server.append(writ(), added(&second, admitted));
        let fault = verified(&world, &server).unwrap_err();
        assert_eq!(fault.code.as_deref(), Some("AUTH-0024"), "{admitted:?}");
    }
    server.append(writ(), added(&second, Admitted::Mirrored));
    caught(&world, server, "AUTH-0024").await;
}

#[tokio::test]
async fn a_client_person_invited_again_by_the_provider() {
    let (world, mut server) = watched().await;
    let eve = Someone::new(&server.cx(writ()), 66, "Eve's key");
    let new = invitation(&mut server, &eve);
    let request = server.request(world.mira.person, invite(&new), &[]);
    let receipt = world.mira.receipt(&server.cx(world.mira.actor()), request);
    server.force(receipt, vec![Fact::PersonInvited(new)]);
    caught(&world, server, "AUTH-0025").await;
}

#[tokio::test]
async fn a_takeover_in_full_with_every_role_and_every_server_key() {
    let (world, mut server) = watched().await;
    let eve = Someone::new(&server.cx(writ()), 66, "Eve's key");
    let new = invitation(&mut server, &eve);
    let invitation = new.invitation;
    server.append(writ(), Fact::PersonInvited(new));
    let joining = Actor::Person { id: eve.person, via: "join".to_owned() };
    server.append(joining, Fact::PersonJoined { invitation, key: Box::new(eve.key.clone()) });
    let act = Command::AdmitPerson {
        person: eve.person,
        fingerprint: eve.key.fingerprint(),
        called: Some("Eve, on a number that nobody else has".to_owned()),
    };
    let name = (eve.person.to_string(), "Eve Moss".to_owned());
    let request = server.request(world.mira.person, act, &[name]);
    let receipt = world.mira.receipt(&server.cx(world.mira.actor()), request);
    server.force(receipt, vec![seated(eve.person), added(&eve, Admitted::Admission)]);
    // And what it was for: the invented owner signs, correctly, for the client.
    let act = Command::SetKeyPolicy { policy: KeyPolicy::Any };
    server.sign(&eve, act);
    caught(&world, server, "AUTH-0024").await;
}

#[tokio::test]
async fn a_signature_by_a_key_that_nobody_admitted() {
    let (world, mut server) = watched().await;
    let act = Command::SetKeyPolicy { policy: KeyPolicy::DeviceBound };
    let forged = Someone::known(&server.cx(writ()), world.dana.person, 66, "Dana's other key");
    let request = server.request(world.dana.person, act, &[]);
    let receipt = forged.receipt(&server.cx(writ()), request);
    server.force(receipt, vec![Fact::KeyPolicySet { policy: KeyPolicy::DeviceBound }]);
    caught(&world, server, "AUTH-0027").await;
}

#[tokio::test]
async fn a_signature_by_another_key_under_the_owners_name() {
    let (world, mut server) = watched().await;
    let act = Command::SetKeyPolicy { policy: KeyPolicy::DeviceBound };
    let mut forged = Someone::known(&server.cx(writ()), world.dana.person, 66, "Dana's other key");
    forged.key.passkey = world.dana.key.passkey;
    let request = server.request(world.dana.person, act, &[]);
    let mut receipt = forged.receipt(&server.cx(writ()), request);
    receipt.assertion.credential.clone_from(&world.dana.key.credential);
    server.force(receipt, vec![Fact::KeyPolicySet { policy: KeyPolicy::DeviceBound }]);
    caught(&world, server, "AUTH-0021").await;
}

#[tokio::test]
async fn what_follows_a_signature_is_not_what_was_signed() {
    let (world, mut server) = watched().await;
    let (noor, eve) =
        (Someone::new(&server.cx(writ()), 7, "Noor"), Someone::new(&server.cx(writ()), 8, "Eve"));
    let (signed, written) = (invitation(&mut server, &noor), invitation(&mut server, &eve));
    let cx = server.cx(world.dana.actor());
    let receipt = world.dana.signs(&server.state(), &cx, invite(&signed)).unwrap();
    server.force(receipt, vec![Fact::PersonInvited(written)]);
    caught(&world, server, "AUTH-0023").await;
}

#[tokio::test]
async fn what_was_signed_is_left_out() {
    let (world, mut server) = watched().await;
    let act = Command::SetKeyPolicy { policy: KeyPolicy::DeviceBound };
    let cx = server.cx(world.dana.actor());
    let receipt = world.dana.signs(&server.state(), &cx, act).unwrap();
    server.force(receipt, Vec::new());
    caught(&world, server, "AUTH-0023").await;
}

#[tokio::test]
async fn a_signature_is_used_a_second_time() {
    let (world, mut server) = watched().await;
    let act = Command::SetKeyPolicy { policy: KeyPolicy::DeviceBound };
    let cx = server.cx(world.dana.actor());
    let receipt = world.dana.signs(&server.state(), &cx, act).unwrap();
    server.signed(&world.dana, receipt.clone());
    let again = KeyPolicy::DeviceBound;
    server.force(receipt, vec![Fact::KeyPolicySet { policy: again }]);
    caught(&world, server, "AUTH-0031").await;
}

#[tokio::test]
async fn a_signature_is_kept_for_later() {
    let (world, mut server) = watched().await;
    let act = Command::SetKeyPolicy { policy: KeyPolicy::DeviceBound };
    let cx = server.cx(world.dana.actor());
    let receipt = world.dana.signs(&server.state(), &cx, act).unwrap();
    for _ in 0..700 {
        server.cx(writ());
    }
    server.force(receipt, vec![Fact::KeyPolicySet { policy: KeyPolicy::DeviceBound }]);
    caught(&world, server, "AUTH-0029").await;
}

#[tokio::test]
async fn the_names_in_the_text_are_not_those_of_the_ledger() {
    let (world, mut server) = watched().await;
    // Dana is shown, and signs, that the witness “spare” is removed; the id is that of the real one.
    let witness = *server.state().witnesses.keys().next().unwrap();
    let reason = "it was never used".to_owned();
    let act = Command::RemoveWitness { witness, reason: reason.clone() };
    let name = (witness.to_string(), "spare".to_owned());
    let request = server.request(world.dana.person, act, &[name]);
    assert!(request.text().join(" ").contains("spare"));
    let receipt = world.dana.receipt(&server.cx(world.dana.actor()), request);
    server.force(receipt, vec![Fact::WitnessRemoved { witness, reason }]);
    caught(&world, server, "AUTH-0022").await;
}

#[tokio::test]
async fn the_clients_witness_is_removed_or_replaced() {
    let (world, server) = watched().await;
    let witness = *server.state().witnesses.keys().next().unwrap();
    let reason = "replaced".to_owned();
    let mut removed = Server::of(&world).await;
    removed.append(writ(), Fact::WitnessRemoved { witness, reason: reason.clone() });
    caught(&world, removed, "AUTH-0030").await;

    let mut signed = Server::of(&world).await;
    let act = Command::RemoveWitness { witness, reason: reason.clone() };
    let name = (witness.to_string(), "office".to_owned());
    let request = signed.request(world.mira.person, act, &[name]);
    let receipt = world.mira.receipt(&signed.cx(world.mira.actor()), request);
    signed.force(receipt, vec![Fact::WitnessRemoved { witness, reason }]);
    let fault = verified(&world, &signed).unwrap_err();
    assert_eq!(fault.code.as_deref(), Some("AUTH-0024"), "{fault}");

    let mut named = Server::of(&world).await;
    let cx = named.cx(writ());
    named.append(
        writ(),
        Fact::WitnessNamed(writ_authority::fact::WitnessNamed {
            witness: WitnessId::new(&cx),
            name: "office 2".to_owned(),
            key: "x".to_owned(),
            side: Side::Client,
        }),
    );
    let fault = verified(&world, &named).unwrap_err();
    assert_eq!(fault.code.as_deref(), Some("AUTH-0024"), "{fault}");
}

#[tokio::test]
async fn a_recovery_of_the_owner_by_the_provider() {
    let (world, mut server) = watched().await;
    let cx = server.cx(writ());
    let (recovery, expires) = (RecoveryId::new(&cx), cx.now() + Span::hours(1));
    let (person, code) = (world.dana.person, Digest::of(b"recover"));
    let reason = "she lost her phone".to_owned();
    let act = Command::AskRecovery { recovery, person, reason: reason.clone(), code, expires };
    let name = (person.to_string(), "Dana Cole".to_owned());
    let request = server.request(world.mira.person, act, &[name]);
    let receipt = world.mira.receipt(&server.cx(world.mira.actor()), request);
    let asked = RecoveryAsked { recovery, person, reason, code, expires };
    server.force(receipt, vec![Fact::RecoveryAsked(asked)]);
    caught(&world, server, "AUTH-0024").await;
}

#[tokio::test]
async fn the_owners_key_is_revoked_or_the_owner_made_to_leave() {
    let (world, _) = watched().await;
    let passkey: PasskeyId = world.dana.key.passkey;
    let mut revoked = Server::of(&world).await;
    let reason = "lost".to_owned();
    revoked.append(world.mira.actor(), Fact::PasskeyRevoked { passkey, reason });
    let fault = verified(&world, &revoked).unwrap_err();
    assert_eq!(fault.code.as_deref(), Some("AUTH-0030"), "{fault}");

    let mut left = Server::of(&world).await;
    left.append(writ(), Fact::PersonLeft { person: world.dana.person });
    caught(&world, left, "AUTH-0024").await;
}

#[tokio::test]
async fn a_copied_key_shows_by_its_counter() {
    let (world, mut server) = watched().await;
    let mut dana = Someone::known(&server.cx(writ()), world.dana.person, 2, "Dana's phone");
    dana.key = world.dana.key.clone();
    let policy = |device: bool| if device { KeyPolicy::DeviceBound } else { KeyPolicy::Any };
    dana.soft.knobs().counter = Some(7);
    server.sign(&dana, Command::SetKeyPolicy { policy: policy(true) });
    dana.soft.knobs().counter = Some(5);
    let cx = server.cx(dana.actor());
    let act = Command::SetKeyPolicy { policy: policy(false) };
    let receipt = dana.signs(&server.state(), &cx, act).unwrap();
    server.force(receipt, vec![Fact::KeyPolicySet { policy: policy(false) }]);
    caught(&world, server, "AUTH-0028").await;
}

#[tokio::test]
async fn a_revoked_key_signs_no_more() {
    let (world, mut server) = watched().await;
    let second = Someone::known(&server.cx(writ()), world.dana.person, 3, "Dana's tablet");
    server.sign(&world.dana, Command::AddPasskey { key: Box::new(second.key.clone()) });
    let passkey = world.dana.key.passkey;
    let reason = "the phone was stolen".to_owned();
    server.sign(&second, Command::RevokePasskey { passkey, reason });
    let request =
        server.request(world.dana.person, Command::SetKeyPolicy { policy: KeyPolicy::Any }, &[]);
    let receipt = world.dana.receipt(&server.cx(writ()), request);
    server.force(receipt, vec![Fact::KeyPolicySet { policy: KeyPolicy::Any }]);
    caught(&world, server, "AUTH-0027").await;
}

#[tokio::test]
async fn an_agent_let_act_without_anybodys_signature() {
    let (world, mut server) = watched().await;
    let agent = writ_model::AgentId::new(&server.cx(writ()));
    server.append(world.dana.actor(), Fact::AgentActivated { agent });
    let fault = verified(&world, &server).unwrap_err();
    assert_eq!(fault.code.as_deref(), Some("AUTH-0030"), "{fault}");
    let export_of = |server: &Server| verified(&world, server).map(|found| found["lines"].clone());
    assert!(export_of(&Server::of(&world).await).is_ok());
}
