//! How records are packed, and what a shipper does with what cannot travel and after a fault.

use std::{collections::VecDeque, sync::Arc};

use async_trait::async_trait;
use parking_lot::Mutex;
use writ_lake::Inputs;
use writ_model::{
    AgentId, BootId, CallId, GatewayId, InstanceId, Span, Timestamp, ocsf::Disposition,
};
use writ_store::{Bus, BusFault, Consumer, Delivery};
use writ_testkit::FakeClock;

use super::{ship::Shipping, *};

fn tenant() -> TenantId {
    TenantId::from_bytes([1; 16])
}

fn record(seq: u64, bytes: usize) -> Record {
    Record {
        call: CallId::from_bytes([1; 16]),
        tenant: tenant(),
        gateway: GatewayId::from_bytes([2; 16]),
        boot: BootId::from_bytes([3; 16]),
        seq,
        at: Timestamp::from_micros(1),
        agent: AgentId::from_bytes([4; 16]),
        instance: InstanceId::from_bytes([5; 16]),
        server: "mail".to_owned(),
        method: "tools/call".to_owned(),
        surface: "tool".to_owned(),
        name: "send".to_owned(),
        effect: Disposition::Allowed,
        code: "PERM-0001".to_owned(),
        detail: String::new(),
        grant: None,
        latency_us: 1,
        ocsf: Bytes::from(vec![b'x'; bytes]),
        inputs: Inputs::default(),
    }
}

#[test]
fn a_large_record_travels_alone() {
    let large = wire::MAX_RECORD - (1 << 10);
    let records = [record(0, 200 << 10), record(1, large), record(2, 100), record(3, 100)];
    let packs = pack(&records);
    assert!(packs.iter().all(|pack| pack.body.len() <= MAX_BODY));
    let read: Vec<Vec<u64>> = packs
        .iter()
        .map(|pack| wire::decode(&pack.body).unwrap().iter().map(|one| one.seq).collect())
        .collect();
    assert_eq!(read, [vec![0], vec![1], vec![2, 3]], "all of them, in order");
}

/// A spool that answers as it is told.
#[derive(Debug)]
struct Told(VecDeque<Result<Vec<Delivery>, BusFault>>);

#[async_trait]
impl Consumer for Told {
    async fn next(&mut self, _most: usize) -> Result<Vec<Delivery>, BusFault> {
        self.0.pop_front().expect("no more is asked")
    }

    async fn ack(&mut self, _up_to: u64) -> Result<(), BusFault> {
        Ok(())
    }
}

/// A bus that keeps what may travel.
#[derive(Debug, Default)]
struct Keeps(Mutex<Vec<Message>>);

/// What a bus does with what is published; nothing else of it is asked for here.
trait Takes: std::fmt::Debug + Send + Sync {
    fn take(&self, messages: Vec<Message>) -> Result<(), BusFault>;
}

#[derive(Debug)]
struct Only<T>(T);

#[async_trait]
impl<T: Takes> Bus for Only<T> {
    async fn publish(&self, messages: Vec<Message>) -> Result<(), BusFault> {
        self.0.take(messages)
    }

    async fn consume(&self, _name: &str) -> Result<Box<dyn Consumer>, BusFault> {
        Ok(Box::new(Told(VecDeque::new())))
    }

    async fn lag(&self, _name: &str) -> Result<u64, BusFault> {
        Ok(0)
    }

    async fn names(&self) -> Result<Vec<String>, BusFault> {
        Ok(Vec::new())
    }

    async fn forget(&self, _name: &str) -> Result<bool, BusFault> {
        Ok(false)
    }
}

impl Takes for Keeps {
    fn take(&self, messages: Vec<Message>) -> Result<(), BusFault> {
        if let Some(long) = messages.iter().find(|one| one.body.len() > MAX_BODY) {
            return Err(BusFault::TooLong { found: long.body.len() });
        }
        self.0.lock().extend(messages);
        Ok(())
    }
}

fn delivery(seq: u64, bytes: usize) -> Delivery {
    let message = message(tenant(), vec![u8::try_from(seq).unwrap(); bytes]);
    Delivery { seq, message, redelivered: false }
}

fn shipping() -> Shipping {
    Shipping::new(Arc::new(FakeClock::at(Timestamp::from_micros(1))))
}

#[tokio::test]
async fn a_fault_that_is_over_leaves_nobody_behind() {
    let (shipping, bus) = (shipping(), Only(Keeps::default()));
    let fault = BusFault::Faulted { why: "a disk".to_owned() };
    let mut spooled = Told([Err(fault), Ok(Vec::new())].into());
    let stop = CancellationToken::new();
    shipping.step(&mut spooled, &bus, &stop).await.unwrap_err();
    assert!(shipping.behind().is_some(), "what is spooled cannot be read");
    shipping.step(&mut spooled, &bus, &stop).await.unwrap();
    assert_eq!(shipping.behind(), None, "nothing was spooled");
}

#[tokio::test]
async fn what_cannot_travel_holds_nothing_up() {
    let (shipping, bus) = (shipping(), Only(Keeps::default()));
    let found = vec![delivery(1, PACK), delivery(2, MAX_BODY + 1), delivery(3, PACK)];
    let mut spooled = Told([Ok(found.clone())].into());
    let stop = CancellationToken::new();
    let step = shipping.step(&mut spooled, &bus, &stop);
    timeout(Duration::from_secs(30), step).await.expect("it goes on").unwrap();
    let kept = bus.0.0.lock().clone();
    assert_eq!(kept, [found[0].message.clone(), found[2].message.clone()]);
    assert_eq!(shipping.behind(), None);
}

#[tokio::test]
async fn runs_reach_the_bus_one_after_the_other_whoever_they_are_of() {
    let of = |tenant: u8, boot: u8| {
        let (tenant, boot) = (TenantId::from_bytes([tenant; 16]), BootId::from_bytes([boot; 16]));
        let mut body = Vec::new();
        wire::encode(&Record { tenant, boot, ..record(0, 10) }, &mut body).unwrap();
        message(tenant, body)
    };
    let spool = [of(2, 1), of(1, 1), of(2, 2), of(1, 2), of(2, 3)];
    let found = (1..).zip(&spool).map(|(seq, message)| Delivery {
        seq,
        message: message.clone(),
        redelivered: false,
    });
    let (shipping, bus) = (shipping(), Only(Keeps::default()));
    let mut spooled = Told([Ok(found.collect())].into());
    shipping.step(&mut spooled, &bus, &CancellationToken::new()).await.unwrap();
    let kept = bus.0.0.lock().clone();
    let boots: Vec<u8> =
        kept.iter().map(|pack| wire::run_of(&pack.body).unwrap().1.to_bytes()[0]).collect();
    assert_eq!(boots, [1, 1, 2, 2, 3]);
    assert_eq!(wire::run_of(b"no pack"), None);
}

/// A bus that takes its time for each pack; what the shipper says meanwhile.
#[derive(Debug)]
struct Slow {
    clock: Arc<FakeClock>,
    shipping: Arc<Shipping>,
    /// So often it takes nothing of this tenant.
    refuses: (TenantId, Mutex<u32>),
    said: Mutex<Vec<Option<Span>>>,
}

impl Takes for Slow {
    fn take(&self, messages: Vec<Message>) -> Result<(), BusFault> {
        self.clock.advance(Span::micros(600_000));
        self.said.lock().push(self.shipping.behind());
        let mut left = self.refuses.1.lock();
        if *left > 0 && messages.iter().any(|message| message.tenant == self.refuses.0) {
            *left -= 1;
            return Err(BusFault::Faulted { why: "a disk".to_owned() });
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_bus_that_takes_one_after_the_other_is_not_lost_and_one_that_takes_nothing_is() {
    let clock = Arc::new(FakeClock::at(Timestamp::from_micros(1)));
    let shipping = Arc::new(Shipping::new(Arc::clone(&clock) as Arc<dyn writ_model::Clock>));
    let of = |nth: u8| TenantId::from_bytes([nth; 16]);
    let (refuses, said) = ((of(9), Mutex::new(2)), Mutex::default());
    let bus = Only(Slow { clock, shipping: Arc::clone(&shipping), refuses, said });
    let delivery = |nth: u8| Delivery {
        seq: u64::from(nth),
        message: message(of(nth), vec![nth]),
        redelivered: false,
    };
    let mut spooled = Told([Ok((1..=4).map(delivery).collect())].into());
    let stop = CancellationToken::new();
    // So that no pause is waited for.
    stop.cancel();
    shipping.step(&mut spooled, &bus, &stop).await.unwrap();
    let ms = |count: i64| Some(Span::micros(count * 1_000));
    assert_eq!(std::mem::take(&mut *bus.0.said.lock()), [ms(600), ms(600), ms(600), ms(600)]);

    // The one that is not taken is tried again alone, and is older each time.
    let mut spooled = Told([Ok([1, 9].into_iter().map(delivery).collect())].into());
    shipping.step(&mut spooled, &bus, &stop).await.unwrap();
    let said = std::mem::take(&mut *bus.0.said.lock());
    assert_eq!(said, [ms(600), ms(600), ms(1_200), ms(1_800)]);
    assert_eq!(shipping.behind(), None);
}
