//! Pickles: one after the other in a stream, what stands between and behind them.
//!
//! Python's pickle is a program; loading it runs it. Here every opcode is walked and nothing is built: names are judged by
//! lists, calls by rules, literals are looked into, and what cannot be told is never clean.
//! Never here: an object. To add an opcode see `machine`, a name `allowed.txt`, a rule `calls`.

mod array;
mod calls;
mod escape;
mod machine;
mod methods;
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
    source::{Source, wide},
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
    /// Whether what was found can be meant: numbers by chance have persistent ids and entries of a registry, and names that
    /// are no words; what runs something has a name, or carries something that does.
    fn means(&self) -> bool {
        let word = |text: &str| {
            !text.is_empty()
                && text
                    .chars()
                    .all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '.'))
        };
        self.names.iter().any(|(module, name, _)| word(module) && word(name))
            || self.book.ruled("hidden.literal")
    }

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
    } else if rest.iter().any(|byte| *byte != 0) || !zeros(machine, at, left) {
        let sentence = "bytes that are no pickle stand behind the last one";
        machine.book.add(Finding::Unknown, "pickle.trailing", at, sentence);
    }
}

/// Whether nothing but zeros stands behind what was searched; what comes after them is searched, too.
fn zeros(machine: &mut Machine<'_, '_, '_>, at: u64, left: u64) -> bool {
    let end = at.saturating_add(left);
    let most = at.saturating_add(left.min(machine.book.limits.searched));
    let mut at = at.saturating_add(wide(BEHIND));
    while at < most {
        let Ok(bytes) = machine.cursor.span(at, end - at, BEHIND) else {
            return false;
        };
        if bytes.iter().any(|byte| *byte != 0) {
            hidden::search(machine.book, &bytes, at);
            return false;
        }
        if bytes.is_empty() {
            break;
        }
        at += wide(bytes.len());
    }
    at >= end
}

/// What bytes that were tried as a stream of pickles came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attempt {
    /// That is what they are, and one of them does something: it came to its STOP, or called something bad before it broke.
    pub(crate) runs: bool,
    /// Bytes that were walked.
    pub(crate) walked: u64,
}

/// Tries bytes as a stream of pickles.
pub(crate) fn attempt(bytes: &[u8], book: &mut Book<'_>) -> Attempt {
    /// LIMIT: pickles of a stream that is hidden.
    const STREAM: usize = 64;
    let mut source = crate::Slice(bytes);
    let mut machine = Machine::new(Cursor::new(&mut source), book, Setting::Plain);
    let mut runs = false;
    for _ in 0..STREAM {
        let ended = machine.run();
        let finding = machine.book.finding();
        machine.stack.clear();
        machine.marks.clear();
        match ended {
            // Without a name of its own it may carry the next stage in a literal.
            Ok(_) if finding >= Finding::Suspicious => runs = machine.means(),
            Ok(_) if machine.cursor.left() > 0 && machine.begins() => continue,
            Ok(_) => {}
            Err(_) => runs = machine.called && finding == Finding::Malicious,
        }
        break;
    }
    Attempt { runs, walked: machine.cursor.at() }
}

/// Whether a file of another format is a pickle besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Besides {
    /// It is none, or one that does nothing.
    No,
    /// A limit was met on the way.
    Unsure,
    /// It is one that names something, or has called something bad before it breaks.
    Runs,
}

/// Walks a file of another format as the pickle that its first byte could begin. Other bytes soon have one that is no opcode.
pub(crate) fn besides(source: &mut dyn Source, book: &mut Book<'_>) -> Besides {
    /// LIMIT: pickles that do nothing in front of one that does.
    const STREAM: usize = 64;
    let mut machine = Machine::new(Cursor::new(source), book, Setting::Plain);
    let named = match machine.cursor.peek(1).unwrap_or_default() {
        // An id as a line, as every zip begins: whoever loads the ids of a format of its own takes no lines.
        [b'P', ..] | [] => return Besides::No,
        [first, ..] => matches!(first, b'c' | b'i'),
    };
    for _ in 0..STREAM {
        let ended = machine.run();
        let bad = machine.book.finding() >= Finding::Suspicious;
        machine.stack.clear();
        machine.marks.clear();
        return match ended {
            Ok(_) if machine.means() => Besides::Runs,
            Ok(_) if machine.cursor.left() > 0 && machine.begins() => continue,
            Err(_) if bad && machine.called && machine.means() => Besides::Runs,
            // A name as the first of all has more letters than there are names of.
            Err(Stop::Limit) if machine.cursor.at() <= 1 && named => Besides::No,
            Err(Stop::Limit | Stop::Unread) => Besides::Unsure,
            Ok(_) | Err(_) => Besides::No,
        };
    }
    Besides::Unsure
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
