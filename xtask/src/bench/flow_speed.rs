//! What data flow costs a call whose context has read 64 KiB: tracing its arguments and judging it, taking in its result
//! and making that findable, in CPU time of this process. Windows with an empty context stand beside those with a full one.
//!
//! What was read is made findable by the next call that is judged, so that a judgment alone would hide it: the bar is
//! for conversations in which every call acts and has read 1 KiB, all of it counted; those in which one of five acts stand
//! beside it. Never here: wall-clock time.

use std::{collections::BTreeMap, hint::black_box};

use anyhow::Result;
use serde_json::{Value, json};
use writ_flow::{Call, Class, Context, Read, Rules, Tool, classify};

use super::{
    cpu,
    stats::{float, median, round},
};

/// Read text in context, as the issue says.
const IN_CONTEXT: usize = 64 << 10;
/// A window: long beside the scheduler's tick, by which CPU time is counted.
const CALLS: u64 = 4_000;
/// Contexts filled in a window.
const FILLS: u64 = 20;
/// Windows of each sort; the middle one counts.
const WINDOWS: usize = 15;
/// The bar of the issue, for a judgment and results of 1 KiB, taken in and made findable.
const MOST_US: f64 = 30.0;
/// Results that are read between two calls, together.
const BETWEEN: usize = 1 << 10;
/// Of so many calls one acts, in conversations that mostly read.
const ACTS: usize = 5;

/// The bar of the issue for recorded calls, lines read and all: 100,000 in a minute.
const SIMULATED_US: f64 = 600.0;

/// CPU microseconds.
#[derive(Debug)]
pub(super) struct Speed {
    full: f64,
    empty: f64,
    read_kib: f64,
    read_result: f64,
    acting: f64,
    reading: f64,
    kept: f64,
    kept_bytes: usize,
    simulated: f64,
}

impl Speed {
    /// Whether the bar is held.
    pub(super) fn held(&self) -> bool {
        self.acting <= MOST_US && self.simulated <= SIMULATED_US
    }

    /// For the summary.
    pub(super) fn document(&self) -> Value {
        json!({
            "context_bytes": IN_CONTEXT,
            "judge_cpu_us": round(self.full, 2),
            "judge_cpu_us_empty_context": round(self.empty, 2),
            "read_cpu_us_per_kib": round(self.read_kib, 2),
            "read_cpu_us_per_result": round(self.read_result, 2),
            "call_and_1_kib_read_cpu_us": round(self.acting, 2),
            "call_and_1_kib_read_max_us": MOST_US,
            "same_one_of_five_acts_cpu_us": round(self.reading, 2),
            "to_bytes_cpu_us": round(self.kept, 2),
            "kept_bytes": self.kept_bytes,
            "simulated_call_cpu_us": round(self.simulated, 1),
            "simulated_calls_max_us": SIMULATED_US,
        })
    }
}

/// Measures on the texts of these recordings; `whole` simulates all of them, which are so many calls.
///
/// # Errors
/// If they hold less than the context takes.
pub(super) fn measure(
    recordings: &BTreeMap<String, String>,
    calls: u64,
    mut whole: impl FnMut() -> Result<()>,
) -> Result<Speed> {
    let texts = texts(recordings)?;
    let class = |name: &str, description: &str, schema: &Value| {
        let (input_schema, annotations) = (Some(schema), None);
        classify(&Tool { server: "mail", name, description, input_schema, annotations })
    };
    let text = json!({"type": "string"});
    let reader = class(
        "read_message",
        "Reads one message.",
        &json!({"type": "object", "properties": {"id": text}}),
    );
    let schema =
        json!({"type": "object", "properties": {"to": text, "subject": text, "body": text}});
    let sender = class("send_message", "Sends a message.", &schema);
    let full = filled(&texts, &reader);
    let empty = filled(&[], &reader);
    let arguments = arguments(&texts);
    let call = Call { server: "mail", tool: "send_message", class: &sender, arguments: &arguments };
    let rules = Rules::default();
    let (mut fulls, mut empties, mut reads) = (Vec::new(), Vec::new(), Vec::new());
    let (mut simulations, mut keeps) = (Vec::new(), Vec::new());
    let (mut acting, mut reading) = (Vec::new(), Vec::new());
    let sizes: Vec<usize> = texts.iter().map(|text| text.to_string().len()).collect();
    let talk = Talk { from: &full, texts: (&texts, &sizes), reader: &reader, call: &call };
    let (kibs, results) =
        (float(u64::try_from(IN_CONTEXT >> 10)?), float(u64::try_from(texts.len())?));
    for _ in 0..WINDOWS {
        for (context, into) in [(&full, &mut fulls), (&empty, &mut empties)] {
            let judge = || drop(black_box(context.judge(black_box(&call), &rules)));
            into.push(micros(CALLS, judge)?);
        }
        let fill = || drop(black_box(filled(black_box(&texts), &reader)));
        reads.push(micros(FILLS, fill)? / kibs);
        for (every, into) in [(1, &mut acting), (ACTS, &mut reading)] {
            into.push(talk.micros_per_call(every)?);
        }
        keeps.push(micros(FILLS, || drop(black_box(full.to_bytes())))?);
        let mut simulated = Ok(());
        let simulate = || simulated = whole();
        simulations.push(micros(1, simulate)? / float(calls.max(1)));
        simulated?;
    }
    let read_kib = median(&reads);
    Ok(Speed {
        full: median(&fulls),
        empty: median(&empties),
        read_kib,
        read_result: read_kib * kibs / results,
        acting: median(&acting),
        reading: median(&reading),
        kept: median(&keeps),
        kept_bytes: full.to_bytes()?.len(),
        simulated: median(&simulations),
    })
}

/// A conversation that goes on from 64 KiB to 128.
struct Talk<'a> {
    from: &'a Context,
    /// With their lengths.
    texts: (&'a [Value], &'a [usize]),
    reader: &'a Class,
    call: &'a Call<'a>,
}

impl Talk<'_> {
    /// CPU microseconds of one call and of what was read before it; one of `every` calls acts, the others read.
    fn micros_per_call(&self, every: usize) -> Result<f64> {
        // Copies are made before the clock is read, and thrown away after it.
        let mut contexts = vec![self.from.clone(); usize::try_from(FILLS)?];
        for context in &contexts {
            drop(black_box(context.judge(self.call, &Rules::default())));
        }
        let mut calls = 0;
        let mut next = contexts.iter_mut();
        let spent = micros(FILLS, || {
            if let Some(context) = next.next() {
                calls += self.go_on(context, every);
            }
        })?;
        Ok(spent * float(FILLS) / float(calls.max(1)))
    }

    /// Reads everything once more, with a call after each KiB; says how many calls that were.
    fn go_on(&self, context: &mut Context, every: usize) -> u64 {
        let (mut calls, mut bytes) = (0, 0);
        let rules = Rules::default();
        for (number, (text, size)) in self.texts.0.iter().zip(self.texts.1).enumerate() {
            let arguments = json!({"id": format!("n{number}")});
            let (server, tool, class) = ("mail", "read_message", self.reader);
            context.result(&Read { server, tool, class, arguments: &arguments }, text, false);
            bytes += size;
            if bytes < BETWEEN {
                continue;
            }
            bytes = 0;
            calls += 1;
            let reads = Call { server, tool, class, arguments: &arguments };
            let acts = usize::try_from(calls).is_ok_and(|calls| calls.is_multiple_of(every));
            let call = if acts { self.call } else { &reads };
            drop(black_box(context.judge(black_box(call), &rules)));
        }
        calls
    }
}

/// CPU microseconds of each time.
fn micros(times: u64, mut what: impl FnMut()) -> Result<f64> {
    let spent = || -> Result<u64> { Ok(cpu::nanos_by_thread(std::process::id())?.values().sum()) };
    let before = spent()?;
    for _ in 0..times {
        what();
    }
    Ok(float(spent()?.saturating_sub(before)) / 1000.0 / float(times))
}

/// Results of the recordings, as many as the context takes.
fn texts(recordings: &BTreeMap<String, String>) -> Result<Vec<Value>> {
    let (mut found, mut bytes) = (Vec::new(), 0);
    for line in recordings.values().flat_map(|text| text.lines()) {
        let mut row: Value = serde_json::from_str(line)?;
        let content = row.get_mut("content").map(Value::take);
        if let Some(content) = content.filter(|content| content.to_string().len() > 40) {
            bytes += content.to_string().len();
            found.push(content);
        }
        if bytes >= IN_CONTEXT {
            return Ok(found);
        }
    }
    anyhow::bail!("the recordings hold {bytes} bytes of results, fewer than {IN_CONTEXT}")
}

fn filled(texts: &[Value], class: &Class) -> Context {
    let mut context = Context::new();
    context.task("Answer the question of Greta Holm about the delivery and send her the new date.");
    for (number, text) in texts.iter().enumerate() {
        let arguments = json!({"id": format!("m{number}")});
        let read = Read { server: "mail", tool: "read_message", class, arguments: &arguments };
        context.result(&read, text, false);
    }
    context
}

/// A mail of some length, half of it quoted from what was read.
fn arguments(texts: &[Value]) -> Value {
    let quoted = texts.last().map(Value::to_string).unwrap_or_default();
    let quoted: String = quoted.chars().take(300).collect();
    let body =
        format!("Dear Greta, the delivery comes on 4 June between 8 and 12. You wrote: {quoted}");
    json!({"to": "greta.holm@fjord-textiles.example", "subject": "Your delivery", "body": body})
}
