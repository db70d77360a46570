//! Pickles: one after the other in a stream, what stands between and behind them.
//!
//! Python's pickle is a program; loading it runs it. Here every opcode is walked and nothing is built: names are judged by
//! lists, calls by rules, literals are looked into, and what cannot be told is never clean.
//! Never here: an object. To add an opcode see `machine`, a name `allowed.txt`, a rule `calls`.

mod array;
mod calls;
mod escape;
mod machine;
mod names;
mod value;

pub(crate) use array::{bytes_of, spelled_type};
pub(crate) use machine::Setting;
pub(crate) use names::{Standing, outward, standing};

use crate::{
    book::Book,
    cursor::{Cursor, Stop},
    hidden,
    pickle::{machine::Machine, value::Value},
    report::{Finding, Kind},
    source::Source,
};

/// LIMIT: pickles in one stream; a log of records has thousands.
const PICKLES: u64 = 100_000;
/// LIMIT: bytes behind a pickle that are searched.
const BEHIND: usize = 1 << 20;

/// Reads a stream of pickles.
pub(crate) fn read(source: &mut dyn Source, setting: Setting, book: &mut Book<'_>) -> Kind {
    let cursor = Cursor::new(source);
    let mut machine = Machine::new(cursor, book, setting);
    let mut count = 0_u64;
    let mut legacy = false;
    loop {
        let at = machine.cursor.at();
        let ended = machine.run();
        machine.stack.clear();
        machine.marks.clear();
        match ended {
            Ok(value) => legacy |= count == 0 && value == Value::Magic,
            Err(stop) => {
                let after = machine.cursor.at();
                stopped(&mut machine, stop, at, after, count);
                break;
            }
        }
        count += 1;
        if machine.arena.full {
            machine.book.partial("containers after the limit of containers");
        }
        if machine.cursor.left() == 0 {
            break;
        }
        // Magic, protocol, system, the object, the keys of its storages; then their numbers.
        if legacy && count == 5 {
            behind(&mut machine, true);
            break;
        }
        if count >= PICKLES {
            machine.book.partial("pickles after the limit of pickles");
            break;
        }
        if !machine.begins() {
            behind(&mut machine, false);
            break;
        }
    }
    if legacy { Kind::TorchLegacy } else { Kind::Pickle }
}

impl Machine<'_, '_, '_> {
    /// Whether what comes next may be a pickle.
    fn begins(&mut self) -> bool {
        let head = self.cursor.peek(16).unwrap_or_default();
        hidden::opens(head)
    }
}

fn stopped(machine: &mut Machine<'_, '_, '_>, stop: Stop, from: u64, at: u64, count: u64) {
    match stop {
        Stop::Limit => machine.book.partial("the pickle after a limit was met"),
        Stop::Unread => {
            machine.book.broken("source.unread", at, "bytes could not be read");
        }
        Stop::End => {
            machine.book.broken("pickle.truncated", at, "the pickle ends before its STOP");
        }
        Stop::Broken => {
            let sentence = "a byte is no opcode, or the stack does not have what it asks for";
            machine.book.broken("pickle.broken", at, sentence);
        }
    }
    // A loader that reads one pickle never comes here; one that goes on might, from any byte.
    let from = if count == 0 { at } else { from };
    let rest = machine.cursor.span(from, machine.cursor.len().saturating_sub(from), BEHIND);
    hidden::search(machine.book, &rest.unwrap_or_default(), from);
}

/// What stands behind the last pickle.
fn behind(machine: &mut Machine<'_, '_, '_>, weights: bool) {
    let at = machine.cursor.at();
    let left = machine.cursor.left();
    let rest = machine.cursor.span(at, left, BEHIND).unwrap_or_default();
    hidden::search(machine.book, &rest, at);
    if weights {
        // Each storage has its count in front of its numbers.
        let wanted = machine
            .storages
            .values()
            .fold(0_u64, |all, one| all.saturating_add(one.saturating_add(8)));
        if left < wanted {
            machine.book.broken("pickle.truncated", at, "the weights end before the last storage");
        }
        machine.book.pass("weights: not examined, carry no code");
    } else if rest.iter().any(|byte| *byte != 0) {
        let sentence = "bytes that are no pickle stand behind the last one";
        machine.book.add(Finding::Unknown, "pickle.trailing", at, sentence);
    }
}

/// Tries bytes as a stream of pickles; whether that is what they are, and one of them does something: it came to its STOP,
/// or called something bad before it broke.
pub(crate) fn attempt(bytes: &[u8], book: &mut Book<'_>) -> bool {
    /// LIMIT: pickles of a stream that is hidden.
    const STREAM: usize = 64;
    let mut source = crate::Slice(bytes);
    let mut machine = Machine::new(Cursor::new(&mut source), book, Setting::Plain);
    for _ in 0..STREAM {
        let ended = machine.run();
        let finding = machine.book.finding();
        machine.stack.clear();
        machine.marks.clear();
        match ended {
            // Without a name of its own it may carry the next stage in a literal.
            Ok(_) if finding >= Finding::Suspicious => return true,
            Ok(_) if machine.cursor.left() > 0 && machine.begins() => {}
            Ok(_) => return false,
            Err(_) => return machine.called && finding == Finding::Malicious,
        }
    }
    false
}

/// Whether a beginning is one of a pickle: it comes to its STOP, or to its own end with something on the stack.
pub(crate) fn fits(head: &[u8], book: &mut Book<'_>) -> bool {
    let mut source = crate::Slice(head);
    let mut machine = Machine::new(Cursor::new(&mut source), book, Setting::Plain);
    match machine.run() {
        Ok(_) => true,
        Err(Stop::End | Stop::Limit) => machine.met > 0 || machine.stack.len() > 1,
        Err(_) => machine.met > 0 && book.finding() == Finding::Malicious,
    }
}

/// A text with the escapes that Python and Jinja share opened.
pub(crate) fn unescaped(text: &str) -> String {
    escape::escaped(escape::quoted(text.as_bytes()).as_bytes())
}
