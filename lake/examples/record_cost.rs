//! CPU per record, all in, and what of it the caller spends until its record is journaled and queued; with `leaves`, each
//! call is journaled once more before: `cargo run --release -p writ-lake --example record_cost [leaves]`.
#![expect(clippy::print_stdout, reason = "an example that measures")]
#![expect(clippy::disallowed_methods, reason = "an example that measures")]

use bytes::Bytes;
use writ_lake::{Activity, Inputs, Record};
use writ_model::{
    AgentId, BootId, CallId, Digest, GatewayId, GrantId, InstanceId, TenantId, Timestamp,
    ocsf::Disposition,
};

const RECORDS: u64 = 200_000;

fn cpu_nanos() -> u64 {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    tasks
        .filter_map(|task| std::fs::read_to_string(task.path().join("schedstat")).ok())
        .filter_map(|text| text.split(' ').next()?.parse::<u64>().ok())
        .sum()
}

fn id(kind: u8, number: u64) -> [u8; 16] {
    let digest = Digest::of_parts(&[&[kind], &number.to_be_bytes()]);
    let mut out = [0; 16];
    out.iter_mut().zip(digest.as_bytes()).for_each(|(slot, byte)| *slot = *byte);
    out
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::temp_dir().join(format!("writ-lake-cost-{}.db", std::process::id()));
    let lake = Activity::open(&path)?;
    let ocsf = Bytes::from(vec![b'x'; 1300]);
    let leaves = std::env::args().any(|word| word == "leaves");
    let start = (cpu_nanos(), std::time::Instant::now());
    let mut giving = Vec::new();
    for number in 0..RECORDS {
        let agent = number.wrapping_mul(7919) % 10_000;
        let mut call = (number << 20).to_be_bytes().to_vec();
        call.extend(number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
        let record = Record {
            call: CallId::from_bytes(call.try_into().unwrap_or_default()),
            tenant: TenantId::from_bytes(id(1, agent % 500)),
            gateway: GatewayId::from_bytes(id(2, 0)),
            boot: BootId::from_bytes(id(3, 0)),
            seq: number,
            at: Timestamp::from_micros(1_800_000_000_000_000 + number.cast_signed() * 100),
            agent: AgentId::from_bytes(id(4, agent)),
            instance: InstanceId::from_bytes(id(5, agent)),
            server: "mail".to_owned(),
            method: "tools/call".to_owned(),
            surface: "tool".to_owned(),
            name: "send_message".to_owned(),
            effect: Disposition::Allowed,
            code: "AUTH-0001".to_owned(),
            detail: "granted by a person".to_owned(),
            grant: Some(GrantId::from_bytes(id(6, agent * 20 + number % 20))),
            latency_us: 250,
            ocsf: ocsf.clone(),
            inputs: Inputs {
                tree_size: 12,
                epoch: 1,
                engine: "e1".to_owned(),
                reads: String::new(),
                arguments: Bytes::from_static(&[7; 120]),
                ..Inputs::default()
            },
        };
        let slot = lake.place(record.tenant).await?;
        let since = std::time::Instant::now();
        if leaves {
            slot.leaves(&record)?;
        }
        slot.write(record);
        giving.push(since.elapsed());
        if number % 64 == 0 {
            tokio::task::yield_now().await;
        }
    }
    lake.flush().await?;
    let spent = cpu_nanos() - start.0;
    let wall = u64::try_from(start.1.elapsed().as_nanos()).unwrap_or(u64::MAX);
    println!("per record: {} ns of CPU, {} ns of time", spent / RECORDS, wall / RECORDS);
    giving.sort_unstable();
    let at = |part: usize| giving.get(giving.len() * part / 100).copied().unwrap_or_default();
    println!("until one is journaled and queued: median {:?}, p99 {:?}", at(50), at(99));
    lake.close().await;
    for ending in ["", "-wal", "-shm"] {
        drop(std::fs::remove_file(format!("{}{ending}", path.display())));
    }
    Ok(())
}
