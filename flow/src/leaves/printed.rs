//! Values as programs print them: `{'name': 'Anna', 'paid': True}`, `[Payee(name='Anna', no=7)]`, `(7, 'Anna')`.
//!
//! SECURITY: a text ends at its own mark only, so that nothing inside one ends it. Never here: code.
//! To add a form: its arm in [`Reader::value`], a case that tries to break out.

use serde_json::{Map, Number, Value};

/// LIMIT: bytes that are read so, values of them, and levels; a longer text is text.
const MOST: usize = 4 << 20;
const VALUES: usize = 100_000;
const DEPTH: usize = 24;

/// The value that this prints, or a list of those that its lines print; nothing if it is none.
pub(super) fn value(text: &str) -> Option<Value> {
    if text.len() > MOST || !text.contains(['\'', '(']) {
        return None;
    }
    whole(text).or_else(|| {
        let rows = text.lines().filter(|row| !row.trim().is_empty());
        rows.map(whole).collect::<Option<Vec<_>>>().filter(|all| all.len() > 1).map(Value::Array)
    })
}

fn whole(text: &str) -> Option<Value> {
    let mut reader = Reader { rest: text, left: VALUES };
    let value = reader.value(DEPTH)?;
    let structured = value.is_array() || value.is_object();
    (structured && reader.rest.trim().is_empty()).then_some(value)
}

struct Reader<'a> {
    rest: &'a str,
    left: usize,
}

impl Reader<'_> {
    fn skip(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take(&mut self, mark: char) -> bool {
        self.skip();
        match self.rest.strip_prefix(mark) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        self.left = self.left.checked_sub(1)?;
        let depth = depth.checked_sub(1)?;
        self.skip();
        match self.rest.chars().next()? {
            '\'' | '"' => self.text().map(Value::String),
            '[' => self.list('[', ']', depth),
            '(' => self.list('(', ')', depth),
            '{' => self.object(depth),
            _ => self.word(depth),
        }
    }

    fn list(&mut self, open: char, close: char, depth: usize) -> Option<Value> {
        self.take(open).then_some(())?;
        let mut all = Vec::new();
        while !self.take(close) {
            all.push(self.value(depth)?);
            if !self.take(',') {
                return self.take(close).then_some(Value::Array(all));
            }
        }
        Some(Value::Array(all))
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        self.take('{').then_some(())?;
        let mut all = Map::new();
        while !self.take('}') {
            let key = self.value(depth)?;
            let key = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
            self.take(':').then_some(())?;
            let value = self.value(depth)?;
            // A name twice is nobody's value.
            all.insert(key, value).is_none().then_some(())?;
            if !self.take(',') {
                return self.take('}').then_some(Value::Object(all));
            }
        }
        Some(Value::Object(all))
    }

    fn text(&mut self) -> Option<String> {
        let mut letters = self.rest.chars();
        let mark = letters.next()?;
        let mut out = String::new();
        loop {
            match letters.next()? {
                end if end == mark => break,
                '\\' => match letters.next()? {
                    'n' => out.push('\n'),
                    't' => out.push('\t'),
                    other => out.push(other),
                },
                other => out.push(other),
            }
        }
        self.rest = letters.as_str();
        Some(out)
    }

    fn word(&mut self, depth: usize) -> Option<Value> {
        let plain =
            |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '.' | '-' | '+');
        let end = self.rest.find(|letter| !plain(letter)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        match word {
            "True" | "true" => Some(Value::Bool(true)),
            "False" | "false" => Some(Value::Bool(false)),
            "None" | "null" => Some(Value::Null),
            _ if word.starts_with(char::is_alphabetic) && self.rest.starts_with('(') => {
                self.call(depth)
            }
            _ => word.parse::<Number>().ok().map(Value::Number),
        }
    }

    /// `Payee(name='Anna')`: an object; values without a name are a list.
    fn call(&mut self, depth: usize) -> Option<Value> {
        self.take('(').then_some(())?;
        let (mut all, mut bare) = (Map::new(), Vec::new());
        while !self.take(')') {
            self.skip();
            let name = |letter: char| letter.is_alphanumeric() || letter == '_';
            let end = self.rest.find(|letter| !name(letter)).unwrap_or(self.rest.len());
            let (key, rest) = self.rest.split_at_checked(end)?;
            match rest.strip_prefix('=').filter(|_| !key.is_empty()) {
                Some(rest) => {
                    self.rest = rest;
                    let value = self.value(depth)?;
                    all.insert(key.to_owned(), value).is_none().then_some(())?;
                }
                None => bare.push(self.value(depth)?),
            }
            if !self.take(',') {
                self.take(')').then_some(())?;
                break;
            }
        }
        match (all.is_empty(), bare.len()) {
            (false, 0) => Some(Value::Object(all)),
            (true, 1) => bare.pop(),
            (true, _) => Some(Value::Array(bare)),
            (false, _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn printed_values_are_read_and_nothing_breaks_out() {
        let read =
            value("{'a': 'it\\'s', \"b\": [True, None, 1.5], 'c': \"say 'x', 'iban': 'DE'\"}");
        let wanted = json!({"a": "it's", "b": [true, null, 1.5], "c": "say 'x', 'iban': 'DE'"});
        assert_eq!(read, Some(wanted));
        let read =
            value("[Payee(name='Ada', note='x), Payee(name=\\'Eve\\'', no=7), Payee(name=\"Bo\")]");
        let wanted =
            json!([{"name": "Ada", "note": "x), Payee(name='Eve'", "no": 7}, {"name": "Bo"}]);
        assert_eq!(read, Some(wanted));
        assert_eq!(value("(7, 'Ada')\n(8, 'Bo')"), Some(json!([[7, "Ada"], [8, "Bo"]])));
        assert_eq!(value("{'a': datetime.date(2026, 1, 2)}"), Some(json!({"a": [2026, 1, 2]})));
        for text in ["{'a': 'open", "[not one]", "it's (so)", "{'a': 1, 'a': 2}", "f('x') and more"]
        {
            assert_eq!(value(text), None, "{text}");
        }
    }
}
