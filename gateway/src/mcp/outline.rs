//! [`Outline`]: what a message of a server's is, read piece by piece from its outermost members alone: something that it says
//! by itself, or the answer to the request of an id. What is inside is passed over, as every reader of JSON passes over it.
//!
//! SECURITY: clients take an answer for that of the request whose id it has, on whatever stream it comes. An answer to another
//! request would go around what is done for that one: its list cut, its record written, its reader's grants.
//! Never here: what is inside a message, or a message kept. To look at one more member: a word in [`Outline::named`].

use writ_model::json::{self, Limits, Value};

/// LIMIT: bytes of a member's name that is looked at: the longest of ours with each letter of it escaped.
const NAME: usize = 36;
/// LIMIT: bytes of an id: the longest of a request with each letter of it escaped.
const ID: usize = 2 << 10;
/// One byte-order mark at the head of a text is dropped by readers of web pages' kind.
const BOM: [u8; 3] = [0xef, 0xbb, 0xbf];
/// Whole numbers up to this are one number to readers that keep numbers as doubles (RFC 8259 section 6).
const EXACT: f64 = 9_007_199_254_740_992.0;

/// What a message is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sort {
    /// No JSON text of an object: nobody reads a message in it.
    Nothing,
    /// A request or a notification of the server's.
    Says,
    /// An answer.
    Answers {
        /// To the request of this id, as it was written.
        id: Option<Vec<u8>>,
        /// It has a result; an error otherwise.
        result: bool,
    },
}

impl Sort {
    /// Whether it may be in the answer to the request of this id. An error without an id is of the message that was sent
    /// (JSON-RPC 2.0 section 5); where the whole exchange `fails` nobody asks of what it is.
    pub fn fits(&self, asked: &[u8], fails: bool) -> bool {
        match self {
            Self::Nothing | Self::Says => true,
            Self::Answers { id: None, result } => !result,
            Self::Answers { id: Some(id), result } => {
                same(id, asked) || (!result && (fails || id == b"null"))
            }
        }
    }

    /// Whether it is an answer.
    pub fn answers(&self) -> bool {
        matches!(self, Self::Answers { .. })
    }
}

/// A text that readers could take for different messages, or for several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Odd;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Id,
    Method,
    Result,
    Error,
}

/// Where in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// Before it, behind so many bytes of a byte-order mark; three if there is to be none any more.
    Start(usize),
    /// Before a member, or the end.
    Member,
    /// In a member's name, behind a backslash or not.
    Name(bool),
    /// Behind a name.
    Colon,
    /// In a member's value: so deep, and in a string of it, behind a backslash or not.
    Value(u64, Option<bool>),
    /// Behind the object.
    End,
    /// In something else than an object.
    Other,
}

/// One text, as far as it came.
#[derive(Debug)]
pub struct Outline {
    at: At,
    name: Vec<u8>,
    word: Option<Word>,
    id: Option<Vec<u8>>,
    method: bool,
    result: bool,
    error: bool,
}

impl Default for Outline {
    fn default() -> Self {
        Self {
            at: At::Start(0),
            name: Vec::new(),
            word: None,
            id: None,
            method: false,
            result: false,
            error: false,
        }
    }
}

/// What a whole text is.
///
/// # Errors
/// If it can be read in two ways, is a list, or ends before its end.
pub fn whole(text: &[u8]) -> Result<Sort, Odd> {
    let mut outline = Outline::default();
    outline.push(text)?;
    match outline.at {
        At::Start(_) => Ok(Sort::Nothing),
        _ => outline.sort()?.ok_or(Odd),
    }
}

impl Outline {
    /// More of the text.
    ///
    /// # Errors
    /// If it can be read in two ways, or is a list.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Odd> {
        let mut rest = bytes;
        while let Some(byte) = rest.first() {
            let taken = match self.at {
                At::Other => return Ok(()),
                At::Value(depth, string) => self.value(rest, (depth, string))?,
                _ => {
                    self.byte(*byte)?;
                    1
                }
            };
            rest = rest.get(taken..).unwrap_or_default();
        }
        Ok(())
    }

    /// What it is, once it is whole; nothing before that.
    ///
    /// # Errors
    /// If it asks and answers at once.
    pub fn sort(&self) -> Result<Option<Sort>, Odd> {
        let answers = self.result || self.error;
        match self.at {
            At::Other => Ok(Some(Sort::Nothing)),
            At::End if self.method && answers => Err(Odd),
            At::End if self.method => Ok(Some(Sort::Says)),
            At::End => {
                let id = self.id.as_deref().map(|id| id.trim_ascii().to_vec());
                Ok(Some(Sort::Answers { id, result: self.result }))
            }
            _ => Ok(None),
        }
    }

    /// A byte that is in no value.
    fn byte(&mut self, byte: u8) -> Result<(), Odd> {
        let blank = matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        self.at = match (self.at, byte) {
            (At::Start(mark), byte) if BOM.get(mark) == Some(&byte) => At::Start(mark + 1),
            // Half of a mark.
            (At::Start(1 | 2), _) => return Err(Odd),
            (At::Start(_), _) if blank => At::Start(BOM.len()),
            (At::Start(_), b'{') | (At::Member, b',') => At::Member,
            // A list of messages; and what is text in another coding than UTF-8.
            (At::Start(_), b'[' | ..=b' ' | 0x7f..) => return Err(Odd),
            (At::Start(_), _) => At::Other,
            (At::Member, b'"') => {
                self.name.clear();
                At::Name(false)
            }
            (At::Member, b'}') => At::End,
            (At::Name(false), b'"') => {
                self.word = self.named()?;
                At::Colon
            }
            (At::Name(escaped), byte) => {
                if self.name.len() <= NAME {
                    self.name.push(byte);
                }
                At::Name(!escaped && byte == b'\\')
            }
            (At::Colon, b':') => At::Value(0, None),
            (at @ (At::Member | At::Colon | At::End), _) if blank => at,
            _ => return Err(Odd),
        };
        Ok(())
    }

    /// The member of ours whose name was read. Some readers do not tell small letters from capital ones.
    fn named(&mut self) -> Result<Option<Word>, Odd> {
        let found = [
            (&b"id"[..], Word::Id),
            (b"method", Word::Method),
            (b"result", Word::Result),
            (b"error", Word::Error),
        ];
        let is = |name: &[u8]| {
            let same = found.into_iter().find(|(word, _)| word.eq_ignore_ascii_case(name));
            same.map(|(_, word)| word)
        };
        let word = if self.name.len() > NAME {
            None
        } else if self.name.contains(&b'\\') {
            let text = [b"\"", &self.name[..], b"\""].concat();
            let node = json::parse(&text, &Limits::SMALL);
            node.ok().and_then(|node| is(node.as_str()?.as_bytes()))
        } else {
            is(&self.name)
        };
        let twice = match word {
            None => false,
            Some(Word::Id) => self.id.replace(Vec::new()).is_some(),
            Some(Word::Method) => std::mem::replace(&mut self.method, true),
            Some(Word::Result) => std::mem::replace(&mut self.result, true),
            Some(Word::Error) => std::mem::replace(&mut self.error, true),
        };
        if twice { Err(Odd) } else { Ok(word) }
    }

    /// Passes over some bytes of a value; how many.
    fn value(&mut self, bytes: &[u8], (depth, string): (u64, Option<bool>)) -> Result<usize, Odd> {
        let stops = |byte: &u8| match string {
            Some(_) => matches!(byte, b'"' | b'\\'),
            None if depth == 0 => matches!(byte, b'"' | b'{' | b'}' | b'[' | b']' | b','),
            None => matches!(byte, b'"' | b'{' | b'}' | b'[' | b']'),
        };
        let found = match string {
            Some(true) => Some(0),
            _ => bytes.iter().position(stops),
        };
        let Some(at) = found else {
            self.keep(bytes)?;
            return Ok(bytes.len());
        };
        let taken = at + 1;
        self.at = match (string, bytes.get(at).copied().unwrap_or_default()) {
            (Some(false), b'\\') => At::Value(depth, Some(true)),
            (Some(false), _) => At::Value(depth, None),
            (Some(true), _) | (None, b'"') => At::Value(depth, Some(false)),
            (None, b'{' | b'[') => At::Value(depth + 1, None),
            (None, b'}') if depth == 0 => At::End,
            (None, b',') => At::Member,
            (None, _) => At::Value(depth.checked_sub(1).ok_or(Odd)?, None),
        };
        let over = !matches!(self.at, At::Value(..));
        self.keep(bytes.get(..if over { at } else { taken }).unwrap_or_default())?;
        Ok(taken)
    }

    /// Keeps a part of the id.
    fn keep(&mut self, part: &[u8]) -> Result<(), Odd> {
        let Some(id) = self.id.as_mut().filter(|_| self.word == Some(Word::Id)) else {
            return Ok(());
        };
        if id.len() + part.len() > ID {
            return Err(Odd);
        }
        id.extend_from_slice(part);
        Ok(())
    }
}

/// Whether two ids are one to whoever reads them.
fn same(one: &[u8], other: &[u8]) -> bool {
    if one == other {
        return true;
    }
    let read = |text| json::parse(text, &Limits::SMALL).ok().map(|node| node.value);
    match (read(one), read(other)) {
        (Some(Value::Number(one)), Some(Value::Number(other))) => {
            let read = |text: &str| text.parse::<f64>().ok().filter(|it| it.abs() <= EXACT);
            read(one).is_some_and(|one| read(other) == Some(one))
        }
        (Some(Value::String(one)), Some(Value::String(other))) => one == other,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(id: &str, result: bool) -> Sort {
        Sort::Answers { id: Some(id.as_bytes().to_vec()), result }
    }

    #[test]
    fn a_message_is_known_by_its_outermost_members_whatever_the_pieces() {
        let none = |result| Ok(Sort::Answers { id: None, result });
        for (text, wanted) in [
            (r#"{"id":1,"result":{"id":2,"method":"x"}}"#, Ok(reply("1", true))),
            (r#" { "result" : [ "}" , "\"," ] , "id" : "a\"}" } "#, Ok(reply(r#""a\"}""#, true))),
            ("\u{feff}{\"error\":{},\"id\":null}\r\n", Ok(reply("null", false))),
            (r#"{"\u0069\u0064":7,"result":{}}"#, Ok(reply("7", true))),
            (r#"{"ID":7,"Result":{}}"#, Ok(reply("7", true))),
            (r#"{"id":3,"method":"roots/list","params":{"result":1}}"#, Ok(Sort::Says)),
            (r#"{"method":"x"}"#, Ok(Sort::Says)),
            (r#"{"result":{}}"#, none(true)),
            ("{}", none(false)),
            ("", Ok(Sort::Nothing)),
            (" \n", Ok(Sort::Nothing)),
            ("not json", Ok(Sort::Nothing)),
            ("<html>", Ok(Sort::Nothing)),
            ("\"x\"", Ok(Sort::Nothing)),
            (r#"[{"id":1,"result":{}}]"#, Err(Odd)),
            (r#"{"id":1,"id":2,"result":{}}"#, Err(Odd)),
            (r#"{"id":1,"Id":2,"result":{}}"#, Err(Odd)),
            (r#"{"id":1,"\u0069d":2,"result":{}}"#, Err(Odd)),
            (r#"{"id":1,"method":"x","result":{}}"#, Err(Odd)),
            (r#"{"id":1,"result":{}}{"id":2,"result":{}}"#, Err(Odd)),
            (r#"{"id":1,"result":{}"#, Err(Odd)),
            (r#"{"id":1,"result":]}"#, Err(Odd)),
            ("{id:1}", Err(Odd)),
            ("\u{feff}\u{feff}{}", Err(Odd)),
            ("\0{\0", Err(Odd)),
        ] {
            assert_eq!(whole(text.as_bytes()), wanted, "{text}");
            for size in 1..text.len() {
                let mut outline = Outline::default();
                let read = text.as_bytes().chunks(size).try_for_each(|part| outline.push(part));
                match (&wanted, read.and_then(|()| outline.sort())) {
                    (Ok(wanted), Ok(Some(sort))) => assert_eq!(sort, *wanted, "{text} by {size}"),
                    (Ok(Sort::Nothing), Ok(None)) | (Err(Odd), Err(Odd) | Ok(None)) => {}
                    (wanted, found) => panic!("{text} by {size}: {found:?}, not {wanted:?}"),
                }
            }
        }
    }

    #[test]
    fn what_fits_a_request_is_its_answer_or_answers_none() {
        for (text, asked, fails, wanted) in [
            (r#"{"id":"\u0061","result":{}}"#, r#""a""#, false, true),
            (r#"{"id":1.0,"result":{}}"#, "1", false, true),
            (r#"{"id":1,"error":{}}"#, "1", false, true),
            (r#"{"id":"1","result":{}}"#, "1", false, false),
            (r#"{"id":2,"result":{}}"#, "1", false, false),
            (r#"{"id":2,"result":{}}"#, "1", true, false),
            (r#"{"result":{}}"#, "1", true, false),
            (r#"{"id":null,"result":{}}"#, "1", false, false),
            (r#"{"id":2,"error":{}}"#, "1", false, false),
            (r#"{"id":2,"error":{}}"#, "1", true, true),
            (r#"{"id":null,"error":{}}"#, "1", false, true),
            (r#"{"error":"no"}"#, "1", false, true),
            (r#"{"id":2,"method":"ping"}"#, "1", false, true),
            ("gone", "1", false, true),
        ] {
            assert_eq!(
                whole(text.as_bytes()).unwrap().fits(asked.as_bytes(), fails),
                wanted,
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let long = format!(r#"{{"id":"{}","result":{{}}}}"#, "x".repeat(ID));
        assert_eq!(whole(long.as_bytes()), Err(Odd));
        let name = format!(r#"{{"{}":1,"id":1,"result":{{}}}}"#, "x".repeat(1 << 16));
        assert_eq!(whole(name.as_bytes()), Ok(reply("1", true)));
        let deep = format!(r#"{{"id":1,"result":{}{}}}"#, "[".repeat(1 << 16), "]".repeat(1 << 16));
        assert_eq!(whole(deep.as_bytes()), Ok(reply("1", true)));
    }
}
