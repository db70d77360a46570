//! Templates of paths: `/todos/{todoId}` stands for `/todos/7`, and what stood in its place is given by name.
//!
//! SECURITY: a path that two readers could read in two ways is no path here: empty parts, `.` and `..`, escapes of what
//! parts or ends a path (RFC 3986 sections 3.3 and 6.2.2), backslashes, `;` parameters.
//! Never here: which template is granted.

/// LIMIT: bytes of a path, and parts of it.
const PATH: usize = 4 << 10;
const PARTS: usize = 64;

/// A template of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Fixed(String),
    Named(String),
}

impl Template {
    /// Reads one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let parts = if text == "/" { Vec::new() } else { split(text)? };
        let parts: Vec<Part> = parts.into_iter().map(Part::parse).collect::<Option<_>>()?;
        let mut names: Vec<&str> = parts.iter().filter_map(Part::name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        (names.len() == count).then(|| Self { text: text.to_owned(), parts })
    }

    /// As it was written.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether it stands for exactly the same paths.
    pub(crate) fn same(&self, other: &Self) -> bool {
        let alike = |(one, other): (&Part, &Part)| match (one, other) {
            (Part::Fixed(one), Part::Fixed(other)) => one == other,
            (Part::Named(_), Part::Named(_)) => true,
            (Part::Fixed(_), Part::Named(_)) | (Part::Named(_), Part::Fixed(_)) => false,
        };
        self.parts.len() == other.parts.len() && self.parts.iter().zip(&other.parts).all(alike)
    }

    /// How many of its parts are letters, from the front: the more, the nearer it is to a path.
    fn nearness(&self) -> Vec<bool> {
        self.parts.iter().map(|part| matches!(part, Part::Fixed(_))).collect()
    }

    /// What stood in place of its names, if it stands for this path.
    fn matched(&self, parts: &[String]) -> Option<Vec<(String, String)>> {
        if parts.len() != self.parts.len() {
            return None;
        }
        let mut found = Vec::new();
        for (part, is) in self.parts.iter().zip(parts) {
            match part {
                Part::Fixed(text) if text == is => {}
                Part::Fixed(_) => return None,
                Part::Named(name) => found.push((name.clone(), is.clone())),
            }
        }
        Some(found)
    }
}

impl Part {
    fn parse(text: String) -> Option<Self> {
        let Some(inner) = text.strip_prefix('{') else {
            return (!text.contains(['{', '}'])).then_some(Self::Fixed(text));
        };
        let name = inner.strip_suffix('}')?;
        let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
        let fits = !name.is_empty() && name.len() <= 64 && name.chars().all(plain);
        fits.then(|| Self::Named(name.to_owned()))
    }

    fn name(&self) -> Option<&str> {
        match self {
            Self::Fixed(_) => None,
            Self::Named(name) => Some(name),
        }
    }
}

/// What a path came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found<'t> {
    /// It is this one, with these in place of its names.
    One(&'t Template, Vec<(String, String)>),
    /// No template stands for it.
    None,
    /// It could be read in two ways.
    Unclear,
}

/// The template that stands for a path, the nearest if there are several.
pub(crate) fn find<'t>(templates: &'t [Template], path: &str) -> Found<'t> {
    let parts = if path == "/" { Some(Vec::new()) } else { split(path) };
    let Some(parts) = parts else { return Found::Unclear };
    templates
        .iter()
        .filter_map(|template| Some((template, template.matched(&parts)?)))
        .max_by_key(|(template, _)| template.nearness())
        .map_or(Found::None, |(template, found)| Found::One(template, found))
}

/// The parts of a path, unescaped; nothing if it could be read in two ways.
fn split(path: &str) -> Option<Vec<String>> {
    let rest = path.strip_prefix('/').filter(|_| path.len() <= PATH)?;
    let parts: Vec<String> =
        rest.split('/').take(PARTS + 1).map(unescaped).collect::<Option<_>>()?;
    (parts.len() <= PARTS).then_some(parts)
}

fn unescaped(part: &str) -> Option<String> {
    let mut out = Vec::with_capacity(part.len());
    let mut bytes = part.bytes();
    while let Some(byte) = bytes.next() {
        let byte = if byte == b'%' {
            let hex = |byte: u8| char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
            let (high, low) = (bytes.next().and_then(hex)?, bytes.next().and_then(hex)?);
            let byte = high << 4 | low;
            // What is escaped although it need not be is compared with other letters elsewhere.
            let plain = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
            if plain {
                return None;
            }
            byte
        } else {
            byte
        };
        if byte.is_ascii_control() || matches!(byte, b'/' | b'\\' | b'%' | b';' | b'?' | b'#') {
            return None;
        }
        out.push(byte);
    }
    let text = String::from_utf8(out).ok()?;
    (!matches!(text.as_str(), "" | "." | "..")).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn templates(list: &[&str]) -> Vec<Template> {
        list.iter().map(|text| Template::parse(text).unwrap()).collect()
    }

    #[test]
    fn the_nearest_template_stands_for_a_path() {
        let all = templates(&["/", "/todos", "/todos/{id}", "/todos/new", "/{a}/{b}"]);
        for (path, wanted, found) in [
            ("/", "/", &[][..]),
            ("/todos", "/todos", &[]),
            ("/todos/7", "/todos/{id}", &[("id", "7")]),
            ("/todos/new", "/todos/new", &[]),
            ("/users/7", "/{a}/{b}", &[("a", "users"), ("b", "7")]),
            ("/todos/a%20b%C3%A9", "/todos/{id}", &[("id", "a bé")]),
            ("/todos/rick@x.example", "/todos/{id}", &[("id", "rick@x.example")]),
        ] {
            let Found::One(template, values) = find(&all, path) else { panic!("{path}") };
            let values: Vec<_> = values.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
            assert_eq!((template.text(), &*values), (wanted, found), "{path}");
        }
        assert_eq!(find(&all, "/a/b/c"), Found::None);
        assert_eq!(find(&templates(&["/Todos"]), "/todos"), Found::None, "letters count");
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_no_path() {
        let all = templates(&["/todos/{id}", "/{a}/{b}/{c}", "/admin"]);
        for path in [
            "",
            "todos/7",
            "//todos/7",
            "/todos//7",
            "/todos/",
            "/todos/.",
            "/todos/..",
            "/todos/../admin",
            "/todos/%2e%2e",
            "/todos/a%2fb",
            "/todos/a%5cb",
            "/todos/a\\b",
            "/todos/a%00",
            "/todos/%61dmin",
            "/todos/a;b=c",
            "/todos/a%3bb",
            "/todos/a%23",
            "/todos/%",
            "/todos/%4",
            "/todos/%zz",
            "/todos/%25",
            "/todos/%ff",
        ] {
            assert_eq!(find(&all, path), Found::Unclear, "{path}");
        }
        let long = format!("/todos/{}", "a".repeat(5_000));
        assert_eq!(find(&all, &long), Found::Unclear);
        assert_eq!(find(&all, &"/a".repeat(65)), Found::Unclear);
    }

    #[test]
    fn what_is_no_template() {
        for bad in ["", "todos", "/a/{}", "/a/{x", "/a/x}", "/{a}/{a}", "/a/{b c}", "/a//b"] {
            assert_eq!(Template::parse(bad), None, "{bad}");
        }
    }
}
