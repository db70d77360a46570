//! Who acts in a token that was exchanged (RFC 8693 section 4.1): the running copy that holds it, the ones it got it from,
//! and the agent they all act for.
//!
//! Never here: whether one may act for the other (the ledger says that, at each use).

use std::collections::BTreeSet;

use serde_json::Value;
use writ_model::{AgentId, InstanceId, json};

use super::{Claims, TokenFault};
use crate::claims::text;

/// LIMIT: agents that act one for the other in one token, without the one they act for. The ledger lets eight stand in a
/// row, that one included.
pub const MAX_ACTORS: usize = 7;

/// One of a chain: an agent, its running copy, and the agent's epoch when the token was issued to that copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// The agent.
    pub agent: AgentId,
    /// Its running copy.
    pub instance: InstanceId,
    /// The agent's epoch.
    pub epoch: u64,
}

/// For whom a token is used, and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behalf {
    /// The running copy of the agent that all of them act for (`writ_copy`).
    pub copy: InstanceId,
    /// Whoever acts (`act`): the holder first, whoever it acts for next. Never empty.
    pub actors: Vec<Link>,
}

impl Behalf {
    /// The claim `act`.
    pub fn to_json(&self) -> Value {
        let nest = |inner: Value, link: &Link| {
            let mut act = serde_json::json!({
                "sub": link.agent,
                "client_id": link.instance,
                "writ_epoch": link.epoch,
            });
            if let (Value::Object(_), Some(members)) = (&inner, act.as_object_mut()) {
                members.insert("act".to_owned(), inner);
            }
            act
        };
        self.actors.iter().rev().fold(Value::Null, nest)
    }

    /// Reads the claim, whose copy stands beside it.
    pub(super) fn read(token: &json::Node<'_>) -> Result<Option<Self>, TokenFault> {
        let bad = |name| move || TokenFault::Claim(name);
        let (act, copy) = (token.get("act"), token.get("writ_copy"));
        let (Some(act), Some(_)) = (act, copy) else {
            // Fail closed: half of it is no token of ours.
            return if act.is_none() && copy.is_none() {
                Ok(None)
            } else {
                Err(TokenFault::Claim("act"))
            };
        };
        let copy = text(token, "writ_copy", 64).and_then(|id| id.parse().ok());
        let mut actors = Vec::new();
        let mut next = Some(act);
        while let Some(act) = next {
            if actors.len() >= MAX_ACTORS {
                return Err(TokenFault::Claim("act"));
            }
            let id = |name| text(act, name, 64);
            actors.push(Link {
                agent: id("sub").and_then(|id| id.parse().ok()).ok_or_else(bad("act"))?,
                instance: id("client_id").and_then(|id| id.parse().ok()).ok_or_else(bad("act"))?,
                epoch: super::epoch(act).ok_or_else(bad("act"))?,
            });
            next = act.get("act");
        }
        Ok(Some(Self { copy: copy.ok_or_else(bad("writ_copy"))?, actors }))
    }
}

impl Claims {
    /// Whoever calls with the token: its holder.
    pub fn caller(&self) -> Link {
        self.actors().first().copied().unwrap_or_else(|| self.subject())
    }

    /// Everybody whose word the token is: its holder first, the agent that all act for last.
    pub fn chain(&self) -> Vec<Link> {
        let mut chain = self.actors().to_vec();
        chain.push(self.subject());
        chain
    }

    fn actors(&self) -> &[Link] {
        self.behalf.as_ref().map(|behalf| behalf.actors.as_slice()).unwrap_or_default()
    }

    fn subject(&self) -> Link {
        let instance = self.behalf.as_ref().map_or(self.client_id, |behalf| behalf.copy);
        Link { agent: self.sub, instance, epoch: self.epoch }
    }

    /// INVARIANT: the client of the token is the copy that holds it, and nobody acts for themselves.
    pub(super) fn check_chain(&self) -> Result<(), TokenFault> {
        let Some(behalf) = &self.behalf else { return Ok(()) };
        let holder = behalf.actors.first().ok_or(TokenFault::Claim("act"))?;
        let agents: BTreeSet<AgentId> = self.chain().iter().map(|link| link.agent).collect();
        let fits = behalf.actors.len() <= MAX_ACTORS
            && agents.len() == behalf.actors.len() + 1
            && holder.instance == self.client_id
            && self.jkt.is_some();
        if fits { Ok(()) } else { Err(TokenFault::Claim("act")) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        jws::compose,
        token::{
            Expect, PublicKeys, TYP, issue,
            tests::{ISS, claims, key, now},
            verify,
        },
    };

    type Change<'c> = &'c dyn Fn(&mut Value);

    fn link(number: u8) -> Link {
        Link {
            agent: AgentId::from_parts(now(), [number; 10]),
            instance: InstanceId::from_parts(now(), [number + 100; 10]),
            epoch: u64::from(number),
        }
    }

    /// The claims of a token that these hold and got, for the agent of every test.
    fn acting(actors: Vec<Link>) -> Claims {
        let client_id = actors[0].instance;
        let copy = claims().client_id;
        Claims { client_id, behalf: Some(Behalf { copy, actors }), ..claims() }
    }

    fn read(text: &str) -> Result<Claims, TokenFault> {
        let keys = PublicKeys::of_signing_key(&key()).unwrap();
        verify(text, &keys, &Expect { iss: ISS, now: now() }).map(|good| good.for_issuer().clone())
    }

    #[test]
    fn a_chain_is_read_back_with_its_holder_first() {
        assert_eq!(claims().chain(), [claims().caller()]);
        assert_eq!(claims().caller().instance, claims().client_id);
        for length in [1, 2, MAX_ACTORS] {
            let actors: Vec<Link> = (20_u8..).take(length).map(link).collect();
            let text = issue(&key(), &acting(actors.clone())).unwrap();
            assert!(text.len() < 3_000, "{} bytes fit a header", text.len());
            let got = read(&text).unwrap();
            assert_eq!(got.caller(), actors[0]);
            let subject = Link { agent: got.sub, instance: claims().client_id, epoch: 7 };
            assert_eq!(got.chain(), [actors.clone(), vec![subject]].concat());
        }
        let two = acting(vec![link(20), link(21)]).behalf.unwrap().to_json();
        assert_eq!(two["sub"], link(20).agent.to_string(), "whoever acts now is outermost");
        assert_eq!(two["act"]["sub"], link(21).agent.to_string());
        assert_eq!(two["act"]["act"], Value::Null);
    }

    #[test]
    fn a_chain_that_is_none_is_neither_issued_nor_read() {
        let subject = Link { agent: claims().sub, ..link(20) };
        let many: Vec<Link> = (20_u8..).take(MAX_ACTORS + 1).map(link).collect();
        let none = Claims { behalf: None, ..claims() };
        for (what, bad) in [
            (
                "nobody acts",
                Claims {
                    behalf: acting(vec![link(20)])
                        .behalf
                        .map(|one| Behalf { actors: vec![], ..one }),
                    ..none.clone()
                },
            ),
            ("for itself", acting(vec![subject])),
            ("twice", acting(vec![link(20), link(21), link(20)])),
            ("too many", acting(many)),
            ("held by another", Claims { client_id: link(30).instance, ..acting(vec![link(20)]) }),
            ("without a key", Claims { jkt: None, ..acting(vec![link(20)]) }),
        ] {
            assert_eq!(issue(&key(), &bad), Err(TokenFault::Claim("act")), "{what}");
        }
        let good: Value =
            serde_json::from_str(&super::super::write(&acting(vec![link(20)]))).unwrap();
        let with = |change: &dyn Fn(&mut Value)| {
            let mut payload = good.clone();
            change(&mut payload);
            let header = format!(r#"{{"alg":"EdDSA","kid":"{}","typ":"{TYP}"}}"#, key().kid());
            read(&compose(&key(), &header, payload.to_string().as_bytes()).unwrap())
        };
        assert!(with(&|_| ()).is_ok());
        let changes: [(&str, Change<'_>); 7] = [
            ("act is a text", &|payload| payload["act"] = json!("x")),
            ("act is empty", &|payload| payload["act"] = json!({})),
            ("an inner act is empty", &|payload| payload["act"]["act"] = json!({})),
            ("no epoch", &|payload| payload["act"]["writ_epoch"] = Value::Null),
            ("no copy beside it", &|payload| {
                drop(payload.as_object_mut().unwrap().remove("writ_copy"));
            }),
            ("a copy alone", &|payload| drop(payload.as_object_mut().unwrap().remove("act"))),
            ("another client", &|payload| payload["client_id"] = json!(link(9).instance)),
        ];
        for (what, change) in changes {
            assert!(matches!(with(change), Err(TokenFault::Claim(_))), "{what}");
        }
    }
}
